"""Who reads a source's changes and up to where; what all of them have read is deleted."""

from functools import reduce

import psycopg

from syncer.database.capture.snapshots import Snapshot

FORGOTTEN = "14 days"
"""A reader that was not seen for so long holds nothing back any more; should it come back, it reads everything."""
_SEEN = "10 minutes"

_NEWS = """
SELECT r.at < now() - %(seen)s::interval OR EXISTS (
    SELECT FROM syncer.log l WHERE l.source = r.source AND l.xid >= pg_snapshot_xmin(r.read)
    AND NOT pg_visible_in_snapshot(l.xid, r.read) AND pg_visible_in_snapshot(l.xid, %(read)s::pg_snapshot))
FROM syncer.reader r WHERE r.source = %(source)s AND r.name = %(reader)s
"""
_HORIZON = "SELECT pruned::text FROM syncer.source WHERE id = %s FOR UPDATE"
_ADVANCE = "UPDATE syncer.reader SET read = %(read)s, at = now() WHERE source = %(source)s AND name = %(reader)s"
_FORGET = "DELETE FROM syncer.reader WHERE source = %s AND name <> %s AND at < now() - %s::interval"
_READERS = "SELECT read::text FROM syncer.reader WHERE source = %s"
_PRUNE = """
DELETE FROM syncer.log WHERE source = %(source)s
AND xid < pg_snapshot_xmax(%(read)s::pg_snapshot) AND pg_visible_in_snapshot(xid, %(read)s::pg_snapshot)
"""


def enter(connection: psycopg.Connection, source: int, reader: str) -> None:
    """Enter a reader that is not known: what commits from now on is kept for it."""
    connection.execute(
        "INSERT INTO syncer.reader (source, name, read, notify)"
        " SELECT id, %s, pg_current_snapshot(), true FROM syncer.source WHERE id = %s ON CONFLICT DO NOTHING",
        (reader, source),
    )


def advance(connection: psycopg.Connection, source: int, reader: str, read: Snapshot) -> None:
    """A reader has read up to here. Nothing is written while nothing was noted and it was seen just now."""
    parameters: dict[str, object] = {"source": source, "reader": reader, "read": str(read)}
    news = connection.execute(_NEWS, {**parameters, "seen": _SEEN}).fetchone()
    if news != (True,):
        return
    with connection.transaction():
        (pruned,) = connection.execute(_HORIZON, (source,)).fetchone() or (None,)  # no other reader moves from here on
        connection.execute(_ADVANCE, parameters)
        connection.execute(_FORGET, (source, reader, FORGOTTEN))
        everybody = [Snapshot.parse(text) for (text,) in connection.execute(_READERS, (source,)).fetchall()]
        if everybody:
            _prune(connection, source, reduce(Snapshot.both, everybody), Snapshot.parse(pruned) if pruned else None)


def _prune(connection: psycopg.Connection, source: int, common: Snapshot, before: Snapshot | None) -> None:
    """Delete what all readers have read, and remember up to where."""
    if connection.execute(_PRUNE, {"source": source, "read": str(common)}).rowcount:
        horizon = common.either(before) if before else common
        connection.execute("UPDATE syncer.source SET pruned = %s WHERE id = %s", (str(horizon), source))
