"""Quotas: how many calls may begin within a time, and what a pacer promises who keeps calls inside them.

``local_pacer`` serves the threads of one process, ``redis_pacer`` many processes and machines.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from math import floor
from typing import Protocol

from syncer.batching.askers import ANYONE, Asker

SPARE = timedelta(milliseconds=50)
"""Added to every window: calls that leave in time may arrive closer together than they left."""
CATCH_UP = 5
"""How many evenly spaced calls may come late and still be made up for."""
SHORTEST_WAIT, LONGEST_WAIT = 0.001, 1.0
"""Seconds between two questions of somebody who waits: others give up, die, or are more urgent."""

SOON = 0.06
"""Seconds: the next in turn is not told to ask again after so little, but to begin then. Who asks again comes late, and
what was free meanwhile is lost; who waits longer may still be passed by somebody more urgent.
"""

_SHORT = 2.0


@dataclass(frozen=True, slots=True)
class Window:
    """At most ``calls`` calls within any ``seconds``."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Quota:
    """Windows that all hold at once (``1000/min and 50/s``). ``documented`` ones are multiplied by the settings."""

    windows: tuple[Window, ...]
    documented: bool = True

    @property
    def spacing(self) -> timedelta:
        """From one call to the next where many wait. Only short windows are divided evenly."""
        short = (window for window in self.windows if window.seconds <= _SHORT)
        return max(((timedelta(seconds=one.seconds) + SPARE) / one.calls for one in short), default=timedelta(0))

    def scaled(self, factor: float) -> "Quota":
        """The quota times ``factor``; 0 means no limit. Below one call a window the window grows instead."""
        if factor < 0:
            raise ValueError(f"a quota cannot be multiplied by {factor}")
        windows = tuple(_scaled(window, factor) for window in self.windows) if factor else ()
        return replace(self, windows=windows) if self.documented else self


def per_second(calls: int) -> Quota:
    """So many calls a second."""
    return Quota((Window(calls, 1),))


def per_minute(calls: int) -> Quota:
    """So many calls a minute."""
    return Quota((Window(calls, 60),))


def every(seconds: float) -> Quota:
    """One call in so many seconds, whatever the settings say."""
    return Quota((Window(1, seconds),), documented=False)


def _scaled(window: Window, factor: float) -> Window:
    calls = window.calls * factor
    return Window(floor(calls), window.seconds) if calls >= 1 else Window(1, window.seconds / calls)


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody who wants a call is told: to ask again after ``wait`` seconds, or, if it ``begins``, to begin then.

    The ``ticket`` is to be shown when asking again: it keeps the place in the queue.
    """

    wait: float
    ticket: str = ""
    begins: bool = False
    left: float = 0.0
    """Seconds until it may begin as things stand, however soon its owner is to ask again."""


class LongWaitError(Exception):
    """A call would have to wait longer than its owner is ready to; ``seconds`` says how long."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(f"{seconds:.0f} s")


class Pacer(Protocol):
    """Lets calls begin as fast as their quota allows, and shares it fairly among those who ask.

    ``key`` names whom the quota counts: domain, app (which has one tenant) and api.
    """

    def take(self, key: str, quota: Quota, who: Asker = ANYONE, *, most: float | None = None) -> float:
        """Wait until one more call may begin, and count it. Returns the seconds waited.

        Raises ``LongWaitError``, at once and uncounted, where that is more than ``most`` seconds.
        """
        ...

    def block(self, key: str, seconds: float) -> None:
        """Feishu said to wait: nobody takes from this key before ``seconds`` have passed."""
        ...
