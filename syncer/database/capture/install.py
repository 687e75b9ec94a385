"""Puts triggers on a table, for readers that share them, and takes them away with the last reader.

Their table is somebody's who writes to it all day: the lock that a new trigger needs is waited for two seconds at a
time, so that nobody queues behind us for long.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import LiteralString, TypeVar, cast

import psycopg
from psycopg import sql
from psycopg.sql import SQL
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_fixed

from syncer.database.capture import log
from syncer.database.capture.functions import always, body, create_function, create_triggers
from syncer.database.capture.source import CHANNEL, EVENTS, Source, function_of
from syncer.database.capture.standing import BY_HAND, OTHERWISE, Nature, look_at, standing
from syncer.errors import BusyError, SchemaError

LOCK_TIMEOUT, ATTEMPTS, PAUSE = "2s", 5, 1.0
_Made = TypeVar("_Made")

_EVERY_BRANCH = (
    *("INSERT INTO {} DEFAULT VALUES", "UPDATE {} SET {} = {}") * 2,
    *("DELETE FROM {}", "TRUNCATE {}"),
)

_READ_BY = """
SELECT s.id, s.relation FROM syncer.source s JOIN syncer.reader r ON r.source = s.id
WHERE r.name = %s AND s.id <> ALL (%s) ORDER BY s.id
"""


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a source's changes: a mapping of one state store. ``notify``: whether it wants to be woken."""

    name: str
    notify: bool = True


def install(connection: psycopg.Connection, wanted: Source, reader: Reader) -> list[str]:
    """Have the source's changes noted for a reader; what was put where, one sentence each.

    Raises ``SchemaError`` where that cannot be, ``BusyError`` while the table is locked.
    """
    nature = look_at(connection, wanted.table)
    if nature.obstacles:
        raise SchemaError(nature.obstacles)
    log.prepare(connection)
    return _unlocked(connection, wanted.relation, lambda: _install(connection, wanted, reader, nature))


def _unlocked(connection: psycopg.Connection, relation: str, work: Callable[[], _Made]) -> _Made:
    again = Retrying(
        retry=retry_if_exception_type((psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)),
        stop=stop_after_attempt(ATTEMPTS),
        wait=wait_fixed(PAUSE),
        reraise=True,
    )
    try:
        return cast("_Made", again(_with_timeout, connection, work))
    except (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected) as error:
        raise BusyError(
            f"somebody holds a lock on {relation}; try again when its long transactions are over"
        ) from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise SchemaError([f"{relation}: {error.diag.message_primary}: {BY_HAND}"]) from error


