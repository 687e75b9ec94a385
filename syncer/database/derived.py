"""Columns that a mapping sees and no table has: several columns as one, and the rows of a join table as an array.

Both stand beside a table's own columns under a name of their own, so that whatever reads and compares rows need not
know. What writes them does: several columns are assigned each its part, rows of a join table are inserted and deleted
within the transaction that writes their line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import psycopg
from psycopg.sql import SQL, Composable, Composed, Identifier

from syncer.core.mapping import JoinTable
from syncer.database.lines import ValueType
from syncer.database.names import parse_name, quote
from syncer.database.schema import Column, Table, read_table
from syncer.errors import SchemaError
from syncer.ports import ColumnInfo

_JSONB = ValueType(3802)
_LACKING = """
SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS p WHERE NOT has_table_privilege(to_regclass(%s), p)
"""
_ARRAY = "SELECT typarray::oid, typdelim::text FROM pg_catalog.pg_type WHERE oid = %s AND typarray <> 0"


@dataclass(frozen=True, slots=True)
class Several:
    """Columns of the table as one JSON list of their values; nothing where one of them is NULL."""

    columns: tuple[Column, ...]

    def read(self) -> Composed:
        """What it holds of the row ``t``."""
        held = [SQL("t.{}").format(Identifier(column.info.name)) for column in self.columns]
        empty = SQL(" OR ").join([SQL("{} IS NULL").format(one) for one in held])
        return SQL("CASE WHEN {} THEN NULL ELSE jsonb_build_array({}) END").format(empty, SQL(", ").join(held))

    def parts(self, sent: Composable) -> dict[str, Composed]:
        """What each column gets of the list that was sent."""
        return {
            column.info.name: SQL("CAST({} ->> {} AS {})").format(sent, place, SQL(column.bare))
            for place, column in enumerate(self.columns)
        }


@dataclass(frozen=True, slots=True)
class Joined:
    """The rows of a join table that name a row, as an array of what else they name."""

    relation: Identifier
    here: str
    there: str
    key: str

    def read(self) -> Composed:
        """What it holds of the row ``t``."""
        return SQL("ARRAY(SELECT j.{there} FROM {relation} AS j WHERE j.{here} = t.{key} ORDER BY 1)").format(
            there=Identifier(self.there), relation=self.relation, here=Identifier(self.here), key=Identifier(self.key)
        )

    def leave(self, sent: Composed) -> Composed:
        """Delete the rows that are not among what was sent: the key as ``v0``, the array as ``v1``."""
        return SQL("DELETE FROM {} AS j USING {} WHERE j.{} = s.v0 AND j.{} <> ALL (s.v1)").format(
            self.relation, sent, Identifier(self.here), Identifier(self.there)
        )

    def enter(self, sent: Composed) -> Composed:
        """Insert the rows that are lacking of what was sent."""
        return SQL(
            "INSERT INTO {relation} ({here}, {there}) SELECT s.v0, e.one FROM {sent}, unnest(s.v1) AS e(one)"
            " WHERE NOT EXISTS (SELECT FROM {relation} AS j WHERE j.{here} = s.v0 AND j.{there} = e.one)"
        ).format(relation=self.relation, here=Identifier(self.here), there=Identifier(self.there), sent=sent)

    def forget(self, sent: Composed) -> Composed:
        """Delete all rows of the sent keys."""
        return SQL("DELETE FROM {} AS j USING {} WHERE j.{} = s.v0").format(self.relation, sent, Identifier(self.here))


Derived: TypeAlias = Several | Joined
Wanted: TypeAlias = Mapping[str, Sequence[str] | JoinTable]
"""By the name of the derived column: the columns it is made of, or the join table."""


def join_faults(connection: psycopg.Connection, wanted: Wanted) -> list[str]:
    """What the role may not do with the join tables among these, one sentence each."""
    faults = []
    for what in wanted.values():
        if isinstance(what, JoinTable):
            asked = (quote(parse_name(what.table)),)
            rows = connection.cursor().execute(_LACKING, asked).fetchall()
            faults += [f"the role lacks {right} on the join table {what.table}: GRANT it" for (right,) in rows]
    return faults


def with_derived(
    connection: psycopg.Connection, table: Table, wanted: Wanted, key: Sequence[str]
) -> tuple[Table, Mapping[str, Derived]]:
    """The table with these columns beside its own, and what they are. What it lacks makes one be missing, as others.

    An own column that is called like a join table cannot be seen beside it.
    """
    found: dict[str, tuple[Column, Derived]] = {}
    for name, what in wanted.items():
        made = _joined(connection, name, what, key) if isinstance(what, JoinTable) else _several(table, name, what)
        found.update({name: made} if made else {})
    if not found:
        return table, {}
    columns = {**table.columns, **{name: column for name, (column, _) in found.items()}}
    own = [column for column in table.info.columns if column.name not in found]
    info = replace(table.info, columns=(*own, *(column.info for column, _ in found.values())))
    return replace(table, columns=columns, info=info), {name: derived for name, (_, derived) in found.items()}


def _several(table: Table, name: str, names: Sequence[str]) -> tuple[Column, Derived] | None:
    if not set(names) <= table.columns.keys():
        return None
    columns = tuple(table.columns[one] for one in names)
    info = ColumnInfo(name, "jsonb", nullable=all(column.info.nullable for column in columns), has_default=True)
    return Column(info, _JSONB, "jsonb", "jsonb"), Several(columns)


def _joined(
    connection: psycopg.Connection, name: str, what: JoinTable, key: Sequence[str]
) -> tuple[Column, Derived] | None:
    try:
        join = read_table(connection, what.table)
    except SchemaError:
        return None
    if not {what.here, what.there} <= join.columns.keys():
        return None
    other = join.columns[what.there]
    array = connection.cursor().execute(_ARRAY, (other.value.oid,)).fetchone()
    if array is None or len(key) > 1:
        return None
    info = ColumnInfo(name, f"{other.info.type}[]", nullable=False, has_default=True)
    value, bare = ValueType(int(array[0]), other.value.oid, other.value.delimiter), f"{other.bare}[]"
    return Column(info, value, bare, bare), Joined(Identifier(*join.name), what.here, what.there, key[0] if key else "")
