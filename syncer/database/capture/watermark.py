"""A column that rises with every change: a time or a number that the ERP stamps on each row it writes.

A row is found if its stamp lies above the highest one seen, less an overlap: a transaction stamps its rows long before
it commits, and several rows may bear one stamp. Rows of the overlap are found again and again; those whose version
(``ctid`` and ``xmin``, which every write changes) was told before are left out, as far as a cursor can remember them.

What this cannot see: deletions, rows without a stamp, changes that leave the stamp alone, transactions that stayed open
longer than the overlap. A full run finds them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from hashlib import blake2b
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Composed, Identifier, Literal
from sqlalchemy import Engine

from syncer.core.records import Told
from syncer.core.values import Json
from syncer.database.connections import session
from syncer.database.lines import Decoder, stored_key
from syncer.database.schema import Table, read_table
from syncer.ports.capture import Captured, CapturedKey

KIND = "watermark"
MOST_KNOWN = 5_000
"""So many row versions a cursor remembers; beyond, rows of the overlap are told again."""

_LOWEST: dict[str, LiteralString] = {
    "timestamptz": "({}::timestamptz - interval '10 minutes')",
    "timestamp": "({}::timestamp - interval '10 minutes')",
    "date": "({}::date - 1)",
    "int2": "({}::bigint - 1000)",
    "int4": "({}::bigint - 1000)",
    "int8": "({}::bigint - 1000)",
    "numeric": "({}::numeric - 1000)",
}
"""Where a round begins below the mark: the overlap, by type of column."""
_NOW: dict[str, LiteralString] = {
    "timestamptz": "clock_timestamp()",
    "timestamp": "clock_timestamp() AT TIME ZONE {zone}",
    "date": "(clock_timestamp() AT TIME ZONE {zone})::date",
}

_INDEXED = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = %s AND a.attname = %s AND i.indisvalid AND i.indpred IS NULL)
"""


def check(connection: psycopg.Connection, table: Table, name: str) -> tuple[list[str], list[str]]:
    """Why a column cannot be a watermark, and what is unwise about it; one sentence each."""
    column = table.column(name)
    if column.info.type not in _LOWEST:
        return [f"{name} is a {column.info.type}; a watermark is a time or a whole number that rises"], []
    warnings = []
    if column.info.nullable:
        warnings.append(f"{name} may be NULL: a row without it is noticed by full runs alone")
    if not table.info.is_view and connection.execute(_INDEXED, (table.oid, name)).fetchone() != (True,):
        warnings.append(f"no index begins with {name}: every look for changes reads all of {table.info.name}")
    return [], [*warnings, "deleted rows are noticed by full runs alone; capture: trigger notices them at once"]


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where a round of looking begins, and how far it came.

    ``mark``: the highest stamp when the last round began (``None``: there was none). ``known``: the row versions told
    that may be found again. While a round has more than fits: ``top``, the highest stamp when it began; ``at``, stamp
    and key of the last row told; ``seen``, the versions to know in the next round.
    """

    mark: str | None
    known: tuple[str, ...] = ()
    top: str | None = None
    at: tuple[str, ...] = ()
    seen: tuple[str, ...] = ()

    @classmethod
    def parse(cls, cursor: Mapping[str, Json]) -> "_Cursor":
        known, at, seen = (_texts(cursor.get(name)) for name in ("known", "at", "seen"))
        return cls(_text(cursor["mark"]), known, _text(cursor.get("top")), at, seen)

    def to_json(self, column: str) -> dict[str, Json]:
        cursor: dict[str, Json] = {"kind": KIND, "column": column, "mark": self.mark, "known": list(self.known)}
        if self.at:
            cursor |= {"top": self.top, "at": list(self.at), "seen": list(self.seen)}
        return cursor


class WatermarkCapture:
    """The changes that a rising column shows; a ``ports.capture.Capture``. ``zone``: where a time without one is."""

    def __init__(self, engine: Engine, table: str, key: Sequence[str], column: str, zone: tzinfo = UTC) -> None:
        self._engine, self._table, self._key = engine, table, tuple(key)
        self._column, self._zone = column, zone

    def start(self) -> Mapping[str, Json]:
        """A cursor for all that commits from now on: the highest stamp there is."""
        with session(self._engine) as connection:
            return _Cursor(self._question(connection).highest(connection)).to_json(self._column)

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:
        """What bears a stamp above the cursor's, less the overlap; about ``limit`` rows at most."""
        if cursor.get("kind") != KIND or cursor.get("column") != self._column:
            return Captured(whole=True, reason="changes were noticed in another way before")
        before = _Cursor.parse(cursor)
        with session(self._engine) as connection, connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            question = self._question(connection)
            top = before.top if before.at else question.highest(connection)
            rows = question.since(connection, before, top, limit + 1)
        return self._told(question, before, top, rows, limit)

    def told(
        self,
        cursor: Mapping[str, Json],  # noqa: ARG002 - the port's shape
        keys: Collection[str],  # noqa: ARG002 - the port's shape
    ) -> Mapping[str, Mapping[str, Told]]:
        """Nothing: the column tells of the whole row."""
        return {}

    def read(self, cursor: Mapping[str, Json]) -> None:
        """Nothing was kept."""

    def _question(self, connection: psycopg.Connection) -> "_Question":
        return _Question(read_table(connection, self._table), self._key, self._column, self._zone)

    def _told(
        self, question: "_Question", before: _Cursor, top: str | None, rows: Sequence["_Row"], limit: int
    ) -> Captured:
        known, page = set(before.known), rows[:limit]
        keys = tuple(CapturedKey(question.key_of(row)) for row in page if not row.version or row.mark not in known)
        seen = (*before.seen, *(row.mark for row in page if row.near and row.version))[-MOST_KNOWN:]
        if len(rows) <= limit:
            return Captured(keys, _Cursor(top, seen).to_json(self._column))
        at = (page[-1].stamp, *page[-1].key)
        further = _Cursor(before.mark, before.known, top, at, seen)
        return Captured(keys, further.to_json(self._column), more=True, waiting=len(rows) - limit)


