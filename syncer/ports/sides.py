"""The two sides as the engine sees them: a table of records and a table of rows.

Lines travel in lists, because every outside call costs more than the work it carries.
"""

from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syncer.core.values import Json
from syncer.core.where import Where


@dataclass(frozen=True, slots=True)
class FieldInfo:
    """A Bitable field: ``type`` and ``ui_type`` as in Feishu's field list, ``option_ids`` in the order of ``options``.
    A link field links records of ``target``; there ``back`` is the id of a two-way link's other end.
    """

    id: str
    name: str
    type: int
    ui_type: str
    options: tuple[str, ...] = ()
    option_ids: tuple[str, ...] = ()
    is_primary: bool = False
    formatter: str | None = None
    lowest: float | None = None
    highest: float | None = None  # of a rating, or of a progress with a range of its own
    multiple: bool = True  # whether a cell takes several people, groups or links
    target: str = ""
    back: str = ""


@dataclass(frozen=True, slots=True)
class RecordTableInfo:
    """A Bitable table as it stands now. ``revision`` rises with every change; ``time_zone`` is the base's."""

    name: str
    fields: tuple[FieldInfo, ...]
    revision: int | None
    time_zone: str
    whole: bool
    """Whether a listing can be trusted to show every record (no advanced permissions, or this app manages the base)."""
    lacking: Mapping[str, str] = field(default_factory=dict)
    """Fields the app may not see, so that they say nothing: by name the scope that would open them."""


@dataclass(frozen=True, slots=True)
class ColumnInfo:
    """A column: ``type`` is its base type name (``varchar``, ``numeric``, ``timestamptz``, ``text[]`` ...)."""

    name: str
    type: str
    nullable: bool = True
    length: int | None = None
    precision: int | None = None
    scale: int | None = None
    has_default: bool = False
    generated: bool = False
    """Computed or identity-always: the database alone writes it."""
    enum: tuple[str, ...] = ()
    number: int = 0
    """Its place among all columns the table ever had: one that was dropped and added again has another."""
    comment: str = ""
    choices: tuple[str, ...] = ()
    """The texts that a check constraint allows."""


@dataclass(frozen=True, slots=True)
class RowTableInfo:
    """A database table as it stands now. ``unique`` holds its unique, not-null sets of columns, primary key first."""

    name: str
    columns: tuple[ColumnInfo, ...]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    is_view: bool = False
    row_security: bool = False


class RawRecord(Protocol):
    """One record as ``search`` shows it."""

    @property
    def id(self) -> str:
        """Its record id."""
        ...

    @property
    def cells(self) -> Mapping[str, Json]:
        """Its cells by field name, empty ones missing."""
        ...

    @property
    def text(self) -> bytes:
        """The cells as JSON text, equal for equal cells."""
        ...

    @property
    def print(self) -> bytes:
        """A 16-byte fingerprint of the cells."""
        ...

    @property
    def modified_at(self) -> datetime | None:
        """When the record was last changed."""
        ...


class RawRow(Protocol):
    """One row. Only what is asked for is decoded: an unchanged row is recognised by ``print`` alone."""

    @property
    def key(self) -> str:
        """The row's key in its stored form (``core.records.key_text``)."""
        ...

    @property
    def print(self) -> bytes:
        """A 16-byte fingerprint of the columns read."""
        ...

    @property
    def columns(self) -> tuple[object, ...]:
        """What the driver returns for the columns asked for, in that order."""
        ...

    @property
    def modified_at(self) -> datetime | None:
        """When the row was last changed, if a column says so."""
        ...


@dataclass(frozen=True, slots=True)
class RecordPage:
    """One page of a listing, read from ``read_at`` on. ``total`` is what Feishu says the whole listing holds."""

    records: Sequence[RawRecord]
    read_at: datetime
    total: int | None
    last: bool


@dataclass(frozen=True, slots=True)
class RowPage:
    """Some rows, read from ``read_at`` on (one snapshot for a whole reading)."""

    rows: Sequence[RawRow]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """The answer to asking for records by id."""

    records: Sequence[RawRecord]
    absent: frozenset[str]
    forbidden: frozenset[str]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class Head:
    """The records changed lately: all since a moment, of a table that holds ``total`` (``None``: it cannot tell).

    ``newest`` is when the newest change of all was made, by Feishu's clock; ``None`` of an empty table.
    """

    records: Sequence[RawRecord]
    total: int | None
    newest: datetime | None
    read_at: datetime


@dataclass(frozen=True, slots=True)
class RecordWrite:
    """A record to update: cells by field name in the written shape, ``None`` clears."""

    id: str
    cells: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why one line of a batch was not written. ``code`` is Feishu's code or the SQLSTATE, ``column`` if it is known."""

    code: str
    message: str
    log_id: str | None = None
    column: str | None = None
    vanished: bool = False


