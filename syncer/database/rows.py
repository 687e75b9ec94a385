"""A PostgreSQL table as the database side of a mapping; keeps the promises of ``ports.Rows``."""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, timedelta, tzinfo
from itertools import islice

import psycopg
from psycopg import RawCursor
from sqlalchemy import Engine

from syncer.core.mapping import ColumnFill, JoinTable
from syncer.core.records import key_values
from syncer.core.values import Json
from syncer.core.where import Where
from syncer.database import applied, rights, wholes
from syncer.database.anteroom import PostgresAnteroom
from syncer.database.asking import look_up
from syncer.database.batches import Batch, commit
from syncer.database.blocks import Block
from syncer.database.clocks import skew_of
from syncer.database.connections import session
from syncer.database.contents import Content, content_of
from syncer.database.derived import Derived, Wanted, join_faults, with_derived
from syncer.database.lines import Layout, LineRow, make_line
from syncer.database.loading import Load, Loader
from syncer.database.parameters import texts_of
from syncer.database.schema import Table, key_faults, read_table
from syncer.database.statements import Statements
from syncer.database.writing import MERGE_RETURNS, Writer
from syncer.errors import SchemaError
from syncer.ports import Clock, RawRow, RowDelete, RowInsert, RowOutcome, RowPage, RowTableInfo, RowUpdate, WholeRow

PAGE = 1000


