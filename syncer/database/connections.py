"""Pooled connections to a mapped database, and its errors in our words.

An address is shown as host and database, never with its user's password.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from syncer.errors import BusyError, MendError, OutsideError, SchemaError, UnreachableError

DRIVER = "postgresql+psycopg"
CONNECT_SECONDS = 10

SESSION = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",  # the shortest text that is exactly the float
    "bytea_output": "hex",
    "row_security": "off",  # a policy that would hide rows is an error, not a short reading
    "default_transaction_isolation": "read committed",  # guards look at the row as it is now, after waiting for it
    "lock_timeout": "20s",
}

_UNREACHABLE = ("08", "53", "57", "58")  # connection, resources, operator, system: nothing a row can help
_LATER = ("40", "55P03")  # serialization and deadlock; a lock that was not to be had
_TURNED_AWAY = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|(role|database) \"[^\"]*\" does not exist",
    re.IGNORECASE,
)
_CATALOG = ("42", "3F", "0A", "28", "3D")  # missing or forbidden objects


def make_engine(url: str) -> Engine:
    """A pool of connections for a SQLAlchemy URL; nothing is connected yet. Raises ``MendError``."""
    engine = create_engine(
        _psycopg_url(url),
        isolation_level="AUTOCOMMIT",  # transactions are begun where they are meant
        pool_size=4,
        max_overflow=12,
        pool_pre_ping=True,
        pool_recycle=1800,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "syncer",
            "client_encoding": "UTF8",
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
        },
    )
    event.listen(engine, "connect", _prepare_session)
    return engine


def _psycopg_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        raise MendError(
            "a connection's URL cannot be read: postgresql+psycopg://user:password@host:5432/name"
        ) from None
    if parsed.drivername not in {DRIVER, "postgresql", "postgres"}:
        raise MendError(f"{parsed.drivername} is not supported yet: connections are postgresql+psycopg://…")
    return parsed.set(drivername=DRIVER)


def _prepare_session(connection: psycopg.Connection, _entry: ConnectionPoolEntry) -> None:
    for name, value in SESSION.items():
        connection.execute("SELECT set_config(%s, %s, false)", (name, value))
    connection.commit()


def place(engine: Engine) -> str:
    """Where the database is, for messages: ``host:port/name``."""
    url = engine.url
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}{f':{url.port}' if url.port else ''}/{url.database or ''}"


@contextmanager
def session(engine: Engine) -> Iterator[psycopg.Connection]:
    """A connection of the pool, in autocommit, rolled back when left; PostgreSQL's errors are translated."""
    with translated(engine):
        lent = engine.raw_connection()
        connection = lent.driver_connection
        assert isinstance(connection, psycopg.Connection)
        try:
            yield connection
        finally:
            if connection.closed:
                lent.invalidate()
            lent.close()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """Raise PostgreSQL's errors as ours."""
    try:
        yield
    except psycopg.Error as error:
        raise translate(error, place(engine)) from error
    except DBAPIError as error:
        cause = error.orig
        raise (
            translate(cause, place(engine)) if isinstance(cause, psycopg.Error) else _silent(engine, error)
        ) from error
    except SQLAlchemyError as error:
        raise _silent(engine, error) from error


def _silent(engine: Engine, error: Exception) -> UnreachableError:
    return UnreachableError(f"no connection to {place(engine)} was to be had: {error}")


def translate(error: psycopg.Error, where: str) -> OutsideError | MendError:
    """Our error for one of psycopg's, by what the caller can do about it."""
    text = tell(error)
    if is_turned_away(error):
        return MendError(f"the database {where} let nobody in: {text}; correct the setting of its connection")
    if is_lost(error):
        return UnreachableError(
            f"the database {where} could not be reached: {text}; see that it runs and the setting of its connection is"
            " right, and try again"
        )
    if is_transient(error):
        return BusyError(f"the database {where} is busy: {text}; try again later")
    if (error.sqlstate or "").startswith(_CATALOG):
        return SchemaError([f"the database {where} refused: {text}"])
    return OutsideError(f"the database {where} refused: {text}")


def is_turned_away(error: psycopg.Error) -> bool:
    """Whether a server answered, but knows no such user, password or database. There is no code for it, only words."""
    return (
        error.sqlstate is None and isinstance(error, psycopg.OperationalError) and bool(_TURNED_AWAY.search(str(error)))
    )


def is_lost(error: psycopg.Error) -> bool:
    """Whether the connection or the server is the trouble."""
    if error.sqlstate is None:
        return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)
    return error.sqlstate.startswith(_UNREACHABLE)


def is_transient(error: psycopg.Error) -> bool:
    """Whether the same transaction may succeed when it is simply done again."""
    return (error.sqlstate or "").startswith(_LATER)


def tell(error: psycopg.Error) -> str:
    """What PostgreSQL said, on one line."""
    said = [error.diag.message_primary or str(error), error.diag.message_detail, error.diag.message_hint]
    return "; ".join(" ".join(part.split()) for part in said if part)
