"""A Bitable table in memory, with Feishu's real rules as far as the engine meets them.

``BitableTable`` is what Feishu keeps and people edit; ``InMemoryRecords`` is the door to it, one for every run. The
tests of ``tests/contracts`` run over this door and over the real one.
"""

import uuid
from collections import Counter, deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Literal

import orjson

from syncer.core.values import Json, digest
from syncer.errors import (
    FeishuError,
    RefusedError,
    StaleNameError,
    TableMovedError,
    TooLargeError,
    UnknownOutcomeError,
    VanishedError,
)
from syncer.ports import Clock, Fetched, FieldInfo, Head, RawRecord, RecordPage, RecordTableInfo, RecordWrite
from syncer.testing.cells import CHOOSING, shown
from syncer.testing.ends import demand_there, follow

MOST_RECORDS, MOST_DELETES, PAGE = 1000, 500, 500
MODIFIED_TIME = 1002
TOKEN_LIFE = timedelta(minutes=10)

Effect = Literal["none", "done", "late"]
"""What a write whose answer is lost really did: nothing, all of it, or all of it once ``land`` is called."""

Cells = Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Kept:
    """A record as it is kept: cells in the shape of ``search``, by field name, empty ones missing."""

    cells: Cells
    modified_at: datetime


@dataclass(frozen=True, slots=True)
class ShownRecord:
    """A record as a reader gets it (``ports.RawRecord``)."""

    id: str
    cells: Cells
    text: bytes
    modified_at: datetime

    @property
    def print(self) -> bytes:
        """A fingerprint of the cells."""
        return digest(self.text)


@dataclass(frozen=True, slots=True)
class _Token:
    body: bytes
    ids: Sequence[str]
    at: datetime


