"""What tells one state store from all others, for what has to be named apart in a database that several may share."""

from sqlalchemy import Engine, text

from syncer.state.connect import reaching

_IDENTITY = text(
    "SELECT (SELECT system_identifier FROM pg_control_system()) || '.' ||"
    " (SELECT oid::text FROM pg_catalog.pg_database WHERE datname = current_database())"
)


def identity(engine: Engine) -> str:
    """The server's identifier and the database's number: the same for everybody who is connected to this store."""
    with reaching(engine), engine.connect() as connection:
        return str(connection.scalar(_IDENTITY))
