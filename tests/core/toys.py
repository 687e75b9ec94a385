"""Translators small enough to see through, lines built in one word, and strategies for what people type into them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from hypothesis import strategies as st

from syncer.core.conflicts import Resolution
from syncer.core.mapping import Direction, Merge, Misfit, Pair, Policy
from syncer.core.records import Base, Link, Side, Version
from syncer.core.values import Value, plain

FEISHU, DATABASE = Side.FEISHU, Side.DATABASE
NOON = datetime(2026, 3, 8, 12, tzinfo=UTC)
RECORD, KEY = "recOrder1", "[1]"


class Same:
    """Both sides hold the very same."""

    version = 1
    sample: st.SearchStrategy[Value] = st.none() | st.sampled_from(["待处理", "已发货 🚚", "a", "b", "长" * 2000])

    def to_database(self, value):
        return value

    def to_feishu(self, value):
        return value

    def from_cell(self, cell):
        return cell

    def from_column(self, held):
        return held

    def cell(self, value):
        return value

    def column(self, value):
        return value


class Cents(Same):
    """numeric(10,2): the column keeps two places, half even."""

    sample = st.none() | st.decimals(-1000, 1000, places=3).map(plain) | st.just(Decimal("1E9"))

    def to_database(self, value):
        if value is None:
            return None
        if abs(value) >= Decimal("1E8"):
            raise Misfit(f"{value} has more than 8 digits before the point")
        return plain(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN))


class Trimmed(Same):
    """char(n): the column forgets blanks at the end, and blanks alone are nothing."""

    sample = st.none() | st.sampled_from(["张三", "张三 ", "张三  ", " 李四", "李四", "   "])

    def to_database(self, value):
        return (value or "").rstrip(" ") or None


class Labels(Same):
    """values: {待处理: pending, 已发货: shipped}, one to one, anything else is a misfit."""

    table: Mapping[str, str] = {"待处理": "pending", "已发货": "shipped", "已取消": "cancelled"}
    sample = st.none() | st.sampled_from([*table, "新选项"])
    sample_database = st.none() | st.sampled_from([*table.values(), "lost"])

    def to_database(self, value):
        return self._look(self.table, value)

    def to_feishu(self, value):
        return self._look({there: here for here, there in self.table.items()}, value)

    @staticmethod
    def _look(table, value):
        if value is not None and value not in table:
            raise Misfit(f"{value!r} is not one of {', '.join(table)}")
        return None if value is None else table[value]


class Day(Same):
    """A date field over a timestamp column: the field forgets the hour, the column gets midnight."""

    sample = st.none() | st.dates(NOON.date(), (NOON + timedelta(days=3)).date())
    sample_database = st.none() | st.datetimes(datetime(2026, 3, 8), datetime(2026, 3, 11), timezones=st.just(UTC)).map(
        lambda moment: moment.replace(minute=0, second=0, microsecond=0)
    )

    def to_database(self, value):
        return None if value is None else datetime(value.year, value.month, value.day, tzinfo=UTC)

    def to_feishu(self, value):
        return None if value is None else value.date()


class Tags(Same):
    """A multi select over an array: an empty selection is nothing."""

    sample = st.none() | st.frozensets(st.sampled_from(["急", "老客户", "🎁", "vip"]), min_size=1)

    def to_database(self, value):
        return value or None

    def to_feishu(self, value):
        return value or None


class Wall(Same):
    """Nothing passes but emptiness."""

    def to_database(self, value):
        if value is not None:
            raise Misfit("nothing passes")

    def to_feishu(self, value):
        return self.to_database(value)


TOYS = (Same(), Cents(), Trimmed(), Labels(), Day(), Tags())


def sample(toy: Same, side: Side) -> st.SearchStrategy[Value]:
    """What a person, or the ERP, may leave in a field of this kind."""
    if side is Side.FEISHU:
        return toy.sample
    if hasattr(toy, "sample_database"):
        return toy.sample_database
    return toy.sample.filter(lambda value: holds(toy, value))


def holds(toy: Same, value: Value) -> bool:
    """Whether the column can hold a value: it keeps it as it is."""
    try:
        return toy.to_database(value) == value
    except Misfit:
        return False


def pair(
    name: str = "name",
    toy: Same | None = None,
    *,
    merge: Merge = Merge.REGISTER,
    policy: Policy = Policy.MANUAL,
    direction: Direction = Direction.BOTH,
    required: bool = False,
    defaults: Mapping[Side, Value] | None = None,
    writable: frozenset[Side] = frozenset(Side),
) -> Pair:
    return Pair(name, f"字段 {name}", direction, policy, toy or Same(), merge, required, defaults or {}, writable)


def carried(rules: Pair, value: Value, to: Side) -> tuple[Value, ...]:
    """The value as ``to`` would hold it, alone in a tuple; an empty one where it misfits."""
    try:
        return (rules.carry(value, to),)
    except Misfit:
        return ()


def merges_of(toy: Same) -> list[Merge]:
    """How fields of this kind may be merged."""
    kinds = {Cents: Merge.COUNTER, Tags: Merge.SET}
    return [Merge.REGISTER, *([kinds[type(toy)]] if type(toy) in kinds else [])]


def version(side: Side, values: Mapping[str, object] | None, modified_at: datetime | None = None) -> Version:
    return Version(side, RECORD if side is FEISHU else KEY, values, NOON, modified_at)


def link(bases: Mapping[str, Base], severed: Side | None = None) -> Link:
    return Link(1, RECORD, KEY, bases, severed)


def seen(winner: Side, feishu: Value, database: Value) -> Resolution:
    return Resolution(winner, feishu, database)


@dataclass
class Cell:
    """One pair of one line on both sides, with its base: what ``merge`` is about."""

    feishu: Value
    database: Value
    base: Base | None = None
    writes: list[Side] = field(default_factory=list)

    def follow(self, merged, *, fails=frozenset()) -> None:
        """Do what a merge asks for; a write that fails leaves everything as it was."""
        if merged.write is not None and merged.write in fails:
            return
        if merged.write is Side.FEISHU:
            self.feishu = merged.value
        if merged.write is Side.DATABASE:
            self.database = merged.value
        if merged.write is not None:
            self.writes.append(merged.write)
        if merged.base is not None:
            self.base = merged.base
