"""Time inside the simulator: it can be set, advanced and run faster than the wall clock."""

import time
from collections.abc import Callable


class Clock:
    """Seconds since the epoch, running `scale` times as fast as the wall clock; `scale` 0 stands still."""

    def __init__(self, scale: float = 1.0) -> None:
        self._scale = scale
        self._origin = time.time()
        self._since = time.monotonic()
        self.jumped: list[Callable[[], None]] = []
        """Called when the time was set, advanced, or made to run differently."""

    @property
    def scale(self) -> float:
        """Return how many times as fast as the wall clock it runs."""
        return self._scale

    def now(self) -> float:
        """Return the simulated time in seconds."""
        return self._origin + (time.monotonic() - self._since) * self._scale

    def now_ms(self, step: int = 1) -> int:
        """Return the simulated time in ms, rounded down to a multiple of `step`."""
        return int(self.now() * 1000) // step * step

    def set(self, seconds: float) -> None:
        """Jump to `seconds` since the epoch."""
        self._origin, self._since = seconds, time.monotonic()
        self._tell()

    def advance(self, seconds: float) -> None:
        """Jump forward."""
        self._origin += seconds
        self._tell()

    def run(self, scale: float) -> None:
        """Go on from now, `scale` times as fast as the wall clock."""
        self._origin, self._since = self.now(), time.monotonic()
        self._scale = scale
        self._tell()

    def _tell(self) -> None:
        for each in self.jumped:
            each()
