"""When a run has worked long enough: its slice is over, or the worker is to stop."""

import mmap
from collections.abc import Callable
from time import monotonic

SLICE = 300.0
"""Seconds a run carries out what it found, before it makes room for others that wait for the worker."""


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


def enough(flag: StopFlag, seconds: float = SLICE, clock: Callable[[], float] = monotonic) -> Callable[[], bool]:
    """What one run asks between its slices. It carries out for as long, at least, as it took to look."""
    begun, since = clock(), list[float]()

    def is_enough() -> bool:
        now = clock()
        if not since:
            since.append(now)
        return flag.is_raised() or now - since[0] >= max(seconds, since[0] - begun)

    return is_enough
