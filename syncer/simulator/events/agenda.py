"""What is to be done at which moment of the simulated clock; a jump of the clock makes it due at once."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable

from syncer.simulator.clock import Clock

Do = Callable[[], None]


class Agenda:
    """Runs what is due. `speed` of `put` shortens the wait without touching the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._numbers = itertools.count()
        self._waiting: list[tuple[float, int, Do]] = []
        self._moved = asyncio.Event()
        clock.jumped.append(self._moved.set)

    def put(self, seconds: float, do: Do) -> None:
        """Do something in so many simulated seconds."""
        heapq.heappush(self._waiting, (self._clock.now() + seconds, next(self._numbers), do))
        self._moved.set()

    def due(self) -> bool:
        """Return whether something should be done already."""
        return bool(self._waiting) and self._waiting[0][0] <= self._clock.now()

    async def run(self) -> None:
        """Do what is due, as it becomes due, until cancelled."""
        while True:
            self._moved.clear()
            while self.due():
                heapq.heappop(self._waiting)[2]()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), self._real_seconds())

    def _real_seconds(self) -> float | None:
        if not self._waiting or not self._clock.scale:
            return None
        return max(0.0, (self._waiting[0][0] - self._clock.now()) / self._clock.scale)
