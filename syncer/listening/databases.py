"""Listens to the mapped databases: a notification names a table, and its mappings look at what was written."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

from sqlalchemy import Engine

from syncer.database.capture.listen import EVERYWHERE, listen
from syncer.errors import SyncerError
from syncer.listening.waker import Waker
from syncer.state.noticing import Noticing

AGAIN, ONCE_MORE = 30.0, 1.0
"""Seconds before a database that lets nobody in, and a state store that is away, are tried again."""

_log = logging.getLogger(__name__)


class DatabaseListener:
    """One listening session to one database, opened again whenever it is lost.

    Each time it stands anew all mappings of that connection poll: what was written meanwhile notified nobody. One
    thread hears, another stores: a table written a thousand times in a second is polled as often as that can be
    stored, and while the state store is away what was heard is kept.
    """

    def __init__(self, connection: str, engine: Callable[[], Engine], noticing: Noticing, waker: Waker) -> None:
        self.connection = connection
        self._engine, self._noticing, self._waker = engine, noticing, waker
        self._stopped, self._changed = threading.Event(), threading.Condition()
        self._heard: set[str] = set()
        self._threads = [
            threading.Thread(target=work, name=f"syncer-{name}-{connection}", daemon=True)
            for name, work in (("listen", self._listen), ("notice", self._notice))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Have it end soon."""
        self._stopped.set()
        with self._changed:
            self._changed.notify()

    def join(self, seconds: float) -> None:
        """Wait for its end."""
        for thread in self._threads:
            thread.join(seconds)

    def _listen(self) -> None:
        while not self._stopped.is_set():
            try:
                for table in listen(self._engine(), self._stopped, self._lost):
                    with self._changed:
                        self._heard.add(table)
                        self._changed.notify()
            except Exception as error:  # noqa: BLE001 - whatever it is, somebody may mend it while we wait
                self._lost(str(error) if isinstance(error, SyncerError) else f"{type(error).__name__}: {error}")
                self._stopped.wait(AGAIN)

    def _lost(self, sentence: str) -> None:
        _log.warning("connection %s: %s", self.connection, sentence)

    def _notice(self) -> None:
        failing = False
        while tables := self._next():
            try:
                self._waker.tell(self._polled(tables))
                failing = False
            except Exception as error:  # noqa: BLE001 - the state store is away, and comes back
                if not failing:
                    _log.warning("connection %s: what was heard waits to be stored: %s", self.connection, error)
                failing = True
                with self._changed:
                    self._heard.update(tables)
                self._stopped.wait(ONCE_MORE)

    def _next(self) -> Sequence[str]:
        """What was heard meanwhile; nothing once it is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._heard or self._stopped.is_set())
            tables, self._heard = sorted(self._heard), set()
        return [] if self._stopped.is_set() else tables

    def _polled(self, tables: Sequence[str]) -> Sequence[str]:
        if EVERYWHERE in tables:
            return self._noticing.poll_connection(self.connection, "the listening session stands anew")
        return self._noticing.poll_tables(self.connection, tables, "rows were written")


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
