"""How long calls wait for the limiter and for their table: what turns to speak cost beside the calls themselves."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from syncer.batching.redis_shared import Shared


class Waits:
    """Watches the pacer and the writers of one process. Make it before anything is built on them."""

    def __init__(self, shared: Shared) -> None:
        self.seconds, self.turns = 0.0, 0
        self._lock = threading.Lock()
        take, writer = shared.pacer.take, shared.writer
        shared.pacer.take = lambda *given, **more: self._timed(take, *given, **more)
        shared.writer = lambda *given: _Watched(writer(*given), self)

    def _timed(self, work: Any, *given: Any, **more: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*given, **more)
        finally:
            self.add(time.perf_counter() - began, 1)

    def add(self, seconds: float, turns: int = 0) -> None:
        with self._lock:
            self.seconds += seconds
            self.turns += turns


class _Watched:
    """A writer whose comings and goings are timed; what happens while it is held is not."""

    def __init__(self, writer: Any, waits: Waits) -> None:
        self._writer, self._waits = writer, waits

    @contextmanager
    def hold(self, *given: Any) -> Iterator[Any]:
        began = time.perf_counter()
        with self._writer.hold(*given) as lease:
            self._waits.add(time.perf_counter() - began)
            yield lease
            began = time.perf_counter()
        self._waits.add(time.perf_counter() - began)
