"""What the connection's role may do with a table, found before anything is tried; one sentence per fault."""

from collections.abc import Mapping, Sequence

import psycopg

from syncer.core.mapping import ColumnFill
from syncer.database.names import parse_name, quote
from syncer.database.schema import Table

_COLUMN_RIGHTS = """
SELECT p, string_agg(quote_ident(c), ', ') FROM unnest(%(columns)s::text[]) AS c, unnest(%(rights)s::text[]) AS p
WHERE NOT has_column_privilege(%(oid)s::oid, c, p) GROUP BY p ORDER BY p
"""

_FORBIDDEN = """
SELECT c, string_agg(p, ', ' ORDER BY p) FROM unnest(%(columns)s::text[]) AS c, unnest(%(rights)s::text[]) AS p
WHERE NOT has_column_privilege(%(oid)s::oid, c, p) GROUP BY c
"""

_OWN_SEQUENCES = """
SELECT s.oid::regclass::text FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_depend d ON d.refobjid = a.attrelid AND d.refobjsubid = a.attnum AND d.deptype = 'a'
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND d.classid = 'pg_catalog.pg_class'::regclass
WHERE a.attrelid = %(oid)s AND a.attidentity = ''
    AND CASE WHEN s.relkind = 'S' THEN NOT has_sequence_privilege(s.oid, 'USAGE') END
"""


def reading_faults(connection: psycopg.Connection, table: Table, columns: Sequence[str]) -> list[str]:
    """Why not every row of these columns can be read."""
    name = table.info.name
    faults = [f"{name} has no column {column!r}" for column in dict.fromkeys(columns) if column not in table.columns]
    if table.info.row_security:
        faults.append(
            f"{name} has row security that applies to this role: rows may be hidden; use a role with BYPASSRLS"
        )
    known = [column for column in columns if column in table.columns]
    return faults + _lacking(connection, table, known, ["SELECT"])


def writing_faults(
    connection: psycopg.Connection,
    table: Table,
    columns: Sequence[str],
    fills: Mapping[str, ColumnFill],
    *,
    deletes: bool,
) -> list[str]:
    """Why these columns cannot be written, or rows not be deleted."""
    name = table.info.name
    if table.info.is_view:
        return [
            f"{name} is a view or a foreign table and cannot be written; name its table, or use direction: to_feishu"
        ]
    faults = [f"{name} has no column {column!r}, which a fill names" for column in fills if column not in table.columns]
    touched = dict.fromkeys([*columns, *fills])
    writable = [column for column in touched if column in table.columns and not table.columns[column].info.generated]
    faults += _lacking(connection, table, writable, ["INSERT", "UPDATE"])
    if deletes and not _holds(connection, "SELECT has_table_privilege(%s::oid, 'DELETE')", table.oid):
        faults.append(f"the role lacks DELETE on {name}: GRANT it, or choose another rule under `deletes`")
    return faults + _sequence_faults(connection, table, fills)


def _lacking(connection: psycopg.Connection, table: Table, columns: Sequence[str], rights: Sequence[str]) -> list[str]:
    asked = {"columns": list(dict.fromkeys(columns)), "rights": list(rights), "oid": table.oid}
    lacking = connection.execute(_COLUMN_RIGHTS, asked).fetchall()
    return [f"the role lacks {right} on {table.info.name} ({names}): GRANT it" for right, names in lacking]


def forbidden_columns(connection: psycopg.Connection, table: Table, columns: Mapping[str, bool]) -> dict[str, str]:
    """The columns that may not be read, or not be written where that is wanted (``True``), and how to mend it."""
    told: dict[str, str] = {}
    for rights, written in ((["SELECT"], False), (["SELECT", "INSERT", "UPDATE"], True)):
        asked = [name for name, wanted in columns.items() if wanted is written and name in table.columns]
        values = {"columns": asked, "rights": rights, "oid": table.oid}
        for name, lacking in connection.execute(_FORBIDDEN, values).fetchall():
            told[name] = f"the role lacks {lacking} on that column of {table.info.name}: GRANT it"
    return told


def _sequence_faults(connection: psycopg.Connection, table: Table, fills: Mapping[str, ColumnFill]) -> list[str]:
    faults = []
    for column, fill in fills.items():
        if fill.kind == "sequence":
            name = quote(parse_name(str(fill.argument)))
            query = "SELECT has_sequence_privilege(to_regclass(%s), 'USAGE')"
            if not _holds(connection, "SELECT to_regclass(%s) IS NOT NULL", name):
                faults.append(f"there is no sequence {name}, which fills {column!r}")
            elif not _holds(connection, query, name):
                faults.append(f"the role lacks USAGE on the sequence {name}, which fills {column!r}: GRANT it")
    for (name,) in connection.execute(_OWN_SEQUENCES, {"oid": table.oid}).fetchall():
        faults.append(f"the role lacks USAGE on the sequence {name}, which {table.info.name} draws from: GRANT it")
    return faults


def _holds(connection: psycopg.Connection, query: str, argument: object) -> bool:
    return connection.cursor().execute(query, (argument,)).fetchone() == (True,)