@dataclass(slots=True)
class BitableTable:
    """A table of records, and whoever edits it beside us.

    ``step`` says whether a write moves the revision once or once for every record: Feishu leaves it open.
    """

    fields: tuple[FieldInfo, ...]
    clock: Clock
    name: str = "table"
    time_zone: str = "Asia/Shanghai"
    step: Literal["call", "record"] = "call"
    whole: bool = True
    page: int = PAGE
    room: int = MOST_RECORDS
    revision: int = 1
    gap: Callable[[], None] = lambda: None
    """What happens between the look at the revision and the write: nothing else can be told of in advance."""
    told: Callable[[str, Cells | None, Cells | None], None] = lambda _record, _before, _after: None
    """Hears of every record that is changed: its id, its cells before and after."""
    neighbours: "dict[str, BitableTable]" = field(default_factory=dict)
    """The tables that link fields lead to, by ``FieldInfo.target``; both ends of a two-way link name one another."""
    formula: str = ""
    """A field that tells another one (``formula_of``) and ``salt``, which may change by itself and leaves no trace."""
    formula_of: str = ""
    salt: int = 0
    lag: timedelta = timedelta()
    """So long after a write the formula shows what it showed before."""
    _lagging: dict[str, tuple[datetime, Json]] = field(default_factory=dict)
    records: dict[str, Kept] = field(default_factory=dict)
    _made: int = 0
    _tokens: dict[str, _Token] = field(default_factory=dict)
    _lost: dict[str, deque[Effect]] = field(default_factory=dict)
    _late: list[tuple[str, list[tuple[str | None, Cells | None]], str | None]] = field(default_factory=list)

    # People

    def add(self, cells: Cells) -> str:
        """A new record; its id. Cells are in the written shape, as everywhere below."""
        return self.commit([(None, cells)])[0]

    def edit(self, record: str, cells: Cells) -> None:
        """Change some cells of a record."""
        self.commit([(record, cells)])

    def drop(self, record: str) -> None:
        """Delete a record."""
        self.commit([(record, None)])

    def rename(self, old: str, new: str) -> None:
        """Give a field another name."""
        self.fields = tuple(replace(one, name=new) if one.name == old else one for one in self.fields)
        for record, kept in self.records.items():
            cells = {new if name == old else name: cell for name, cell in kept.cells.items()}
            self.records[record] = replace(kept, cells=cells)
        self.revision += 1

    def lose(self, verb: str, effect: Effect) -> None:
        """The answer of the next ``create``, ``update`` or ``delete`` is lost on its way."""
        self._lost.setdefault(verb, deque()).append(effect)

    def is_late(self, verb: str) -> bool:
        """Whether the next such call will take effect late."""
        return bool((effects := self._lost.get(verb)) and effects[0] == "late")

    def land(self) -> int:
        """What was late takes effect now; how many calls did."""
        late, self._late = self._late, []
        return sum(self._land(*call) for call in late)

    def _land(self, verb: str, changes: list[tuple[str | None, Cells | None]], token: str | None) -> bool:
        try:
            self.write(verb, changes, token)
        except FeishuError:
            return False
        return True

    # Writing, all or nothing

    def write(self, verb: str, changes: Sequence[tuple[str | None, Cells | None]], token: str | None) -> Sequence[str]:
        """One call: a record without an id is created, one without cells deleted. Returns the ids in order."""
        if token is None:
            return self.commit(changes)
        body = orjson.dumps([verb, [cells for _, cells in changes]])
        known = self._tokens.get(token)
        if known is not None and self.clock.now() - known.at < TOKEN_LIFE:
            if known.body != body:
                raise UnknownOutcomeError("1255006 Client token conflict", code=1255006)
            return known.ids
        ids = self.commit(changes)
        self._tokens[token] = _Token(body, ids, self.clock.now())
        return ids

    def answer(self, verb: str, changes: list[tuple[str | None, Cells | None]], token: str | None) -> Sequence[str]:
        """The same, unless its answer is to be lost."""
        effects = self._lost.get(verb)
        if not effects:
            return self.write(verb, changes, token)
        effect = effects.popleft()
        if effect == "done":
            self.write(verb, changes, token)
        elif effect == "late":
            self._late.append((verb, changes, token))
        raise UnknownOutcomeError(f"bitable.record.batch_{verb} was sent, but no answer came")

    def commit(self, changes: Sequence[tuple[str | None, Cells | None]]) -> list[str]:
        """Make all changes, or none and raise."""
        for record, _ in changes:
            if record is not None and record not in self.records:
                raise VanishedError(f"1254043 RecordIdNotFound: {record}", code=1254043)
        takes = [None if cells is None else self._taken(cells) for _, cells in changes]
        before = dict(self.records)
        ids = [self._put(record, cells) for (record, _), cells in zip(changes, takes, strict=True)]
        changed = [one for one in dict.fromkeys(ids) if before.get(one) != self.records.get(one)]
        self.revision += len(changed) if self.step == "record" else bool(changed)
        for one in changed:
            was, now = before.get(one), self.records.get(one)
            self.told(one, was.cells if was else None, now.cells if now else None)
        follow(self, before, changed)
        return ids

    def _taken(self, cells: Cells) -> Cells:
        fields = {one.name: one for one in self.fields}
        for name in cells:
            if name not in fields:
                raise StaleNameError(f"1254045 FieldNameNotFound: {name}", code=1254045)
        taken = {name: shown(fields[name], cell) for name, cell in cells.items()}
        demand_there(self, fields, taken)
        self.fields = tuple(_with_options(one, taken.get(one.name)) for one in self.fields)
        return taken

    def _put(self, record: str | None, cells: Cells | None) -> str:
        if record is not None and cells is None:
            del self.records[record]
            return record
        if record is None:
            self._made += 1
            record = f"rec{self._made:011d}"
        kept = self.records.get(record)
        together = {**(kept.cells if kept else {}), **(cells or {})}
        held = {name: cell for name, cell in together.items() if cell is not None}
        self._lagging[record] = (self.clock.now() + self.lag, self.worked_out(record) if kept else None)
        if kept is None or held != kept.cells:
            self.records[record] = Kept(held, self.clock.now().replace(microsecond=0))
        return record

    def worked_out(self, record: str, *, really: bool = False) -> Json:
        """What the formula of a record shows; ``really``: what it will show in the end."""
        until, before = self._lagging.get(record, (self.clock.now(), None))
        if not really and self.clock.now() < until:
            return before
        told = self.records[record].cells.get(self.formula_of)
        text = "".join(str(part["text"]) for part in told if isinstance(part, dict)) if isinstance(told, list) else ""
        return {"type": 1, "value": [{"type": "text", "text": f"{text} {self.salt}"}]} if text else None


def _with_options(info: FieldInfo, cell: Json) -> FieldInfo:
    """A select field makes an option of every name it does not know."""
    if info.type not in CHOOSING or cell is None:
        return info
    names = [cell] if isinstance(cell, str) else [str(name) for name in cell] if isinstance(cell, list) else []
    new = [name for name in names if name not in info.options]
    if not new:
        return info
    options = (*info.options, *new)
    return replace(info, options=options, option_ids=tuple(f"opt{number}" for number, _ in enumerate(options)))


