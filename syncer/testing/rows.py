"""A database table in memory, with the rules of PostgreSQL as far as the engine meets them.

``SqlTable`` is what the database keeps and an ERP edits; ``InMemoryRows`` is the door to it, one for every run. The
tests of ``tests/contracts`` run over this door and over the real one.
"""

from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Literal

from syncer.core.records import key_text
from syncer.core.values import Json, digest
from syncer.core.where import Where
from syncer.errors import FaultError, UnreachableError
from syncer.fields.keys import key_value
from syncer.ports import (
    Clock,
    ColumnInfo,
    Moved,
    RawRow,
    Refusal,
    RowDelete,
    RowInsert,
    RowOutcome,
    RowPage,
    RowTableInfo,
    RowUpdate,
    WholeRow,
    Written,
)
from syncer.testing.anteroom import InMemoryAnteroom
from syncer.testing.capture import ChangeLog
from syncer.testing.columns import WrongError, taken

PAGE = 1000

Row = dict[str, object]
Trigger = Callable[[Row | None, Row], Row | None]
"""What a BEFORE trigger does: old row (``None``: an insert) and new row -> the row to keep; ``None`` drops it."""


@dataclass(frozen=True)
class KeptRow:
    """One row as it was when it was read."""

    key: str
    columns: tuple[object, ...]
    modified_at: datetime | None = None

    @cached_property
    def print(self) -> bytes:
        """A fingerprint of key and columns."""
        return digest(self.key.encode(), repr(self.columns).encode())


