"""``python -m benchmarks.counts``: how many calls a sync makes for n new, changed and deleted lines, as Feishu counted.

No call is made for a line. Writes: the least there can be is one for every 1,000 lines (500 deletions). Reads: a whole
listing takes one for every 500 records of the table, a look at single records one for every 100.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks import table
from benchmarks.stage import Feishu, Pair, Stage, connect, feishu

_WRITES = {"batch_create": 1000, "batch_update": 1000, "batch_delete": 500}
_HEAD = "| what is new | lines | writes | least | searches | batch_get | other calls |\n|---|--:|--:|--:|--:|--:|--:|"


def main(given: Sequence[str] | None = None) -> int:
    """Print the table; 1 if more writes were made than are needed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.counts", description=__doc__)
    parser.add_argument("--lines", type=int, default=10_000)
    lines = parser.parse_args(given).lines
    print(_HEAD)
    found = []
    with Stage() as stage, feishu() as simulator:
        pair = stage.pair(simulator, rows=lines)
        for what, verb, change in _scenes(simulator, pair, lines):
            change()
            calls = _sync(stage, simulator, pair, apply=not found)
            found.append(_told(what, verb, lines, calls))
            print(_line(found[-1]), flush=True)
    print(json.dumps(found), file=sys.stderr)
    return int(any(one["writes"] > one["least"] for one in found))


def _scenes(simulator: Feishu, pair: Pair, lines: int) -> Iterator[tuple[str, str, Callable[[], None]]]:
    """What changes, and with which call records are written for it."""
    place, control = (pair.place.app_token, pair.place.table_id), simulator.control

    def sql(statement: str) -> None:
        with connect(pair.database) as connection:
            connection.execute(statement)

    def edit() -> None:
        ids = list(control.records(*place))
        for start in range(0, lines, 2000):
            control.edit_records(*place, {one: {"备注": "改"} for one in ids[start : start + 2000]})

    def add() -> None:
        for start in range(lines, 2 * lines, 2000):
            some = [table.cells(table.row(number)) for number in range(start, min(2 * lines, start + 2000))]
            control.add_records(*place, some)

    yield "rows", "batch_create", lambda: None
    yield "nothing", "", lambda: None
    yield "values of rows", "batch_update", lambda: sql("UPDATE orders SET remark = 'again'")
    yield "cells of records", "", edit
    yield "records", "", add


def _sync(stage: Stage, simulator: Feishu, pair: Pair, *, apply: bool) -> Counter[str]:
    order = {
        "environment": stage.environment(pair),
        "mapping": str(pair.mapping),
        "apply": apply,
        "full": False,
        "runs": 1,
        "profile": None,
    }
    simulator.control.clear_calls()
    command = [sys.executable, "-m", "benchmarks.ours"]
    subprocess.run(command, check=True, input=json.dumps(order), stdout=subprocess.DEVNULL, text=True)
    return Counter(simulator.control.counts())


def _told(what: str, verb: str, lines: int, calls: Counter[str]) -> dict[str, Any]:
    record_calls = {api.rpartition(".")[2]: count for api, count in calls.items() if api.startswith("bitable.record.")}
    writes = {name: record_calls.pop(name) for name in _WRITES if name in record_calls}
    return {
        "what": what,
        "lines": lines if what != "nothing" else 0,
        "writes": sum(writes.values()),
        "least": -(-lines // _WRITES[verb]) if verb else 0,
        "searches": record_calls.get("search", 0),
        "batch_get": record_calls.get("batch_get", 0),
        "others": sum(calls.values()) - sum(record_calls.values()) - sum(writes.values()),
    }


def _line(found: dict[str, Any]) -> str:
    return f"| {' | '.join(f'{value:,}' if isinstance(value, int) else value for value in found.values())} |"


if __name__ == "__main__":
    sys.exit(main())
