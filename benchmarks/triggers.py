"""``python -m benchmarks.triggers``: what noting changes costs those who write to the table, one of them or eight.

Two tables of 100,000 rows, alike but for the triggers; the same statements on one and on the other, in turns, on a
durable server. Told are the medians of the clock, until the commit has returned, and of the CPU of the server's
processes. Exits with 1 if a bulk UPDATE takes more than the goal allows.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import psycopg

from syncer.core.mapping import PairSpec, SyncMapping
from syncer.database.capture.watch import Watch
from syncer.database.connections import make_engine
from syncer.embedded.postgres import EmbeddedPostgres

Connection = psycopg.Connection[tuple[Any, ...]]
ROWS, BULK, WRITERS = 100_000, 10_000, (1, 8)
GOAL = 0.12
COLUMNS = ("order_no", "customer", "amount", "status", "note", "tags", "placed_at", "pieces")
_HEAD = (
    "| case | writers | bare ms | noted ms | more | CPU bare ms | CPU noted ms | CPU more |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|"
)
_MAKE = """
CREATE TABLE {t} (
    id bigint PRIMARY KEY, order_no varchar(20) NOT NULL UNIQUE, customer text, amount numeric(12, 2), status text,
    note text, tags text[], placed_at timestamptz, pieces int, changed_at timestamptz, changed_by text);
CREATE INDEX ON {t} (customer);
CREATE INDEX ON {t} (status);
"""
_NEW = """
SELECT i, 'A-' || i, 'customer ' || i % 1000, i * 1.5, 'new', 'what people say about order ' || i, ARRAY['a', 'b'],
    now(), i % 7, now(), 'clerk' FROM generate_series({first}, {last}) AS i