@dataclass(slots=True)
class SqlTable:
    """A table, and whoever edits it beside us.

    ``defaults`` fill columns an insert does not name (a sequence, a constant); ``checks`` are conditions by column;
    ``info.unique`` names the sets of columns that must be unique.
    """

    info: RowTableInfo
    key: tuple[str, ...]
    defaults: Mapping[str, Callable[[], object]] = field(default_factory=dict)
    checks: Mapping[str, Callable[[object], bool]] = field(default_factory=dict)
    trigger: Trigger | None = None
    references: "dict[str, SqlTable]" = field(default_factory=dict)
    """Foreign keys (``refer``): the tables whose keys of one column stand in some columns of this one."""
    referrers: "list[SqlTable]" = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    applied: dict[str, dict[str, str]] = field(default_factory=dict)
    lost: deque[Literal["none", "done"]] = field(default_factory=deque)
    log: ChangeLog = field(default_factory=ChangeLog)
    writes: int = 0
    """How often any row was written."""
    written: dict[str, int] = field(default_factory=dict)
    """Of each row the number of its last write."""

    def refer(self, column: str, table: "SqlTable") -> None:
        """Let a column name rows of a table by their key."""
        self.references[column] = table
        table.referrers.append(self)

    # People

    def add(self, values: Mapping[str, object]) -> str:
        """A new row; its key. Raises ``WrongError`` if the table refuses it."""
        row = self._new(values)
        kept = self._triggered(None, row)
        if kept is None:
            raise WrongError("", "a trigger dropped the row")
        return self._put(None, kept)

    def edit(self, key: str, values: Mapping[str, object]) -> str:
        """Change some columns of a row; its key afterwards."""
        row = {**self.rows[key], **self._taken(values)}
        kept = self._triggered(self.rows[key], row)
        return key if kept is None else self._put(key, kept)

    def drop(self, key: str) -> None:
        """Delete a row. Raises ``WrongError`` if another one names it."""
        self._check_unnamed(key)
        del self.rows[key]
        self.log.note(key, "delete")

    def truncate(self) -> None:
        """Delete all rows at once."""
        self.rows.clear()
        self.log.note_everything()

    def lose(self, effect: Literal["none", "done"]) -> None:
        """The connection breaks during the next write, before or after it was committed."""
        self.lost.append(effect)

    # What a write is made of

    def _new(self, values: Mapping[str, object]) -> Row:
        filled = {name: make() for name, make in self.defaults.items() if name not in values}
        given = self._taken({**filled, **values})
        return {column.name: given.get(column.name) for column in self.info.columns}

    def _taken(self, values: Mapping[str, object]) -> Row:
        columns = {column.name: column for column in self.info.columns}
        return {name: taken(columns[name], value) for name, value in values.items()}

    def _triggered(self, old: Row | None, new: Row) -> Row | None:
        return new if self.trigger is None else self.trigger(dict(old) if old else None, dict(new))

    def _put(self, old: str | None, row: Row) -> str:
        for column in self.info.columns:
            self._check(column, row[column.name])
        key = self.key_of(row)
        self._check_named(row, key)
        for columns in (self.key, *self.info.unique):
            self._check_unique(columns, row, old)
        self._note(old, key, row)
        if old is not None and old != key:
            del self.rows[old]
        self.rows[key] = row
        self.writes += 1
        self.written[key] = self.writes
        return key

    def _note(self, old: str | None, key: str, row: Row) -> None:
        if old == key:
            before = self.rows[key]
            self.log.note(key, "update", frozenset(name for name in row if row[name] != before[name]))
            return
        if old is not None:
            self.log.note(old, "delete")
        self.log.note(key, "insert")

    def _check(self, column: ColumnInfo, value: object) -> None:
        if value is None and not column.nullable:
            raise WrongError("23502", f"null value in column {column.name}", column.name)
        check = self.checks.get(column.name)
        if check is not None and value is not None and not check(value):
            raise WrongError("23514", f"new row violates the check of {column.name}", column.name)

    def _check_named(self, row: Row, key: str) -> None:
        for column, other in self.references.items():
            named = key_text((key_value(row[column]),))
            if row[column] is not None and named not in other.rows and (other is not self or named != key):
                raise WrongError("23503", "insert or update violates a foreign key constraint")

    def _check_unnamed(self, key: str) -> None:
        for table in self.referrers:
            columns = [column for column, other in table.references.items() if other is self]
            for name, row in table.rows.items():
                named = {key_text((key_value(row[column]),)) for column in columns if row[column] is not None}
                if key in named and (table is not self or name != key):
                    raise WrongError("23503", "update or delete violates a foreign key constraint")

    def _check_unique(self, columns: Sequence[str], row: Row, old: str | None) -> None:
        values = [row[name] for name in columns]
        if any(value is None for value in values):
            return
        for key, other in self.rows.items():
            if key != old and values == [other[name] for name in columns]:
                blamed = columns[0] if len(columns) == 1 else None
                raise WrongError("23505", "duplicate key value violates unique constraint", blamed)

    def key_of(self, row: Row) -> str:
        """A row's key in its stored form."""
        return key_text(tuple(key_value(row[name]) for name in self.key))


class InsertedRows:
    """Rows just inserted (``ports.Inserted``), in the order they were given."""

    def __init__(self, rows: Sequence[RawRow], sent: Mapping[str, Sequence[object]], columns: Sequence[str]) -> None:
        self._rows, self._sent, self._columns = rows, sent, columns

    @property
    def keys(self) -> Sequence[str]:
        """Their keys in stored form."""
        return [row.key for row in self._rows]

    @property
    def prints(self) -> Sequence[bytes]:
        """Their fingerprints."""
        return [row.print for row in self._rows]

    @property
    def otherwise(self) -> Mapping[str, Mapping[int, object]]:
        """What stands in the rows but is not what was sent: by column, place -> what the driver returns."""
        found: dict[str, dict[int, object]] = {}
        for place, row in enumerate(self._rows):
            for name, held in zip(self._columns, row.columns, strict=True):
                sent = self._sent[name][place] if name in self._sent else None
                if type(held) is not type(sent) or held != sent:
                    found.setdefault(name, {})[place] = held
        return found

    def row(self, place: int) -> RawRow:
        """One of the rows."""
        return self._rows[place]


