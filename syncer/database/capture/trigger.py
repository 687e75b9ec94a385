"""Reading what the triggers noted, from the transactions that a cursor's snapshot did not see on.

A cursor holds that snapshot and a digest of everything the log's completeness rests on: server and timeline, the
triggers, the columns, the log itself. Whatever is not as it was makes the cursor one to be answered with ``whole``: a
database restored from a backup, triggers that were off for a while, a table exchanged for another of its name.

While there is more than fits, the cursor also holds the snapshot that bounds what is being read and the place reached:
what lies between two snapshots does not change any more.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b

import psycopg
from psycopg.rows import dict_row
from sqlalchemy import Engine

from syncer.core.records import Told
from syncer.core.values import Json
from syncer.database.capture import readers
from syncer.database.capture.entries import Entry, Kept, dated, told
from syncer.database.capture.log import is_prepared
from syncer.database.capture.snapshots import Snapshot
from syncer.database.capture.source import EVENTS, Source
from syncer.database.connections import session
from syncer.database.lines import Decoder
from syncer.database.schema import read_table
from syncer.ports.capture import Captured

KIND = "trigger"
MOST_DATED = 100_000
"""So many changes are looked through for the times of some, at most."""

_INSTALLED = """
SELECT json_build_array(
    (SELECT system_identifier::text FROM pg_control_system()),
    (SELECT timeline_id FROM pg_control_checkpoint()),
    (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database()),
    (SELECT json_agg(json_build_array(tgname, oid::text, xmin::text, tgenabled) ORDER BY tgname)
        FROM pg_catalog.pg_trigger WHERE tgrelid = %(table)s AND tgfoid = to_regprocedure(%(function)s)),
    (SELECT json_agg(json_build_array(attname, attnum, xmin::text) ORDER BY attnum) FROM pg_catalog.pg_attribute
        WHERE attrelid = %(table)s AND attname = ANY (%(columns)s)),
    pg_relation_filenode('syncer.log')
)::text AS installed,
(SELECT count(*) FROM pg_catalog.pg_trigger
    WHERE tgrelid = %(table)s AND tgfoid = to_regprocedure(%(function)s) AND tgenabled IN ('A', 'O')) AS triggers,
