"""A pacer for all processes and machines that share a Redis; the twin of ``local_pacer``, with the server's time.

While Redis is away every process goes on by itself at ``LOCAL_SHARE`` of each quota, and comes back when it answers. A
change costs a process a second without calls of a key, so that those of the one side do not add to those of the other.
What cannot be known then: how many processes there are. With more than ``1 / LOCAL_SHARE`` of them, or in the moment
in which some have found Redis again and some have not, Feishu's own word (429) is what holds them back.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from syncer.batching.askers import ANYONE, Asker
from syncer.batching.local_pacer import LocalPacer, keep_asking
from syncer.batching.quota import CATCH_UP, LONGEST_WAIT, SHORTEST_WAIT, SOON, SPARE, Claim, Quota
from syncer.batching.redis_link import AwayError, RedisLink
from syncer.ports import Clock

LOCAL_SHARE = 1 / 8
"""Of every quota, for one process, while Redis is away."""
_CHANGE = timedelta(seconds=1) + SPARE
_ALONE = "alone:"


class RedisPacer:
    """Keeps the law among processes. ``scale`` multiplies every documented quota, 0 lifts them (benchmarks).

    ``time`` takes the place of the server's time, for tests. Safe for threads and forks.
    """

    def __init__(
        self,
        link: RedisLink,
        clock: Clock,
        scale: float = 1.0,
        *,
        prefix: str = "syncer:pacer:",
        time: Callable[[], datetime] | None = None,
    ) -> None:
        self._link, self._clock, self._scale, self._prefix, self._time = link, clock, scale, prefix, time
        self._take, self._block = link.script("take"), link.script("block")
        self._alone = LocalPacer(clock, scale * LOCAL_SHARE)
        self._epochs: dict[str, str] = {}
        self._last_alone: dict[str, datetime] = {}

    def take(self, key: str, quota: Quota, who: Asker = ANYONE, *, most: float | None = None) -> float:
        """Wait until one more call may begin, and count it; the seconds waited. Raises ``LongWaitError``."""
        return keep_asking(self._clock, lambda ticket: self.claim(key, quota, who, ticket), most)

    def claim(self, key: str, quota: Quota, who: Asker = ANYONE, ticket: str = "") -> Claim:
        """Count a call that begins now, or say how long to wait before asking again."""
        scaled = quota.scaled(self._scale)
        try:
            if self._link.away_since:
                self._link.ask(self._link.redis.ping)
            if scaled.windows and (seconds := self._left(self._last_alone.get(key))) > 0:
                return Claim(seconds, _unless(ticket, alone=True))
            return self._link.ask(lambda: self._claim_shared(key, scaled, who, _unless(ticket, alone=True)))
        except AwayError:
            return self._claim_alone(key, quota, who, _unless(ticket, alone=False))

    def block(self, key: str, seconds: float) -> None:
        """Nobody takes from this key before ``seconds`` have passed."""
        self._alone.block(key, seconds)
        arguments = [self._now(), _microseconds(seconds)]
        try:
            self._link.ask(lambda: self._block(keys=[self._keys(key)[0]], args=arguments))
        except AwayError:
            return

    def _claim_shared(self, key: str, quota: Quota, who: Asker, ticket: str) -> Claim:
        windows: list[str | int] = [
            part for window in quota.windows for part in (window.calls, _microseconds(window.seconds))
        ]
        spacing = quota.spacing.total_seconds()
        times = (SPARE.total_seconds(), SHORTEST_WAIT, LONGEST_WAIT, SOON, spacing, CATCH_UP * spacing)
        waits = [_microseconds(seconds) for seconds in times]
        asker: list[str | int] = [who.flow, who.cost, int(who.urgent), self._epochs.get(key, "")]
        answer: Any = self._take(keys=self._keys(key), args=[self._now(), ticket, *asker, *waits, *windows])
        wait, place, epoch, begins, left = answer
        self._epochs[key] = _text(epoch)
        return Claim(int(wait) / 1e6, _text(place), bool(begins), int(left) / 1e6)

    def _claim_alone(self, key: str, quota: Quota, who: Asker, ticket: str) -> Claim:
        limited = bool(quota.scaled(self._scale).windows)
        if limited and (seconds := self._left(self._link.away_since)) > 0:
            return Claim(seconds, _ALONE + ticket)
        claim = self._alone.claim(key, quota, who, ticket)
        if claim.begins and limited:
            self._last_alone[key] = self._clock.now() + timedelta(seconds=claim.wait)
        return replace(claim, ticket=_ALONE + claim.ticket)

    def _left(self, change: datetime | None) -> float:
        """Seconds left of the time without calls after a change; a clock that was set back ends it."""
        left = (change + _CHANGE - self._clock.now()) if change else timedelta(0)
        return left.total_seconds() if timedelta(0) < left <= _CHANGE else 0.0

    def _now(self) -> int | str:
        """What the scripts take for now; nothing: the server's own time."""
        return _microseconds(self._time().timestamp()) if self._time else ""

    def _keys(self, key: str) -> list[str]:
        lane = f"{self._prefix}{{{key}}}"
        return [lane, f"{lane}:turns", f"{lane}:due", f"{lane}:begun"]


def _unless(ticket: str, *, alone: bool) -> str:
    """The ticket, if it belongs to the one queue (shared, or this process's own) and not to the other."""
    return "" if ticket.startswith(_ALONE) is alone else ticket.removeprefix(_ALONE)


def _microseconds(seconds: float) -> int:
    return round(seconds * 1_000_000)


def _text(found: Any) -> str:
    return found.decode() if isinstance(found, bytes) else str(found)
