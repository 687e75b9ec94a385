"""Quotas: how many calls may begin within a time, and a pacer that waits until the next one may.

A pacer keeps a sliding log, not a refilling bucket: a bucket lets twice the quota through within one window, right
after a rest.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import floor
from typing import Protocol

from syncer.ports import Clock

SPARE = timedelta(milliseconds=50)
"""Added to every window: calls that leave in time may arrive closer together than they left."""
_SHORTEST_WAIT = 0.001


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``calls`` calls within any ``seconds``."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Quota:
    """Windows that all hold at once (``1000/min and 50/s``)."""

    windows: tuple[Window, ...]

    def scaled(self, factor: float) -> "Quota":
        """The quota times ``factor``; 0 means no limit. Below one call a window the window grows instead."""
        if factor < 0:
            raise ValueError(f"a quota cannot be multiplied by {factor}")
        return Quota(tuple(_scaled(window, factor) for window in self.windows) if factor else ())


def per_second(calls: int) -> Quota:
    """So many calls a second."""
    return Quota((Window(calls, 1),))


def per_minute(calls: int) -> Quota:
    """So many calls a minute."""
    return Quota((Window(calls, 60),))


def _scaled(window: Window, factor: float) -> Window:
    calls = window.calls * factor
    return Window(floor(calls), window.seconds) if calls >= 1 else Window(1, window.seconds / calls)


class Pacer(Protocol):
    """Lets calls begin as fast as their quota allows. ``key`` names whom the quota counts: domain, app and api."""

    def take(self, key: str, quota: Quota) -> float:
        """Wait until one more call may begin, and count it. Returns the seconds waited."""
        ...

    def block(self, key: str, seconds: float) -> None:
        """Feishu said to wait: nobody takes from this key before ``seconds`` have passed."""
        ...


@dataclass(slots=True)
class _Log:
    """When the last calls of one key began, a window's worth for every window."""

    begun: dict[Window, deque[datetime]] = field(default_factory=dict)
    blocked_until: datetime | None = None

    def wait(self, quota: Quota, now: datetime) -> timedelta:
        """How long until one more call may begin; zero: now."""
        longest = max(timedelta(0), self.blocked_until - now) if self.blocked_until else timedelta(0)
        for window in quota.windows:
            calls = self.begun.setdefault(window, deque(maxlen=window.calls))
            _survive_a_step_back(calls, now)
            if len(calls) == window.calls:
                longest = max(longest, calls[0] + timedelta(seconds=window.seconds) + SPARE - now)
        return longest

    def note(self, quota: Quota, now: datetime) -> None:
        for window in quota.windows:
            self.begun[window].append(now)


def _survive_a_step_back(calls: deque[datetime], now: datetime) -> None:
    """A clock that was set back must cost one window at most, not the hours until it catches up."""
    if calls and calls[-1] > now:
        count = len(calls)
        calls.clear()
        calls.extend([now] * count)


class LocalPacer:
    """A pacer for the threads of one process. ``scale`` multiplies every quota, 0 lifts them (benchmarks)."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        self._clock, self._scale = clock, scale
        self._logs: dict[str, _Log] = {}
        self._lock = threading.Lock()

    def take(self, key: str, quota: Quota) -> float:
        """Wait until one more call may begin, and count it. Returns the seconds waited."""
        scaled = quota.scaled(self._scale)
        waited = 0.0
        while seconds := self._claim(key, scaled):
            self._clock.sleep(seconds)
            waited += seconds
        return waited

    def block(self, key: str, seconds: float) -> None:
        """Nobody takes from this key before ``seconds`` have passed."""
        with self._lock:
            log = self._logs.setdefault(key, _Log())
            until = self._clock.now() + timedelta(seconds=seconds)
            log.blocked_until = max(until, log.blocked_until or until)

    def _claim(self, key: str, quota: Quota) -> float:
        """Count a call and return 0, or return how long to wait before asking again."""
        with self._lock:
            log = self._logs.setdefault(key, _Log())
            now = self._clock.now()
            wait = log.wait(quota, now)
            if wait > timedelta(0):
                return max(wait.total_seconds(), _SHORTEST_WAIT)
            log.note(quota, now)
            return 0.0