class PostgresRows:
    """One table, seen through the columns of one mapping.

    ``zone`` is where a ``modified`` column without a zone is at home; ``writer`` tells by whom its batches are written.
    The catalog is read when first needed, and by every ``info`` and ``read``; a table changed in between raises
    ``SchemaError``.
    """

    def __init__(  # noqa: PLR0913 - one argument per line of the mapping file
        self,
        engine: Engine,
        table: str,
        *,
        key: Sequence[str],
        columns: Sequence[str],
        clock: Clock,
        mapping: str,
        writer: Callable[[], str] = str,
        modified: str | None = None,
        zone: tzinfo = UTC,
        on_insert: Mapping[str, ColumnFill] | None = None,
        on_update: Mapping[str, ColumnFill] | None = None,
        derived: Wanted | None = None,
    ) -> None:
        self._engine, self._name, self._clock, self._zone = engine, table, clock, zone
        self._key, self._columns, self._modified = tuple(key), tuple(columns), modified
        self._on_insert, self._on_update = dict(on_insert or {}), dict(on_update or {})
        self._mapping, self._writer, self._derived = mapping, writer, dict(derived or {})
        self._known: tuple[Statements, Layout] | None = None

    def info(self) -> RowTableInfo:
        """The table and its columns, read now. Raises ``SchemaError`` if it is gone."""
        with self._session() as connection:
            return self._learn(connection)[0].table.info

    def read(self, where: Where | None = None) -> Generator[RowPage, None, None]:
        """All rows, or at least those inside a scope, from one snapshot, a thousand a page; one page is in memory."""
        read_at = self._clock.now()
        with self._session() as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            statements, layout = self._learn(connection)
            with RawCursor(connection).copy(statements.copy(where)) as lines:
                while page := [layout.row(bytes(line[:-1])) for line in islice(lines, PAGE)]:
                    yield RowPage(page, read_at)

    def fetch(self, keys: Sequence[str]) -> RowPage:
        """The rows with these keys as they are now; those missing are absent."""
        read_at = self._clock.now()
        return RowPage(self._select(self._key, [key_values(key) for key in keys]), read_at)

    def find(self, match: Sequence[str], values: Sequence[tuple[object, ...]]) -> Sequence[RawRow]:
        """Rows whose match columns hold one of the given tuples; NULL is never found."""
        return self._select(match, values)

    @contextmanager
    def content(self, key: str, column: str) -> Iterator[Content]:
        """The bytes of a cell, piece by piece. Raises ``UnusableFileError`` if there are none."""
        with self._session() as connection:
            statements = self._knowledge(connection)[0]
        with content_of(self._engine, statements, key, column) as content:
            yield content

    def write(
        self, batch: str, inserts: Sequence[RowInsert], updates: Sequence[RowUpdate], deletes: Sequence[RowDelete]
    ) -> Mapping[str, RowOutcome]:
        """Write all in one transaction with the batch's id: deletes, then updates, then inserts.

        Values are what psycopg can send for the column; text for a JSON column is JSON already. A batch is written
        once: raises ``FaultError`` for one that committed before, ``UnreachableError`` when nobody knows if it did.
        """
        whole = Batch(batch, self._writer(), inserts, updates, deletes, self._on_insert, self._on_update)
        with self._session() as connection:
            writer = Writer(connection, *self._knowledge(connection))
            return commit(connection, whole, writer)

    def insert(self, batch: str, columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> Block | None:
        """Insert rows in one transaction with the batch's id, all of them or, if anything is in the way, none.

        ``columns`` are their values as for ``write``, column by column. Raises ``UnreachableError`` when nobody knows
        whether it was committed.
        """
        if self._derived:
            return None
        load = Load(batch, columns, absent, self._on_insert, self._writer())
        with self._session() as connection:
            return Loader(connection, *self._knowledge(connection)).load(load)

    def anteroom(self) -> PostgresAnteroom | None:
        """Where new rows may wait until they are inserted; ``None`` where there is no such place."""
        with self._session() as connection:
            statements, layout = self._knowledge(connection)
            if self._derived or statements.table.info.is_view or connection.info.server_version < MERGE_RETURNS:
                return None
        return PostgresAnteroom(self._engine, statements, layout, self._on_insert, self._writer)

    def applied(self, batch: str) -> Mapping[str, str] | None:
        """The keys written by a batch, by operation id; ``None`` if it never committed and nobody is about to."""
        with self._session() as connection:
            return applied.recall(connection, batch)

    def forget(self, batches: Sequence[str]) -> None:
        """Drop the memory of these batches."""
        with self._session() as connection:
            applied.forget(connection, batches)

    def standing(self) -> Json:
        """The present moment of the table, for ``whole``."""
        with self._session() as connection:
            return wholes.standing(connection)

    def whole(self, keys: Sequence[str], since: Sequence[Json]) -> Mapping[str, WholeRow]:
        """The rows with these keys with all their columns, by key, and whether they were written since some moments."""
        with self._session() as connection:
            return wholes.read_whole(connection, self._knowledge(connection)[0], keys, since)

    def skew(self) -> timedelta:
        """How much later it is by the database's clock than by ours."""
        with self._session() as connection:
            return skew_of(connection, self._clock)

    def prepare(self) -> None:
        """Make what ``applied`` needs in the mapped database. Raises ``SchemaError`` where the role may not."""
        with self._session() as connection:
            applied.prepare(connection)

    def prepare_sql(self) -> str:
        """The same as SQL that an administrator can run."""
        with self._session() as connection:
            return applied.script(connection)

    def check_readable(self) -> list[str]:
        """Why the table cannot be read as this mapping needs it, one sentence each."""
        with self._session() as connection:
            table = read_table(connection, self._name)
            columns = [*self._key, *self._own, *([self._modified] if self._modified else [])]
            return self._told(key_faults(table.info, self._key) + rights.reading_faults(connection, table, columns))

    def forbidden(self, columns: Mapping[str, bool]) -> Mapping[str, str]:
        """Those of these columns that this role may not read, or not write where that is wanted, and how to mend it."""
        with self._session() as connection:
            return rights.forbidden_columns(connection, read_table(connection, self._name), columns)

    def check_writable(self, *, deletes: bool = True) -> list[str]:
        """Why the table cannot be written as this mapping needs it, one sentence each."""
        with self._session() as connection:
            table = read_table(connection, self._name)
            fills = self._on_insert | self._on_update
            faults = rights.writing_faults(connection, table, self._own, fills, deletes=deletes)
            faults += join_faults(connection, self._derived)
            return self._told(faults if table.info.is_view else faults + applied.faults(connection))

    @property
    def _own(self) -> list[str]:
        """The columns of the table itself."""
        found = [self._derived.get(name, (name,)) for name in self._columns]
        return [one for names in found if not isinstance(names, JoinTable) for one in names]

    def _told(self, faults: Sequence[str]) -> list[str]:
        return [f"mapping {self._mapping}: {fault}" for fault in faults]

    @contextmanager
    def _session(self) -> Iterator[psycopg.Connection]:
        try:
            with session(self._engine) as connection:
                yield connection
        except SchemaError:
            self._known = None  # the table may have changed: look again next time
            raise

    def _knowledge(self, connection: psycopg.Connection) -> tuple[Statements, Layout]:
        return self._known or self._learn(connection)

    def _learn(self, connection: psycopg.Connection) -> tuple[Statements, Layout]:
        table, derived = self._table(connection)
        modified = table.column(self._modified).value if self._modified else None
        layout = Layout(table.values(self._key), table.values(self._columns), modified, self._zone)
        self._known = Statements(table, self._key, self._columns, self._modified, derived), layout
        return self._known

    def _table(self, connection: psycopg.Connection) -> tuple[Table, Mapping[str, Derived]]:
        """The table with the columns that only this mapping sees."""
        table = read_table(connection, self._name)
        return with_derived(connection, table, self._derived, self._key or table.info.primary_key)

    def _select(self, match: Sequence[str], values: Sequence[tuple[object, ...]]) -> list[LineRow]:
        with self._session() as connection:
            statements, layout = self._knowledge(connection)
            columns = [statements.table.column(name) for name in match]
            texts = [texts_of(line, columns) for line in values]
            rows = look_up(connection, statements.select(match), [line for line in texts if line is not None])
            return [layout.row(make_line(row)) for row in rows]
