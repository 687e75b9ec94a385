"""What is measured: the floor and the syncer one after the other, on the same tables, with the same latency."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.stage import CREDENTIALS, Feishu, Pair, Stage, feishu, state_bytes

CASES = ("to_database", "to_feishu", "no_op")
RECORD_CALLS = "bitable.record."
GOALS = {
    0: {"to_database": 3.0, "to_feishu": 3.0, "no_op": 2.0},
    150: {"to_database": 1.15, "to_feishu": 1.15, "no_op": 1.2},
}
"""Most that the syncer may take, as a multiple of the floor, by milliseconds of latency."""
QUOTAS_FROM = 100
"""Milliseconds a call from which on Feishu's documented quotas are counted: a bare loop does not exceed them there."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One process' work: seconds, CPU seconds of this process alone, peak megabytes, calls as Feishu counted them.

    ``waited_seconds`` are those in which ``turns`` calls of ours waited for the limiter and for their table.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    lines: int
    calls: dict[str, int]
    waited_seconds: float = 0.0
    turns: int = 0

    @property
    def wait_ms(self) -> float:
        """Milliseconds that one call waited for its turn."""
        return 1000 * self.waited_seconds / self.turns if self.turns else 0.0

    @property
    def record_calls(self) -> int:
        return sum(count for api, count in self.calls.items() if api.startswith(RECORD_CALLS))


@dataclass(frozen=True, slots=True)
class Result:
    """A case side by side. ``state_bytes`` is what the state store holds per link, after a first load."""

    case: str
    lines: int
    latency_ms: int
    floor: Measured
    ours: Measured
    state_bytes: dict[str, float]

    @property
    def ratio(self) -> float:
        return self.ours.seconds / self.floor.seconds

    @property
    def goal(self) -> float | None:
        return GOALS.get(self.latency_ms, {}).get(self.case)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "ratio": self.ratio, "goal": self.goal}


class Bench:
    """Measures cases on one stage. ``profile`` names a folder for profiles of our own runs."""

    def __init__(self, stage: Stage, profile: str | None = None) -> None:
        self._stage, self._profile = stage, profile

    def size(self, lines: int, cases: tuple[str, ...], latencies: tuple[int, ...]) -> Iterator[Result]:
        """All cases of one size."""
        if "to_database" in cases or "no_op" in cases:
            yield from self._from_feishu(lines, cases, latencies)
        if "to_feishu" in cases:
            for latency in latencies:
                yield from self._to_feishu(lines, latency)

    def _from_feishu(self, lines: int, cases: tuple[str, ...], latencies: tuple[int, ...]) -> Iterator[Result]:
        with feishu() as simulator:
            full = self._stage.pair(simulator, records=lines)
            if "to_database" in cases:
                for latency in latencies:
                    floor = self._floor("to_database", simulator, self._stage.beside(full), latency)
                    pair = self._stage.beside(full)
                    ours = self._ours("to_database", simulator, pair, latency, apply=True)
                    yield Result("to_database", lines, latency, floor, ours, _per_link(pair, lines))
            if "no_op" in cases:
                yield from self._no_op(simulator, full, lines, latencies)

    def _no_op(self, simulator: Feishu, pair: Pair, lines: int, latencies: tuple[int, ...]) -> Iterator[Result]:
        self._ours("prepare", simulator, pair, 0, apply=True, runs=3)
        for latency in latencies:
            floor = self._floor("no_op", simulator, pair, latency)
            ours = self._ours("no_op", simulator, pair, latency)
            yield Result("no_op", lines, latency, floor, ours, _per_link(pair, lines))

    def _to_feishu(self, lines: int, latency: int) -> Iterator[Result]:
        with feishu() as simulator:
            pair = self._stage.pair(simulator, rows=lines)
            floor = self._floor("to_feishu", simulator, pair, latency)
        with feishu() as simulator:
            pair = self._stage.pair(simulator, rows=lines)
            ours = self._ours("to_feishu", simulator, pair, latency, apply=True)
            yield Result("to_feishu", lines, latency, floor, ours, _per_link(pair, lines))

    def _floor(self, case: str, simulator: Feishu, pair: Pair, latency: int) -> Measured:
        order = {
            "case": case,
            "feishu": pair.feishu,
            "app_token": pair.place.app_token,
            "table_id": pair.place.table_id,
            "credentials": CREDENTIALS,
            "database": pair.database.replace("+psycopg", ""),
        }
        return _counted(simulator, latency, lambda: _child("floors", order))

    def _ours(
        self, case: str, simulator: Feishu, pair: Pair, latency: int, *, apply: bool = False, runs: int = 1
    ) -> Measured:
        """``runs``: so many, of which the last one is measured."""
        order = {
            "environment": {
                **self._stage.environment(pair),
                "SYNCER_QUOTA_SCALE": str(int(latency >= QUOTAS_FROM)),
            },
            "mapping": str(pair.mapping),
            "apply": apply,
            "full": case == "no_op",
            "runs": runs,
            "profile": f"{self._profile}/{case}-{latency}.prof" if self._profile else None,
        }
        return _counted(simulator, latency, lambda: _child("ours", order))


_NUMBERS, _TURNS = ("seconds", "cpu_seconds", "peak_mb", "lines"), ("waited_seconds", "turns")


def _counted(simulator: Feishu, latency: int, work: Callable[[], dict[str, Any]]) -> Measured:
    simulator.control.set_latency("*", latency / 1000)
    simulator.control.set_quota_scale(int(latency >= QUOTAS_FROM))
    simulator.control.clear_calls()
    try:
        found = work()
    finally:
        simulator.control.set_latency("*", 0)
        simulator.control.set_quota_scale(0)
    if found.get("status", "done") != "done":
        sys.exit(f"the run that was to be measured ended as {found['status']}")
    numbers = {name: found[name] for name in (*_NUMBERS, *(name for name in _TURNS if name in found))}
    return Measured(**numbers, calls=simulator.control.counts())


def _child(module: str, order: dict[str, Any]) -> dict[str, Any]:
    command = [sys.executable, "-m", f"benchmarks.{module}"]
    done = subprocess.run(command, check=False, input=json.dumps(order), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"the measured process ended with {done.returncode}")
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _per_link(pair: Pair, lines: int) -> dict[str, float]:
    sizes = state_bytes(pair)
    return {"link": sizes["link"] / lines, "audit": sizes["audit"] / lines, "all": sum(sizes.values()) / lines}
