"""The syncer's part of a measurement: ``python -m benchmarks.ours``, one run of one mapping."""

import sys
from pathlib import Path
from typing import Any

from benchmarks.measure import Order, measured, serve
from benchmarks.waits import Waits
from syncer.catalog.files import load_files
from syncer.catalog.revisions import digest
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.feishu.transport import sdk
from syncer.settings import load_settings
from syncer.wiring import Syncer


def ours(order: Order) -> dict[str, Any]:
    """Make the mapping active if it is not, make the runs that go before, measure the last one."""
    sdk()
    with Syncer(load_settings(order["environment"], None)) as syncer:
        syncer.redis.ping()
        waits = Waits(syncer.shared)
        if order["apply"]:
            _apply(syncer, Path(order["mapping"]))
        else:
            syncer.applied("orders")
        for _ in range(order["runs"] - 1):
            syncer.sync("orders", Options())
        waits.seconds, waits.turns = 0.0, 0
        reports: list[Report] = []

        def work() -> int:
            reports.append(syncer.sync("orders", Options(full=order["full"])))
            return sum(reports[0].read.values())

        found = measured(work, order["profile"])
        found |= {"waited_seconds": waits.seconds, "turns": waits.turns}
        return {**found, "status": reports[0].status, "written": reports[0].writes}


def _apply(syncer: Syncer, path: Path) -> None:
    loaded = load_files([path], {})
    if loaded.faults:
        sys.exit("\n".join(map(str, loaded.faults)))
    (one,) = loaded.mappings
    sides = syncer.look(one.mapping)
    faults = syncer.check(sides, one.places).faults
    if faults:
        sys.exit("\n".join(map(str, faults)))
    syncer.apply(sides, one.document, digest(one.document), "new")


if __name__ == "__main__":
    serve(ours)
