"""New rows wait in a temporary table and are inserted from there: keeps the promises of ``ports.anteroom``.

Rows travel as lines of COPY both ways. A line that comes back as the very line that was sent is not looked at any
further. Whatever stands in the way is left to ``loading`` and ``batches``.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, suppress
from functools import cached_property

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import Engine

from syncer.core.mapping import ColumnFill
from syncer.core.values import digest
from syncer.database import applied
from syncer.database.batches import say_who_writes
from syncer.database.blocks import Block, Texts, as_in_a_line, block_texts
from syncer.database.connections import is_lost, session, translated
from syncer.database.lines import Layout, LineRow, split_line
from syncer.database.loading import InTheWayError
from syncer.database.statements import Statements

_COMMA = SQL(", ")
_CREATE = SQL("CREATE TEMPORARY TABLE syncer_waiting (part int4 NOT NULL, n int4 NOT NULL, {})")
_INDEX = "CREATE INDEX ON pg_temp.syncer_waiting (part)"


class PostgresAnteroom:
    """Rows that wait on a connection of their own; after any trouble with it none wait there any more."""

    def __init__(
        self,
        engine: Engine,
        statements: Statements,
        layout: Layout,
        fills: Mapping[str, ColumnFill],
        writer: Callable[[], str],
    ) -> None:
        self._engine, self._statements, self._layout, self._fills = engine, statements, layout, fills
        self._writer = writer
        self._stack = ExitStack()
        self._connection = self._stack.enter_context(session(engine))
        self._columns: tuple[str, ...] = ()

    def put(self, part: int, columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> bytes | None:
        """Bring the rows of a part; what was sent, or ``None`` if these rows cannot wait here."""
        try:
            texts = {name: block_texts(series, self._statements.table.column(name)) for name, series in columns.items()}
            if self._has_gaps(texts) or not _all_differ([texts[name] for name in absent]):
                return None
            lines = self._lines(texts)
            self._make(tuple(texts))
            self._copy(part, lines)
        except psycopg.Error:
            return None
        return b"\n".join(lines)

    def admit(self, part: int, sent: bytes, batch: str, absent: Sequence[str]) -> "Admitted | None":
        """Insert the rows of a part and commit; ``None`` if something was in the way."""
        if not self._is_there():
            return None
        try:
            with translated(self._engine), self._connection.transaction():
                return self._admitted(part, sent.split(b"\n"), batch, absent)
        except InTheWayError:
            return None

    def close(self) -> None:
        """Let go of the table and of the connection."""
        with suppress(psycopg.Error):
            self._connection.execute("DROP TABLE IF EXISTS pg_temp.syncer_waiting")
        self._stack.close()

    # On the way in.

    def _has_gaps(self, texts: Mapping[str, Texts]) -> bool:
        """Whether a column that something would fill is empty in some row: these rows take several statements."""
        touchy = (name for name in texts if name in self._fills or self._statements.table.column(name).info.has_default)
        return any(None in texts[name] for name in touchy)

    def _lines(self, texts: Mapping[str, Texts]) -> list[bytes]:
        series = [[None if text is None else text.encode() for text in column] for column in texts.values()]
        return list(map(b"\t".join, zip(*map(as_in_a_line, series), strict=True)))

    def _make(self, columns: tuple[str, ...]) -> None:
        if self._columns:
            if columns != self._columns:
                raise psycopg.DataError("rows of another shape wait here")
            return
        types = [SQL(self._statements.table.column(name).bare) for name in columns]
        listed = [SQL("{} {}").format(Identifier(f"w{place}"), type_) for place, type_ in enumerate(types)]
        with self._connection.transaction():
            self._connection.execute("DROP TABLE IF EXISTS pg_temp.syncer_waiting")
            self._connection.execute(_CREATE.format(_COMMA.join(listed)))
            self._connection.execute(_INDEX)
        self._columns = columns

    def _copy(self, part: int, lines: Sequence[bytes]) -> None:
        with self._connection.cursor() as cursor, cursor.copy("COPY pg_temp.syncer_waiting FROM STDIN") as copy:
            copy.write(b"".join([b"%d\t%d\t%b\n" % (part, place, line) for place, line in enumerate(lines)]))

    # On the way out.

    def _is_there(self) -> bool:
        """Whether the connection still stands; before anything was begun on it, its loss is no harm."""
        try:
            self._connection.execute("SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _admitted(self, part: int, sent: Sequence[bytes], batch: str, absent: Sequence[str]) -> "Admitted":
        connection, statements = self._connection, self._statements
        say_who_writes(connection, self._writer(), batch)
        applied.begin(connection, batch)
        try:
            if absent and connection.execute(statements.present(absent, self._source(part, absent))).fetchone():
                raise InTheWayError
            fills = {name: fill for name, fill in self._fills.items() if name not in self._columns}
            came = self._insert(statements.merge(self._columns, fills, self._source(part, self._columns)))
            if len(came) != len(sent):
                raise InTheWayError
            rows = Admitted(came, sent, self._columns, statements.read, self._layout)
            applied.record_all(connection, batch, rows.keys)
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        except psycopg.Error as error:
            if is_lost(error):
                raise
            raise InTheWayError from error
        return rows

    def _insert(self, statement: Composed) -> list[bytes]:
        """The lines that the inserted rows became, in the order in which they were put."""
        with self._connection.cursor() as cursor, cursor.copy(SQL("COPY ({}) TO STDOUT").format(statement)) as copy:
            parted = [bytes(line).partition(b"\t") for line in copy]
        return [line[:-1] for _, _, line in sorted(parted, key=lambda one: int(one[0]))]

    def _source(self, part: int, columns: Sequence[str]) -> Composed:
        """The rows of a part as ``statements`` takes what is sent."""
        taken = [
            SQL("w.{} AS {}").format(Identifier(f"w{self._columns.index(name)}"), Identifier(f"v{place}"))
            for place, name in enumerate(columns)
        ]
        return SQL("(SELECT {} FROM pg_temp.syncer_waiting AS w WHERE w.part = {}) AS s").format(
            _COMMA.join([SQL("w.n"), *taken]), Literal(part)
        )


class Admitted:
    """Rows just inserted, as the lines they became; keeps the promises of ``ports.Inserted``."""

    def __init__(
        self,
        came: Sequence[bytes],
        sent: Sequence[bytes],
        columns: Sequence[str],
        read: Sequence[str],
        layout: Layout,
    ) -> None:
        self._came, self._sent, self._sent_columns = came, sent, columns
        self._names, self._layout = read, layout

    @cached_property
    def _lines(self) -> Sequence[bytes]:
        """Without the time of their last change."""
        if self._layout.modified is None:
            return self._came
        return [line.rpartition(b"\t")[0] for line in self._came]

    @cached_property
    def keys(self) -> Sequence[str]:
        """Their keys in stored form."""
        return list(map(self._layout.key_of, self._came))

    @cached_property
    def prints(self) -> Sequence[bytes]:
        """Their fingerprints."""
        return list(map(digest, self._lines))

    @cached_property
    def otherwise(self) -> Mapping[str, Mapping[int, object]]:
        """What is not, letter by letter, what was sent."""
        width = self._layout.key_width
        columns = self._names[width : len(self._names) - (self._layout.modified is not None)]
        if tuple(columns) == tuple(self._sent_columns):
            held = [line.split(b"\t", width)[width] for line in self._lines]
            if held == list(self._sent):
                return {}
        texts = _texts(self._sent_columns, self._sent)
        return Block(self._names, [split_line(line) for line in self._came], texts, self._layout).otherwise

    def row(self, place: int) -> LineRow:
        """One of the rows."""
        return self._layout.row(self._came[place])


def _texts(columns: Sequence[str], sent: Sequence[bytes]) -> Mapping[str, Texts]:
    series = zip(*map(split_line, sent), strict=True)
    return {
        name: [None if cell is None else cell.decode() for cell in cells]
        for name, cells in zip(columns, series, strict=True)
    }


def _all_differ(series: Sequence[Texts]) -> bool:
    whole = [values for values in zip(*series, strict=True) if None not in values]
    return len(set(whole)) == len(whole)
