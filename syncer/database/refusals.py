"""Why one row was refused, and which of its columns is to blame."""

from collections.abc import Mapping

import psycopg
from psycopg import RawCursor
from psycopg.sql import SQL

from syncer.database.connections import is_lost, is_transient, tell
from syncer.database.schema import Table
from syncer.ports import Refusal

_CONSTRAINED = """
SELECT a.attname FROM pg_catalog.pg_constraint c
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
WHERE c.conrelid = %(oid)s AND c.conname = %(name)s
UNION
SELECT a.attname FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indrelid = %(oid)s AND c.relname = %(name)s
"""

_DATA = "22"
_CHECK = "23514"
_SYNTAX_OR_RIGHT = "42"
_CUT = {"varchar", "bpchar"}

SUPPRESSED = Refusal("", "a trigger or rule of the table dropped the row without an error; look at its BEFORE triggers")
AMBIGUOUS = Refusal("21000", "several rows have this key; name columns that are unique under `key`")


def is_of_a_row(error: psycopg.Error) -> bool:
    """Whether other rows of the statement may be good: no lost connection, no lock, no missing column or right.

    What a trigger's own code stumbles over comes with a context, and may depend on the row.
    """
    if is_lost(error) or is_transient(error):
        return False
    return not (error.sqlstate or "").startswith(_SYNTAX_OR_RIGHT) or bool(error.diag.context)


def refusal(
    connection: psycopg.Connection, table: Table, error: psycopg.Error, sent: Mapping[str, str | None]
) -> Refusal:
    """The refusal of a row of which ``sent`` are the texts, by column."""
    return Refusal(error.sqlstate or "", tell(error), column=_blamed(connection, table, error, sent))


def _blamed(
    connection: psycopg.Connection, table: Table, error: psycopg.Error, sent: Mapping[str, str | None]
) -> str | None:
    diag, code = error.diag, error.sqlstate or ""
    if diag.table_name is not None and (diag.schema_name, diag.table_name) != table.name:
        return None
    if diag.column_name:
        return diag.column_name
    if diag.constraint_name and diag.table_name:
        found = connection.execute(_CONSTRAINED, {"oid": table.oid, "name": diag.constraint_name}).fetchall()
        return str(found[0][0]) if len(found) == 1 else None
    if code == _CHECK or code.startswith(_DATA):
        return next((name for name, text in sent.items() if not _fits(connection, table, name, text)), None)
    return None


def _fits(connection: psycopg.Connection, table: Table, name: str, text: str | None) -> bool:
    """Whether the column's type takes this text. A cast to a length cuts, so the length is looked at here."""
    column = table.column(name)
    if text is not None and column.info.type in _CUT and len(text.rstrip(" ")) > (column.info.length or len(text)):
        return False
    try:
        with connection.transaction():
            RawCursor(connection).execute(SQL("SELECT CAST($1::text AS {})").format(SQL(column.declared)), (text,))
    except psycopg.DatabaseError as error:
        if is_lost(error) or is_transient(error):
            raise
        return False
    return True
