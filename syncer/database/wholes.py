"""Rows read whole, every column as text, with the version they are and whether they were written since some moments.

A moment is a snapshot; a row was written since if the transaction in its ``xmin`` is not visible in it. (Of a
transaction with savepoints that was under way just then nobody can tell: it counts as visible.)
"""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg.sql import SQL, Composable, Literal

from syncer.core.records import key_values
from syncer.core.values import Json
from syncer.database.asking import ask
from syncer.database.parameters import texts_of
from syncer.database.staging import Texts
from syncer.database.statements import Statements
from syncer.ports import WholeRow

# The 32 bits of xmin, with the epoch they must be of: no row is from the future.
_XID = SQL(
    "(SELECT ((n >> 32) << 32) + x - CASE WHEN ((n >> 32) << 32) + x >= n THEN 4294967296 ELSE 0 END"
    " FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS n, t.xmin::text::bigint AS x) AS _)"
)
_WRITTEN = SQL("(NOT pg_visible_in_snapshot(greatest({}, 0)::text::xid8, {}::pg_snapshot))::text")


def standing(connection: psycopg.Connection) -> str:
    """The present moment."""
    (snapshot,) = connection.execute("SELECT pg_current_snapshot()::text").fetchone() or ("",)
    return str(snapshot)


def read_whole(
    connection: psycopg.Connection, statements: Statements, keys: Sequence[str], since: Sequence[Json]
) -> Mapping[str, WholeRow]:
    """The rows with these keys, by key; those that are gone are missing."""
    columns = [statements.table.column(name) for name in statements.key]
    texts = [(key, texts_of(key_values(key), columns)) for key in keys]
    wanted = [(key, line) for key, line in texts if line is not None]
    written = [_WRITTEN.format(_XID, Literal(one)) if isinstance(one, str) else SQL("'false'") for one in since]
    try:
        own = [name for name in statements.table.columns if name not in statements.derived]
        return _read(connection, statements, own, wanted, written)
    except psycopg.errors.InsufficientPrivilege:  # of a column that no pair needs
        own = [name for name in statements.read if name not in statements.derived]
        return _read(connection, statements, own, wanted, written)


def _read(
    connection: psycopg.Connection,
    statements: Statements,
    names: Sequence[str],
    wanted: Sequence[tuple[str, Texts]],
    written: Sequence[Composable],
) -> Mapping[str, WholeRow]:
    rows = ask(connection, statements.whole(names, written), [line for _, line in wanted])
    return {wanted[int(row[0] or b"")][0]: _whole(names, len(written), row) for row in rows}


def _whole(names: Sequence[str], moments: int, row: Sequence[bytes | None]) -> WholeRow:
    _, version, *rest = [None if cell is None else cell.decode() for cell in row]
    written = tuple(cell == "true" for cell in rest[:moments])
    return WholeRow(dict(zip(names, rest[moments:], strict=True)), version or "", written)