pg_current_snapshot()::text AS now,
(SELECT columns FROM syncer.source WHERE id = %(source)s) AS columns,
(SELECT pruned::text FROM syncer.source WHERE id = %(source)s) AS pruned,
(SELECT true FROM syncer.reader WHERE source = %(source)s AND name = %(reader)s) AS known
"""

_SINCE = """
FROM syncer.log WHERE source = %(source)s
AND xid >= pg_snapshot_xmin(%(after)s::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, %(after)s::pg_snapshot)
AND pg_visible_in_snapshot(xid, %(upto)s::pg_snapshot) AND (xid, id) >= (%(xid)s::xid8, %(id)s::bigint)
"""
_HEADS = f"SELECT id, xid::text::bigint AS xid, lines {_SINCE} ORDER BY log.xid, id LIMIT %(limit)s".encode()
_ENTRIES = (
    f"SELECT id, xid::text::bigint AS xid, lines, at, action::text AS action, batch, keys, fault {_SINCE}"
    "ORDER BY log.xid, id LIMIT %(limit)s"
).encode()
_COUNT = f"SELECT coalesce(sum(lines), 0) {_SINCE}".encode()


@dataclass(frozen=True, slots=True)
class _Now:
    """What the log stands on at this moment. ``fault`` says why nothing is noted."""

    source: Source
    installed: str
    snapshot: Snapshot
    pruned: Snapshot | None
    known: bool
    fault: str


@dataclass(frozen=True, slots=True)
class _Place:
    """Between which snapshots is read, and the first entry not read as a whole, with the lines of it that were."""

    after: Snapshot
    upto: Snapshot
    xid: int = 0
    id: int = 0
    offset: int = 0
    waiting: int | None = None
    """How many lines lie before ``upto``, as far as they were counted."""

    def parameters(self, source: int, limit: int) -> dict[str, object]:
        return {
            "source": source,
            "after": str(self.after),
            "upto": str(self.upto),
            "xid": str(self.xid),
            "id": self.id,
            "limit": limit,
        }


class TriggerCapture:
    """The changes of one table as one reader sees them; a ``ports.capture.Capture``.

    ``columns`` are those the reader's cursors rest on. ``reader`` is who reads; batches written as this reader's are
    told from other people's changes.
    """

    def __init__(self, engine: Engine, table: str, key: Sequence[str], columns: Sequence[str], reader: str) -> None:
        self._engine, self._table, self._reader = engine, table, reader
        self._key, self._columns = tuple(key), tuple(columns)

    def start(self) -> Mapping[str, Json]:
        """A cursor for all that commits from now on. The reader is entered, so that its part of the log is kept."""
        with self._session() as (connection, source):
            if is_prepared(connection):
                readers.enter(connection, source.id, self._reader)
            now = self._look(connection, source)
            return _cursor(now, _Place(now.snapshot, now.snapshot))

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:
        """What committed since the cursor, about ``limit`` changes at most."""
        with self._session() as (connection, source), connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            now = self._look(connection, source)
            stale = now.fault or _stale(now, cursor)
            if stale:
                return Captured(whole=True, reason=stale)
            return self._read(connection, now, cursor, limit)

    def told(self, cursor: Mapping[str, Json], keys: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """When columns of these rows got the values they hold; nothing where too much changed to look it all up."""
        with self._session() as (connection, source), connection.transaction():
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            now = self._look(connection, source)
            if now.fault or _stale(now, cursor):
                return {}
            place = _Place(Snapshot.parse(str(cursor["snapshot"])), now.snapshot)
            lines = _count(connection, now.source.id, place)
            if lines > MOST_DATED:
                return {}
            parameters = place.parameters(now.source.id, MOST_DATED)
            entries = [Entry(**row) for row in connection.cursor(row_factory=dict_row).execute(_ENTRIES, parameters)]
        decoder = Decoder(now.source.table.values(self._key))
        return dated(entries, keys, decoder, now.source.columns, self._reader)

    def read(self, cursor: Mapping[str, Json]) -> None:
        """All before this cursor is dealt with: forget what every other reader has read too."""
        snapshot = cursor.get("snapshot")
        with self._session() as (connection, source):
            if isinstance(snapshot, str) and is_prepared(connection):
                readers.advance(connection, source.id, self._reader, Snapshot.parse(snapshot))

    @contextmanager
    def _session(self) -> Iterator[tuple[psycopg.Connection, Source]]:
        with session(self._engine) as connection:
            yield connection, Source(read_table(connection, self._table), self._key, self._columns)

    def _look(self, connection: psycopg.Connection, source: Source) -> _Now:
        if not is_prepared(connection):
            (now,) = connection.execute("SELECT pg_current_snapshot()::text").fetchone() or ("",)
            return _Now(source, "", Snapshot.parse(now), None, known=False, fault=_missing(source))
        asked = {
            "table": source.table.oid,
            "function": f"{source.function}()",
            "columns": [*self._key, *self._columns],
            "source": source.id,
            "reader": self._reader,
        }
        found = connection.cursor(row_factory=dict_row).execute(_INSTALLED, asked).fetchone()
        assert found is not None
        watched = Source(source.table, source.key, tuple(found["columns"] or ()))
        unwatched = found["triggers"] != len(EVENTS) or not set(self._columns) <= set(watched.columns)
        return _Now(
            source=watched,
            installed=blake2b(found["installed"].encode(), digest_size=12).hexdigest(),
            snapshot=Snapshot.parse(found["now"]),
            pruned=Snapshot.parse(found["pruned"]) if found["pruned"] else None,
            known=bool(found["known"]),
            fault=_missing(source) if unwatched else "",
        )

    def _read(self, connection: psycopg.Connection, now: _Now, cursor: Mapping[str, Json], limit: int) -> Captured:
        place = _place(now, cursor)
        cut = _cut(connection, now.source.id, place, limit)
        parameters = place.parameters(now.source.id, cut.entries)
        rows = connection.cursor(row_factory=dict_row).execute(_ENTRIES, parameters).fetchall() if cut.entries else []
        entries = [Entry(**row) for row in rows]
        whole = next((entry for entry in entries if entry.is_whole), None)
        if whole is not None:
            return Captured(whole=True, reason=whole.reason(now.source.table.info.name))
        kept = Kept(Decoder(now.source.table.values(self._key)), now.source.columns, self._reader)
        for entry in entries:
            first, last = entry.id == place.id, entry.id == cut.id
            kept.take(entry, place.offset if first else 0, cut.offset if last else None)
        if not cut.id:
            return Captured(told(kept), _cursor(now, _Place(place.upto, place.upto)))
        waiting = (_count(connection, now.source.id, place) if place.waiting is None else place.waiting) - limit
        further = _Place(place.after, place.upto, cut.xid, cut.id, cut.offset, waiting)
        return Captured(told(kept), _cursor(now, further), more=True, waiting=waiting)


@dataclass(frozen=True, slots=True)
class _Cut:
    """How many entries are read now, and where to go on; no ``id``: nowhere."""

    entries: int
    xid: int = 0
    id: int = 0
    offset: int = 0


def _cut(connection: psycopg.Connection, source: int, place: _Place, limit: int) -> _Cut:
    """Every entry holds a line at least: looking at one more than ``limit`` is enough to know where to stop."""
    heads = connection.execute(_HEADS, place.parameters(source, limit + 1)).fetchall()
    left = limit
    for at, (id_, xid, lines) in enumerate(heads):
        done = place.offset if id_ == place.id else 0
        if lines - done > left:
            return _Cut(at + (left > 0), xid, id_, done + left)
        left -= lines - done
    return _Cut(len(heads))


def _count(connection: psycopg.Connection, source: int, place: _Place) -> int:
    (count,) = connection.execute(_COUNT, place.parameters(source, 0)).fetchone() or (0,)
    return int(count) - place.offset


def _cursor(now: _Now, place: _Place) -> dict[str, Json]:
    cursor: dict[str, Json] = {
        "kind": KIND,
        "source": str(now.source.id),
        "installed": now.installed,
        "snapshot": str(place.after),
    }
    if place.id:
        cursor |= {"upto": str(place.upto), "at": [str(place.xid), place.id, place.offset, place.waiting]}
    return cursor


def _place(now: _Now, cursor: Mapping[str, Json]) -> _Place:
    after, at = Snapshot.parse(str(cursor["snapshot"])), cursor.get("at")
    if not isinstance(at, list):
        return _Place(after, now.snapshot)
    return _Place(after, Snapshot.parse(str(cursor["upto"])), *(int(str(one)) for one in at))


def _stale(now: _Now, cursor: Mapping[str, Json]) -> str:
    """Why the cursor cannot be read on from; empty if it can."""
    if cursor.get("kind") != KIND or cursor.get("source") != str(now.source.id):
        return "changes were noticed in another way before"
    if cursor.get("installed") != now.installed:
        return "the triggers, the columns or the server are not the ones they were"
    after = Snapshot.parse(str(cursor["snapshot"]))
    if after.end > now.snapshot.end:
        return "the database was set back"
    if not now.known or (now.pruned is not None and not after.covers(now.pruned)):
        return "the log was cleared of changes that were not read yet"
    return ""


def _missing(source: Source) -> str:
    name = source.table.info.name
    return f"not all triggers of {name} are there and fire; run `syncer apply`"
