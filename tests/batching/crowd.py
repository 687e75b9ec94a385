"""A crowd of callers at one pacer, in a time that passes only when nobody has anything to do."""

import heapq
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from syncer.batching.askers import ANYONE, Asker


@dataclass
class Caller:
    """Makes ``calls`` calls from ``start`` on, ``pause`` seconds apart; asks again ``late`` seconds too late.

    One that ``dies`` after so many questions never comes back.
    """

    who: Asker = ANYONE
    calls: int = 1000
    start: float = 0.0
    pause: float = 0.0
    late: float = 0.0
    dies: int | None = None
    pacer: object = None
    ticket: str = ""
    asked: int = 0
    begun: list[datetime] = field(default_factory=list)
    came: datetime | None = None
    longest: float = 0.0


def run(pacer, clock, quota, callers, seconds, meanwhile=None, key="k"):
    """Let them call for so many seconds; every moment a call began, in order. ``meanwhile``: {second: what happens}."""
    start, numbers, moments = clock.now(), count(), []
    events = [(caller.start, next(numbers), caller) for caller in callers]
    events += [(at, next(numbers), happening) for at, happening in (meanwhile or {}).items()]
    heapq.heapify(events)
    while events and events[0][0] <= seconds:
        at, _, found = heapq.heappop(events)
        clock.time = max(clock.time, start + timedelta(seconds=at))
        if not isinstance(found, Caller):
            found()
            continue
        again = _ask(found, found.pacer or pacer, clock, quota, key, moments)
        if again is not None:
            heapq.heappush(events, (at + again, next(numbers), found))
    return moments


def _ask(caller, pacer, clock, quota, key, moments):
    """Seconds until the caller comes again, if it does."""
    caller.asked += 1
    caller.came = caller.came or clock.now()
    claim = pacer.claim(key, quota, caller.who, caller.ticket)
    caller.ticket = claim.ticket
    if not claim.begins:
        return None if caller.dies is not None and caller.asked >= caller.dies else claim.wait + caller.late
    begin = clock.now() + timedelta(seconds=claim.wait)
    caller.longest = max(caller.longest, (begin - caller.came).total_seconds())
    caller.begun.append(begin)
    caller.ticket, caller.came = "", None
    moments.append(begin)
    return claim.wait + caller.pause if len(caller.begun) < caller.calls else None


def shares(callers):
    """Calls by name of the asker."""
    found = Counter()
    for caller in callers:
        found[caller.who.name] += len(caller.begun)
    return found


def assert_law(moments, quota):
    """In no window more calls than the quota."""
    moments = sorted(moments)
    for window in quota.windows:
        for first, too_many in zip(moments, moments[window.calls :], strict=False):
            assert too_many - first >= timedelta(seconds=window.seconds)
