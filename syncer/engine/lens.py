"""Turns what the sides return into versions, and what the planner decided into what the sides take."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from syncer.core.mapping import Misfit, Pair, Rules
from syncer.core.marks import MARK
from syncer.core.plan import Operation
from syncer.core.records import Base, Held, Side, Unreadable, Version, key_text, key_values
from syncer.core.series import Forms, Series, along_held, at_once, match_digests
from syncer.core.values import Json, Value, digest, is_empty, match_digest
from syncer.core.where import OUTSIDE, Where, is_outside
from syncer.fields.keys import key_value
from syncer.ports import RawRecord, RawRow


class Lens:
    """One mapping's translators, laid out for speed: every line of both tables passes through here.

    Rows carry the pairs' columns in the order of ``columns``.
    """

    def __init__(self, rules: Rules) -> None:
        self.pairs = {pair.name: pair for pair in rules.pairs}
        self.columns = tuple(self.pairs)
        self.fields = tuple(pair.field for pair in rules.pairs)
        self.kept_back = tuple(pair.name for pair in rules.pairs if Side.FEISHU not in pair.targets)
        self._match = tuple(self.pairs[name] for name in rules.match)
        self._key = rules.key if set(rules.key) <= set(self.pairs) else ()
        self._cells: tuple[tuple[str, str, Callable[[Any], Value]], ...] = tuple(
            (pair.name, pair.field, pair.translator.from_cell) for pair in rules.pairs
        )
        self._columns = tuple((pair.name, pair.translator.from_column) for pair in rules.pairs)
        self._meets = [(pair.name, pair.meet) for pair in rules.pairs if pair.meet is not None]
        self._marks, self._where = rules.marks, rules.where
        self._add_marks()
        self._add_where()

    def _add_marks(self) -> None:
        """Read the marking column and field along, under a name of their own."""
        if (mark := self._marks.get(Side.FEISHU)) is not None:
            self.fields = (*self.fields, *({mark.target} - set(self.fields)))
            self._cells = (*self._cells, (MARK, mark.target, mark.read))
        if (mark := self._marks.get(Side.DATABASE)) is not None:
            self._marked_at = self._order.index(mark.target)

    def _add_where(self) -> None:
        """Read the fields and columns along that say whether a line is inside the scope."""
        where = self._where.get(Side.FEISHU)
        if where is not None:
            self.fields = tuple(dict.fromkeys((*self.fields, *where.reads)))
        inside = self._where.get(Side.DATABASE)
        self._tests = {name: self._order.index(name) for name in inside.reads} if inside is not None else {}

    @property
    def row_scope(self) -> Where | None:
        """Which rows may enter, if not all."""
        return self._where.get(Side.DATABASE)

    @property
    def _order(self) -> tuple[str, ...]:
        """The columns that are read, in their order."""
        marked, where = self._marks.get(Side.DATABASE), self._where.get(Side.DATABASE)
        return tuple(
            dict.fromkeys((*self.columns, *((marked.target,) if marked else ()), *(where.reads if where else ())))
        )

    @staticmethod
    def inside(held: Mapping[str, Sequence[Held]]) -> list[bool] | None:
        """Which of these lines are inside the scope; nothing where all are."""
        outside = held.get(OUTSIDE)
        return [one is not True for one in outside] if outside is not None and any(outside) else None

    def is_out(self, version: Version) -> bool:
        """Whether a line without a link may not enter: it bears the mark of a deleted one, or is out of scope."""
        return is_outside(version) or self.is_marked(version)

    def leaves(self, version: Version) -> bool:
        """Whether a linked line is out of scope, and that ends its being in sync."""
        where = self._where.get(version.side)
        return where is not None and where.on_leave != "keep" and is_outside(version)

    def mark(self, operation: Operation) -> dict[str, Any]:
        """The name and the value, as the side takes it, that set a mark or take it off; nothing where none is."""
        if operation.mark is None:
            return {}
        mark = self._marks[operation.side]
        if operation.mark[1] != mark.unmarked:
            return {mark.target: mark.write(mark.value)}
        return {mark.target: mark.write(mark.unmarked if operation.unmarked is None else operation.unmarked)}

    def is_marked(self, version: Version) -> bool:
        """Whether a line carries the mark of a deleted one."""
        mark = self._marks.get(version.side)
        return mark is not None and version.values is not None and version.values.get(MARK) == mark.value

    def meet(self, versions: Sequence[Version]) -> None:
        """Have whoever these lines name looked up together, before the lines are carried one by one."""
        if self._meets and versions:
            lines = [version.values for version in versions if version.values is not None]
            self.meet_series(versions[0].side, {name: [line.get(name) for line in lines] for name, _ in self._meets})

    def meet_series(self, side: Side, held: Mapping[str, Sequence[Held]]) -> None:
        """The same of what a side holds, series by series."""
        for name, meet in self._meets:
            meet(side, [value for value in held[name] if not isinstance(value, Unreadable)])

    def record(self, raw: RawRecord, read_at: datetime) -> Version:
        """A record's version; a missing key is an empty cell."""
        get = raw.cells.get
        values: dict[str, Held] = {}
        for name, field, read in self._cells:
            try:
                values[name] = read(get(field))
            except Misfit as misfit:
                values[name] = Unreadable(misfit.reason)
        if (where := self._where.get(Side.FEISHU)) is not None:
            values[OUTSIDE] = not where.holds(get)
        return Version(Side.FEISHU, raw.id, values, read_at, raw.modified_at)

    def row(self, raw: RawRow, read_at: datetime) -> Version:
        """A row's version."""
        values: dict[str, Held] = {}
        for (name, read), held in zip(self._columns, raw.columns, strict=False):
            try:
                values[name] = read(held)
            except Misfit as misfit:
                values[name] = Unreadable(misfit.reason)
        if (mark := self._marks.get(Side.DATABASE)) is not None:
            values[MARK] = mark.read(raw.columns[self._marked_at])
        if (where := self._where.get(Side.DATABASE)) is not None:
            columns = raw.columns
            values[OUTSIDE] = not where.holds(lambda name: columns[self._tests[name]])
        return Version(Side.DATABASE, raw.key, values, read_at, raw.modified_at)

    def match(self, version: Version) -> bytes | None:
        """The digest of a line's match values, in the database's form; ``None`` if one is empty or does not fit."""
        assert version.values is not None
        if self.is_out(version):
            return None
        found: list[Value] = []
        for pair in self._match:
            held = version.values.get(pair.name)
            if isinstance(held, Unreadable):
                return None
            try:
                found.append(held if version.side is Side.DATABASE else pair.translator.to_database(held))
            except Misfit:
                return None
        return match_digest(found)

    def rows(self, raws: Sequence[RawRow]) -> dict[str, Sequence[Held]]:
        """What rows hold, series by series; as ``row`` tells of each."""
        columns = list(zip(*[raw.columns for raw in raws], strict=True))
        held = {name: _read(read, series) for (name, read), series in zip(self._columns, columns, strict=False)}
        if (mark := self._marks.get(Side.DATABASE)) is not None:
            held[MARK] = list(map(mark.read, columns[self._marked_at]))
        if (where := self._where.get(Side.DATABASE)) is not None:
            tested = {name: columns[at] for name, at in self._tests.items()}
            held[OUTSIDE] = where.outside(tested, len(raws))
        return held

    def records(self, raws: Sequence[RawRecord]) -> dict[str, Sequence[Held]]:
        """What records hold, series by series; as ``record`` tells of each."""
        cells = [raw.cells for raw in raws]
        held = {name: _read(read, [each.get(field) for each in cells]) for name, field, read in self._cells}
        if (where := self._where.get(Side.FEISHU)) is not None:
            held[OUTSIDE] = [not where.holds(each.get) for each in cells]
        return held

    def matches(self, side: Side, held: Mapping[str, Sequence[Held]], count: int) -> list[bytes | None]:
        """The digests of the match values of so many lines, as ``match`` tells of each."""
        if not self._match or not count:
            return [None] * count
        nothing: Series = [None] * count
        digests = match_digests([_in_database(side, pair, held.get(pair.name, nothing)) for pair in self._match])
        mark = self._marks.get(side)
        if mark is None:
            return digests
        marked = [value == mark.value for value in held.get(MARK, nothing)]
        return [None if is_marked else found for is_marked, found in zip(marked, digests, strict=True)]

    def known_by(self, side: Side, line: str) -> bytes:
        """What a half of a severed pair without match values is known by, should it come back: its own name."""
        return digest(_OWN, side.value.encode(), line.encode())

    def match_of_bases(self, bases: Mapping[str, Base]) -> bytes | None:
        """The digest of the match values two linked lines agreed on."""
        found = [bases[pair.name].database for pair in self._match if pair.name in bases]
        return match_digest(found) if len(found) == len(self._match) else None

    def match_values(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """The match pairs among planned values; empty as soon as one of them is missing or says nothing."""
        found = {pair.name: values[pair.name] for pair in self._match if not is_empty(values.get(pair.name))}
        return found if len(found) == len(self._match) else {}

    def match_on(self, side: Side, version: Version) -> dict[str, Value]:
        """A line's match values as a side holds them; empty as soon as one says nothing or does not fit."""
        found: dict[str, Value] = {}
        for pair in self._match:
            held = (version.values or {}).get(pair.name)
            if isinstance(held, Unreadable):
                return {}
            try:
                found[pair.name] = held if version.side is side else _across(pair, side, held)
            except Misfit:
                return {}
        return self.match_values(found)

    def new_key(self, key: str | None, values: Mapping[str, Value]) -> str | None:
        """The key a row will have once these values are written, if they decide about it."""
        if not any(name in values for name in self._key):
            return None
        held = dict(zip(self._key, key_values(key), strict=True)) if key is not None else dict[str, Value]()
        wanted = {name: values[name] for name in self._key if name in values}
        held.update((name, key_value(bind)) for name, bind in self.binds(wanted).items())
        return key_text(tuple(held.get(name) for name in self._key))

    def new_keys(self, values: Mapping[str, Series], count: int) -> list[str | None]:
        """The keys of so many new rows, as ``new_key`` tells them."""
        if not any(name in values for name in self._key):
            return [None] * count
        series = [
            list(map(key_value, self.bind_series(name, values[name]))) if name in values else [None] * count
            for name in self._key
        ]
        return [None if set(held) == {None} else key_text(held) for held in zip(*series, strict=True)]

    def cell_series(self, name: str, values: Series) -> Forms:
        """A pair's Feishu-side values as cells in the written shape."""
        return along_held(self.pairs[name].translator.cell, values)

    def bind_series(self, name: str, values: Series) -> Sequence[object]:
        """A pair's database-side values as bind parameters."""
        return along_held(self.pairs[name].translator.column, values)

    def cells(self, values: Mapping[str, Value]) -> dict[str, Json]:
        """Feishu-side values as cells in the written shape, by field name."""
        return {self.pairs[name].field: self.pairs[name].translator.cell(value) for name, value in values.items()}

    def binds(self, values: Mapping[str, Value]) -> dict[str, object]:
        """Database-side values as bind parameters, by column."""
        return {name: self.pairs[name].translator.column(value) for name, value in values.items()}


_OWN = b"its own name"


def _read(read: Callable[[Any], Value], series: Sequence[Any]) -> Sequence[Held]:
    try:
        made = at_once(read, series)
        return list(map(read, series)) if made is None else made
    except Misfit:
        return [_read_alone(read, one) for one in series]


def _read_alone(read: Callable[[Any], Value], one: Any) -> Held:
    try:
        return read(one)
    except Misfit as misfit:
        return Unreadable(misfit.reason)


def _in_database(side: Side, pair: Pair, series: Sequence[Held]) -> Series:
    """A series in the database's form; nothing where a value is unreadable or does not fit."""
    readable = [None if isinstance(one, Unreadable) else one for one in series]
    if side is Side.DATABASE:
        return readable
    carried = [_read_alone(pair.translator.to_database, one) for one in readable]
    return [None if isinstance(one, Unreadable) else one for one in carried]


def _across(pair: Pair, side: Side, held: Value) -> Value:
    """A value of the other side as this one holds it."""
    translator = pair.translator
    return translator.to_feishu(held) if side is Side.FEISHU else translator.to_database(held)


def from_bases(side: Side, line: str, bases: Mapping[str, Base], read_at: datetime) -> Version:
    """The version of a settled line whose fingerprint is unchanged: it holds its bases."""
    return Version(side, line, {name: base.of(side) for name, base in bases.items()}, read_at)


def absent(side: Side, line: str, read_at: datetime) -> Version:
    """The version of a line that is not there."""
    return Version(side, line, None, read_at)


def as_predicted(bases: Mapping[str, Base], row: Version) -> bool:
    """Whether a row just written holds what the codecs said it would, and nothing is owed to Feishu."""
    held = row.values or {}
    return all(base.owed is None and held[name] == base.database for name, base in bases.items() if name in held)


def agrees(bases: Mapping[str, Base], names: Sequence[str], versions: Mapping[Side, Version]) -> bool:
    """Whether the bases tell all that both lines hold, so that an unchanged print stands for the whole line."""
    feishu, database = versions[Side.FEISHU].values, versions[Side.DATABASE].values
    if feishu is None or database is None:
        return False
    for name in names:
        base = bases.get(name)
        if base is None or base.owed is not None:
            return False
        if feishu.get(name) != base.feishu or database.get(name) != base.database:
            return False
    return True
