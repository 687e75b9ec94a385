"""The run lock: one run per mapping.

It is an advisory lock of a database session, so that a dead process lets go of it at once. A frozen process keeps its
session: a small thread tells that the run is alive, and whoever waits ends the sessions of one that has not told so for
a lease. Raising the mapping's fence number is what makes an overtaken run's late writes impossible; see ``memory``.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

import psycopg
import sqlalchemy
from psycopg import Connection
from sqlalchemy import func, select

from syncer.errors import FencedError

_CLASS = 0x73796E63  # "sync": the first half of the key of our advisory locks; the second is the mapping's id

_NAME_SESSION = """
SELECT set_config('application_name', %(holder)s, false)
"""

_HOLDER = """
SELECT 'syncer run ' || pid || '.' || (extract(epoch FROM backend_start) * 1000000)::bigint
FROM pg_stat_activity WHERE pid = pg_backend_pid()
"""

# The database's clock, because the two who compare it may be on two machines.
_END_FROZEN = """
SELECT pg_terminate_backend(a.pid)
FROM syncer_state.run r
JOIN pg_stat_activity a ON a.application_name = r.holder AND a.datname = current_database()
WHERE r.mapping = %(mapping)s AND r.status = 'running'
  AND r.alive_at < clock_timestamp() - make_interval(secs => %(lease)s)
"""

_BEAT = "UPDATE syncer_state.run SET alive_at = clock_timestamp() WHERE id = %s AND status = 'running'"


# The clock that goes on while the machine sleeps, where there is one.
_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def _now() -> float:
    return time.clock_gettime(_CLOCK)


class RunLock:
    """The lock of one mapping, on a session of its own. ``close`` lets go of it."""

    def __init__(self, connection: "Connection[Any]", mapping: int, lease_seconds: float) -> None:
        self._connection = connection
        self._mapping = mapping
        self._lease = lease_seconds
        self._stopped = threading.Event()
        self._run = 0
        self._alive_until = 0.0
        self._pulse: threading.Thread | None = None
        row = connection.execute(_HOLDER).fetchone()
        assert row is not None
        self.holder: str = row[0]
        """The name under which a run's sessions are found."""
        self.name(connection)

    def name(self, connection: "Connection[Any]") -> None:
        """Make another session one of this run's."""
        connection.execute(_NAME_SESSION, {"holder": self.holder})

    def take(self) -> bool:
        """Take the lock if it is free; end the sessions of a frozen holder, so that a later attempt finds it free."""
        row = self._connection.execute("SELECT pg_try_advisory_lock(%s, %s)", [_CLASS, self._mapping]).fetchone()
        if row is not None and row[0]:
            return True
        self._connection.execute(_END_FROZEN, {"mapping": self._mapping, "lease": self._lease})
        return False

    def keep_alive(self, run: int) -> None:
        """Tell from now on that the run is alive, four times in a lease."""
        self._run, self._alive_until = run, _now() + self._lease
        beat = self._beating(run)
        self._pulse = threading.Thread(target=beat, name=f"syncer-run-{run}", daemon=True)
        self._pulse.start()

    def _beating(self, run: int) -> Callable[[], None]:
        def beat() -> None:
            while not self._stopped.wait(self._lease / 4):
                try:
                    self._tell(run)
                except (psycopg.Error, FencedError):
                    return  # the session is over, so is the lock: the run's next write finds out by its fence

        return beat

    def _tell(self, run: int) -> None:
        told_at = _now()
        if self._connection.execute(_BEAT, [run]).rowcount == 0:
            raise FencedError(f"run {run} was overtaken by a newer one")
        self._alive_until = told_at + self._lease

    def demand_standing(self) -> None:
        """Find out whether the run still holds the lock. It costs nothing, unless it was silent for a whole lease.

        Raises ``FencedError`` if a newer run may have begun meanwhile.
        """
        if _now() < self._alive_until:
            return
        try:
            self._tell(self._run)
        except psycopg.Error as error:
            raise FencedError(f"run {self._run} lost its lock while this process stood still") from error

    def close(self) -> None:
        """Let go of the lock."""
        self._stopped.set()
        if self._pulse is not None:
            self._pulse.join()
        self._connection.close()


def held_for_this_transaction(connection: sqlalchemy.Connection, mapping: int) -> bool:
    """Take the lock until the transaction ends, if it is free."""
    return bool(connection.scalar(select(func.pg_try_advisory_xact_lock(_CLASS, mapping))))


def alone_in_this_transaction(connection: sqlalchemy.Connection) -> None:
    """Wait until no other transaction applies a mapping: two that apply the same new one agree on its number."""
    connection.execute(select(func.pg_advisory_xact_lock(_CLASS, 0)))
