"""How fast a table takes calls: learned from its refusals (too many, write conflict, data not ready).

Additive increase, multiplicative decrease: the first refusal brings a table from full speed to ``FIRST`` calls a
second, every further one leaves ``KEPT`` of that, and every success adds ``STEP`` until it is at full speed again. A
table that refuses nothing for ``MEMORY`` is forgotten.

``LocalPaces`` serves one process, ``redis_paces.RedisPaces`` many.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from syncer.ports import Clock

FIRST, LEAST, STEP, FREE = 4.0, 1.0, 1.0, 12.0
"""Calls a second: after the first refusal, at worst, more for every success, and where slowing down ends.

Feishu advises a pause of half a second to a second after a write conflict (the pages of ``batch_create`` and
``batch_update``); a call that goes on being refused waits longer by itself.
"""
KEPT = 0.5
TOGETHER = timedelta(milliseconds=500)
"""Refusals so close together are one: calls that were under way at the same moment."""
MEMORY = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Pace:
    """``calls_per_second``: nothing means full speed. ``reads_alone``: reads, too, must not overlap with writes."""

    calls_per_second: float | None = None
    reads_alone: bool = False

    @property
    def seconds(self) -> float:
        """From one call to the next, at least."""
        return 1 / self.calls_per_second if self.calls_per_second else 0.0


FULL_SPEED = Pace()


class Paces(Protocol):
    """What all workers learned of their tables. ``table`` is any name they agree on."""

    def pace_of(self, table: str) -> Pace:
        """How fast the table may be called now."""
        ...

    def slow_tables(self) -> Mapping[str, Pace]:
        """Every table that is not at full speed, for status and metrics."""
        ...

    def slower(self, table: str, *, reads_alone: bool = False) -> None:
        """The table refused a call. ``reads_alone``: it refused a read because of a write."""
        ...

    def faster(self, table: str) -> None:
        """The table took a call."""
        ...


@dataclass(frozen=True, slots=True)
class _Learned:
    pace: Pace
    changed: datetime
    until: datetime


class LocalPaces:
    """What one process learned. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._learned: dict[str, _Learned] = {}
        self._lock = threading.Lock()

    def pace_of(self, table: str) -> Pace:
        """How fast the table may be called now."""
        with self._lock:
            learned = self._learned.get(table)
            return learned.pace if learned and learned.until > self._clock.now() else FULL_SPEED

    def slow_tables(self) -> Mapping[str, Pace]:
        """Every table that is not at full speed."""
        paces = {table: self.pace_of(table) for table in list(self._learned)}
        return {table: pace for table, pace in paces.items() if pace != FULL_SPEED}

    def slower(self, table: str, *, reads_alone: bool = False) -> None:
        """The table refused a call."""
        before, now = self.pace_of(table), self._clock.now()
        with self._lock:
            last = self._learned.get(table)
            changed, rate = now, FIRST
            if before.calls_per_second and last:
                together = abs(now - last.changed) < TOGETHER
                changed = last.changed if together else now
                rate = before.calls_per_second if together else max(LEAST, before.calls_per_second * KEPT)
            pace = Pace(rate, before.reads_alone or reads_alone)
            self._learned[table] = _Learned(pace, changed, now + MEMORY)

    def faster(self, table: str) -> None:
        """The table took a call."""
        with self._lock:
            learned = self._learned.get(table)
            if learned and learned.pace.calls_per_second:
                rate = learned.pace.calls_per_second + STEP
                pace = replace(learned.pace, calls_per_second=None if rate >= FREE else rate)
                self._learned[table] = replace(learned, pace=pace)