class Records(Protocol):
    """A Bitable table. Methods may raise the errors of ``syncer.errors``; calls wait for their quota by themselves.

    ``create``, ``update`` and ``delete`` take at most as many lines as one call carries, and are all-or-nothing: they
    return or raise. ``RefusedError`` and ``VanishedError`` mean that nothing was written, ``UnknownOutcomeError`` that
    nobody knows.

    With ``only_at`` they look at the revision once the turn to write is theirs: ``TableMovedError`` if it is another.
    """

    def info(self) -> RecordTableInfo:
        """The table, its fields and its revision, read now."""
        ...

    def fields(self) -> Sequence[FieldInfo]:
        """The table's fields alone, read now; one call."""
        ...

    def revision(self) -> int | None:
        """The table's revision, read now; one call."""
        ...

    def read(self, names: Sequence[str]) -> Iterator[RecordPage]:
        """All records, page by page, with the named fields only. Pages are read ahead."""
        ...

    def fetch(self, ids: Sequence[str], names: Sequence[str]) -> Fetched:
        """The named records as they are now, a hundred a call."""
        ...

    def find(self, conditions: Sequence[Mapping[str, Json]], names: Sequence[str]) -> Sequence[RawRecord]:
        """Records for which all cells (written shape, by field name) of one condition hold; 50 conditions a call."""
        ...

    def recent(self, since: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """The records changed since that moment of Feishu's clock (``None``: the last one), in a call or two.

        ``None`` if there are more than ``most``, or the table cannot tell.
        """
        ...

    def room(self) -> int:
        """How many lines one write should carry now: fewer than its limit where the table refused more before."""
        ...

    def too_large(self, lines: int) -> None:
        """A write of so many lines failed, most likely for its size, though nobody said so: ``room`` shrinks."""
        ...

    def create(self, records: Sequence[Mapping[str, Json]], token: str) -> Sequence[str]:
        """Create records under an idempotency token; the new ids in the order given."""
        ...

    def update(self, writes: Sequence[RecordWrite], *, only_at: Collection[int] | None = None) -> None:
        """Update the named cells of records; all other cells stay."""
        ...

    def delete(self, ids: Sequence[str], *, only_at: Collection[int] | None = None) -> None:
        """Delete records."""
        ...

    def calls(self) -> Mapping[str, int]:
        """How many calls this object made so far, by api name (``bitable.record.search``)."""
        ...


@dataclass(frozen=True, slots=True)
class RowInsert:
    """A row to insert. ``absent`` names columns and values no living row may hold together (the match values)."""

    id: str
    values: Mapping[str, object]
    absent: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RowUpdate:
    """A row to update if its fingerprint (``RawRow.print``) still is ``expected``: it holds what the plan saw.

    A value's neutral form may say less than the column holds: float digits, order of an array, blanks of a char.
    """

    id: str
    key: str
    values: Mapping[str, object]
    expected: bytes


@dataclass(frozen=True, slots=True)
class RowDelete:
    """A row to delete if its fingerprint still is ``expected`` and it is the ``version`` that was read whole."""

    id: str
    key: str
    expected: bytes
    version: str = ""


@dataclass(frozen=True, slots=True)
class WholeRow:
    """All columns of a row as texts, and the ``version`` it is: another one after any write.

    ``written`` says whether anybody wrote it since each of the moments asked about.
    """

    columns: Mapping[str, str | None]
    version: str
    written: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """A row after its write, as RETURNING shows it; ``row`` is ``None`` after a delete."""

    row: RawRow | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The row no longer held what was expected (or a row with the match values exists): read and plan again."""


RowOutcome = Written | Moved | Refusal


class Inserted(Protocol):
    """Rows just inserted, in the order they were given."""

    @property
    def keys(self) -> Sequence[str]:
        """Their keys in stored form."""
        ...

    @property
    def prints(self) -> Sequence[bytes]:
        """Their fingerprints."""
        ...

    @property
    def otherwise(self) -> Mapping[str, Mapping[int, object]]:
        """What stands there but not letter by letter as sent, or unsent and not NULL: as returned, by column, place."""
        ...

    def row(self, place: int) -> RawRow:
        """One of the rows."""
        ...


class Rows(Protocol):
    """A database table. ``columns`` given to the constructor fixes the order of ``RawRow.columns``."""

    def info(self) -> RowTableInfo:
        """The table and its columns, read now."""
        ...

    def read(self, where: Where | None = None) -> Generator[RowPage, None, None]:
        """All rows (of a scope: at least those) from one snapshot, in bounded memory. Close it if left halfway."""
        ...

    def fetch(self, keys: Sequence[str]) -> RowPage:
        """The rows with these keys as they are now; those missing are absent."""
        ...

    def find(self, match: Sequence[str], values: Sequence[tuple[object, ...]]) -> Sequence[RawRow]:
        """Rows whose match columns hold one of the given value tuples."""
        ...

    def write(
        self,
        batch: str,
        inserts: Sequence[RowInsert],
        updates: Sequence[RowUpdate],
        deletes: Sequence[RowDelete],
    ) -> Mapping[str, RowOutcome]:
        """Write all in one transaction, together with the batch's id in ``applied``; one outcome per operation id.

        A bad row fails alone (savepoints). Raises ``UnreachableError`` when it is not known whether it was committed.
        """
        ...

    def insert(self, batch: str, columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> Inserted | None:
        """Insert many rows in one transaction, as ``write`` does: all, or none and ``None`` if anything is in the way.

        ``columns`` holds the values of every row, column by column; where one is ``None`` the row is inserted without
        that column. No row may stand there that holds the same in all the columns ``absent``. In ``applied`` the
        operations of the batch are named by their places. Raises as ``write``.
        """
        ...

    def standing(self) -> Json:
        """The present moment of the table, for ``whole``; it may be stored."""
        ...

    def whole(self, keys: Sequence[str], since: Sequence[Json]) -> Mapping[str, WholeRow]:
        """The rows with these keys with all columns, by key, and whether they were written since moments, if any."""
        ...

    def applied(self, batch: str) -> Mapping[str, str] | None:
        """The keys written by a batch, by operation id (a deleted row's too); ``None`` if it never committed."""
        ...

    def forget(self, batches: Sequence[str]) -> None:
        """Drop the memory of batches whose outcomes are stored elsewhere by now."""
        ...
