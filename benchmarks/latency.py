"""``python -m benchmarks.latency``: how soon an edit is on the other side while ``syncer up`` runs.

Two hundred edits each way, one after the other, on a table of some hundred lines: from the moment the edit is
committed until the other side shows it. Then edits of records while a large table is loaded for the first time. Exits
with 1 if the goals are missed.
"""

import argparse
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
import requests
from psycopg import sql

from benchmarks import table
from benchmarks.stage import Feishu, Pair, Stage, connect, feishu
from syncer.simulator.server import DEFAULT_APP_ID

GOALS = {"p50": 0.3, "p99": 1.5}
MOST_IN_BACKFILL = 2.0
PATIENCE = 30.0
"""Seconds after which an edit counts as lost."""
_KEYS = {"FEISHU_ENCRYPT_KEY": "a key for the benchmark", "FEISHU_VERIFICATION_TOKEN": "a token"}


@dataclass(frozen=True, slots=True)
class Firm:
    """A pair of tables that is kept equal by a running syncer."""

    feishu: Feishu
    pair: Pair
    rows: "psycopg.Connection[tuple[object, ...]]"
    records: Sequence[str]

    def count(self) -> int:
        """How many rows there are."""
        (found,) = self.rows.execute("SELECT count(*) FROM orders").fetchone() or (0,)
        return int(str(found))


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print the table, and say whether the goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--backfill", type=int, default=100_000, help="lines of the first load; 0 leaves it out")
    wanted = parser.parse_args(given)
    with Stage() as stage, feishu() as stand_in:
        pair = stage.pair(stand_in, records=wanted.lines)
        with _running(stage, stand_in, pair, synced=True), _firm(stand_in, pair) as firm:
            for edit in (_edit_record, _edit_row):
                _measure(firm, edit, 5, "warming up")
            found = {
                "Bitable to database": _measure(firm, _edit_record, wanted.edits, "edited in Bitable"),
                "database to Bitable": _measure(firm, _edit_row, wanted.edits, "edited in the database"),
            }
        if wanted.backfill:
            found |= _during_backfill(stage, stand_in, wanted.backfill)
    return _told(found)


def _during_backfill(stage: Stage, stand_in: Feishu, lines: int) -> dict[str, list[float]]:
    """Seconds until edits of records were in the database while their table was loaded for the first time."""
    pair, found = stage.pair(stand_in, records=lines), list[float]()
    with _running(stage, stand_in, pair, synced=False), _firm(stand_in, pair) as firm:
        while not firm.count():
            time.sleep(0.1)
        while firm.count() < lines:
            found += _measure(firm, _edit_record, 1, f"during the backfill {len(found)}")
    return {"Bitable to database during a backfill": found}


@contextmanager
def _firm(stand_in: Feishu, pair: Pair) -> Iterator[Firm]:
    records = list(stand_in.control.plain(pair.place.app_token, pair.place.table_id))
    with connect(pair.database) as rows:
        yield Firm(stand_in, pair, rows, records)


# The syncer.


@contextmanager
def _running(stage: Stage, stand_in: Feishu, pair: Pair, *, synced: bool) -> Iterator[None]:
    """``syncer up`` on one applied mapping, with Feishu's events on their way to it."""
    port = _free_port()
    wanted = json.loads(pair.mapping.read_text(encoding="utf-8"))
    wanted["database"]["capture"] = "trigger"
    pair.mapping.write_text(json.dumps(wanted), encoding="utf-8")
    environment = {**os.environ, **stage.environment(pair), **_KEYS, "SYNCER_HTTP_PORT": str(port)}
    for command in (["apply", str(pair.mapping)], *([["sync", "orders"]] if synced else [])):
        _syncer(command, environment)
    up = subprocess.Popen([sys.executable, "-m", "syncer", "up"], env=environment, cwd=stage.home)
    try:
        _ready(port)
        stand_in.control.set_webhook(
            DEFAULT_APP_ID,
            f"http://127.0.0.1:{port}/feishu/events",
            encrypt_key=_KEYS["FEISHU_ENCRYPT_KEY"],
            verification_token=_KEYS["FEISHU_VERIFICATION_TOKEN"],
        )
        yield
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)


def _syncer(arguments: Sequence[str], environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "syncer", *arguments], env=environment, check=False, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"syncer {' '.join(arguments)} ended with {done.returncode}: {done.stderr}")


def _ready(port: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            if requests.get(f"http://127.0.0.1:{port}/readyz", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.2)
    raise SystemExit("syncer up did not become ready")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


# The edits.


def _edit_record(firm: Firm, mark: str) -> Callable[[], bool]:
    """Edit a record; the answer tells whether its row shows it."""
    place = firm.pair.place
    line = random.randrange(len(firm.records))
    firm.feishu.control.edit_record(place.app_token, place.table_id, firm.records[line], {"备注": mark})
    asked = sql.SQL("SELECT 1 FROM orders WHERE order_no = %s AND remark = %s")
    return lambda: firm.rows.execute(asked, [table.row(line)[0], mark]).fetchone() is not None


def _edit_row(firm: Firm, mark: str) -> Callable[[], bool]:
    """Edit a row; the answer tells whether its record shows it."""
    place = firm.pair.place
    line = random.randrange(len(firm.records))
    record = firm.records[line]
    firm.rows.execute("UPDATE orders SET remark = %s WHERE order_no = %s", [mark, table.row(line)[0]])
    look = firm.feishu.control.plain
    return lambda: look(place.app_token, place.table_id)[record].get("备注") == mark


def _measure(firm: Firm, edit: Callable[[Firm, str], Callable[[], bool]], edits: int, words: str) -> list[float]:
    """Seconds until each edit was on the other side."""
    found = []
    for number in range(edits):
        began = time.perf_counter()
        is_there = edit(firm, f"{words} {number}")
        while not is_there():
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit(f"edit {number} did not arrive within {PATIENCE:.0f} s")
            time.sleep(0.004)
        found.append(time.perf_counter() - began)
        time.sleep(random.uniform(0, 0.2))
    return found


def _told(found: dict[str, list[float]]) -> int:
    print("| edits | p50 ms | p99 ms | most ms | goal |")
    print("|---|--:|--:|--:|---|")
    missed = False
    for name, seconds in found.items():
        p50, p99 = statistics.median(seconds), statistics.quantiles(seconds, n=100)[98] if seconds[1:] else seconds[0]
        late = max(seconds) > MOST_IN_BACKFILL if "backfill" in name else p50 > GOALS["p50"] or p99 > GOALS["p99"]
        missed = missed or late
        goal = "all within 2 s" if "backfill" in name else "p50 300, p99 1500"
        print(f"| {len(seconds)} {name} | {p50 * 1000:.0f} | {p99 * 1000:.0f} | {max(seconds) * 1000:.0f} | {goal} |")
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
