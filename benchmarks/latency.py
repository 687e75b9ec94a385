"""``python -m benchmarks.latency``: how soon an edit is on the other side while ``syncer up`` runs.

Two hundred edits each way, one after the other, on a table of some hundred lines: from the moment the edit is
committed until the other side shows it. Then edits on both sides while a large table is loaded for the first time, in
either direction. Each line is printed as soon as it is measured. Exits with 1 if the goals are missed.
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

from benchmarks.stage import Feishu, Pair, Stage, connect, feishu
from syncer.core.records import key_values
from syncer.simulator.server import DEFAULT_APP_ID

GOALS = {"p50": 0.3, "p99": 1.5}
MOST_IN_LOAD = 2.0
PATIENCE = 30.0
"""Seconds after which an edit counts as lost."""
_KEYS = {"FEISHU_ENCRYPT_KEY": "a key for the benchmark", "FEISHU_VERIFICATION_TOKEN": "a token"}
_HEAD = "| edits | p50 ms | p95 ms | p99 ms | most ms | goal |\n|---|--:|--:|--:|--:|---|"


@dataclass(frozen=True, slots=True)
class Firm:
    """A pair of tables that is kept equal by a running syncer."""

    feishu: Feishu
    pair: Pair
    rows: "psycopg.Connection[tuple[object, ...]]"
    state: "psycopg.Connection[tuple[object, ...]]"

    def link(self) -> tuple[str, str]:
        """A linked record and the order number of its row, by chance."""
        lowest, highest = self.state.execute("SELECT min(id), max(id) FROM syncer_state.link").fetchone() or (0, 0)
        asked = "SELECT record, key FROM syncer_state.link WHERE id >= %s ORDER BY id LIMIT 1"
        at = random.randint(int(str(lowest)), int(str(highest)))
        record, key = self.state.execute(asked, [at]).fetchone() or ("", "")
        return str(record), str(key_values(str(key))[0])

    def linked(self) -> int:
        """How many lines are linked."""
        (found,) = self.state.execute("SELECT count(*) FROM syncer_state.link").fetchone() or (0,)
        return int(str(found))


Edit = Callable[[Firm, str], Callable[[], bool]]
"""Makes an edit with a text nobody wrote before; what it gives tells whether the other side shows it."""


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print the table, and say whether the goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.latency", description=__doc__)
    parser.add_argument("--edits", type=int, default=200, help="each way; 0 leaves them out")
    parser.add_argument("--lines", type=int, default=300)
    parser.add_argument("--backfill", type=int, default=100_000, help="lines of a first load; 0 leaves it out")
    parser.add_argument("--latency", type=int, default=0, help="milliseconds of every call during a first load")
    wanted = parser.parse_args(given)
    print(_HEAD, flush=True)
    missed = 0
    with Stage() as stage, feishu() as stand_in:
        if wanted.edits:
            missed += _in_peace(stage, stand_in, wanted.lines, wanted.edits)
        stand_in.control.set_latency("*", wanted.latency / 1000)
        if wanted.backfill:
            missed += _during_load(stage, stand_in, stage.pair(stand_in, records=wanted.backfill), "PostgreSQL")
            missed += _during_load(stage, stand_in, stage.pair(stand_in, rows=wanted.backfill), "Bitable")
    return min(1, missed)


def _in_peace(stage: Stage, stand_in: Feishu, lines: int, edits: int) -> int:
    pair, missed = stage.pair(stand_in, records=lines), 0
    with _running(stage, stand_in, pair, synced=True), _firm(stand_in, pair) as firm:
        for name, edit in _WAYS.items():
            _measure(firm, edit, 5, "warming up")
            seconds = _measure(firm, edit, edits, f"edited, {name}")
            cuts = _told(name, seconds, "p50 300, p99 1500")
            missed += cuts["p50"] > GOALS["p50"] or cuts["p99"] > GOALS["p99"]
    return missed


def _during_load(stage: Stage, stand_in: Feishu, pair: Pair, target: str) -> int:
    """Edits of lines that are there on both sides, while the others are brought over."""
    lines, found = _lines(stand_in, pair), {name: list[float]() for name in _WAYS}
    with _running(stage, stand_in, pair, synced=False), _firm(stand_in, pair) as firm:
        _wait(lambda: firm.linked() > 0, 20 * PATIENCE)
        began = time.perf_counter()
        while firm.linked() < lines:
            for name, edit in _WAYS.items():
                found[name] += _measure(firm, edit, 1, f"load of {target}, {name} {len(found[name])}")
        took = time.perf_counter() - began
    for name, seconds in found.items():
        _told(f"{name} while {target} is loaded with {lines:,} lines in {took:.0f} s", seconds, "all within 2 s")
    return sum(max(seconds, default=PATIENCE) > MOST_IN_LOAD for seconds in found.values())


def _lines(stand_in: Feishu, pair: Pair) -> int:
    with connect(pair.database) as rows:
        (found,) = rows.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    return int(found) + int(stand_in.control.table(pair.place.app_token, pair.place.table_id)["count"])


@contextmanager
def _firm(stand_in: Feishu, pair: Pair) -> Iterator[Firm]:
    with connect(pair.database) as rows, connect(pair.state) as state:
        yield Firm(stand_in, pair, rows, state)


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
    place, (record, order) = firm.pair.place, firm.link()
    firm.feishu.control.edit_record(place.app_token, place.table_id, record, {"备注": mark})
    asked = sql.SQL("SELECT 1 FROM orders WHERE order_no = %s AND remark = %s")
    return lambda: firm.rows.execute(asked, [order, mark]).fetchone() is not None


def _edit_row(firm: Firm, mark: str) -> Callable[[], bool]:
    """Edit a row; the answer tells whether its record shows it."""
    place, (record, order) = firm.pair.place, firm.link()
    firm.rows.execute("UPDATE orders SET remark = %s WHERE order_no = %s", [mark, order])
    look = firm.feishu.control.plain
    return lambda: look(place.app_token, place.table_id, [record])[record].get("备注") == mark


_WAYS: dict[str, Edit] = {"Bitable to database": _edit_record, "database to Bitable": _edit_row}


def _measure(firm: Firm, edit: Edit, edits: int, words: str) -> list[float]:
    """Seconds until each edit was on the other side."""
    found = []
    for number in range(edits):
        began = time.perf_counter()
        _wait(edit(firm, f"{words} {number}"), PATIENCE)
        found.append(time.perf_counter() - began)
        time.sleep(random.uniform(0, 0.2))
    return found


def _wait(is_there: Callable[[], bool], patience: float) -> None:
    """Wait until it is there; an edit that does not arrive counts by how long it was waited for."""
    deadline = time.perf_counter() + patience
    while not is_there() and time.perf_counter() < deadline:
        time.sleep(0.004)


def _told(name: str, seconds: Sequence[float], goal: str) -> dict[str, float]:
    """Print a line of the table; its percentiles."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if seconds[1:] else [*seconds, PATIENCE][:1] * 99
    found = {f"p{at}": cuts[at - 1] for at in (50, 95, 99)}
    shown = " | ".join(f"{cut * 1000:.0f}" for cut in [*found.values(), max(seconds, default=PATIENCE)])
    print(f"| {len(seconds)} {name} | {shown} | {goal} |", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
