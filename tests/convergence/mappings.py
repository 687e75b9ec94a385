"""Random mappings over all kinds of pairs and all policies, with the two tables they are between."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from random import Random

from syncer.catalog.pairs import build_rules
from syncer.core.mapping import (
    DeleteGuard,
    DeletePolicy,
    DeleteRule,
    Direction,
    Manner,
    Merge,
    Pairing,
    PairSpec,
    Policy,
    Rules,
    SyncMapping,
    WhereSpec,
)
from syncer.fields.linked import NO_LINES
from syncer.ports import ColumnInfo, FieldInfo, RowTableInfo
from syncer.testing import BitableTable, FakeClock, SqlTable
from tests.convergence.kinds import KINDS, D, F, Kind
from tests.convergence.linked import LINK

ONE_WAY = [Direction.TO_DATABASE, Direction.TO_FEISHU]
TEXT = Kind("text", 1, {"type": "text"}, lambda rng, n: f"x{n}", lambda rng, n: f"x{n}")
MARKED = DeleteRule("mark")
COMPUTED = "算出"
BOSS = "上级"
NOT_TYPED = ("order_no", "origin", "id", "computed")
"""Columns nobody types anything into at random."""


@dataclass(frozen=True)
class Setup:
    """A mapping and the kinds its pairs are of, by column."""

    mapping: SyncMapping
    kinds: Mapping[str, Kind]
    fields: tuple[FieldInfo, ...]
    columns: tuple[ColumnInfo, ...]
    key: tuple[str, ...]
    step: str
    page: int
    tight: bool
    lag: timedelta | None = None
    """How long Feishu takes to work out the formula that is carried; ``None``: there is none."""

    @property
    def match(self) -> tuple[str, ...]:
        """What pairs lines."""
        return self.mapping.match or tuple(name for name in self.key if name != "id")

    def records(self, clock: FakeClock) -> BitableTable:
        table = BitableTable(self.fields, clock, step=self.step, page=self.page)
        if self.lag is not None:
            table.formula, table.formula_of, table.lag = COMPUTED, "字段order_no", self.lag
        table.neighbours["tbl"] = table
        return table

    def rows(self, clock: FakeClock) -> SqlTable:
        info = RowTableInfo("orders", self.columns, self.key, (self.key,))
        numbers = count(1)
        fills: dict[str, Callable[[], object]] = {"id": lambda: next(numbers)}
        for name, kind in self.kinds.items():
            if kind.fills is not None:
                fills[name] = lambda kind=kind: kind.fills
        checks = {name: kind.check for name, kind in self.kinds.items() if kind.check}
        return SqlTable(info, self.key, fills, checks, self._trigger(clock))

    def _trigger(self, clock):
        tidies = {name: kind.tidy for name, kind in self.kinds.items() if kind.tidy}

        def trigger(old, new):
            for name, tidy in tidies.items():
                new[name] = tidy(new[name])
            new["updated_at"] = clock.now()
            return new

        return trigger

    def read_columns(self) -> tuple[str, ...]:
        return self.mapping.columns

    def rules(self, records: BitableTable, rows: SqlTable, info, lines=NO_LINES) -> Rules:
        return build_rules(self.mapping, info, rows.info, lines=lines)


def draw(rng: Random, lag: timedelta | None = None) -> Setup:
    """A mapping. ``order_no`` tells lines apart for people, ``origin`` tells us who made a line."""
    kinds = {"order_no": TEXT, "origin": TEXT}
    for number in range(rng.randint(1, 4)):
        kinds[f"c{number}"] = rng.choice(KINDS)
    exact = kinds["c0"].exact
    match = rng.choices([("order_no",), ("order_no", "c0"), ()], [8, 1 if exact else 0, 1])[0]
    keyed = rng.random() < 0.1
    direction = rng.choices([Direction.BOTH, *ONE_WAY], [8, 1, 1])[0]
    pairs = [_pair(rng, name, kind, direction) for name, kind in kinds.items()]
    if rng.random() < 0.4 and direction is not Direction.TO_DATABASE:
        kinds["id"] = Kind("key", 2, {"type": "int8"}, lambda rng, n: n, lambda rng, n: n)
        pairs.append(PairSpec("编号", "id", Direction.TO_FEISHU))
    if lag is not None and direction is not Direction.TO_FEISHU:
        kinds["computed"] = Kind("computed", 20, {"type": "text"}, lambda rng, n: n, lambda rng, n: n)
        pairs.append(PairSpec(COMPUTED, "computed", Direction.TO_DATABASE))
    else:
        lag = None
    fields = [
        FieldInfo(f"fld{spec.column}", spec.field, kinds[spec.column].type, "", is_primary=not i)
        for i, spec in enumerate(pairs)
    ]
    columns = [kinds[name].columns(name) for name in kinds if name != "id"]
    columns = [_named(column, nullable=False) if keyed and column.name == "order_no" else column for column in columns]
    columns += [
        ColumnInfo("id", "int8", nullable=False, has_default=True),
        ColumnInfo("deleted", "bool"),
        ColumnInfo("updated_at", "timestamptz"),
    ]
    fields.append(FieldInfo("fldGone", "作废", 7, ""))
    tight = rng.random() < 0.1
    mapping = SyncMapping(
        name="orders",
        app="default",
        app_token="app",
        table_id="tbl",
        connection="erp",
        table="orders",
        pairs=tuple(pairs),
        key=("order_no",) if keyed else ("id",),
        match=match,
        direction=direction,
        pairing=rng.choices(list(Pairing), [2, 2, 2, 3])[0],
        timezone=rng.choice(["Asia/Shanghai", "Europe/Berlin", "UTC"]),
        policy=rng.choice(list(Policy)),
        tie=rng.choice([Policy.FEISHU, Policy.DATABASE, Policy.MANUAL]),
        delete_policy=rng.choice(list(DeletePolicy)),
        from_feishu=_delete_rule(rng, DeleteRule("mark", "deleted", value=True)),
        from_database=_delete_rule(rng, DeleteRule("mark", "作废", value=True)),
        guard=DeleteGuard(rng.choice([0, 1, 2]), 0.2) if tight else DeleteGuard(500, 1.0),
        watermark=rng.choice([None, "updated_at"]),
    )
    step, page = rng.choice(["call", "record"]), rng.choice([2, 3, 500, 500])
    return Setup(mapping, kinds, tuple(fields), tuple(columns), mapping.key, step, page, tight, lag)


def scoped(setup: Setup, rng: Random, leaving: Random) -> Setup:
    """The same under a scope that lines leave and enter by being edited; ``leaving`` draws where that deletes."""
    digits = rng.sample("1234567890", rng.choice([3, 6, 8]))
    name = {F: ("field", "字段order_no"), D: ("column", "order_no")}
    where = {}
    for side in rng.choice([[F], [D], [F, D]]):
        conditions = [{name[side][0]: name[side][1], "contains": digits}]
        on_leave = rng.choice(["keep", "keep", "sever"])
        where[side] = WhereSpec(conditions, (name[side][1],), leaving.choice([on_leave, on_leave, "delete"]))
    return replace(setup, mapping=replace(setup.mapping, where=where))


def related(setup: Setup, rng: Random) -> Setup:
    """The same with lines that name one another, by record in Bitable and by key in the database; not by typed keys."""
    if setup.key != ("id",):
        return setup
    type_, manner = rng.choice(["int8", "int8", "int8[]"]), Manner(link="orders")
    kind = Kind("link", 18, {"type": type_}, lambda rng, n: None, lambda rng, n: None, manner=manner)
    spec = PairSpec(BOSS, LINK, setup.mapping.direction, conflict=rng.choice([None, *Policy]), manner=manner)
    end = FieldInfo("fldBoss", BOSS, 18, "", multiple=type_ == "int8[]", target="tbl")
    return replace(
        setup,
        mapping=replace(setup.mapping, pairs=(*setup.mapping.pairs, spec)),
        kinds={**setup.kinds, LINK: kind},
        fields=(*setup.fields, end),
        columns=(*setup.columns, kind.columns(LINK)),
    )


def _named(column: ColumnInfo, *, nullable: bool) -> ColumnInfo:
    return ColumnInfo(column.name, column.type, nullable)


def _delete_rule(rng: Random, mark: DeleteRule) -> DeleteRule:
    return rng.choices([DeleteRule("delete"), DeleteRule("ignore"), mark], [4, 1, 1])[0]


def _pair(rng: Random, name: str, kind: Kind, direction: Direction) -> PairSpec:
    way = direction
    if direction is Direction.BOTH and name.startswith("c"):
        way = rng.choices([Direction.BOTH, *ONE_WAY], [8, 1, 1])[0]
    both = way is Direction.BOTH
    merge = rng.choice(kind.merges) if both else Merge.REGISTER
    required = rng.random() < (0.3 if name == "order_no" else 0.05)
    defaults = {side: value for side, value in kind.defaults.items() if way.carries_from(side.other)}
    policy = rng.choice([None, None, *Policy]) if merge is Merge.REGISTER else None
    return PairSpec(f"字段{name}", name, way, required, policy, merge, kind.values, defaults, kind.manner)


__all__ = ["D", "F", "Setup", "draw"]
