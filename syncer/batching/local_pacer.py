"""A pacer for the threads of one process; the twin, in memory, of ``redis_pacer``.

It keeps a sliding log, not a refilling bucket: a bucket lets twice the quota through within one window, right after a
rest. Who stands at place ``n`` of the queue waits until ``n + 1`` calls are free, so that nobody who overslept, or
died, holds up those behind. While several wait, calls begin evenly spaced: out of a window that opened all at once,
everybody would get one call, however many others the same mapping has waiting.
"""

import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta

from syncer.batching.askers import ANYONE, Asker
from syncer.batching.fair_queue import FairQueue
from syncer.batching.quota import CATCH_UP, LONGEST_WAIT, SHORTEST_WAIT, SOON, SPARE, Claim, LongWaitError, Quota
from syncer.ports import Clock

_CROWDED = timedelta(milliseconds=20)
"""For those who stand behind more others than a window has calls."""


class LocalPacer:
    """Keeps the law among threads. ``scale`` multiplies every documented quota, 0 lifts them (benchmarks)."""

    def __init__(self, clock: Clock, scale: float = 1.0) -> None:
        self._clock, self._scale = clock, scale
        self._lanes: dict[str, _Lane] = {}
        self._lock = threading.Lock()

    def take(self, key: str, quota: Quota, who: Asker = ANYONE, *, most: float | None = None) -> float:
        """Wait until one more call may begin, and count it; the seconds waited. Raises ``LongWaitError``."""
        return keep_asking(self._clock, lambda ticket: self.claim(key, quota, who, ticket), most)

    def claim(self, key: str, quota: Quota, who: Asker = ANYONE, ticket: str = "") -> Claim:
        """Count a call that begins now, or say how long to wait before asking again. Never waits."""
        with self._lock:
            lane = self._lanes.setdefault(key, _Lane())
            return lane.claim(quota.scaled(self._scale), who, ticket, self._clock.now())

    def block(self, key: str, seconds: float) -> None:
        """Nobody takes from this key before ``seconds`` have passed."""
        with self._lock:
            self._lanes.setdefault(key, _Lane()).block(self._clock.now() + timedelta(seconds=seconds))


def keep_asking(clock: Clock, ask: Callable[[str], Claim], most: float | None = None) -> float:
    """Ask, with the ticket of the time before, until a call may begin. Returns the seconds waited.

    Who comes too late for its moment, on a machine that has no time, asks for another one, once: calls that begin late
    would stand too close to those that begin in time.
    """
    waited, claim, late = 0.0, Claim(0.0), False
    while not claim.begins:
        asked = clock.now()
        claim = ask(claim.ticket)
        if most is not None and claim.left > most:
            if late:  # its first moment is counted, and rather used late than not at all
                return waited
            raise LongWaitError(claim.left)
        waited += claim.wait
        if claim.wait:
            clock.sleep(claim.wait)
        if claim.begins and not late and clock.now() - asked > timedelta(seconds=claim.wait) + SPARE / 2:
            claim, late = Claim(0.0), True
    return waited


class _Lane:
    """Calls of one key: when the last ones began, and who waits."""

    def __init__(self) -> None:
        self._begun: deque[datetime] = deque()
        self._next: datetime | None = None
        self._blocked_until: datetime | None = None
        self._queue = FairQueue()

    def block(self, until: datetime) -> None:
        self._blocked_until = max(until, self._blocked_until or until)

    def claim(self, quota: Quota, who: Asker, ticket: str, now: datetime) -> Claim:
        self._survive_a_step_back(now)
        ticket, ahead = self._queue.stand(ticket, who, now)
        seconds = self._wait(quota, ahead, now).total_seconds()
        if seconds > SOON or (seconds > 0 and ahead):
            wait = min(max(seconds, SHORTEST_WAIT), LONGEST_WAIT)
            self._queue.wait(ticket, now, wait)
            return Claim(wait, ticket, left=seconds)
        self._queue.serve(ticket)
        begin = now + timedelta(seconds=seconds)
        self._note(quota, begin)
        self._next = max(self._next or begin, begin - CATCH_UP * quota.spacing) + quota.spacing
        return Claim(seconds, begins=True)

    def _wait(self, quota: Quota, ahead: int, now: datetime) -> timedelta:
        """How long until a call may begin behind ``ahead`` others; zero: now."""
        longest = max(timedelta(0), self._blocked_until - now) if self._blocked_until else timedelta(0)
        if self._next and len(self._queue) > 1:
            longest = max(longest, self._next + ahead * quota.spacing - now)
        for window in quota.windows:
            place = max(window.calls - 1 - ahead, 0)
            if place < len(self._begun):
                longest = max(longest, self._begun[place] + timedelta(seconds=window.seconds) + SPARE - now)
            if ahead >= window.calls:
                longest = max(longest, _CROWDED)
        return longest

    def _note(self, quota: Quota, now: datetime) -> None:
        """Newest first; no more than the largest window can ask for."""
        self._begun.appendleft(now)
        most = max((window.calls for window in quota.windows), default=0)
        while len(self._begun) > most:
            self._begun.pop()

    def _survive_a_step_back(self, now: datetime) -> None:
        """A clock that was set back must cost one window at most, not the hours until it catches up."""
        if self._begun and self._begun[0] > now + timedelta(seconds=SOON):
            back = self._begun[0] - now
            self._begun = deque(begun - back for begun in self._begun)
            self._queue.clear()
            self._blocked_until = self._next = None
