"""A table to write to: an engine, a connection to look with, and a maker of ``PostgresRows``."""

import time
from datetime import UTC, datetime
from itertools import count

import psycopg
import pytest
from psycopg import sql

from syncer.core.mapping import Direction, PairSpec, SyncMapping
from syncer.database.capture.watch import Watch
from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows


class WallClock:
    def now(self):
        return datetime.now(UTC)

    def sleep(self, seconds):
        time.sleep(seconds)


@pytest.fixture
def database(postgres_url):
    """The worker's own database, emptied after each test: quicker than a new one."""
    yield postgres_url
    with psycopg.connect(postgres_url.replace("+psycopg", ""), autocommit=True) as connection:
        ours = "SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information_schema)'"
        for (schema,) in connection.execute(ours).fetchall():
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        connection.execute("CREATE SCHEMA public")


@pytest.fixture
def look(database):
    """An independent connection, in autocommit."""
    with psycopg.connect(database.replace("+psycopg", ""), autocommit=True) as connection:
        yield connection


@pytest.fixture
def engine(database):
    engine = make_engine(database)
    yield engine
    engine.dispose()


@pytest.fixture
def table(engine):
    """Makes the side of a table, ready to be written."""

    def words(names):
        return names.split() if isinstance(names, str) else names

    def make(name, key, columns, **options):
        rows = PostgresRows(
            engine, name, key=words(key), columns=words(columns), clock=WallClock(), mapping="orders", **options
        )
        rows.prepare()
        return rows

    return make


@pytest.fixture
def orders(look, table):
    """A table as an ERP keeps it, with three rows."""
    look.execute("""
        CREATE TABLE orders (
            id bigserial PRIMARY KEY, order_no varchar(20) NOT NULL UNIQUE, amount numeric(12, 2) CHECK (amount >= 0),
            note text, tags text[], placed_at timestamptz, weight float8
        )""")
    look.execute("""
        INSERT INTO orders (order_no, amount, note, tags, placed_at, weight) VALUES
        ('A-1', 10, 'первый', '{a,b}', '2026-01-01 08:00+08', 0.1), ('A-2', 20.5, '第二 🧾', NULL, NULL, 1e300),
        ('A-3', NULL, E'tab\\t and \\\\N', '{}', '2026-01-03', NULL)""")
    return table("orders", "id", "order_no amount note tags placed_at weight")


WATCHED = ("order_no", "amount", "note", "tags", "placed_at", "weight")


@pytest.fixture
def watch(engine):
    """Makes the watch of a mapping of one table."""

    def make(table="orders", key=("id",), columns=WATCHED, reader="orders@here", direction="both", **options):
        pairs = tuple(PairSpec(name, name, Direction(direction)) for name in columns)
        mapping = SyncMapping("orders", "default", "app", "tbl", "erp", table, pairs, key=key, **options)
        return Watch(engine, mapping, tuple(key), tuple(columns), lambda: reader)

    return make


@pytest.fixture
def another(database):
    """Makes further connections, not in autocommit."""
    made = []

    def connect():
        made.append(psycopg.connect(database.replace("+psycopg", "")))
        return made[-1]

    yield connect
    for connection in made:
        connection.close()


@pytest.fixture
def watched(orders, watch):
    """The orders, their changes noted."""
    made = watch()
    made.install()
    return made


_numbers = count()


@pytest.fixture
def write():
    """Writes a batch with a fresh id."""

    def write(rows, inserts=(), updates=(), deletes=()):
        return rows.write(f"batch-{next(_numbers)}", inserts, updates, deletes)

    return write
