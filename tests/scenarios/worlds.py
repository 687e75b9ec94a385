"""Two tables of orders and a syncer between them: the twins in memory, or the simulator and PostgreSQL."""

import time
from collections import Counter
from dataclasses import dataclass, replace
from itertools import count

from syncer.catalog.pairs import build_rules
from syncer.core.mapping import DeleteGuard, DeletePolicy, DeleteRule, Pairing, PairSpec, Policy, SyncMapping
from syncer.core.records import Side
from syncer.engine.lens import Lens
from syncer.engine.report import Report
from syncer.engine.run import run
from syncer.engine.tools import Options, Tools
from syncer.ports import ColumnInfo, FieldInfo, RowTableInfo
from syncer.ports.progress import Reporter
from syncer.testing import BitableTable, FakeClock, InMemoryMemory, InMemoryRecords, InMemoryRows, SeededIds, SqlTable

FIELD = {"no": "订单号", "amount": "金额", "note": "备注"}
MARK = {Side.FEISHU: "作废", Side.DATABASE: "deleted"}


@dataclass(frozen=True)
class Rules:
    """One combination of the rules of a mapping."""

    policy: str = "latest"
    deletes: str = "edit"
    from_feishu: str = "delete"
    from_database: str = "delete"
    share: float = 1.0
    key: str = "id"
    match: str = "no"

    def __str__(self):
        return f"{self.policy}, deletes {self.deletes}, {self.from_feishu}/{self.from_database}"


class MemoryWorld:
    """The tables of ``syncer.testing``; a run takes milliseconds."""

    def __init__(self, rules: Rules) -> None:
        self.clock, self.ids, self.memory = FakeClock(), SeededIds(), None
        self.mapping = _mapping(rules)
        fields = [FieldInfo(f"fld{name}", field, 2 if name == "amount" else 1, "") for name, field in FIELD.items()]
        self.records = BitableTable((*fields, FieldInfo("fldGone", MARK[Side.FEISHU], 7, "")), self.clock)
        self.table = replace(_TABLE, primary_key=(rules.key,), unique=((rules.key,),))
        self.rows = SqlTable(self.table, (rules.key,), {"id": _numbers()}, trigger=self._stamp)

    def _stamp(self, _old, new):
        return {**new, "updated_at": self.clock.now()}

    # people

    def add(self, side, *lines):
        for line in lines:
            if side is Side.FEISHU:
                self.records.add(_cells(line))
            else:
                self.rows.add(line)

    def edit(self, side, number, values):
        for name in self._named(side, number):
            if side is Side.FEISHU:
                self.records.edit(name, _cells(values))
            else:
                self.rows.edit(name, values)

    def drop(self, side, *numbers):
        for number in numbers:
            for name in self._named(side, number):
                (self.records if side is Side.FEISHU else self.rows).drop(name)

    def _named(self, side, number):
        if side is Side.FEISHU:
            return [name for name, kept in self.records.records.items() if _text(kept.cells.get(FIELD["no"])) == number]
        return [name for name, row in self.rows.rows.items() if row["no"] == number]

    def pass_time(self):
        """What happens from now on happens later, beyond the tolerance."""
        self.clock.move(60)

    # runs

    def door(self) -> InMemoryRecords:
        return InMemoryRecords(self.records)

    def sync(self, *, approve=None, full=True) -> Report:
        self.memory = self.memory.again(approved_run=approve) if self.memory else InMemoryMemory(self.clock, _LAYOUT)
        records = self.door()
        info = records.info()
        rules, report = build_rules(self.mapping, info, self.table), Report("orders", self.memory.run)
        columns = self.mapping.columns
        tools = Tools(
            rules=rules,
            records=records,
            rows=InMemoryRows(self.rows, columns, self.clock, self.mapping.watermark),
            memory=self.memory,
            clock=self.clock,
            ids=self.ids,
            report=report,
            reporter=Reporter(),
            options=Options(full=full),
            lens=Lens(rules),
        )
        self.clock.move(1)
        return run(tools, info)

    # looking

    def held(self, side):
        """The lines of a side: values with the mark, by number."""
        if side is Side.DATABASE:
            return {row["no"]: {**_values(row), "marked": bool(row["deleted"])} for row in self.rows.rows.values()}
        told = {}
        for kept in self.records.records.values():
            line = {name: _text(kept.cells.get(field)) for name, field in FIELD.items()}
            told[line["no"]] = {**_values(line), "marked": bool(kept.cells.get(MARK[side]))}
        return told

    def numbers(self, side):
        """How many lines have each number."""
        if side is Side.DATABASE:
            return Counter(row["no"] for row in self.rows.rows.values())
        return Counter(_text(kept.cells.get(FIELD["no"])) for kept in self.records.records.values())

    def conflicts(self):
        return [("open", None)] * len(self.memory.book.conflicts) + [
            ("settled", note.winner) for note in self.memory.book.settled if note.winner
        ]

    def failures(self):
        return [failed.note.code for failed in self.memory.book.failures.values()]

    def severed(self):
        return sum(1 for remembered, _ in self.memory.book.links.values() if remembered.link.severed)


