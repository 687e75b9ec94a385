"""The bytes of one cell of a table, read piece by piece: a column of bytes may be larger than memory should grow."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from psycopg import RawCursor
from psycopg.sql import SQL, Identifier
from sqlalchemy import Engine

from syncer.core.records import key_values
from syncer.database.asking import look_up
from syncer.database.connections import session
from syncer.database.parameters import array_text, texts_of
from syncer.database.statements import Statements
from syncer.ports.files import UnusableFileError

PIECE = 4 << 20
"""Bytes asked for at once: a compressed value is unpacked anew for every piece."""


class Content:
    """The bytes of a cell, of one snapshot; ``size`` is how many there are."""

    def __init__(self, connection: Any, statement: Any, parameters: Sequence[str], size: int) -> None:
        self._connection, self._statement, self._parameters, self.size = connection, statement, parameters, size
        self._at, self._rest = 0, b""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer."""
        if not self._rest and self._at < self.size:
            cursor = RawCursor(self._connection)
            cursor.execute(self._statement, [*self._parameters, self._at + 1, PIECE], binary=True)
            (row,) = cursor.fetchall()
            self._rest = bytes(row[0])
            self._at += len(self._rest)
        wanted = len(self._rest) if size < 0 else size
        piece, self._rest = self._rest[:wanted], self._rest[wanted:]
        return piece


@contextmanager
def content_of(engine: Engine, statements: Statements, key: str, column: str) -> Iterator[Content]:
    """The content of a cell. Raises ``UnusableFileError`` if there is none any more."""
    columns = [statements.table.column(name) for name in statements.key]
    texts = texts_of(key_values(key), columns)
    with session(engine) as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        size = statements.of_one(SQL("pg_catalog.octet_length(t.{})").format(Identifier(column)))
        found = look_up(connection, size, [texts] if texts is not None else [])
        if not found or found[0][0] is None:
            raise UnusableFileError("the bytes are gone by now; the next run looks at the row again")
        places = SQL(f"${len(columns) + 2}::int4, ${len(columns) + 3}::int4")
        part = SQL("pg_catalog.substring(t.{}, {})").format(Identifier(column), places)
        keys = ["{0}", *[array_text([text]) for text in texts or ()]]
        yield Content(connection, statements.of_one(part), keys, int(found[0][0]))
