"""Whoever edits both sides beside us: every deed is drawn, done and written down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from syncer.core.mapping import Misfit
from syncer.core.records import Side
from syncer.core.values import Value
from syncer.testing.columns import WrongError
from tests.convergence.linked import LINK
from tests.convergence.mappings import NOT_TYPED, D, F, Setup

Line = tuple[Side, str]


@dataclass
class Edit:
    """One field that somebody gave another value. ``at`` orders all deeds."""

    at: int
    line: Line
    pair: str
    before: Value
    value: Value
    linked: bool
    excused: str = ""
    cell: object = None
    """Of an edit in Feishu: what the field holds from then on."""

    def __str__(self) -> str:
        return f"#{self.at} {self.line[0]} {self.line[1]} {self.pair}: {self.before!r} -> {self.value!r}"


@dataclass
class Loss:
    """A line that somebody deleted. ``links`` are the lines it was linked with."""

    at: int
    line: Line


class People:
    """Edits at random. ``tell`` hears of every deed; ``linked`` says whether a line has a partner by now."""

    def __init__(self, rng: Random, setup: Setup, records, rows, tell, linked) -> None:
        self.rng, self.setup, self.records, self.rows, self.tell, self.linked = rng, setup, records, rows, tell, linked
        self.pairs = {pair.column: pair for pair in setup.mapping.pairs}
        self.edits: list[Edit] = []
        self.losses: list[Loss] = []
        self.origins: dict[tuple[Side, str], int] = {}
        self.rekeyed: set[object] = set()
        self.made: set[Line] = set()
        self.renamed: list[tuple[Line, Line]] = []
        self.numbers: list[str] = []
        self.count = 0
        self.translators: Mapping[str, object] = {}

    def begin(self, lines: int) -> None:
        """The tables before the first run: lines both sides share, some of them perturbed, and lines of one side."""
        for _ in range(lines):
            deed = self.rng.choice(["both", "both", "both", "feishu", "database"])
            if deed == "both":
                self._add_both(perturbed=self.rng.random() < 0.3)
            else:
                self._add(Side(deed), self._number(), self._origin())

    def act(self) -> None:
        """One deed."""
        deeds = ["edit"] * 12 + ["clear", "delete", "add", "add", "both", "twin", "again", "key", "delete both"]
        deed = self.rng.choice(deeds)
        if deed in ("edit", "clear", "key", "delete", "delete both") and not (self.records.records or self.rows.rows):
            deed = "add"
        getattr(self, "_do_" + deed.replace(" ", "_"))()

    # deeds

    def _do_edit(self) -> None:
        line = self._any_line()
        names = [name for name in self.pairs if name not in NOT_TYPED]
        self._edit(line, self.rng.choice(names))

    def _do_clear(self) -> None:
        names = [name for name in self.pairs if name not in ("origin", "id", "computed")]
        self._edit(self._any_line(), self.rng.choice(names), clear=True)

    def _do_key(self) -> None:
        side, line = self._any_line()
        number = self.rng.choice([*self.numbers[-3:], *[f"N{self._next()}" for _ in range(3)]])
        self._write((side, line), "order_no", number, number)

    def rename_one(self) -> None:
        """Some record gets another order number, which its formula follows."""
        self._write((F, self.rng.choice(sorted(self.records.records))), "order_no", *[f"N{self._next()}"] * 2)

    def _do_add(self) -> None:
        self._add(self.rng.choice([F, D]), self._number(), self._origin())

    def _do_both(self) -> None:
        self._add_both(perturbed=self.rng.random() < 0.5)

    def _do_twin(self) -> None:
        """A line with the order number of another one."""
        if self.numbers:
            self._add(self.rng.choice([F, D]), self.rng.choice(self.numbers[-4:]), self._origin())

    def _do_again(self) -> None:
        """A deleted line comes back, as a new one."""
        if self.losses and self.numbers:
            loss = self.rng.choice(self.losses)
            self._add(loss.line[0], self.rng.choice(self.numbers), self._origin())

    def _do_delete(self) -> None:
        self._drop(self._any_line())

    def _do_delete_both(self) -> None:
        line = self._any_line()
        partner = self.linked(line)
        self._drop(line)
        if partner is not None:
            self._drop(partner)

    def interfere(self, record: str, fields) -> None:
        """Somebody edits one of the very cells that are being written; any where ``fields`` is nothing."""
        typed = {name: pair.field for name, pair in self.pairs.items() if name not in ("origin", "id")}
        if fields is None:
            fields = [field for name, field in typed.items() if name not in NOT_TYPED]
        names = [name for name, field in typed.items() if field in fields]
        if record in self.records.records and names:
            self._edit((F, record), self.rng.choice(names))

    # how they are done

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _number(self) -> str:
        self.numbers.append(f"N{self._next()}")
        return self.numbers[-1]

    def _origin(self) -> str:
        return f"origin {self._next()}"

    def _any_line(self) -> Line:
        """Some line; mostly one of the first, so that both sides meet on it."""
        lines = [(F, name) for name in self.records.records] + [(D, name) for name in self.rows.rows]
        few = [line for side in Side for line in [one for one in lines if one[0] is side][:2]]
        return self.rng.choice(few if self.rng.random() < 0.6 else lines)

    def _typed(self, side: Side, name: str) -> object:
        if name == LINK:
            return self._somebody(side)
        kind = self.setup.kinds[name]
        return (kind.feishu if side is F else kind.database)(self.rng, self._next())

    def _somebody(self, side: Side) -> object:
        """One line of the table to be named, or two where several can be."""
        self._next()
        lines = list(self.records.records) if side is F else [json.loads(key)[0] for key in self.rows.rows]
        several = self.setup.kinds[LINK].column["type"] == "int8[]"
        named = self.rng.sample(lines, min(len(lines), self.rng.choice([1, 2]) if several else 1))
        return named if side is F or several else next(iter(named), None)

    def _add_both(self, *, perturbed: bool) -> None:
        number, origin = self._number(), self._origin()
        values = {name: self._typed(D, name) for name in self.pairs if name not in NOT_TYPED}
        if not self.setup.match:
            self._add(self.rng.choice([F, D]), number, origin)
            return
        if self._add(D, number, origin, values) is None:
            return
        record = dict(values)
        if set(self.setup.match) & set(values):
            self.rekeyed.add(origin)
        if perturbed:
            for name in self.rng.sample(sorted(values), self.rng.randint(1, len(values))):
                record.pop(name)
        self._add(F, number, origin, self._as_cells(record), also=perturbed)

    def _as_cells(self, values: Mapping[str, object]) -> dict[str, object]:
        cells = {}
        for name, value in values.items():
            if name == LINK:
                continue  # whom it names may be deleted by now
            translator = self.translators[name]
            try:
                cells[name] = translator.cell(translator.to_feishu(translator.from_column(value)))
            except Misfit:
                continue
        return cells

    def _add(self, side: Side, number: str, origin: str, values=None, *, also: bool = True) -> str | None:
        given = dict(values or {})
        if values is None or also:
            for name in self.pairs:
                if name not in NOT_TYPED and name not in given and self.rng.random() < 0.8:
                    given[name] = self._typed(side, name)
        given |= {"order_no": number, "origin": origin}
        if self.rng.random() < 0.05:
            given["order_no"] = None
            self.rekeyed.add(origin)
        line = self._insert(side, given)
        if line is not None:
            self.made.add((side, line))
            self.origins[side, origin] = self.origins.get((side, origin), 0) + 1
            self.tell(f"{side}: {line} added {given}")
            for name, value in self.held((side, line)).items():
                self._note((side, line), name, None, value)
        return line

    def _insert(self, side: Side, given: Mapping[str, object]) -> str | None:
        if side is F:
            return self.records.add({self.pairs[name].field: value for name, value in given.items()})
        try:
            return self.rows.add(given)
        except WrongError as wrong:
            self.tell(f"database: refused {given}: {wrong}")
            return None

    def _edit(self, line: Line, name: str, *, clear: bool = False) -> None:
        value = None if clear else self._typed(line[0], name)
        if not clear and self.setup.mapping.pairs and self._counts(name):
            value = self._counted(line, name, value)
        self._write(line, name, value, value)

    def _counts(self, name: str) -> bool:
        return self.pairs[name].merge != "register"

    def _counted(self, line: Line, name: str, typed: object) -> object:
        """Of a field that adds up people change a little: one more, one less; a tag added, a tag removed."""
        held = self.raw(line, name)
        if self.pairs[name].merge == "counter":
            return typed if held is None else held + self.rng.choice([-3, -1, 1, 2, 10])
        tags = list(held or [])
        if tags and self.rng.random() < 0.5:
            tags.remove(self.rng.choice(tags))
            return tags or None
        return [*tags, typed[-1]]

    def raw(self, line: Line, name: str):
        """What a line holds, as its side keeps it."""
        side, key = line
        if side is F and name == "computed":
            return self.records.worked_out(key)
        if side is F:
            return self.records.records[key].cells.get(self.pairs[name].field)
        return self.rows.rows[key][name]

    def _write(self, line: Line, name: str, cell: object, value: object) -> None:
        side, key = line
        before = self.held(line)
        if side is F:
            self.records.edit(key, {self.pairs[name].field: cell})
            after = line
        else:
            try:
                after = (D, self.rows.edit(key, {name: value}))
            except WrongError as wrong:
                self.tell(f"database: {key} refused {name} = {value!r}: {wrong}")
                return
        if name in self.setup.match:
            self.rekeyed |= {before["origin"], *self._namesakes(name, self.held(after).get(name))}
        if after != line:
            self.renamed.append((line, after))
            self.made |= {after} if line in self.made else set()
            self.losses.append(Loss(self._next(), line))
        self.tell(f"{side}: {key} {name} = {value!r}")
        for changed, now in self.held(after).items():
            if now != before[changed]:
                self._note(after, changed, before[changed], now)

    def _namesakes(self, name: str, value: Value) -> set[object]:
        """The origins of lines that hold a match value as well, after somebody typed it into another line."""
        lines = [*((F, key) for key in self.records.records), *((D, key) for key in self.rows.rows)]
        held = [self.held(line) for line in lines]
        return {one["origin"] for one in held if one.get(name) == value and "origin" in one}

    def _drop(self, line: Line) -> None:
        side, key = line
        if side is F and key in self.records.records:
            self.records.drop(key)
        elif side is D and key in self.rows.rows:
            self.rows.drop(key)
        else:
            return
        self.losses.append(Loss(self._next(), line))
        self.tell(f"{side}: {key} deleted")

    def _note(self, line: Line, name: str, before: Value, value: Value) -> None:
        if name == "computed":
            return  # nobody types it
        edit = Edit(self._next(), line, name, before, value, self.linked(line, name) is not None)
        edit.cell = self.raw(line, name) if line[0] is F else None
        self.edits.append(edit)

    def held(self, line: Line) -> dict[str, Value]:
        """What a line holds, as values; unreadable ones are left out."""
        found = {}
        for name in self.pairs:
            translator = self.translators[name]
            raw = self.raw(line, name)
            try:
                found[name] = translator.from_cell(raw) if line[0] is F else translator.from_column(raw)
            except Misfit:
                found[name] = "(unreadable)"
        return found
