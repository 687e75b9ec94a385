"""Which batches committed: a table of ours in the mapped database, written in the transaction of the batch itself.

A batch leaves one row with an empty operation, so that one that wrote nothing is remembered too. A block of new rows
leaves all their keys in one row, in their order.
"""

from collections.abc import Mapping, Sequence

import orjson
import psycopg
from psycopg import sql
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt

from syncer.batching.standing import demand_standing
from syncer.database.parameters import array_text
from syncer.errors import FaultError, SchemaError

SCHEMA = "syncer"
TABLE = "syncer.applied"
DBA = "the syncer keeps a small table in the schema syncer; let an administrator run what `syncer apply --sql` prints"

_CREATE_SCHEMA = "CREATE SCHEMA IF NOT EXISTS syncer;\n"
CREATE = """CREATE TABLE IF NOT EXISTS syncer.applied (
    batch text NOT NULL,
    operation text NOT NULL,
    key text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (batch, operation)
);
COMMENT ON TABLE syncer.applied IS 'What the syncer wrote, until it is remembered elsewhere. Leave it to the syncer.';
"""

_GRANT = """GRANT USAGE ON SCHEMA syncer TO {role};
GRANT SELECT, INSERT, DELETE ON syncer.applied TO {role};
"""

_ALL = "*"
"""Stands for all operations of a block: its key is the list of theirs."""

_THERE = """
SELECT EXISTS (
    SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'syncer' AND c.relname = %s AND has_schema_privilege(n.oid, 'USAGE'))
"""

_LOCK = 7_310_265_112  # any number, the same for all: two processes may prepare at once


def prepare(connection: psycopg.Connection) -> None:
    """Make the schema and the table unless they are there. Raises ``SchemaError`` where the role may not."""
    if not is_prepared(connection):
        create(connection, CREATE)


def create(connection: psycopg.Connection, statements: str) -> None:
    """Make something of ours in the schema, one process at a time. Raises ``SchemaError`` where the role may not."""
    # Who waited for the lock may still believe its cache that there is no schema; a new transaction looks again.
    again = Retrying(
        retry=retry_if_exception_type(psycopg.errors.UniqueViolation), stop=stop_after_attempt(3), reraise=True
    )
    try:
        again(_create, connection, statements)
    except psycopg.errors.InsufficientPrivilege as error:
        raise SchemaError([f"{error.diag.message_primary}: {DBA}"]) from error


def _create(connection: psycopg.Connection, statements: str) -> None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
        if connection.execute("SELECT to_regnamespace('syncer') IS NULL").fetchone() == (True,):
            connection.execute(_CREATE_SCHEMA)
        connection.execute(statements.encode())


def script(connection: psycopg.Connection) -> str:
    """The same as SQL for an administrator, with the rights this connection's role needs."""
    (role,) = connection.execute("SELECT current_user").fetchone() or ("",)
    return _CREATE_SCHEMA + CREATE + sql.SQL(_GRANT).format(role=sql.Identifier(role)).as_string(connection)


def is_prepared(connection: psycopg.Connection, name: str = "applied") -> bool:
    """Whether a table of ours is there and our role may get at the schema."""
    return connection.execute(_THERE, (name,)).fetchone() == (True,)


def faults(connection: psycopg.Connection) -> list[str]:
    """What stands in the way of remembering batches, one sentence each."""
    if not is_prepared(connection):
        able = connection.execute("SELECT has_database_privilege(current_database(), 'CREATE')").fetchone() == (True,)
        return [] if able else [f"the role may not create a schema: {DBA}"]
    query = "SELECT p FROM unnest(ARRAY['SELECT', 'INSERT', 'DELETE']) AS p WHERE NOT has_table_privilege(%s, p)"
    lacking = [right for (right,) in connection.execute(query, (TABLE,)).fetchall()]
    return [f"the role lacks {', '.join(lacking)} on {TABLE}: {DBA}"] if lacking else []


def begin(connection: psycopg.Connection, batch: str) -> None:
    """Enter the batch; a second writer of the same batch waits here for the first, then fails.

    Whoever asks ``recall`` from now on waits for us; if somebody asked before, we were overtaken: ``FencedError``.
    """
    if not batch:
        raise FaultError("a batch needs an id")
    try:
        connection.execute("INSERT INTO syncer.applied (batch, operation, key) VALUES (%s, '', '')", (batch,))
    except psycopg.errors.UndefinedTable as error:
        raise SchemaError([f"the table {TABLE} is missing: run `syncer apply` ({DBA})"]) from error
    except psycopg.errors.UniqueViolation as error:
        raise FaultError(f"the batch {batch} was written before: ask `applied` what became of it") from error
    demand_standing()


def record(connection: psycopg.Connection, batch: str, keys: Mapping[str, str]) -> None:
    """Note the keys written, by operation id."""
    connection.execute(
        "INSERT INTO syncer.applied (batch, operation, key) "
        "SELECT %s, o, k FROM unnest(CAST(%s AS text[]), CAST(%s AS text[])) AS u(o, k)",
        (batch, array_text(keys), array_text(keys.values())),
    )


def record_all(connection: psycopg.Connection, batch: str, keys: Sequence[str]) -> None:
    """Note the keys of a block: operation ids are places in it."""
    connection.execute(
        "INSERT INTO syncer.applied (batch, operation, key) VALUES (%s, %s, %s)",
        (batch, _ALL, orjson.dumps(keys).decode()),
    )


def recall(connection: psycopg.Connection, batch: str) -> dict[str, str] | None:
    """The keys of a batch that committed, else ``None``.

    Entering the batch and taking it back waits for a writer that is still about to commit it.
    """
    with connection.transaction(force_rollback=True):
        entering = "INSERT INTO syncer.applied (batch, operation, key) VALUES (%s, '', '') ON CONFLICT DO NOTHING"
        is_new = connection.execute(entering, (batch,)).rowcount == 1
    if is_new:
        return None
    query = "SELECT operation, key FROM syncer.applied WHERE batch = %s AND operation <> ''"
    found: dict[str, str] = dict(connection.execute(query, (batch,)).fetchall())
    return {str(place): key for place, key in enumerate(orjson.loads(found[_ALL]))} if _ALL in found else found


def forget(connection: psycopg.Connection, batches: Sequence[str]) -> None:
    """Drop these batches."""
    with connection.transaction():
        connection.execute("DELETE FROM syncer.applied WHERE batch = ANY (%s)", (list(batches),))
