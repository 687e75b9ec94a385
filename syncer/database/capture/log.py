"""The tables of ours in the mapped database that changes are noted in, next to ``syncer.applied``.

One row of ``syncer.log`` is one statement of somebody's: the keys of all rows it wrote stand in one text, which costs a
bulk write a tenth of what a row per key would. It is an ordinary, logged table: after a crash of the server a signal
that was lost could not be told from one that never was.

``syncer.armed`` is a number that all sessions see at once, outside of their transactions; ``listen`` says what for.
"""

import psycopg
from psycopg import sql

from syncer.database import applied

LOG = "syncer.log"

CREATE = """CREATE TABLE IF NOT EXISTS syncer.source (
    id bigint PRIMARY KEY,
    relation text NOT NULL,
    key text[] NOT NULL,
    columns text[] NOT NULL,
    pruned pg_snapshot
);
CREATE TABLE IF NOT EXISTS syncer.reader (
    source bigint NOT NULL REFERENCES syncer.source ON DELETE CASCADE,
    name text NOT NULL,
    read pg_snapshot NOT NULL,
    notify boolean NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, name)
);
CREATE TABLE IF NOT EXISTS syncer.log (
    id bigint GENERATED ALWAYS AS IDENTITY (CACHE 32),
    source bigint NOT NULL,
    xid xid8 NOT NULL,
    at timestamptz NOT NULL,
    lines integer NOT NULL,
    action "char" NOT NULL,
    batch text,
    keys text,
    fault text
) WITH (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_insert_scale_factor = 0.5, vacuum_truncate = false);
ALTER TABLE syncer.log ALTER COLUMN keys SET STORAGE EXTERNAL;
CREATE SEQUENCE IF NOT EXISTS syncer.armed;
CREATE INDEX IF NOT EXISTS log_source_xid_id ON syncer.log (source, xid, id);
COMMENT ON SEQUENCE syncer.armed IS 'Until when (ms since 1970) somebody wants to be notified. Leave it to the syncer.';
COMMENT ON TABLE syncer.log IS 'Which rows changed, until the syncer has read it. Leave it to the syncer.';
COMMENT ON TABLE syncer.source IS 'The tables whose changes are noted in syncer.log. Leave it to the syncer.';
COMMENT ON TABLE syncer.reader IS 'Who reads syncer.log, and up to where. Leave it to the syncer.';
"""

_GRANT = """GRANT USAGE, CREATE ON SCHEMA syncer TO {role};
GRANT SELECT, UPDATE ON SEQUENCE syncer.armed TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON syncer.source, syncer.reader, syncer.log TO {role};
"""


def prepare(connection: psycopg.Connection) -> None:
    """Make the tables unless they are there. Raises ``SchemaError`` where the role may not."""
    applied.prepare(connection)
    if not is_prepared(connection):
        applied.create(connection, CREATE)


def is_prepared(connection: psycopg.Connection) -> bool:
    """Whether the tables are there."""
    return applied.is_prepared(connection, "log")


def script(role: str) -> str:
    """The same as SQL for an administrator, with the rights that a role needs."""
    return CREATE + sql.SQL(_GRANT).format(role=sql.Identifier(role)).as_string()