@dataclass(frozen=True, slots=True)
class _Row:
    """A row found: its stamp, its version (empty in a view), whether the next round will find it too, its key."""

    stamp: str
    version: str
    near: bool
    key: tuple[str, ...]

    @property
    def mark(self) -> str:
        return blake2b(f"{self.version}:{self.key}".encode(), digest_size=6).hexdigest()


class _Question:
    """What is asked of one table."""

    def __init__(self, table: Table, key: Sequence[str], column: str, zone: tzinfo) -> None:
        self._table, self._key, self._zone = table, tuple(key), Literal(str(zone))
        self._stamp, self._type = Identifier("t", column), table.column(column).info.type
        self._name = Identifier(*table.name)
        self._decoder = Decoder(table.values(key))

    def key_of(self, row: _Row) -> str:
        """The stored key of a row."""
        return stored_key(self._decoder.load([part.encode() for part in row.key]))

    def highest(self, connection: psycopg.Connection) -> str | None:
        """The highest stamp, but none of the future: one such row would hide all others."""
        capped = SQL("max({})").format(self._stamp)
        if self._type in _NOW:
            capped = SQL("least(max({}), {})").format(self._stamp, SQL(_NOW[self._type]).format(zone=self._zone))
        query = SQL("SELECT ({})::text FROM {} AS t").format(capped, self._name)
        (mark,) = connection.execute(query).fetchone() or (None,)
        return _text(mark)

    def since(self, connection: psycopg.Connection, before: _Cursor, top: str | None, limit: int) -> list[_Row]:
        """The rows of a round, in the order of stamp and key, from the place reached on."""
        order = [self._stamp, *(Identifier("t", name) for name in self._key)]
        query = SQL(
            "SELECT {stamp}::text, {version}, {near}, {key} FROM {table} AS t"
            " WHERE {where} ORDER BY {order} LIMIT {limit}"
        ).format(
            stamp=self._stamp,
            version=SQL("''" if self._table.info.is_view else "t.ctid::text || '/' || t.xmin::text"),
            near=self._above(top),
            key=SQL(", ").join([SQL("concat({})").format(column) for column in order[1:]]),
            table=self._name,
            where=self._beyond(order, before.at) if before.at else self._above(before.mark),
            order=SQL(", ").join(order),
            limit=Literal(limit),
        )
        found = connection.execute(query).fetchall()
        return [_Row(stamp, version, near, tuple(key)) for stamp, version, near, *key in found]

    def _above(self, mark: str | None) -> Composed:
        """That a row's stamp is not below a mark, less the overlap."""
        if mark is None:
            return SQL("{} IS NOT NULL").format(self._stamp)
        lowest = SQL(_LOWEST[self._type]).format(Literal(mark))
        return SQL("{} >= {}").format(self._stamp, lowest)

    def _beyond(self, order: Sequence[Identifier], at: Sequence[str]) -> Composed:
        types = [self._type, *(self._table.column(name).bare for name in self._key)]
        place = [SQL("{}::{}").format(Literal(text), SQL(type_)) for text, type_ in zip(at, types, strict=True)]
        return SQL("({}) > ({})").format(SQL(", ").join(order), SQL(", ").join(place))


def _text(value: Json) -> str | None:
    return None if value is None else str(value)


def _texts(value: Json) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()
