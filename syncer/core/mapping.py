"""A mapping as the engine sees it: validated, immutable, independent of the file it came from.

``catalog`` builds it from YAML; ``fields`` gives every pair its translator.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal, Protocol

from syncer.core.records import Side
from syncer.core.sources import Source
from syncer.core.values import Json, Value

if TYPE_CHECKING:
    from syncer.core.where import Where


class Misfit(Exception):  # noqa: N818 - a value that does not fit is an everyday finding, not an error of the program
    """A value that one side holds cannot be held by the other; ``reason`` says why and what would fit."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Pending(Misfit):
    """A value that names a line of another mapping which is not linked yet: it is carried as soon as that line is."""


class Direction(StrEnum):
    """Which way changes of a pair are carried."""

    BOTH = "both"
    TO_DATABASE = "to_database"
    TO_FEISHU = "to_feishu"

    def carries_from(self, side: Side) -> bool:
        """Whether a change seen on ``side`` is carried to the other."""
        return self is Direction.BOTH or (self is Direction.TO_DATABASE) == (side is Side.FEISHU)


class Policy(StrEnum):
    """The named rule that settles a conflict, or parks it for a person."""

    LATEST = "latest"
    FEISHU = "feishu"
    DATABASE = "database"
    MANUAL = "manual"
    FILL_EMPTY = "fill_empty"


class Pairing(StrEnum):
    """Who wins where lines that pair for the first time differ."""

    ASK = "ask"
    FEISHU = "feishu"
    DATABASE = "database"
    POLICY = "policy"


class Merge(StrEnum):
    """How concurrent changes of one field become one value: by a policy, or by adding both up."""

    REGISTER = "register"
    SET = "set"
    COUNTER = "counter"


class DeletePolicy(StrEnum):
    """What happens when one side deleted a line that the other changed."""

    EDIT = "edit"
    DELETE = "delete"
    MANUAL = "manual"


@dataclass(frozen=True, slots=True)
class DeleteRule:
    """What a deletion on one side does to the other: delete, ignore, or mark (``target`` there gets ``value``)."""

    action: Literal["delete", "ignore", "mark"]
    target: str | None = None
    value: Json = None


@dataclass(frozen=True, slots=True)
class DeleteGuard:
    """Most deletions in an hour: ``lines``, or ``share`` of the linked lines and 10; beyond, somebody is asked."""

    lines: int = 500
    share: float = 0.2


class Translator(Protocol):
    """Carries one pair's values between the two sides. Pure; built by ``fields`` for a field type and a column type.

    The methods that carry raise ``Misfit`` for a value the target cannot hold. ``version`` rises when a translator's
    reading of the same cell changes, so that old bases are confirmed anew.
    """

    @property
    def version(self) -> int:
        """The number that bases carry."""
        ...

    def to_database(self, value: Value) -> Value:
        """What the column will hold after receiving a Feishu value."""
        ...

    def to_feishu(self, value: Value) -> Value:
        """What the field will hold after receiving a database value."""
        ...

    def from_cell(self, cell: Json) -> Value:
        """The value of a cell in the shape ``search`` returns; a missing key is ``None``."""
        ...

    def from_column(self, held: object) -> Value:
        """The value of a column as the database driver returns it."""
        ...

    def cell(self, value: Value) -> Json:
        """The shape in which Feishu takes a Feishu-side value; ``None`` clears."""
        ...

    def column(self, value: Value) -> object:
        """The bind parameter for a database-side value."""
        ...


@dataclass(frozen=True, slots=True)
class Manner:
    """How a pair's values are treated on their way beyond what the types of its field and column say.

    ``segments``: a text is carried with its mentions and links, as JSON. ``unknown``: what becomes of a value that
    Feishu does not know as an option (or a person), ``instead`` what stands for it; ``None`` is as the field's type has
    it. ``otherwise``: what a side gets for what ``values`` does not name. The others are named like their keys.
    """

    segments: bool = False
    unknown: Literal["create", "reject", "empty", "default"] | None = None
    instead: str | None = None
    otherwise: tuple[tuple[Side, str], ...] = ()
    trim: bool = False
    case_feishu: Literal["lower", "upper"] | None = None
    case_database: Literal["lower", "upper"] | None = None
    scale: str | None = None
    format: str | None = None
    parse: tuple[str, ...] = ()
    split: str | None = None
    join: str | None = None
    person: Literal["open_id", "union_id", "user_id", "email", "employee_no"] | None = None
    link: str | None = None
    files: str | None = None
    """The folder of an attachment's files, whose places the column holds."""
    file_sources: tuple[str, ...] = ()
    """Other folders from which files are uploaded."""
    file_name: str | None = None
    """What the file is called that the column itself holds."""
    option_ids: tuple[tuple[str, str], ...] = ()
    """The ids that options had when they went by the names the file gives them; no part of what the file says."""


