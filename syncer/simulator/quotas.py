"""How often an API may be called: per API, app and tenant, counted in one or more windows. [doc]

A refused call gets HTTP 429, code 99991400 and the two `x-ogw-ratelimit-*` headers. Whether a window slides is not
said: see `Switches.quota_window`.
"""

import math
from collections import deque
from dataclasses import dataclass, field

from syncer.simulator.errors import Refusal


@dataclass(frozen=True, slots=True)
class Rate:
    """At most `calls` in `seconds`."""

    calls: int
    seconds: float


PER_SECOND_50 = (Rate(50, 1),)
PER_SECOND_20 = (Rate(20, 1),)
PER_SECOND_10 = (Rate(10, 1),)
PER_SECOND_5 = (Rate(5, 1),)
PER_SECOND_5_AND_DAY = (Rate(5, 1), Rate(10_000, 86_400))
PER_MINUTE_100 = (Rate(100, 60),)
PER_MINUTE_20 = (Rate(20, 60),)
PER_MINUTE_10 = (Rate(10, 60),)
PER_MINUTE_1000_AND_50 = (Rate(1000, 60), Rate(50, 1))

Who = tuple[str, str, str]


@dataclass(slots=True)
class Quotas:
    """The calls counted so far. `scale` multiplies every documented rate; 0 lifts them all."""

    scale: float = 1.0
    _taken: dict[tuple[Who, Rate], deque[float]] = field(default_factory=dict)

    def take(self, who: Who, rates: tuple[Rate, ...], now: float, window: str) -> None:
        """Count one call of `who` (app, tenant, API); Refusal 99991400 when a window is full."""
        if self.scale == 0:
            return
        queues = [(rate, self._taken.setdefault((who, rate), deque())) for rate in rates]
        for rate, queue in queues:
            self._check(rate, queue, now, window)
        for _, queue in queues:
            queue.append(now)

    def _check(self, rate: Rate, queue: deque[float], now: float, window: str) -> None:
        start = now - rate.seconds if window == "sliding" else now // rate.seconds * rate.seconds
        while queue and queue[0] < start:
            queue.popleft()
        if len(queue) >= max(1, round(rate.calls * self.scale)):
            free = queue[0] + rate.seconds if window == "sliding" else start + rate.seconds
            raise too_many(rate.calls, max(1, math.ceil(free - now)))


def too_many(limit: int, reset: int) -> Refusal:
    """Return the 429 with its headers; `reset` is the seconds to wait."""
    headers = {"x-ogw-ratelimit-limit": str(limit), "x-ogw-ratelimit-reset": str(reset)}
    return Refusal(99991400, headers=headers)
