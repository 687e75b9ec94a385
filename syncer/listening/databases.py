"""Listens to the mapped databases: a notification names a table, and its mappings look at what was written."""

import logging
import threading
from collections.abc import Callable, Iterable
from time import monotonic

from sqlalchemy import Engine

from syncer.database.notifications import Ear, listening
from syncer.listening.waker import Waker
from syncer.state.noticing import Noticing

SHORTEST, LONGEST = 0.5, 30.0
"""Seconds before a session that was lost is opened again: twice as many each time."""

_TURN = 0.5  # seconds after which a thread looks whether it is to end

_log = logging.getLogger(__name__)


class DatabaseListener:
    """One listening session to one database, opened again whenever it is lost, in a thread of its own.

    Each time it stands anew all mappings of that connection poll: what was written meanwhile notified nobody.
    """

    def __init__(self, connection: str, engine: Callable[[], Engine], noticing: Noticing, waker: Waker) -> None:
        self.connection = connection
        self._engine, self._noticing, self._waker = engine, noticing, waker
        self._stopped = threading.Event()
        self._failing = False
        self._thread = threading.Thread(target=self._run, name=f"syncer-listen-{connection}", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Have it end soon."""
        self._stopped.set()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        self._thread.join(seconds)

    def _run(self) -> None:
        wait = SHORTEST
        while not self._stopped.is_set():
            began = monotonic()
            try:
                with listening(self._engine()) as ear:
                    self._hear(ear)
            except Exception as error:  # noqa: BLE001 - database or state store are away, and come back
                self._failed(error)
            wait = SHORTEST if monotonic() - began > LONGEST else min(wait * 2, LONGEST)
            self._stopped.wait(wait)

    def _hear(self, ear: Ear) -> None:
        self._waker.tell(self._noticing.poll_connection(self.connection, "the listening session stands anew"))
        _log.info("connection %s: listening", self.connection)
        self._failing = False
        while not self._stopped.is_set():
            if tables := ear.hear(_TURN):
                self._waker.tell(self._noticing.poll_tables(self.connection, tables, "rows were written"))

    def _failed(self, error: Exception) -> None:
        if not self._failing:
            _log.warning("connection %s: nothing is heard just now, it is tried again: %s", self.connection, error)
        self._failing = True


class Databases:
    """The listeners of all databases that are to be listened to."""

    def __init__(self, engine: Callable[[str], Engine], noticing: Noticing, waker: Waker) -> None:
        self._engine, self._noticing, self._waker = engine, noticing, waker
        self._listeners: dict[str, DatabaseListener] = {}

    def want(self, connections: Iterable[str]) -> None:
        """Listen to these, and to no others."""
        wanted = set(connections)
        for name in self._listeners.keys() - wanted:
            self._listeners.pop(name).stop()
        for name in sorted(wanted - self._listeners.keys()):
            self._listeners[name] = self._begin(name)

    def _begin(self, name: str) -> DatabaseListener:
        return DatabaseListener(name, lambda: self._engine(name), self._noticing, self._waker)

    def close(self) -> None:
        """End all of them."""
        for listener in self._listeners.values():
            listener.stop()
        for listener in self._listeners.values():
            listener.join(2.0)