"""
_UPDATE = """
UPDATE {t} SET status = CASE status WHEN 'new' THEN 'sent' ELSE 'new' END, changed_at = now()
WHERE id BETWEEN {first} AND {last}
"""


@dataclass(frozen=True, slots=True)
class Case:
    """What one writer does: to its own rows, of which it has ``BULK``. ``grows``: what it adds is taken away again."""

    name: str
    work: Callable[[Connection, str, int], None]
    grows: bool = False


def update(connection: Connection, table: str, first: int) -> None:
    """All rows of a writer in one statement."""
    _run(connection, _UPDATE, table, first)


def insert(connection: Connection, table: str, first: int) -> None:
    """As many new rows."""
    _run(connection, f"INSERT INTO {{t}} {_NEW}", table, first + ROWS)


def copy(connection: Connection, table: str, first: int) -> None:
    """As many by COPY."""
    with connection.cursor().copy(f"COPY {table} (id, order_no, customer, amount, status) FROM STDIN") as lines:
        lines.write(
            "".join(f"{i}\tA-{i}\tcustomer {i % 1000}\t{i}.5\tnew\n" for i in range(first + ROWS, first + ROWS + BULK))
        )


def small(connection: Connection, table: str, first: int) -> None:
    """1,000 transactions of one row."""
    for place in range(1_000):
        connection.execute(f"UPDATE {table} SET pieces = pieces + 1 WHERE id = %s", (first + place,))


CASES = (
    Case("UPDATE of 10,000 rows", update),
    Case("INSERT of 10,000 rows", insert, grows=True),
    Case("COPY of 10,000 rows", copy, grows=True),
    Case("1,000 transactions of one row", small),
)


def _run(connection: Connection, statement: str, table: str, first: int) -> None:
    connection.execute(statement.format(t=table, first=first, last=first + BULK - 1).encode())


@dataclass(frozen=True, slots=True)
class Compared:
    """Milliseconds without and with the triggers."""

    bare: float
    noted: float

    @classmethod
    def of(cls, found: dict[str, list[float]]) -> "Compared":
        return cls(median(found["bare"]), median(found["noted"]))

    @property
    def more(self) -> float:
        return self.noted / self.bare - 1 if self.bare else 0.0

    def __str__(self) -> str:
        return f"{self.bare:.1f} | {self.noted:.1f} | {self.more:+.0%}"


@dataclass(frozen=True, slots=True)
class Result:
    """One row of the table."""

    name: str
    writers: int
    clock: Compared
    cpu: Compared

    def __str__(self) -> str:
        return f"| {self.name} | {self.writers} | {self.clock} | {self.cpu} |"


class Bench:
    """Both tables, and connections of as many writers as there ever are."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._writers = [psycopg.connect(url.replace("+psycopg", ""), autocommit=True) for _ in range(max(WRITERS))]
        for table in ("bare", "noted"):
            self._writers[0].execute(_MAKE.format(t=table).encode())
            self._writers[0].execute(f"INSERT INTO {table} {_NEW.format(first=1, last=ROWS)}".encode())
        self._watch()
        self._tidy()

    def _watch(self) -> None:
        """Have the changes of one table noted; nobody listens, so nobody is notified."""
        pairs = tuple(PairSpec(name, name) for name in COLUMNS)
        mapping = SyncMapping("bench", "default", "", "", "erp", "noted", pairs, ("id",))
        engine = make_engine(self._url)
        Watch(engine, mapping, ("id",), COLUMNS, lambda: "bench").install()
        engine.dispose()

    def _tidy(self) -> None:
        for table in ("bare", "noted"):
            self._writers[0].execute(f"DELETE FROM {table} WHERE id > {ROWS}".encode())
            self._writers[0].execute(f"VACUUM ANALYZE {table}".encode())
        self._writers[0].execute("DELETE FROM syncer.log")
        self._writers[0].execute("VACUUM syncer.log")
        self._writers[0].execute("CHECKPOINT")

    def _warm(self) -> None:
        """Sessions that have their plans, as those of an ERP have."""
        for connection in self._writers:
            for table in ("bare", "noted"):
                for _ in range(6):
                    connection.execute(f"UPDATE {table} SET pieces = pieces + 1 WHERE id = 1".encode())

    def measure(self, case: Case, writers: int, times: int) -> Result:
        """One case, so many times on each table."""
        clock: dict[str, list[float]] = {"bare": [], "noted": []}
        cpu: dict[str, list[float]] = {"bare": [], "noted": []}
        for _ in range(times):
            self._tidy()
            self._warm()
            for table in random.sample(["bare", "noted"], 2):
                used, seconds = self._once(case, table, writers)
                clock[table].append(seconds * 1000)
                cpu[table].append(used * 1000)
        return Result(case.name, writers, Compared.of(clock), Compared.of(cpu))

    def _once(self, case: Case, table: str, writers: int) -> tuple[float, float]:
        connections = self._writers[:writers]
        before, began = sum(map(_cpu, connections)), time.perf_counter()
        with ThreadPoolExecutor(writers) as threads:
            list(threads.map(lambda place: case.work(connections[place], table, 1 + BULK * place), range(writers)))
        return sum(map(_cpu, connections)) - before, time.perf_counter() - began

    def close(self) -> None:
        for connection in self._writers:
            connection.close()


def _cpu(connection: Connection) -> float:
    """Seconds of CPU of a connection's server process."""
    path = Path(f"/proc/{connection.info.backend_pid}/schedstat")
    return int(path.read_text(encoding="ascii").split()[0]) / 1e9 if path.exists() else 0.0


def main(given: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.triggers", description=__doc__)
    parser.add_argument("--times", type=int, default=11, help="how often each is measured")
    wanted = parser.parse_args(given)
    missed = False
    with TemporaryDirectory(prefix="syncer-bench-") as home, EmbeddedPostgres(Path(home)) as server:
        bench = Bench(server.create_database("bench"))
        print(_HEAD)
        for case in CASES:
            for writers in WRITERS:
                result = bench.measure(case, writers, wanted.times)
                print(result, flush=True)
                missed = missed or (case.work is update and min(result.clock.more, result.cpu.more) > GOAL)
        bench.close()
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