class InMemoryRecords:
    """A table of records (``ports.Records``)."""

    def __init__(self, table: BitableTable) -> None:
        self.table = table
        self._counts: Counter[str] = Counter()

    def info(self) -> RecordTableInfo:
        """The table, its fields and its revision, read now."""
        table = self.table
        self._counts.update(("bitable.app.get", "bitable.table.list", "bitable.field.list"))
        return RecordTableInfo(table.name, table.fields, table.revision, table.time_zone, table.whole)

    def fields(self) -> Sequence[FieldInfo]:
        """The table's fields alone, read now."""
        self._counts["bitable.field.list"] += 1
        return self.table.fields

    def revision(self) -> int | None:
        """The table's revision, read now."""
        self._counts["bitable.table.list"] += 1
        return self.table.revision

    def read(self, names: Sequence[str]) -> Iterator[RecordPage]:
        """All records, page by page. No snapshot: the next page begins where the last one ended by then."""
        self._demand(names)
        start, last = 0, False
        while not last:
            self._counts["bitable.record.search"] += 1
            total = len(self.table.records)
            records = [self._raw(record, names) for record in list(self.table.records)[start : start + self.table.page]]
            start += self.table.page
            last = start >= total
            yield RecordPage(records, self.table.clock.now(), total, last)

    def fetch(self, ids: Sequence[str], names: Sequence[str]) -> Fetched:
        """The named records as they are now."""
        self._counts["bitable.record.batch_get"] += (len(ids) + 99) // 100
        found = [self._raw(record, names) for record in ids if record in self.table.records]
        absent = frozenset(record for record in ids if record not in self.table.records)
        return Fetched(found, absent, frozenset(), self.table.clock.now())

    def find(self, conditions: Sequence[Cells], names: Sequence[str]) -> Sequence[RawRecord]:
        """Records for which all cells of one condition hold."""
        self._demand([*names, *(name for condition in conditions for name in condition)])
        self._counts["bitable.record.search"] += (len(conditions) + 49) // 50
        fields = {one.name: one for one in self.table.fields}
        wanted = [{name: shown(fields[name], cell) for name, cell in condition.items()} for condition in conditions]
        return [
            self._raw(record, names)
            for record, kept in self.table.records.items()
            if any(all(_equal(kept.cells.get(name), cell) for name, cell in one.items()) for one in wanted)
        ]

    def recent(self, since: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """The records changed at that moment or later, if a field of their modified time tells."""
        self._demand(names)
        if all(one.type != MODIFIED_TIME for one in self.table.fields):
            return None
        self._counts["bitable.record.search"] += 1
        kept = self.table.records
        order = sorted(kept, key=lambda record: kept[record].modified_at, reverse=True)
        found = order[:1] if since is None else [record for record in order if kept[record].modified_at >= since]
        newest = kept[order[0]].modified_at if order else None
        head = Head([self._raw(record, names) for record in found], len(kept), newest, self.table.clock.now())
        return head if len(found) <= most else None

    def room(self) -> int:
        """How many lines one write should carry now."""
        return self.table.room

    def too_large(self, lines: int) -> None:
        """A write of so many lines failed, most likely for its size."""
        self.table.room = min(self.table.room, (lines + 1) // 2)

    def create(self, records: Sequence[Cells], token: str) -> Sequence[str]:
        """Create records under an idempotency token; the new ids in the order given."""
        if not _is_token(token):
            raise FeishuError("1254037 Invalid client token", code=1254037)
        return self._call("create", [(None, dict(cells)) for cells in records], MOST_RECORDS, token)

    def update(self, writes: Sequence[RecordWrite], *, only_at: Collection[int] | None = None) -> None:
        """Update the named cells of records; all other cells stay."""
        self._demand_at(only_at)
        self._call("update", [(write.id, dict(write.cells)) for write in writes], MOST_RECORDS)

    def delete(self, ids: Sequence[str], *, only_at: Collection[int] | None = None) -> None:
        """Delete records."""
        self._demand_at(only_at)
        self._call("delete", [(record, None) for record in ids], MOST_DELETES)

    def _demand_at(self, revisions: Collection[int] | None) -> None:
        if revisions is not None and (revision := self.revision()) not in revisions:
            raise TableMovedError("the table was edited since it was read; nothing was sent", revision)
        self.table.gap()

    def calls(self) -> Mapping[str, int]:
        """How many calls this object made so far, by api name."""
        return dict(self._counts)

    def _call(
        self, verb: str, changes: list[tuple[str | None, Cells | None]], most: int, token: str | None = None
    ) -> Sequence[str]:
        if len(changes) > most:
            raise TooLargeError(f"bitable.record.batch_{verb} carries at most {most} records, not {len(changes)}")
        if not changes:
            return []
        for _, cells in changes:
            if any(isinstance(cell, float) and not isfinite(cell) for cell in (cells or {}).values()):
                raise RefusedError("a number that is not finite cannot be written")
        self._counts[f"bitable.record.batch_{verb}"] += 1
        return self.table.answer(verb, changes, token)

    def _raw(self, record: str, names: Sequence[str]) -> RawRecord:
        kept = self.table.records[record]
        cells = {name: kept.cells[name] for name in names if name in kept.cells}
        if self.table.formula in names and (result := self.table.worked_out(record)) is not None:
            cells[self.table.formula] = result
        return ShownRecord(record, cells, orjson.dumps(cells, option=orjson.OPT_SORT_KEYS), kept.modified_at)

    def _demand(self, names: Sequence[str]) -> None:
        known = {one.name for one in self.table.fields}
        for name in names:
            if name not in known:
                raise StaleNameError(f"1254045 FieldNameNotFound: {name}", code=1254045)


def _equal(held: Json, wanted: Json) -> bool:
    if held is False or wanted is False:
        return not held and not wanted
    if isinstance(held, list) and isinstance(wanted, list) and all(isinstance(name, str) for name in [*held, *wanted]):
        return set(map(str, held)) == set(map(str, wanted))
    return held == wanted


def _is_token(token: str) -> bool:
    try:
        return uuid.UUID(token).version == 4
    except ValueError:
        return False
