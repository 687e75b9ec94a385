"""``python -m benchmarks``: every case at every size and latency, as JSON and as a Markdown table."""

import argparse
import json
import platform
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.cases import CASES, Bench, Result
from benchmarks.stage import Stage

_HEAD = (
    "| case | lines | ms a call | floor s | ours s | ratio | goal | CPU floor s | CPU ours s | record calls | minimum "
    "| all calls | wait ms a call | peak MB | state B a link |\n"
    "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
)


def main(given: Sequence[str] | None = None) -> None:
    wanted = _arguments(given)
    began, results = time.monotonic(), []
    print(_HEAD)
    with Stage() as stage:
        bench = Bench(stage, wanted.profile)
        for lines in wanted.lines:
            for result in bench.size(lines, tuple(wanted.cases), tuple(wanted.latency)):
                print(_line(result), flush=True)
                results.append(result)
    print(f"\n{_machine()}; {time.monotonic() - began:.0f} s in all", flush=True)
    path = _save(results)
    print(f"{path}", file=sys.stderr)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--lines", nargs="+", type=int, default=[10_000, 100_000], help="lines of the tables")
    parser.add_argument("--latency", nargs="+", type=int, default=[0, 150], help="milliseconds of every call")
    parser.add_argument("--quick", action="store_true", help="10,000 lines without latency only")
    parser.add_argument("--profile", help="a folder for profiles of our runs; they make them slower")
    wanted = parser.parse_args(given)
    if wanted.quick:
        wanted.lines, wanted.latency = [10_000], [0]
    return wanted


def _line(result: Result) -> str:
    floor, ours = result.floor, result.ours
    cells = (
        result.case,
        f"{result.lines:,}",
        result.latency_ms,
        f"{floor.seconds:.2f}",
        f"{ours.seconds:.2f}",
        f"{result.ratio:.2f}",
        result.goal or "",
        f"{floor.cpu_seconds:.2f}",
        f"{ours.cpu_seconds:.2f}",
        ours.record_calls,
        floor.record_calls,
        sum(ours.calls.values()),
        f"{ours.wait_ms:.1f}",
        f"{ours.peak_mb:.0f}",
        f"{result.state_bytes['link']:.0f}",
    )
    return f"| {' | '.join(map(str, cells))} |"


def _machine() -> str:
    model = next((line.split(":")[1].strip() for line in _cpuinfo() if line.startswith("model name")), "")
    cores = sum(line.startswith("processor") for line in _cpuinfo())
    today = datetime.now(UTC).date()
    return f"{today}, {model or platform.machine()}, {cores} cores, Python {platform.python_version()}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def _save(results: Sequence[Result]) -> Path:
    folder = Path(__file__).parent / "results"
    folder.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    path = folder / f"{now:%Y%m%d-%H%M%S}.json"
    document: dict[str, Any] = {
        "at": now.isoformat(),
        "machine": _machine(),
        "syncer": version("syncer"),
        "results": [result.to_json() for result in results],
    }
    path.write_text(json.dumps(document, indent=1), encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
