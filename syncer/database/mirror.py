"""The number of the last run that wrote, kept in the mapped database beside what it wrote.

A state store or a database that was restored from a backup does not know of the other's youth; this number does.
"""

import psycopg
from sqlalchemy import Engine

from syncer.database.applied import create
from syncer.database.connections import session
from syncer.errors import SchemaError

_CREATE = """CREATE TABLE IF NOT EXISTS syncer.mirror (
    store text NOT NULL,
    mapping text NOT NULL,
    run bigint NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (store, mapping)
);
COMMENT ON TABLE syncer.mirror IS 'The last run of the syncer that wrote here: it notices a restored backup by it.';
"""

_WRITE = """
INSERT INTO syncer.mirror (store, mapping, run) VALUES (%s, %s, %s)
ON CONFLICT (store, mapping) DO UPDATE SET run = excluded.run, at = now()
"""

_RIGHTS = """
SELECT CASE WHEN to_regclass('syncer.mirror') IS NOT NULL
  THEN has_table_privilege('syncer.mirror', 'SELECT') AND has_table_privilege('syncer.mirror', 'INSERT')
    AND has_table_privilege('syncer.mirror', 'UPDATE')
  WHEN to_regnamespace('syncer') IS NOT NULL THEN has_schema_privilege('syncer', 'CREATE')
  ELSE has_database_privilege(current_database(), 'CREATE') END
"""

_ABSENT = (psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName, psycopg.errors.InsufficientPrivilege)


def read(engine: Engine, store: str, mapping: str) -> int | None:
    """The number that stands there; 0 if none does although one could, ``None`` where no mirror can live."""
    with session(engine) as connection:
        try:
            with connection.transaction():
                row = connection.execute(
                    "SELECT run FROM syncer.mirror WHERE store = %s AND mapping = %s", (store, mapping)
                ).fetchone()
        except _ABSENT:
            return 0 if _able(connection) else None
    return 0 if row is None else int(row[0])


def write(engine: Engine, store: str, mapping: str, run: int) -> bool:
    """Put a run's number there, making the table if need be; whether that is possible."""
    with session(engine) as connection:
        try:
            there = connection.execute("SELECT to_regclass('syncer.mirror') IS NOT NULL").fetchone() == (True,)
            if not there:
                create(connection, _CREATE)
            with connection.transaction():
                connection.execute(_WRITE, (store, mapping, run))
        except (*_ABSENT, SchemaError):
            return False
    return True


def able(engine: Engine) -> bool:
    """Whether a mirror lives there, or could be made."""
    with session(engine) as connection:
        return _able(connection)


def _able(connection: psycopg.Connection) -> bool:
    try:
        return connection.execute(_RIGHTS).fetchone() == (True,)
    except psycopg.errors.InsufficientPrivilege:
        return False
