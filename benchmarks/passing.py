"""``python -m benchmarks.passing``: single edits that pass a backfill, in either direction.

A table of 100,000 lines is loaded for the first time by ``syncer up``, at 150 ms a call and under Feishu's documented
quotas. Spread over the load somebody edits single lines: records that are not in the database yet, while that is
loaded; records and rows that are there on both sides, while Bitable is. Told for each is how long it took until the
other side showed it, and how many calls for records the load with its edits took beyond the fewest a load alone can
take. Exits with 1 if an edit took longer than the goal.
"""

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence

from benchmarks.firm import PATIENCE, Firm, edit_record, edit_row, firm, running, wait
from benchmarks.floors import BATCH, PAGE, Line
from benchmarks.stage import CREDENTIALS, Feishu, Pair, Stage, feishu

GOAL = 2.0
_RECORDS = "bitable.record."
_HEAD = (
    "| load of | lines | edits | p50 s | most s | goal s | load s | record calls | fewest |\n"
    "|---|--:|---|--:|--:|--:|--:|--:|--:|"
)

Ways = dict[str, Callable[[Firm, str], Callable[[], bool]]]


def main(given: Sequence[str] | None = None) -> int:
    """Measure, print the table, and say whether the goal was met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.passing", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("--edits", type=int, default=10, help="in each load")
    parser.add_argument("--latency", type=int, default=150, help="milliseconds of every call")
    parser.add_argument("--target", choices=("database", "bitable"), nargs="+", default=("database", "bitable"))
    wanted = parser.parse_args(given)
    print(_HEAD, flush=True)
    most = 0.0
    with Stage() as stage:
        for target in wanted.target:
            with feishu() as stand_in:
                load = _to_database if target == "database" else _to_bitable
                most = max(most, load(stage, stand_in, wanted.lines, wanted.edits, wanted.latency / 1000))
    return int(most > GOAL)


def _to_database(stage: Stage, stand_in: Feishu, lines: int, edits: int, latency: float) -> float:
    """Edits of any records, most of them not in the database yet; how long the slowest took."""
    pair = stage.pair(stand_in, records=lines)
    known = _some_records(pair)
    ways: Ways = {"of a record": lambda both, mark: edit_record(both, mark, random.choice(known))}
    return _passed(stage, stand_in, pair, ways, (lines, edits, latency), ("search", -(-lines // PAGE)))


def _to_bitable(stage: Stage, stand_in: Feishu, lines: int, edits: int, latency: float) -> float:
    """Edits of lines that are on both sides by then; how long the slowest took."""
    pair = stage.pair(stand_in, rows=lines)
    ways: Ways = {"of a record": edit_record, "of a row": edit_row}
    return _passed(stage, stand_in, pair, ways, (lines, edits, latency), ("batch_create", -(-lines // BATCH)))


def _some_records(pair: Pair) -> list[tuple[str, str]]:
    """Records from all over the table, with their order numbers."""
    line = Line(pair.feishu, pair.place.app_token, pair.place.table_id, CREDENTIALS)
    pages = (random.sample(page, min(5, len(page))) for page in line.records())
    return [(item["record_id"], item["fields"]["订单号"][0]["text"]) for page in pages for item in page]


def _passed(
    stage: Stage, stand_in: Feishu, pair: Pair, ways: Ways, size: tuple[int, int, float], measure: tuple[str, int]
) -> float:
    """One load with its edits. ``measure``: which calls tell how far it is, and how many of them it takes."""
    (lines, edits, latency), (verb, calls) = size, measure
    found = {name: list[float]() for name in ways}
    with running(stage, stand_in, pair, synced=False, quotas=True), firm(stand_in, pair) as both:
        stand_in.control.clear_calls()
        stand_in.control.set_quota_scale(1)
        stand_in.control.set_latency("*", latency)
        began = time.perf_counter()
        for number in range(edits):
            part = (number + 0.5) / edits
            wait(lambda part=part: _made(stand_in, verb) >= part * calls, 20 * PATIENCE)
            if verb == "batch_create":
                wait(lambda: both.linked() > 0, 20 * PATIENCE)
            name = list(ways)[number % len(ways)]
            found[name].append(_measure(both, ways[name], f"passing {verb} {number}"))
            told = f"{verb} {number} {name}: {found[name][-1]:.2f} s, {stand_in.control.counts()}"
            print(told, file=sys.stderr, flush=True)
        wait(lambda: both.linked() >= lines, 20 * PATIENCE)
        took = time.perf_counter() - began
        stand_in.control.set_latency("*", 0)
    made = _made(stand_in, "")
    for name, seconds in found.items():
        told = f"{statistics.median(seconds):.2f} | {max(seconds):.2f} | {GOAL} | {took:.0f} | {made} | {calls}"
        print(
            f"| {'PostgreSQL' if verb == 'search' else 'Bitable'} | {lines:,} | {len(seconds)} {name} | {told} |",
            flush=True,
        )
    return max(each for seconds in found.values() for each in seconds)


def _made(stand_in: Feishu, verb: str) -> int:
    return sum(count for api, count in stand_in.control.counts().items() if api.startswith(_RECORDS + verb))


def _measure(both: Firm, edit: Callable[[Firm, str], Callable[[], bool]], mark: str) -> float:
    """Seconds until an edit was on the other side."""
    began = time.perf_counter()
    wait(edit(both, mark), PATIENCE)
    return time.perf_counter() - began


if __name__ == "__main__":
    sys.exit(main())