AS_IT_IS = Manner()


@dataclass(frozen=True, slots=True)
class JoinTable:
    """A table whose rows each tie a row of the mapping's table (``here``) to one of another (``there``)."""

    table: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class PairSpec:
    """One line of ``fields:`` in a mapping file. ``field`` is a name or a field id.

    Where several columns are one foreign key, or a join table stands for a column, ``column`` is a name for these.
    """

    field: str
    column: str
    direction: Direction = Direction.BOTH
    required: bool = False
    conflict: Policy | None = None
    merge: Merge = Merge.REGISTER
    values: Mapping[str, str] | None = None
    defaults: Mapping[Side, Json] = dataclasses.field(default_factory=dict)
    manner: Manner = AS_IT_IS
    columns: tuple[str, ...] = ()
    through: JoinTable | None = None

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns of the mapping's table that it is about."""
        return () if self.through is not None else self.columns or (self.column,)


@dataclass(frozen=True, slots=True)
class WhereSpec:
    """The scope of one side as the file writes it: its conditions, the fields or columns they name, and what becomes

    of a linked line that leaves it.
    """

    conditions: Json
    names: tuple[str, ...]
    on_leave: Literal["keep", "sever", "delete"] = "keep"


@dataclass(frozen=True, slots=True)
class ColumnFill:
    """What a column the mapping does not carry gets on a write: a sequence's next value, a constant, or the time."""

    kind: Literal["sequence", "value", "now"]
    argument: Json = None


@dataclass(frozen=True, slots=True)
class SyncMapping:
    """One mapping: which table with which, and by which rules."""

    name: str
    app: str
    app_token: str
    table_id: str
    connection: str
    table: str
    pairs: tuple[PairSpec, ...]
    key: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    direction: Direction = Direction.BOTH
    pairing: Pairing = Pairing.ASK
    timezone: str | None = None
    policy: Policy = Policy.LATEST
    tie: Policy = Policy.MANUAL
    tolerance: timedelta = timedelta(seconds=2)
    delete_policy: DeletePolicy = DeletePolicy.EDIT
    from_feishu: DeleteRule = DeleteRule("delete")
    from_database: DeleteRule = DeleteRule("delete")
    guard: DeleteGuard = DeleteGuard()
    capture: Literal["trigger", "watermark", "scan"] | None = None
    """How changed rows are noticed; ``None``: by triggers where they can be, else a named watermark, else scanning."""
    watermark: str | None = None
    notify: bool = True
    computed: timedelta = timedelta(minutes=10)
    """How often fields that Feishu computes are read of every record."""
    weight: float = 1.0
    """Its part of quotas and turns beside the other mappings that have work."""
    on_insert: Mapping[str, ColumnFill] = dataclasses.field(default_factory=dict)
    on_update: Mapping[str, ColumnFill] = dataclasses.field(default_factory=dict)
    description: str = ""
    source: Source | None = None
    """What is read in place of a Bitable table; ``None``: a Bitable table it is."""
    where: Mapping[Side, WhereSpec] = dataclasses.field(default_factory=dict)
    """Which unlinked lines of a side may enter; a side that is not in it lets all of them."""

    @property
    def derived(self) -> dict[str, Sequence[str] | JoinTable]:
        """What the columns are made of that the table itself does not have, by name."""
        return {pair.column: pair.through or pair.columns for pair in self.pairs if pair.through or pair.columns}

    @property
    def own_columns(self) -> tuple[str, ...]:
        """The columns of the table itself that are read."""
        own = {pair.column: pair.own_columns for pair in self.pairs}
        return tuple(dict.fromkeys(one for name in self.columns for one in own.get(name, (name,))))

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns that are read: those of the pairs, in order, then those that rules are about alone."""
        carried = tuple(pair.column for pair in self.pairs)
        return read_columns(carried, self.from_feishu.target, self.where.get(Side.DATABASE))


def read_columns(columns: Sequence[str], marked: str | None, where: WhereSpec | None) -> tuple[str, ...]:
    """The columns to read: those of the pairs, then the marking one and those of the scope, each once."""
    return tuple(dict.fromkeys((*columns, *([marked] if marked else ()), *(where.names if where else ()))))


@dataclass(frozen=True, slots=True)
class Pair:
    """A pair ready for planning: its rules and its translator. ``name`` is the column's name."""

    name: str
    field: str
    direction: Direction
    policy: Policy
    translator: Translator
    merge: Merge = Merge.REGISTER
    required: bool = False
    defaults: Mapping[Side, Value] = dataclasses.field(default_factory=dict)
    writable: frozenset[Side] = frozenset(Side)
    fills_itself: bool = False
    """Whether the database has a value of its own (a default, a sequence) for a new row that is given none."""
    meet: Callable[[Side, Iterable[Value]], None] | None = None
    """Tells whoever must be asked about values that many of them are about to be carried from a side."""
    targets: frozenset[Side] = dataclasses.field(init=False)
    """The sides this pair ever writes to."""

    def __post_init__(self) -> None:
        targets = [side for side in self.writable if self.direction.carries_from(side.other)]
        object.__setattr__(self, "targets", frozenset(targets))

    def carry(self, value: Value, to: Side) -> Value:
        """What ``to`` will hold after receiving the other side's value. Raises ``Misfit``."""
        if to is Side.DATABASE:
            return self.translator.to_database(value)
        return self.translator.to_feishu(value)

    def same(self, feishu: Value, database: Value) -> bool:
        """Whether the two sides' values mean the same: either one, carried over, is the other."""
        return self._carries(feishu, database, Side.DATABASE) or self._carries(database, feishu, Side.FEISHU)

    def _carries(self, value: Value, expected: Value, to: Side) -> bool:
        try:
            return self.carry(value, to) == expected
        except Misfit:
            return False

    def accepts(self, side: Side) -> bool:
        """Whether this pair ever writes to ``side``."""
        return side in self.targets


