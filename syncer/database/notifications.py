"""Hears the notifications that triggers send when rows were written: one session of its own, listening."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from syncer.database.capture.source import CHANNEL
from syncer.database.connections import translated

_LOOK = 30.0  # seconds of silence after which the session is asked whether it still stands


class Ear:
    """A session that listens. What was committed before it began it does not hear."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]", engine: Engine) -> None:
        self._connection, self._engine = connection, engine
        self._answered = monotonic()

    def hear(self, seconds: float) -> Sequence[str]:
        """Wait so long for a notification; the tables named by it and by those that came with it, each once.

        Raises ``UnreachableError`` when the session is lost.
        """
        with translated(self._engine):
            heard = [one.payload for one in self._connection.notifies(timeout=seconds, stop_after=1)]
            if heard:
                heard += [one.payload for one in self._connection.notifies(timeout=0)]
            elif monotonic() - self._answered >= _LOOK:
                self._connection.execute("SELECT 1")
            else:
                return []
        self._answered = monotonic()
        return list(dict.fromkeys(heard))


@contextmanager
def listening(engine: Engine) -> Iterator[Ear]:
    """A listening session outside the pool. Raises ``UnreachableError``."""
    with translated(engine):
        lent = engine.raw_connection()
        connection = lent.driver_connection
        lent.detach()
        assert isinstance(connection, psycopg.Connection)
    with connection:
        with translated(engine):
            connection.autocommit = True
            connection.execute("SELECT set_config('application_name', 'syncer listen', false)")
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        yield Ear(connection, engine)