class StageWorld:
    """The simulator and a PostgreSQL table, through the whole syncer."""

    def __init__(self, stage, rules: Rules, name: str = "orders") -> None:
        self.stage, self.policy = stage, rules.policy
        fields = {FIELD["no"]: 1, FIELD["amount"]: 2, FIELD["note"]: 1, MARK[Side.FEISHU]: 7}
        columns = (
            f"id bigint GENERATED ALWAYS AS IDENTITY, no text NOT NULL, PRIMARY KEY ({rules.key}),"
            " amount numeric(12,2), note text, deleted boolean, updated_at timestamptz DEFAULT now()"
        )
        self.pair = stage.pair(fields, columns, _yaml(rules), name=name, key=rules.key, extra=", watermark: updated_at")

    def add(self, side, *lines):
        if side is Side.FEISHU:
            self.pair.add(*map(_cells, lines))
        for line in lines if side is Side.DATABASE else ():
            places = ", ".join(["%s"] * len(line))
            self.pair.sql(f"INSERT INTO {{t}} ({', '.join(line)}) VALUES ({places})", *line.values())

    def edit(self, side, number, values):
        if side is Side.FEISHU:
            self.pair.edit(self.pair.by(FIELD["no"])[number], **_cells(values))
            return
        changes = ", ".join(f"{name} = %s" for name in values)
        self.pair.sql(
            f"UPDATE {{t}} SET {changes}, updated_at = clock_timestamp() WHERE no = %s", *values.values(), number
        )

    def drop(self, side, *numbers):
        if side is Side.FEISHU:
            by = self.pair.by(FIELD["no"])
            self.pair.drop(*(by[number] for number in numbers))
        else:
            self.pair.sql("DELETE FROM {t} WHERE no = ANY(%s)", list(numbers))

    def pass_time(self):
        """What happens from now on happens later, beyond the tolerance."""
        if self.policy == "latest":
            time.sleep(1.7)  # Feishu's clock is known to a second and a half

    def sync(self, *, approve=None, full=True) -> Report:
        if approve is not None:
            self.stage.syncer.store.approve(approve)
        return self.stage.syncer.sync(self.pair.name, Options(full=full), approved_run=approve)

    def held(self, side):
        if side is Side.DATABASE:
            rows = self.pair.rows("no, amount, note, deleted")
            return {no: {**_values({"amount": a, "note": n}), "marked": bool(gone)} for no, a, n, gone in rows}
        return {
            cells.get(FIELD["no"]): {
                **_values({name: cells.get(field) for name, field in FIELD.items()}),
                "marked": bool(cells.get(MARK[side])),
            }
            for cells in self.pair.plain().values()
        }

    def numbers(self, side):
        if side is Side.DATABASE:
            return Counter(no for (no,) in self.pair.rows("no"))
        return Counter(cells.get(FIELD["no"]) for cells in self.pair.plain().values())

    def conflicts(self):
        return [(one.state, one.winner) for one in self.pair.conflicts(None) if one.winner or one.state == "open"]

    def failures(self):
        return [one.code for one in self.pair.failures()]

    def severed(self):
        return self.pair.standing().severed


# What both are made of.

_LAYOUT = [(name, "1") for name in FIELD]
_TABLE = RowTableInfo(
    "orders",
    (
        ColumnInfo("id", "int8", nullable=False, has_default=True, generated=True),
        ColumnInfo("no", "text"),
        ColumnInfo("amount", "numeric", precision=12, scale=2),
        ColumnInfo("note", "text"),
        ColumnInfo("deleted", "bool"),
        ColumnInfo("updated_at", "timestamptz"),
    ),
    ("id",),
    (("id",),),
)


def _numbers():
    numbers = count(1)
    return lambda: next(numbers)


def _mapping(rules: Rules) -> SyncMapping:
    return SyncMapping(
        name="orders",
        app="default",
        app_token="app",
        table_id="tbl",
        connection="erp",
        table="orders",
        pairs=tuple(PairSpec(field, name, required=name == "no") for name, field in FIELD.items()),
        key=(rules.key,),
        match=(rules.match,) if rules.match else (),
        pairing=Pairing.POLICY,
        policy=Policy(rules.policy),
        delete_policy=DeletePolicy(rules.deletes),
        from_feishu=_rule(rules.from_feishu, MARK[Side.DATABASE]),
        from_database=_rule(rules.from_database, MARK[Side.FEISHU]),
        guard=DeleteGuard(500, rules.share),
        watermark="updated_at",
    )


def _rule(name: str, target: str) -> DeleteRule:
    return DeleteRule("mark", target, value=True) if name == "mark" else DeleteRule(name)


def _yaml(rules: Rules) -> str:
    marks = {"from_feishu": f"{{mark: {{column: {MARK[Side.DATABASE]}, value: true}}}}"}
    marks["from_database"] = f"{{mark: {{field: {MARK[Side.FEISHU]}, value: true}}}}"
    ways = {way: marks[way] if getattr(rules, way) == "mark" else getattr(rules, way) for way in marks}
    required = {"no": ", required: true"}
    fields = "\n".join(
        f"  - {{field: {field}, column: {name}{required.get(name, '')}}}" for name, field in FIELD.items()
    )
    return (
        f"{f'match: [{rules.match}]' if rules.match else ''}\npairing: policy\nfields:\n{fields}\n"
        f"conflicts: {{default: {rules.policy}, deletes: {rules.deletes}, tolerance: 0s}}\n"
        f"deletes: {{from_feishu: {ways['from_feishu']}, from_database: {ways['from_database']},"
        f" guard: {{lines: 500, share: {rules.share}}}}}\n"
    )


def _cells(values):
    return {FIELD[name]: value for name, value in values.items()}


def _text(cell):
    return "".join(part["text"] for part in cell) if isinstance(cell, list) else cell


def _values(line):
    amount = line["amount"]
    return {"amount": None if amount is None else float(amount), "note": line["note"]}
