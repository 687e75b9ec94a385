"""One table whose changes are noted: by which key, in which columns, and under which names in the schema ``syncer``."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from psycopg import sql

from syncer.database.names import quote
from syncer.database.schema import Column, Table

CHANNEL = "syncer"
EVENTS = ("insert", "update", "delete", "truncate")

_PLAIN_KEYS = {"int2", "int4", "int8", "numeric", "uuid", "bool"}
_SPOKEN_BY_SESSION = {"date", "timestamp", "timestamptz", "float4", "float8"}
_EQUAL = {
    *("int2", "int4", "int8", "numeric", "float4", "float8", "bool", "uuid", "bytea", "jsonb", "money"),
    *("date", "time", "timetz", "timestamp", "timestamptz", "bit", "varbit", "inet", "cidr", "macaddr", "macaddr8"),
}
_WORDS = {"text", "varchar", "bpchar", "name"}
MOST_BITS = 62
"""Columns beyond these share the last bit: which of them changed is not told."""


@dataclass(frozen=True, slots=True)
class Source:
    """``columns`` are the watched ones by the place of their bit: more may come, and one may be gone meanwhile."""

    table: Table
    key: tuple[str, ...]
    columns: tuple[str, ...]

    @property
    def id(self) -> int:
        """A number that is always the same for this table's name and key."""
        return source_id(self.table.info.name, self.key)

    @property
    def name(self) -> str:
        """What function and triggers are called by."""
        return f"{self.id:016x}"

    @property
    def function(self) -> str:
        """The function's name in SQL."""
        return function_of(self.id)

    @property
    def relation(self) -> str:
        """The table's name in SQL."""
        return quote(self.table.name)

    def trigger(self, event: str) -> str:
        """The name of the trigger of an event."""
        return f"syncer_{self.name}_{event}"

    @property
    def speaks(self) -> bool:
        """Whether the text of a key depends on settings of the session it is made in."""
        return any(self.table.column(name).info.type in _SPOKEN_BY_SESSION for name in self.key)

    def line(self, row: str) -> str:
        """The key of a row as a line of COPY's text format, as an SQL expression."""
        return r" || E'\t' || ".join(_key_text(row, name, self.table.column(name)) for name in self.key)

    def joined(self) -> str:
        """That ``o`` and ``n`` have the same key."""
        return " AND ".join(f"o.{quote((name,))} = n.{quote((name,))}" for name in self.key)

    def missing(self, row: str) -> str:
        """That there is no such row."""
        return f"{row}.{quote((self.key[0],))} IS NULL"

    def mask(self) -> str:
        """A number whose bits are the columns that differ between ``o`` and ``n``."""
        bits = [
            f"CASE WHEN {_differs(name, self.table.columns[name])} THEN {1 << min(place, MOST_BITS - 1)} ELSE 0 END"
            for place, name in enumerate(self.columns)
            if name in self.table.columns
        ]
        return " | ".join(f"({bit}::bigint)" for bit in bits) or "0"


def function_of(source: int) -> str:
    """The name in SQL of a source's function."""
    return f"syncer.capture_{source:016x}"


def source_id(table: str, key: Sequence[str]) -> int:
    """The number of a table's name and key: 63 bits."""
    words = sql.SQL(",").join(map(sql.Identifier, [table, *key])).as_string()
    return int.from_bytes(blake2b(words.encode(), digest_size=8).digest()) >> 1


def changed_columns(mask: int, columns: Sequence[str]) -> frozenset[str] | None:
    """The columns of a mask; ``None`` if it does not say which."""
    if mask >> (MOST_BITS - 1):
        return None
    return frozenset(name for place, name in enumerate(columns[:MOST_BITS]) if mask >> place & 1)


def _key_text(row: str, name: str, column: Column) -> str:
    value = f"{row}.{quote((name,))}"
    if column.info.type in _PLAIN_KEYS:
        return f"{value}::text"
    text = f"concat({value})"  # as the type's output says it; a cast would strip the blanks of a char(n)
    if column.info.type in _SPOKEN_BY_SESSION:
        return text
    return rf"replace(replace(replace({text}, E'\\', E'\\\\'), E'\t', E'\\t'), E'\n', E'\\n')"


def _differs(name: str, column: Column) -> str:
    """Whether a column differs. Where equal may mean less than the same, the bytes are compared."""
    old, new = f"o.{quote((name,))}", f"n.{quote((name,))}"
    base = column.info.type.removesuffix("[]")
    if base in _WORDS:
        return f'{old} COLLATE "C" IS DISTINCT FROM {new} COLLATE "C"'
    if base in _EQUAL or column.info.enum:
        return f"{old} IS DISTINCT FROM {new}"
    return f"ROW({old})::record *<> ROW({new})::record"
