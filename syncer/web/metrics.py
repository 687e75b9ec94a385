"""``GET /metrics`` for Prometheus: how all processes do together, read from Redis and the state store when asked.

No label is a secret: names of mappings, APIs, outcomes, and tables by their domain, base and id.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from starlette.responses import Response

from syncer.batching.redis_link import AwayError
from syncer.errors import UnreachableError
from syncer.state.figures import Figures, Kept, figures
from syncer.wiring import Syncer

_COUNTED = {
    "calls": ("feishu_calls", "Calls sent to Feishu, every repetition counted", ("api", "outcome")),
    "quota_waits": ("quota_waits", "Calls that waited for a quota", ("api",)),
    "quota_seconds": ("quota_wait_seconds", "Seconds that calls waited for a quota", ("api",)),
    "table_seconds": ("table_wait_seconds", "Seconds that calls waited for a table that is slow", ("table",)),
    "leases": ("leases", "Leases that writers of a table got", ("table",)),
    "lease_seconds": ("lease_wait_seconds", "Seconds that writers waited for a table's lease", ("table",)),
    "events": ("events", "Events of Feishu, by what became of them", ("outcome",)),
}

_OF_MAPPING = {
    "conflicts": ("conflicts_open", "Conflicts that wait for a decision"),
    "failures": ("failures_open", "Lines that cannot be written"),
    "backlog": ("backlog", "What was noticed and not looked at yet"),
    "waiting_seconds": ("waiting_seconds", "How long the oldest of what was noticed waits"),
    "lag_seconds": ("lag_seconds", "Since the last run began that looked at both sides and did its work"),
}


def metric_routes(living: Syncer) -> APIRouter:
    """``GET /metrics`` in the text format of Prometheus; what does not answer is told by ``syncer_up`` as 0."""
    router, registry = APIRouter(), CollectorRegistry()
    registry.register(_Everything(living))

    @router.get("/metrics")
    def _metrics() -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return router


@dataclass(frozen=True, slots=True)
class _Everything(Collector):
    living: Syncer

    def describe(self) -> Iterable[Metric]:
        """Nothing is asked for before somebody wants to know."""
        return ()

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("syncer_up", "Whether what the figures stand on answers", labels=["part"])
        yield from _told(up, "redis", self._shared)
        yield from _told(up, "state store", self._remembered)
        yield up

    def _shared(self) -> Sequence[Metric]:
        shared = self.living.shared
        counted = list(_counted(shared.counts.everything()))
        paces = GaugeMetricFamily(
            "syncer_table_pace", "Calls a second that a table takes, as learned; absent: all", labels=["table"]
        )
        sizes = GaugeMetricFamily(
            "syncer_table_batch_lines", "Lines that a write carries, as learned; absent: all", labels=["table"]
        )
        for table, pace in shared.paces.slow_tables().items():
            if pace.calls_per_second:
                paces.add_metric([table], pace.calls_per_second)
        for table, size in shared.sizes.small_tables().items():
            sizes.add_metric([table], size)
        return [*counted, paces, sizes]

    def _remembered(self) -> Sequence[Metric]:
        mappings, runs = figures(self.living.state_engine, self.living.clock)
        return [*_of_mappings(mappings), _of_states(mappings), _of_runs(runs)]


def _told(up: GaugeMetricFamily, part: str, ask: Callable[[], Sequence[Metric]]) -> Iterator[Metric]:
    try:
        found = ask()
    except (AwayError, UnreachableError):
        up.add_metric([part], 0)
        return
    up.add_metric([part], 1)
    yield from found


def _counted(counts: Mapping[tuple[str, ...], float]) -> Iterator[Metric]:
    for what, (name, words, labels) in _COUNTED.items():
        family = CounterMetricFamily(f"syncer_{name}", words, labels=labels)
        for (counted, *values), amount in sorted(counts.items()):
            if counted == what and len(values) == len(labels):
                family.add_metric(values, amount)
        yield family


def _of_mappings(mappings: Sequence[Figures]) -> Iterator[Metric]:
    for word, (name, words) in _OF_MAPPING.items():
        family = GaugeMetricFamily(f"syncer_{name}", words, labels=["mapping"])
        for one in mappings:
            amount = getattr(one, word)
            if amount is not None:
                family.add_metric([one.mapping], amount)
        yield family


def _of_states(mappings: Sequence[Figures]) -> Metric:
    family = GaugeMetricFamily("syncer_mapping_state", "1 for the state of each mapping", labels=["mapping", "state"])
    for one in mappings:
        family.add_metric([one.mapping, one.state], 1)
    return family


def _of_runs(runs: Sequence[Kept]) -> Metric:
    family = GaugeMetricFamily("syncer_runs", "Runs that are remembered, by status", labels=["mapping", "status"])
    for one in runs:
        family.add_metric([one.mapping, one.status], one.runs)
    return family
