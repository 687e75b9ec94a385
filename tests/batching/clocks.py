"""A clock that moves only when somebody sleeps on it."""

import threading
from datetime import UTC, datetime, timedelta


class PatientClock:
    """Time passes by sleeping; safe for threads."""

    def __init__(self) -> None:
        self.time = datetime(2026, 1, 1, tzinfo=UTC)
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def now(self) -> datetime:
        with self._lock:
            return self.time

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self.time += timedelta(seconds=seconds)
