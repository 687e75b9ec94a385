"""``python -m benchmarks.fleet``: four worker processes on eight tables, against documented quotas that Feishu counts.

Every table is read and written all the time through the real client, with the real Redis. Told by the simulator's own
count: the calls it refused, and how much of what it allows was used. Exits with 1 if the goals are missed.
"""

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from syncer.batching.askers import Asker
from syncer.batching.redis_link import connect
from syncer.batching.redis_shared import Shared
from syncer.embedded.redis import EmbeddedRedis
from syncer.simulator.control import Control, TablePlace
from syncer.simulator.server import DEFAULT_APP_ID, DEFAULT_APP_SECRET

WORKERS, TABLES, READERS = 4, 8, 2
ALLOWED = {"bitable.record.search": 20, "bitable.record.batch_create": 50}
GOAL = 0.9
_HEAD = "| api | allowed a second | reached | part | refused (429) |\n|---|--:|--:|--:|--:|"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a worker finds everything."""

    feishu: str
    redis: str


def main(given: Sequence[str] | None = None) -> int:
    """Run the fleet, print the table, and say whether the goals were met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fleet", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--latency", type=float, default=0.15, help="seconds of every call")
    wanted = parser.parse_args(given)
    with TemporaryDirectory() as home, EmbeddedRedis(Path(home), durable=False) as redis, _feishu() as url:
        control = Control(url)
        places = _tables(control)
        control.set_latency("bitable.record.*", wanted.latency)
        with _workers(Place(url, redis.url()), places):
            _wait_for_all(control)
            control.clear_calls()
            time.sleep(wanted.seconds + 1)
            calls = control.calls()
    return _told(calls)


def _told(calls: Sequence[Any]) -> int:
    """Leaves out the first second."""
    first = min(call["at"] for call in calls)
    counted = [call for call in calls if call["at"] >= first + 1]
    spent = max(call["at"] for call in counted) - first - 1
    parts, refused = [], 0
    print(_HEAD)
    for api, allowed in ALLOWED.items():
        mine = [call for call in counted if call["api"] == api]
        late = sum(call["code"] == 99991400 for call in mine)
        reached = (len(mine) - late) / spent
        parts.append(reached / allowed)
        refused += late
        print(f"| {api} | {allowed} | {reached:.1f} | {reached / allowed:.0%} | {late} |")
    met = not refused and min(parts) >= GOAL
    shares = dict(zip(ALLOWED, (round(part, 3) for part in parts), strict=True))
    print(json.dumps({"seconds": round(spent, 1), "refused": refused, "shares": shares, "met": met}), file=sys.stderr)
    print(f"\n{spent:.0f} s, {WORKERS} processes, {TABLES} tables: {'met' if met else 'missed'}")
    return 0 if met else 1


def _tables(control: Control) -> list[TablePlace]:
    base = control.create_base("Fleet")
    places = [
        control.create_table(base, f"表 {number}", [{"field_name": "订单号", "type": 1}]) for number in range(TABLES)
    ]
    for place in places:
        control.add_records(place.app_token, place.table_id, [{"订单号": str(number)} for number in range(20)])
    return places


def _wait_for_all(control: Control) -> None:
    """Until every table was written: the workers need seconds to load the SDK."""
    while control.counts().get("bitable.record.batch_create", 0) < 10 * TABLES:
        time.sleep(0.1)


@contextmanager
def _feishu() -> Iterator[str]:
    command = [sys.executable, "-m", "syncer.simulator", "--control", "--parent-pid", str(os.getpid())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


@contextmanager
def _workers(place: Place, tables: Sequence[TablePlace]) -> Iterator[None]:
    spawn = multiprocessing.get_context("spawn")
    running = [
        spawn.Process(target=_work, args=(place, tables[number::WORKERS]), daemon=True) for number in range(WORKERS)
    ]
    for process in running:
        process.start()
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.join()


def _work(place: Place, tables: Sequence[TablePlace]) -> None:
    from syncer.feishu.client import FeishuClient  # noqa: PLC0415 - loads the SDK: in the worker only
    from syncer.nature import SystemClock  # noqa: PLC0415 - likewise

    clock = SystemClock()
    shared = Shared(connect(place.redis), clock)
    client = FeishuClient(
        DEFAULT_APP_ID,
        DEFAULT_APP_SECRET,
        clock=clock,
        pacer=shared.pacer,
        paces=shared.paces,
        domain=place.feishu,
        redis=shared.link.redis,
    )
    threads = [
        threading.Thread(target=task, args=(client, shared, table), daemon=True)
        for table in tables
        for task in (_write, *[_read] * READERS)
    ]
    for thread in threads:
        thread.start()
    threads[0].join()


def _records(client: Any, shared: Shared, table: TablePlace) -> Any:
    from syncer.feishu.bitable import BitableRecords  # noqa: PLC0415 - loads the SDK

    writer, who = shared.writer(table.table_id), Asker(table.table_id)
    return BitableRecords(client, table.app_token, table.table_id, writer, who=who)


def _write(client: Any, shared: Shared, table: TablePlace) -> None:
    records = _records(client, shared, table)
    for number in count():
        records.create([{"订单号": f"新 {number}"}], str(uuid.uuid4()))


def _read(client: Any, shared: Shared, table: TablePlace) -> None:
    records = _records(client, shared, table)
    while True:
        records.find([{"订单号": "7"}], ["订单号"])


if __name__ == "__main__":
    sys.exit(main())