def _with_timeout(connection: psycopg.Connection, work: Callable[[], _Made]) -> _Made:
    with connection.transaction():
        connection.execute("SELECT set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
        return work()


def _install(connection: psycopg.Connection, wanted: Source, reader: Reader, nature: Nature) -> list[str]:
    source = _enter(connection, wanted)
    notify = _register(connection, source, reader)
    there = standing(connection, source)
    fresh = there.body != body(source, notify=notify)
    if there.elsewhere:  # another table bears the name now
        connection.execute(f"DROP FUNCTION {source.function}() CASCADE".encode())
    if fresh or there.elsewhere:
        connection.execute(create_function(source, notify=notify).encode())
        prove(connection, source)
    if there.elsewhere or not there.whole:
        connection.execute(create_triggers(source).encode())
        if nature.owned:
            connection.execute(always(source).encode())
    if not standing(connection, source).serves_all:
        raise SchemaError([f"{source.function} does not run with rights on {log.LOG}: {BY_HAND}"])
    return _told(source, notify=notify and not nature.prepares, fresh=fresh, triggers=not there.whole)


def _told(source: Source, *, notify: bool, fresh: bool, triggers: bool) -> list[str]:
    if not (fresh or triggers):
        return []
    wakes = f", which wakes us by NOTIFY {CHANNEL}" if notify else ""
    told = [f"the function {source.function} notes changed rows of {source.table.info.name} in {log.LOG}{wakes}"]
    if triggers:
        names = ", ".join(source.trigger(event) for event in EVENTS)
        told.append(f"four triggers of {source.table.info.name} call it once a statement: {names}")
    return told


def _enter(connection: psycopg.Connection, wanted: Source) -> Source:
    """The source as it is watched from now on."""
    source = known(connection, wanted, " FOR UPDATE")
    connection.execute(
        "INSERT INTO syncer.source (id, relation, key, columns) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT (id) DO UPDATE SET columns = EXCLUDED.columns WHERE syncer.source.columns <> EXCLUDED.columns",
        (source.id, source.table.info.name, list(source.key), list(source.columns)),
    )
    return source


def known(connection: psycopg.Connection, wanted: Source, lock: LiteralString = "") -> Source:
    """The source with the columns that were watched before, in the places they have."""
    query = SQL("SELECT columns FROM syncer.source WHERE id = %s") + SQL(lock)
    (kept,) = connection.execute(query, (wanted.id,)).fetchone() or ([],)
    return Source(wanted.table, wanted.key, tuple(dict.fromkeys([*kept, *wanted.columns])))


def _register(connection: psycopg.Connection, source: Source, reader: Reader) -> bool:
    """Enter the reader; whether all readers of the source want to be woken."""
    connection.execute(
        "INSERT INTO syncer.reader (source, name, read, notify) VALUES (%s, %s, pg_current_snapshot(), %s)"
        " ON CONFLICT (source, name) DO UPDATE SET notify = EXCLUDED.notify",
        (source.id, reader.name, reader.notify),
    )
    found = connection.execute("SELECT bool_and(notify) FROM syncer.reader WHERE source = %s", (source.id,)).fetchone()
    return found == (True,)


def prove(connection: psycopg.Connection, source: Source) -> None:
    """Fire the function on a table of the same columns, of which nothing is left. Raises ``SchemaError``."""
    probe = "syncer.probe"
    names = dict.fromkeys([*source.key, *(name for name in source.columns if name in source.table.columns)])
    columns = ", ".join(f"{sql.Identifier(name).as_string()} {source.table.column(name).bare}" for name in names)
    key = sql.Identifier(source.key[0]).as_string()
    with connection.transaction(force_rollback=True):
        connection.execute(f"CREATE TABLE {probe} ({columns}); {create_triggers(source, probe)}".encode())
        for write in _EVERY_BRANCH:
            connection.execute(write.format(probe, key, key).encode())
        query = (
            "SELECT action::text, fault FROM syncer.log WHERE source = %s AND xid = pg_current_xact_id() ORDER BY id"
        )
        noted = connection.execute(query, (source.id,)).fetchall()
    actions = {action for action, _ in noted}
    if "w" in actions or not actions >= set("idt"):
        faults = "; ".join(dict.fromkeys(fault for _, fault in noted if fault)) or f"it noted {noted}"
        raise SchemaError([f"{source.table.info.name}: triggers cannot note its changes: {faults}; {OTHERWISE}"])


def release(connection: psycopg.Connection, reader: str, keep: Sequence[int] = ()) -> list[str]:
    """Take a reader away from all sources but some; the names of the tables that nobody watches any more.

    With its last reader a source loses its triggers, its function and its part of the log. Raises ``SchemaError`` where
    the role may not, ``BusyError`` while the table is locked.
    """
    if not log.is_prepared(connection):
        return []
    read = connection.execute(_READ_BY, (reader, list(keep))).fetchall()
    gone = []
    for source, relation in read:
        if _unlocked(connection, relation, partial(_release, connection, source, reader)):
            connection.execute("DELETE FROM syncer.log WHERE source = %s", (source,))
            gone.append(relation)
    return gone


def _release(connection: psycopg.Connection, source: int, reader: str) -> bool:
    connection.execute("SELECT FROM syncer.source WHERE id = %s FOR UPDATE", (source,))
    connection.execute("DELETE FROM syncer.reader WHERE source = %s AND name = %s", (source, reader))
    if connection.execute("SELECT FROM syncer.reader WHERE source = %s", (source,)).fetchone() is not None:
        return False
    # Only a table's owner may drop its triggers; with the function, which is ours, they go too.
    connection.execute(f"DROP FUNCTION IF EXISTS {function_of(source)}() CASCADE".encode())
    connection.execute("DELETE FROM syncer.source WHERE id = %s", (source,))
    return True


def script(connection: psycopg.Connection, wanted: Sequence[tuple[Source, bool]]) -> str:
    """All that ``install`` does as SQL for an administrator, with the rights that this connection's role needs.

    Sources come with whether they notify; several of one table and key become one.
    """
    (role,) = connection.execute("SELECT current_user").fetchone() or ("",)
    merged: dict[int, tuple[Source, bool]] = {}
    for source, notify in wanted:
        before, woken = merged.get(source.id, (source, True))
        columns = tuple(dict.fromkeys([*before.columns, *source.columns]))
        merged[source.id] = Source(source.table, source.key, columns), woken and notify
    prepared = log.is_prepared(connection)
    return log.script(str(role)) + "".join(
        _script(known(connection, one) if prepared else one, str(role), notify=notify)
        for one, notify in merged.values()
    )


def _script(source: Source, role: str, *, notify: bool) -> str:
    entry = SQL(
        "INSERT INTO syncer.source (id, relation, key, columns) VALUES ({}, {}, {}, {})\n"
        "    ON CONFLICT (id) DO UPDATE SET columns = EXCLUDED.columns;\n"
    ).format(source.id, source.table.info.name, list(source.key), list(source.columns))
    owner = f"ALTER FUNCTION {source.function}() OWNER TO {sql.Identifier(role).as_string()};\n"
    function = create_function(source, notify=notify)
    return entry.as_string() + function + owner + create_triggers(source) + always(source)
