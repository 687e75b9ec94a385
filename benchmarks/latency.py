"""``python -m benchmarks.latency``: how soon an edit is on the other side while ``syncer up`` runs.

Two hundred edits each way, one after the other, on a table of some hundred lines: from the moment the edit is
committed until the other side shows it. Then edits on both sides while a large table is loaded for the first time, in
either direction. Each line is printed as soon as it is measured. Exits with 1 if the goals are missed.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.firm import PATIENCE, Firm, edit_record, edit_row, firm, running, wait
from benchmarks.stage import Feishu, Pair, Stage, connect, feishu

GOALS = {"p50": 0.3, "p99": 1.5}
MOST_IN_LOAD = 2.0
_HEAD = "| edits | p50 ms | p95 ms | p99 ms | most ms | goal |\n|---|--:|--:|--:|--:|---|"


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
    with running(stage, stand_in, pair, synced=True), firm(stand_in, pair) as both:
        for name, edit in _WAYS.items():
            _measure(both, edit, 5, "warming up")
            seconds = _measure(both, edit, edits, f"edited, {name}")
            cuts = _told(name, seconds, "p50 300, p99 1500")
            missed += cuts["p50"] > GOALS["p50"] or cuts["p99"] > GOALS["p99"]
    return missed


def _during_load(stage: Stage, stand_in: Feishu, pair: Pair, target: str) -> int:
    """Edits of lines that are there on both sides, while the others are brought over."""
    lines, found = _lines(stand_in, pair), {name: list[float]() for name in _WAYS}
    with running(stage, stand_in, pair, synced=False), firm(stand_in, pair) as both:
        wait(lambda: both.linked() > 0, 20 * PATIENCE)
        began = time.perf_counter()
        while both.linked() < lines:
            for name, edit in _WAYS.items():
                found[name] += _measure(both, edit, 1, f"load of {target}, {name} {len(found[name])}")
        took = time.perf_counter() - began
    for name, seconds in found.items():
        _told(f"{name} while {target} is loaded with {lines:,} lines in {took:.0f} s", seconds, "all within 2 s")
    return sum(max(seconds, default=PATIENCE) > MOST_IN_LOAD for seconds in found.values())


def _lines(stand_in: Feishu, pair: Pair) -> int:
    with connect(pair.database) as rows:
        (found,) = rows.execute("SELECT count(*) FROM orders").fetchone() or (0,)
    return int(found) + int(stand_in.control.table(pair.place.app_token, pair.place.table_id)["count"])


_WAYS: dict[str, Edit] = {"Bitable to database": edit_record, "database to Bitable": edit_row}


def _measure(both: Firm, edit: Edit, edits: int, words: str) -> list[float]:
    """Seconds until each edit was on the other side."""
    found = []
    for number in range(edits):
        began = time.perf_counter()
        wait(edit(both, f"{words} {number}"), PATIENCE)
        found.append(time.perf_counter() - began)
        time.sleep(random.uniform(0, 0.2))
    return found


def _told(name: str, seconds: Sequence[float], goal: str) -> dict[str, float]:
    """Print a line of the table; its percentiles."""
    cuts = statistics.quantiles(seconds, n=100, method="inclusive") if seconds[1:] else [*seconds, PATIENCE][:1] * 99
    found = {f"p{at}": cuts[at - 1] for at in (50, 95, 99)}
    shown = " | ".join(f"{cut * 1000:.0f}" for cut in [*found.values(), max(seconds, default=PATIENCE)])
    print(f"| {len(seconds)} {name} | {shown} | {goal} |", flush=True)
    return found


if __name__ == "__main__":
    sys.exit(main())
