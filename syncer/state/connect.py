"""Connections to the state store, and what is said when it does not answer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import Connection
from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import DBAPIError

from syncer.errors import FaultError, MendError, UnreachableError

# Both ends find out within half a minute that the other is gone without a word (power cut, cable, firewall).
_KEEPALIVE = {"keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}
_SERVER_KEEPALIVE = {f"tcp_{name}": value for name, value in _KEEPALIVE.items()}

_LACKING = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedColumn)

# A server that knows no such user, password or database says so in words alone.
_TURNED_AWAY = re.compile(
    r"authentication failed|no password supplied|no pg_hba\.conf entry|(role|database) \"[^\"]*\" does not exist",
    re.IGNORECASE,
)


def open_engine(url: str | URL) -> Engine:
    """An engine for the state store; ``url`` is a PostgreSQL URL of SQLAlchemy's, with the driver psycopg."""
    options = " ".join(f"-c {name}={value}" for name, value in _SERVER_KEEPALIVE.items())
    return create_engine(
        url, pool_pre_ping=True, connect_args={"connect_timeout": 10, "options": options, **_KEEPALIVE}
    )


@contextmanager
def reaching(engine: Engine) -> Iterator[None]:
    """Turn a driver's complaint about the store itself into an error of ours that says where and how to mend it."""
    try:
        yield
    except DBAPIError as error:
        raise _told(engine, error.orig) from error
    except psycopg.Error as error:
        raise _told(engine, error) from error


def _told(engine: Engine, error: BaseException | None) -> Exception:
    url = engine.url.difference_update_query(["password", "sslpassword"])
    where = f"the state store at {url.render_as_string()}"
    reason = " ".join(str(error).split())
    if isinstance(error, _LACKING):
        return MendError(f"{where} lacks a table ({reason}); run `syncer migrate`")
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None and _TURNED_AWAY.search(reason):
        return MendError(f"{where} let nobody in: {reason}; correct SYNCER_DATABASE_URL")
    if isinstance(error, psycopg.OperationalError):
        return UnreachableError(
            f"{where} did not answer: {reason}; see that SYNCER_DATABASE_URL is right and try again"
        )
    return FaultError(f"{where} refused what the syncer asked: {reason}")


def dedicated(engine: Engine) -> "Connection[tuple[object, ...]]":
    """A connection of its own, outside the pool, committing each statement by itself; the caller closes it."""
    with reaching(engine):
        pooled = engine.raw_connection()
        connection = pooled.driver_connection
        pooled.detach()
        assert isinstance(connection, Connection)
        connection.autocommit = True
        _notice_lost_clients(connection)
        return connection


def _notice_lost_clients(connection: "Connection[tuple[object, ...]]") -> None:
    """A killed process frees its locks at once, even while the server still works on its last query (since 14)."""
    name = "client_connection_check_interval"
    connection.execute("SELECT set_config(name, '1000', false) FROM pg_settings WHERE name = %s", [name])
