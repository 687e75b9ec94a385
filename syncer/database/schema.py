"""A table as PostgreSQL's catalog describes it, domains followed down to their base types."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg.rows import dict_row

from syncer.database.lines import ValueType
from syncer.database.names import parse_name, quote
from syncer.errors import SchemaError
from syncer.ports import ColumnInfo, RowTableInfo

_TABLE = """
SELECT c.oid, n.nspname AS schema, c.relname AS name, c.relkind::text AS kind, row_security_active(c.oid) AS secured
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass(%(name)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
"""

_ALIKE = """
SELECT n.nspname AS schema, c.relname AS name
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE lower(c.relname) = lower(%(name)s) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') ORDER BY 1, 2
"""

_COLUMNS = """
WITH RECURSIVE walk AS (
    SELECT attnum, atttypid AS type, atttypmod AS typmod, attnotnull AS required, atthasdef AS filled
    FROM pg_catalog.pg_attribute WHERE attrelid = %(oid)s AND attnum > 0 AND NOT attisdropped
    UNION ALL
    SELECT w.attnum, d.typbasetype, d.typtypmod, w.required OR d.typnotnull, w.filled OR d.typdefault IS NOT NULL
    FROM walk w JOIN pg_catalog.pg_type d ON d.oid = w.type AND d.typtype = 'd'
)
SELECT a.attname AS name, a.attnum AS number, t.typname AS type,
    CASE WHEN i.typtype = 'd' THEN i.typtypmod ELSE w.typmod END AS typmod,
    w.required, w.filled OR a.attidentity <> '' AS filled,
    a.attidentity = 'a' OR a.attgenerated <> '' AS generated,
    t.oid, e.oid AS element, coalesce(e.typname, '') AS element_name, t.typdelim AS delimiter,
    ARRAY(
        SELECT enumlabel::text FROM pg_catalog.pg_enum WHERE enumtypid = coalesce(e.oid, t.oid) ORDER BY enumsortorder
    ) AS enum,
    ARRAY(
        SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k
        WHERE k.conrelid = %(oid)s AND k.contype = 'c' AND k.conkey = ARRAY[w.attnum] ORDER BY k.oid
    ) AS checks,
    coalesce(pg_catalog.col_description(%(oid)s, w.attnum), '') AS comment,
    pg_catalog.format_type(t.oid, -1) AS bare, pg_catalog.format_type(a.atttypid, a.atttypmod) AS declared
FROM walk w
JOIN pg_catalog.pg_attribute a ON a.attrelid = %(oid)s AND a.attnum = w.attnum
JOIN pg_catalog.pg_type t ON t.oid = w.type AND t.typtype <> 'd'
LEFT JOIN pg_catalog.pg_type i ON i.oid = t.typelem AND t.typcategory = 'A'
LEFT JOIN pg_catalog.pg_type e ON e.oid = CASE WHEN i.typtype = 'd' THEN i.typbasetype ELSE i.oid END
ORDER BY w.attnum
"""

_UNIQUE = """
SELECT i.indisprimary AS is_primary, ARRAY(
    SELECT a.attname::text FROM unnest(i.indkey[0:i.indnkeyatts - 1]) WITH ORDINALITY AS k(attnum, n)
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND a.attnotnull ORDER BY k.n
) AS columns, i.indnkeyatts AS width
FROM pg_catalog.pg_index i
WHERE i.indrelid = %(oid)s AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
ORDER BY i.indisprimary DESC, i.indnkeyatts, i.indexrelid
"""

_ONE_OF = re.compile(r"CHECK \(+[^=<>~']+ = ANY \(+ARRAY\[((?:'(?:[^']|'')*'::[^',\]]+(?:, )?)+)\][^']*")
_TEXT = re.compile(r"'((?:[^']|'')*)'::")
_SIZED = {"varchar", "bpchar", "char", "bit", "varbit"}
_TIMES = {"timestamp", "timestamptz", "time", "timetz"}
_NO_KEYS = {"bytea", "json", "jsonb", "xml", "time", "timetz", "interval", "inet", "cidr"}
_TABLES = {"r", "p"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column: ``value`` is how it is decoded, ``bare`` its base type in SQL without length, ``declared`` its own."""

    info: ColumnInfo
    value: ValueType
    bare: str
    declared: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table with all the door needs of it; ``name`` is schema and table."""

    oid: int
    name: tuple[str, str]
    columns: Mapping[str, Column]
    info: RowTableInfo

    def column(self, name: str) -> Column:
        """The named column. Raises ``SchemaError``."""
        found = self.columns.get(name)
        if found is None:
            raise SchemaError([f"the table {self.info.name} has no column {name!r}; it has: {', '.join(self.columns)}"])
        return found

    def values(self, names: Sequence[str]) -> list[ValueType]:
        """How the named columns are decoded."""
        return [self.column(name).value for name in names]


def read_table(connection: psycopg.Connection, name: str) -> Table:
    """The table of that name, read now. Raises ``SchemaError`` if there is none."""
    parts = parse_name(name)
    cursor = connection.cursor(row_factory=dict_row)
    found = cursor.execute(_TABLE, {"name": quote(parts)}).fetchone()
    if found is None:
        raise SchemaError([_missing(cursor, name, parts)])
    columns = [_column(row) for row in cursor.execute(_COLUMNS, {"oid": found["oid"]}).fetchall()]
    unique = [
        row for row in cursor.execute(_UNIQUE, {"oid": found["oid"]}).fetchall() if len(row["columns"]) == row["width"]
    ]
    info = RowTableInfo(
        name=f"{found['schema']}.{found['name']}",
        columns=tuple(column.info for column in columns),
        primary_key=next((tuple(row["columns"]) for row in unique if row["is_primary"]), ()),
        unique=tuple(dict.fromkeys(tuple(row["columns"]) for row in unique)),
        is_view=found["kind"] not in _TABLES,
        row_security=found["secured"],
    )
    by_name = {column.info.name: column for column in columns}
    return Table(found["oid"], (found["schema"], found["name"]), by_name, info)


def _missing(cursor: psycopg.Cursor[dict[str, object]], name: str, parts: tuple[str, ...]) -> str:
    alike = cursor.execute(_ALIKE, {"name": parts[-1]}).fetchall()
    hint = (
        f"; did you mean {' or '.join(quote((str(row['schema']), str(row['name']))) for row in alike)}?"
        if alike
        else "; correct its name, or GRANT the role USAGE on its schema and SELECT on it"
    )
    return f"there is no table {name} that this role can see{hint}"


def _column(row: Mapping[str, object]) -> Column:
    enum = row["enum"]
    assert isinstance(enum, list)
    info = ColumnInfo(
        name=str(row["name"]),
        type=f"{row['element_name']}[]" if row["element"] else str(row["type"]),
        nullable=not row["required"],
        has_default=bool(row["filled"]),
        generated=bool(row["generated"]),
        enum=tuple(enum),
        number=int(str(row["number"])),
        comment=str(row["comment"]),
        choices=_choices(row["checks"]),
        **_size(str(row["element_name"] or row["type"]), int(str(row["typmod"]))),
    )
    element = row["element"]
    value = ValueType(int(str(row["oid"])), int(str(element)) if element else None, str(row["delimiter"]))
    return Column(info, value, str(row["bare"]), str(row["declared"]))


def _choices(checks: object) -> tuple[str, ...]:
    """The texts of ``CHECK (column IN (...))``, as PostgreSQL writes such a constraint down; of others, nothing."""
    assert isinstance(checks, list)
    found = [match for check in checks if (match := _ONE_OF.fullmatch(check))]
    return tuple(text.replace("''", "'") for match in found[:1] for text in _TEXT.findall(match[1]))


def _size(type_: str, typmod: int) -> dict[str, int]:
    if typmod < 0:
        return {}
    if type_ in _TIMES:
        return {"precision": typmod}
    if type_ == "interval":  # the upper half says which units are kept
        return {} if typmod & 0xFFFF == 0xFFFF else {"precision": typmod & 0xFFFF}
    if type_ == "numeric":
        scale = (typmod - 4) & 0x7FF
        return {"precision": (typmod - 4) >> 16 & 0xFFFF, "scale": (scale ^ 1024) - 1024}
    if type_ in _SIZED:
        return {"length": typmod if "bit" in type_ else typmod - 4}
    return {}


def key_faults(info: RowTableInfo, key: Sequence[str]) -> list[str]:
    """Why these columns cannot identify a row, one sentence each. A view's key has to be believed."""
    columns = {column.name: column for column in info.columns}
    missing = [name for name in key if name not in columns]
    if missing:
        return [f"key: {info.name} has no column {name!r}" for name in missing]
    if not key:
        return [f"key: {info.name} has no primary key; name the columns that identify a row"]
    faults = [
        f"key: {name!r} is of type {columns[name].type}; use columns of numbers, texts, UUIDs, dates or timestamps"
        for name in key
        if columns[name].type in _NO_KEYS or columns[name].type.endswith(("[]", "range"))
    ]
    if not info.is_view and not any(set(unique) <= set(key) for unique in info.unique):
        choices = " or ".join(f"[{', '.join(unique)}]" for unique in info.unique) or "none yet: add a primary key"
        faults.append(f"key: [{', '.join(key)}] of {info.name} is not unique and not null; such are {choices}")
    return faults