@dataclass(frozen=True, slots=True)
class Mark:
    """What a side's lines carry when they are marked as deleted: a column's or field's name and its value there.

    ``read`` turns what the side returns into a value, ``write`` a value into what the side takes.
    """

    target: str
    value: Value
    read: Callable[[Any], Value]
    write: Callable[[Value], Any]

    @property
    def unmarked(self) -> bool | None:
        """What stands there in a line that is not deleted: the other truth value, or nothing."""
        return not self.value if isinstance(self.value, bool) else None


@dataclass(frozen=True, slots=True)
class Rules:
    """What the planner needs of a mapping beside its pairs."""

    name: str
    pairs: Sequence[Pair]
    match: tuple[str, ...]
    key: tuple[str, ...] = ()
    """The columns that identify a row; mapped ones make its key part of what people edit."""
    direction: Direction = Direction.BOTH
    pairing: Pairing = Pairing.ASK
    tie: Policy = Policy.MANUAL
    tolerance: timedelta = timedelta(seconds=2)
    delete_policy: DeletePolicy = DeletePolicy.EDIT
    on_deleted: Mapping[Side, DeleteRule] = dataclasses.field(
        default_factory=lambda: dict.fromkeys(Side, DeleteRule("delete"))
    )
    guard: DeleteGuard = DeleteGuard()
    lacking: Mapping[Side, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    """What new lines of a side cannot do without and nothing fills, as the tables stand: they are held."""
    paused: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Pairs of the mapping that are no part of ``pairs`` because their tables lost them, by name, and why."""
    marks: Mapping[Side, Mark] = dataclasses.field(default_factory=dict)
    """How a deletion is marked, by the side whose lines bear the mark."""
    where: "Mapping[Side, Where]" = dataclasses.field(default_factory=dict)
    """Which unlinked lines of a side may enter, where not all do."""
    skew: Mapping[Side, timedelta] = dataclasses.field(default_factory=dict)
    """How much later it is by a side's clock than by ours, as far as that was measured."""
    blur: timedelta = timedelta(0)
    """How far times of the two sides may be apart that are the same, as exactly as their clocks could be compared."""
