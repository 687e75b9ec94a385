"""Waits for what the triggers of one database call out: NOTIFY on one session, for as long as somebody wants to know.

A notification is lost when the session is: after every connecting the listener says "look everywhere". So it is when
notifications do not arrive at all (a pooler that hands the session around): that is found by calling oneself.
"""

from collections.abc import Callable, Iterator
from threading import Event
from time import monotonic
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from syncer.database.capture.source import CHANNEL
from syncer.database.connections import place, translated
from syncer.errors import BusyError, OutsideError

EVERYWHERE = ""
"""Told in place of a table's name: anything may have changed."""
PATIENCE = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before connecting again, longer with every attempt that fails."""
CHECK, ANSWER = 60.0, 10.0
"""Seconds of silence after which the session calls itself, and within which it must hear that."""
_STEP = 1.0
_HELLO = "?"


def listen(
    engine: Engine, stop: Event, tell: Callable[[str], object] = str, *, check: float = CHECK, answer: float = ANSWER
) -> Iterator[str]:
    """Names of tables (``schema.table``) as they are called out, ``EVERYWHERE`` after every connecting; until ``stop``.

    Blocks in between, and never for more than about a second once ``stop`` is set. ``tell`` gets a sentence when the
    connection is lost. Raises ``MendError`` where nobody will be let in however often one tries.
    """
    failed = 0
    while not stop.is_set():
        try:
            for table in _session(engine, stop, check, answer):
                failed = 0
                yield table
        except OutsideError as error:
            tell(f"{error}; listening again soon")
            stop.wait(PATIENCE[min(failed, len(PATIENCE) - 1)])
            failed += 1


def _session(engine: Engine, stop: Event, check: float, answer: float) -> Iterator[str]:
    with translated(engine):
        lent = engine.raw_connection()
        connection = lent.driver_connection
        assert isinstance(connection, psycopg.Connection)
        lent.detach()  # its place in the pool is somebody else's
        try:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
            yield EVERYWHERE
            yield from _heard(connection, place(engine), stop, check, answer)
        finally:
            connection.close()


def _heard(connection: psycopg.Connection, where: str, stop: Event, check: float, answer: float) -> Iterator[str]:
    called, heard = _call(connection), monotonic()
    due = heard + answer
    while not stop.is_set():
        for notification in connection.notifies(timeout=_STEP, stop_after=1):
            heard = monotonic()
            if notification.payload == called:
                due = float("inf")
            elif not notification.payload.startswith(_HELLO):
                yield notification.payload
        if monotonic() > due:
            raise BusyError(
                f"{where} does not pass notifications on; connect to the server itself, not to a pooler, or write"
                " notify: off"
            )
        if due == float("inf") and monotonic() - heard > check:
            called, due = _call(connection), monotonic() + answer


def _call(connection: psycopg.Connection) -> str:
    payload = f"{_HELLO}{uuid4().hex}"
    connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, payload))
    return payload
