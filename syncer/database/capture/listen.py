"""Notices in which tables of one database something changed, for as long as somebody wants to know.

Asleep, the listener lets itself be called: NOTIFY, on a session of its own. But transactions that notify commit one
after the other in the whole server, which a busy ERP would feel. So it says until when it wants to be called, in the
sequence ``syncer.armed``, and takes that back as soon as it is awake: then it looks into the log a few times a second
until there is nothing new for a while. If it dies, the time it named passes by itself.

Asleep it looks once a second too. So a call that was not made, because it seemed awake, or because ``notify`` is off,
costs that second at most; and a pooler that passes no notifications on is no trouble. What is looked for is what no
snapshot of an earlier look saw: a transaction that commits late is found when it does.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from syncer.database.capture.log import is_prepared
from syncer.database.capture.source import CHANNEL
from syncer.database.connections import translated
from syncer.errors import OutsideError

EVERYWHERE = ""
"""Told in place of a table's name: anything may have changed."""
PATIENCE = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before connecting again, longer with every attempt that fails."""
ASLEEP, AWAKE, QUIET = 1.0, 0.2, 3
"""Seconds between two looks; so many looks in vain send it to sleep."""
LEASE, RENEWED = 60, 20
"""Seconds for which it wants to be called; after so many looks asleep it says so again."""

_NEWS = """
SELECT s.relation FROM syncer.source s WHERE EXISTS (
    SELECT FROM syncer.log l WHERE l.source = s.id AND l.xid >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
    AND NOT pg_visible_in_snapshot(l.xid, %(seen)s::pg_snapshot)
    AND EXISTS (
        SELECT FROM syncer.reader r
        WHERE r.source = s.id AND (l.batch IS NULL OR NOT starts_with(l.batch, r.name || '/'))))
"""
_ARM = "SELECT setval('syncer.armed', (extract(epoch FROM clock_timestamp()) * 1000)::bigint + %s * 1000)"


def listen(engine: Engine, stop: Event, tell: Callable[[str], object] = str) -> Iterator[str]:
    """Names of tables (``schema.table``) in which something changed, ``EVERYWHERE`` after every connecting.

    Blocks in between, and never for more than about a second once ``stop`` is set. A table is told again as long as it
    goes on changing, at most a few times a second. ``tell`` gets a sentence when the connection is lost. Raises
    ``MendError`` where nobody will be let in however often one tries.
    """
    failed = 0
    while not stop.is_set():
        try:
            for table in _session(engine, stop):
                failed = 0
                yield table
        except OutsideError as error:
            tell(f"{error}; listening again soon")
            stop.wait(PATIENCE[min(failed, len(PATIENCE) - 1)])
            failed += 1


def _session(engine: Engine, stop: Event) -> Iterator[str]:
    with translated(engine):
        lent = engine.raw_connection()
        connection = lent.driver_connection
        assert isinstance(connection, psycopg.Connection)
        lent.detach()  # its place in the pool is somebody else's
        try:
            listener = _Listener(connection)
            yield EVERYWHERE
            while not stop.is_set():
                yield from listener.next()
            listener.disarm()
        finally:
            connection.close()


@dataclass(slots=True)
class _Listener:
    """One session: what it has seen, and how awake it is (looks in vain since the last that was not)."""

    connection: psycopg.Connection
    seen: str = ""
    vain: int = QUIET

    def __post_init__(self) -> None:
        self.connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        self._look()

    def next(self) -> list[str]:
        """Wait a little, and say what is new."""
        if self.vain >= QUIET and (self.vain - QUIET) % RENEWED == 0:
            self._arm(LEASE)
        wait = ASLEEP if self.vain >= QUIET else AWAKE
        called = {one.payload for one in self.connection.notifies(timeout=wait, stop_after=1)}
        told = called | self._look()
        if told and self.vain >= QUIET:
            self.disarm()
        self.vain = 0 if told else self.vain + 1
        return sorted(told)

    def disarm(self) -> None:
        """Ask not to be called any more."""
        self._arm(0)

    def _arm(self, seconds: int) -> None:
        if is_prepared(self.connection):
            self.connection.execute(_ARM, (seconds,))

    def _look(self) -> set[str]:
        """The tables with changes that were not seen at the last look."""
        with self.connection.transaction():
            self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            (now,) = self.connection.execute("SELECT pg_current_snapshot()::text").fetchone() or ("",)
            before, self.seen = self.seen, str(now)
            if not before or not is_prepared(self.connection):
                return set()
            return {relation for (relation,) in self.connection.execute(_NEWS, {"seen": before}).fetchall()}
