"""Counts of all processes that share a Redis, since it was last emptied: calls, waits, events.

Every process gathers its own for a moment and adds them in one step, so that counting costs no call anything. What is
gathered while Redis is away is added when it answers again.
"""

import os
import threading
from collections.abc import Mapping
from typing import Any

import orjson

from syncer.batching.redis_link import AwayError, RedisLink

GATHERED = 1.0
"""Seconds from a first count to the moment in which all processes can see it."""


class RedisCounts:
    """Shared among processes. Safe for threads and forks."""

    def __init__(self, link: RedisLink, *, key: str = "syncer:counts", seconds: float = GATHERED) -> None:
        self._link, self._key, self._seconds = link, key, seconds
        self._gathered: dict[tuple[str, ...], float] = {}
        self._timer: threading.Timer | None = None
        self._lock, self._process = threading.Lock(), os.getpid()
        self._telling = threading.Lock()

    def add(self, what: str, *labels: str, amount: float = 1) -> None:
        """So many more."""
        if self._process != os.getpid():
            self._begin()  # what was gathered before the fork is the parent's to tell
        with self._lock:
            self._put((what, *labels), amount)
            if self._timer is None:
                self._timer = threading.Timer(self._seconds, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def flush(self) -> None:
        """Add to Redis what was gathered; it stays here while Redis is away, and goes with the next count."""
        if self._process != os.getpid():
            return
        with self._lock:
            gathered, self._gathered = self._gathered, {}
            timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()
        try:
            with self._telling:  # whoever closes the connection flushes before, and waits for what the timer tells
                if gathered:
                    self._link.ask(lambda: self._told(gathered))
        except AwayError:
            with self._lock:
                for name, amount in gathered.items():
                    self._put(name, amount)

    def everything(self) -> Mapping[tuple[str, ...], float]:
        """What all processes counted, by what is counted and its labels. Raises ``AwayError``."""
        self.flush()
        found: Any = self._link.ask(lambda: self._link.redis.hgetall(self._key))
        return {tuple(orjson.loads(name)): float(amount) for name, amount in found.items()}

    def _put(self, name: tuple[str, ...], amount: float) -> None:
        self._gathered[name] = self._gathered.get(name, 0) + amount

    def _begin(self) -> None:
        self._gathered, self._timer = {}, None
        self._lock, self._process, self._telling = threading.Lock(), os.getpid(), threading.Lock()

    def _told(self, gathered: Mapping[tuple[str, ...], float]) -> None:
        with self._link.redis.pipeline(transaction=True) as pipeline:
            for name, amount in gathered.items():
                pipeline.hincrbyfloat(self._key, orjson.dumps(name).decode(), amount)
            pipeline.execute()
