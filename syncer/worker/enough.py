"""When a run has worked long enough: its slice is over, the worker is to stop, or somebody paused the mapping."""

import mmap
from collections.abc import Callable
from time import monotonic

SLICE = 300.0
"""Seconds a run carries out what it found, before it makes room for others that wait for the worker."""

LOOK = 1.0
"""Seconds, at least, between two looks whether the mapping was paused."""


class StopFlag:
    """A byte that the processes of a pool share with their parent, from before they were forked."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, 1)

    def raise_(self) -> None:
        """The worker is to stop."""
        self._shared[0] = 1

    def is_raised(self) -> bool:
        """Whether it is to stop."""
        return self._shared[0] != 0


def enough(
    flag: StopFlag,
    seconds: float = SLICE,
    clock: Callable[[], float] = monotonic,
    paused: Callable[[], bool] = lambda: False,
) -> Callable[[], bool]:
    """What one run asks between its slices. It carries out for as long, at least, as it took to look.

    ``paused`` tells whether the run's mapping was paused; it is asked once a second at most.
    """
    begun, since = clock(), list[float]()
    is_paused = _now_and_then(paused, clock)

    def is_enough() -> bool:
        now = clock()
        if not since:
            since.append(now)
        return flag.is_raised() or now - since[0] >= max(seconds, since[0] - begun) or is_paused()

    return is_enough


def _now_and_then(ask: Callable[[], bool], clock: Callable[[], float]) -> Callable[[], bool]:
    asked = clock() - LOOK

    def answer() -> bool:
        nonlocal asked
        if clock() - asked < LOOK:
            return False
        asked = clock()
        return ask()

    return answer