class InMemoryRows:
    """A table of rows (``ports.Rows``), seen through ``columns``."""

    def __init__(self, table: SqlTable, columns: Sequence[str], clock: Clock, modified: str | None = None) -> None:
        self.table, self._columns, self._clock, self._modified = table, tuple(columns), clock, modified

    def info(self) -> RowTableInfo:
        """The table and its columns, read now."""
        return self.table.info

    def read(self, where: Where | None = None) -> Generator[RowPage, None, None]:
        """All rows, or those inside a scope, from one snapshot."""
        inside = [key for key, row in self.table.rows.items() if where is None or where.holds(row.__getitem__)]
        read_at, rows = self._clock.now(), list(map(self._seen, inside))
        for start in range(0, len(rows), PAGE):
            yield RowPage(rows[start : start + PAGE], read_at)

    def fetch(self, keys: Sequence[str]) -> RowPage:
        """The rows with these keys as they are now."""
        return RowPage([self._seen(key) for key in keys if key in self.table.rows], self._clock.now())

    def find(self, match: Sequence[str], values: Sequence[tuple[object, ...]]) -> Sequence[RawRow]:
        """Rows whose match columns hold one of the given tuples; NULL is never found."""
        return [self._seen(key) for key, row in self.table.rows.items() if self._holds(row, match, values)]

    @staticmethod
    def _holds(row: Row, match: Sequence[str], values: Sequence[tuple[object, ...]]) -> bool:
        held = tuple(row[name] for name in match)
        return None not in held and any(held == tuple(wanted) for wanted in values)

    def write(
        self, batch: str, inserts: Sequence[RowInsert], updates: Sequence[RowUpdate], deletes: Sequence[RowDelete]
    ) -> Mapping[str, RowOutcome]:
        """Write all in one transaction with the batch's id: deletes, then updates, then inserts."""
        lost = self._beginning(batch)
        with self.table.log.written_by(batch):
            outcomes = self._write(inserts, updates, deletes)
        deleted = {operation.id: operation.key for operation in deletes}
        self.table.applied[batch] = {
            name: outcome.row.key if outcome.row else deleted[name]
            for name, outcome in outcomes.items()
            if isinstance(outcome, Written)
        }
        if lost == "done":
            raise UnreachableError("the connection broke off; nobody knows whether the batch was committed")
        return outcomes

    def insert(
        self, batch: str, columns: Mapping[str, Sequence[object]], absent: Sequence[str]
    ) -> "InsertedRows | None":
        """Insert rows in one transaction, all of them or, if anything is in the way, none and ``None``."""
        lost, before = self._beginning(batch), dict(self.table.rows)
        outcomes = self._write(_inserts(columns, absent), [], [])
        kept = [outcome.row for outcome in outcomes.values() if isinstance(outcome, Written) and outcome.row]
        if len(kept) == len(outcomes):
            self.table.applied[batch] = {str(place): row.key for place, row in enumerate(kept)}
        else:
            self.table.rows = before
        if lost == "done":
            raise UnreachableError("the connection broke off; nobody knows whether the batch was committed")
        return InsertedRows(kept, columns, self._columns) if len(kept) == len(outcomes) else None

    def anteroom(self) -> InMemoryAnteroom:
        """Where new rows may wait until they are inserted."""
        return InMemoryAnteroom(self)

    def _beginning(self, batch: str) -> Literal["none", "done"] | None:
        """What becomes of the connection during this write."""
        lost = self.table.lost.popleft() if self.table.lost else None
        if lost == "none":
            raise UnreachableError("the connection broke off before the commit")
        if batch in self.table.applied:
            raise FaultError(f"the batch {batch} was written before: ask `applied` what became of it")
        return lost

    def _write(
        self, inserts: Sequence[RowInsert], updates: Sequence[RowUpdate], deletes: Sequence[RowDelete]
    ) -> dict[str, RowOutcome]:
        outcomes: dict[str, RowOutcome] = {}
        for change in _once([*deletes], outcomes) + _once([*updates], outcomes):
            outcomes[change.id] = self._change(change)
        present = [any(self._absent_no_more(insert, row) for row in self.table.rows.values()) for insert in inserts]
        found: list[Mapping[str, object]] = []
        for insert, there in zip(inserts, present, strict=True):
            outcomes[insert.id] = Moved() if there or insert.absent in found else self._insert(insert)
            found += [insert.absent] if insert.absent and None not in insert.absent.values() else []
        return outcomes

    def _change(self, change: RowUpdate | RowDelete) -> RowOutcome:
        if change.key not in self.table.rows or self._seen(change.key).print != change.expected:
            return Moved()
        if isinstance(change, RowDelete) and change.version not in ("", self._version(change.key)):
            return Moved()
        try:
            if isinstance(change, RowDelete):
                self.table.drop(change.key)
                return Written(None)
            return Written(self._seen(self.table.edit(change.key, change.values)))
        except WrongError as wrong:
            return Refusal(wrong.code, wrong.message, column=wrong.column)

    def _insert(self, insert: RowInsert) -> RowOutcome:
        try:
            return Written(self._seen(self.table.add(insert.values)))
        except WrongError as wrong:
            return Refusal(wrong.code, wrong.message, column=wrong.column)

    @staticmethod
    def _absent_no_more(insert: RowInsert, row: Row) -> bool:
        return bool(insert.absent) and all(
            value is not None and row[name] == value for name, value in insert.absent.items()
        )

    def _version(self, key: str) -> str:
        return str(self.table.written.get(key, 0))

    def standing(self) -> Json:
        """The present moment of the table."""
        return str(self.table.writes)

    def whole(self, keys: Sequence[str], since: Sequence[Json]) -> Mapping[str, WholeRow]:
        """The rows with these keys with all their columns, and whether they were written since some moments."""
        found = {}
        for key in keys:
            if (row := self.table.rows.get(key)) is not None:
                texts = {name: None if value is None else str(value) for name, value in row.items()}
                written = tuple(one is not None and self.table.written.get(key, 0) > int(str(one)) for one in since)
                found[key] = WholeRow(texts, self._version(key), written)
        return found

    def applied(self, batch: str) -> Mapping[str, str] | None:
        """The keys written by a batch, by operation id; ``None`` if it never committed."""
        return self.table.applied.get(batch)

    def forget(self, batches: Sequence[str]) -> None:
        """Drop the memory of these batches."""
        for batch in batches:
            self.table.applied.pop(batch, None)

    def _seen(self, key: str) -> KeptRow:
        row = self.table.rows[key]
        modified = row[self._modified] if self._modified else None
        moment = modified if isinstance(modified, datetime) else None
        if moment is not None and moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        return KeptRow(key, tuple(row[name] for name in self._columns), moment)


def _inserts(columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> list[RowInsert]:
    """Rows told column by column, one by one."""
    inserts = []
    for place, row in enumerate(zip(*columns.values(), strict=True)):
        values = {name: value for name, value in zip(columns, row, strict=True) if value is not None}
        lone = {name: values[name] for name in absent} if values.keys() >= set(absent) else {}
        inserts.append(RowInsert(str(place), values, lone))
    return inserts


def _once(
    changes: Sequence[RowUpdate] | Sequence[RowDelete], outcomes: dict[str, RowOutcome]
) -> list[RowUpdate | RowDelete]:
    """Of several changes of one row only the first is made; the others have to be planned again."""
    found: dict[str, RowUpdate | RowDelete] = {}
    for change in changes:
        if change.key in found:
            outcomes[change.id] = Moved()
        else:
            found[change.key] = change
    return sorted(found.values(), key=lambda one: one.key)
