"""Rows read whole, every column as text, with the version they are and whether others wrote them since a moment.

A moment is a snapshot. A row was written since if the transaction in its ``xmin`` is not visible in it; and by us if
the log holds a batch of ours of that very transaction. Where no log is kept, nobody can tell whose it was.
"""

from collections.abc import Mapping, Sequence

import psycopg
from psycopg.sql import SQL, Composable, Literal

from syncer.core.records import key_values
from syncer.core.values import Json
from syncer.database.asking import ask
from syncer.database.capture.log import is_prepared
from syncer.database.capture.source import source_id
from syncer.database.parameters import texts_of
from syncer.database.staging import Texts
from syncer.database.statements import Statements
from syncer.ports import WholeRow

# The 32 bits of xmin, with the epoch they must be of: no row is from the future.
_XID = SQL(
    "(SELECT ((n >> 32) << 32) + x - CASE WHEN ((n >> 32) << 32) + x >= n THEN 4294967296 ELSE 0 END"
    " FROM (SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS n, t.xmin::text::bigint AS x) AS _)"
)


def standing(connection: psycopg.Connection) -> str:
    """The present moment."""
    (snapshot,) = connection.execute("SELECT pg_current_snapshot()::text").fetchone() or ("",)
    return str(snapshot)


def read_whole(
    connection: psycopg.Connection, statements: Statements, keys: Sequence[str], since: Json, writer: str
) -> Mapping[str, WholeRow]:
    """The rows with these keys, by key; those that are gone are missing."""
    columns = [statements.table.column(name) for name in statements.key]
    texts = [(key, texts_of(key_values(key), columns)) for key in keys]
    wanted = [(key, line) for key, line in texts if line is not None]
    written = _written(connection, statements, since, writer)
    try:
        return _read(connection, statements, list(statements.table.columns), wanted, written)
    except psycopg.errors.InsufficientPrivilege:  # of a column that no pair needs
        return _read(connection, statements, statements.read, wanted, written)


def _read(
    connection: psycopg.Connection,
    statements: Statements,
    names: Sequence[str],
    wanted: Sequence[tuple[str, Texts]],
    written: Sequence[Composable],
) -> Mapping[str, WholeRow]:
    rows = ask(connection, statements.whole(names, written), [line for _, line in wanted])
    return {wanted[int(row[0] or b"")][0]: _whole(names, row) for row in rows}


def _whole(names: Sequence[str], row: Sequence[bytes | None]) -> WholeRow:
    _, version, written, ours, *held = [None if cell is None else cell.decode() for cell in row]
    others = None if ours is None else ours != "t"
    return WholeRow(dict(zip(names, held, strict=True)), version or "", others if written == "t" else False)


def _written(connection: psycopg.Connection, statements: Statements, since: Json, writer: str) -> Sequence[Composable]:
    """Whether a row was written since, and whether by us; NULL where that cannot be told."""
    if not isinstance(since, str):
        return SQL("false"), SQL("NULL::boolean")
    written = SQL("(NOT pg_visible_in_snapshot(greatest({}, 0)::text::xid8, {}::pg_snapshot))").format(
        _XID, Literal(since)
    )
    if not is_prepared(connection):
        return written, SQL("NULL::boolean")
    source = Literal(source_id(statements.table.info.name, statements.key))
    known = SQL("SELECT FROM syncer.reader WHERE source = {}::bigint AND name = {}").format(source, Literal(writer))
    mine = SQL(
        "SELECT FROM syncer.log WHERE source = {}::bigint AND xid = {}::text::xid8 AND starts_with(batch, {})"
    ).format(source, _XID, Literal(f"{writer}/"))
    return written, SQL("(CASE WHEN EXISTS ({}) THEN EXISTS ({}) END)").format(known, mine)
