"""The stage of the measurements: a simulator, an embedded PostgreSQL and Redis, tables full of lines."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import psycopg

from benchmarks import table
from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.simulator.control import Control, TablePlace
from syncer.simulator.server import DEFAULT_APP_ID, DEFAULT_APP_SECRET

CREDENTIALS = (DEFAULT_APP_ID, DEFAULT_APP_SECRET)


@dataclass(frozen=True, slots=True)
class Pair:
    """A Bitable table, a database with the table ``orders``, and a state store: what one mapping needs."""

    feishu: str
    place: TablePlace
    database: str
    state: str
    mapping: Path


class Stage:
    """Servers for the time of a whole benchmark. Use it as a context."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._made = 0

    def __enter__(self) -> Self:
        self.home = Path(self._stack.enter_context(TemporaryDirectory(prefix="syncer-bench-")))
        # Not durable, for the floor and for us alike: a benchmark of somebody's disk is another one.
        self._postgres = self._stack.enter_context(EmbeddedPostgres(self.home, durable=False))
        redis = self._stack.enter_context(EmbeddedRedis(self.home, durable=False))
        self.redis = redis.url()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def database(self) -> str:
        """A fresh, empty database."""
        self._made += 1
        return self._postgres.create_database(f"bench_{self._made}")

    def pair(self, feishu: "Feishu", *, rows: int = 0, records: int = 0) -> Pair:
        """A fresh pair of tables with so many lines in them."""
        place = feishu.table(records)
        database, state = self.database(), self.database()
        fill(database, rows)
        path = self.home / f"mapping-{self._made}.yaml"
        path.write_text(json.dumps(table.mapping(place.app_token, place.table_id)), encoding="utf-8")
        return Pair(feishu.url, place, database, state, path)

    def beside(self, pair: Pair) -> Pair:
        """The same Bitable table with an empty database and state store of its own."""
        database, state = self.database(), self.database()
        fill(database, 0)
        return Pair(pair.feishu, pair.place, database, state, pair.mapping)

    def environment(self, pair: Pair) -> dict[str, str]:
        """The settings under which the syncer works on a pair."""
        return {
            "SYNCER_HOME": str(self.home),
            "SYNCER_DATABASE_URL": pair.state,
            "SYNCER_REDIS_URL": self.redis,
            "SYNCER_CONNECTIONS__ERP": pair.database,
            "FEISHU_APP_ID": DEFAULT_APP_ID,
            "FEISHU_APP_SECRET": DEFAULT_APP_SECRET,
            "FEISHU_DOMAIN": pair.feishu,
            "SYNCER_QUOTA_SCALE": "0",
        }


class Feishu:
    """A simulator in a process of its own."""

    def __init__(self, url: str) -> None:
        self.url, self.control = url, Control(url)
        self._base = self.control.create_base("Bench")
        self._made = 0

    def table(self, records: int) -> TablePlace:
        """A fresh table with so many records."""
        self._made += 1
        place = self.control.create_table(self._base, f"订单 {self._made}", table.bitable_fields())
        for start in range(0, records, 5000):
            some = [table.cells(table.row(number)) for number in range(start, min(records, start + 5000))]
            self.control.add_records(place.app_token, place.table_id, some)
        return place


@contextmanager
def feishu() -> Iterator[Feishu]:
    """A simulator without quotas."""
    command = [sys.executable, "-m", "syncer.simulator", "--control", "--quota-scale", "0"]
    process = subprocess.Popen([*command, "--parent-pid", str(os.getpid())], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield Feishu(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    """A plain connection."""
    return psycopg.connect(url.replace("+psycopg", ""), autocommit=True)


def fill(url: str, rows: int) -> None:
    """Make the table ``orders`` with so many rows."""
    with connect(url) as connection, connection.cursor() as cursor:
        cursor.execute(table.ddl("orders"))
        with cursor.copy(f"COPY orders ({', '.join(table.COLUMNS)}) FROM STDIN") as copy:
            for line in table.lines(rows):
                copy.write_row(line)
        cursor.execute("ANALYZE orders")


def state_bytes(pair: Pair) -> Mapping[str, int]:
    """What the state store takes on disk, table by table, indexes included."""
    query = (
        "SELECT relname, pg_total_relation_size(oid) FROM pg_class "
        "WHERE relnamespace = 'syncer_state'::regnamespace AND relkind = 'r'"
    )
    with connect(pair.state) as connection:
        return dict(connection.execute(query).fetchall())
