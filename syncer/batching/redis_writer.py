"""One writer per table among many processes: leases kept in Redis.

Every step is one Lua script, so that looking and changing cannot come apart. A lease is a key that Redis itself lets
expire; its number is never smaller than the server's time, so that numbers rise even when Redis forgets everything.

While Redis is away, and for leases it forgot, less is promised: one writer per table in this process, and one run per
mapping among all (the run lock lives in the state store). Two mappings of one table in two processes may then overlap;
Feishu refuses one of the two calls whole (1254291), it is repeated, and the table slows down. Nothing is lost or
doubled.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import random
from typing import Any
from uuid import uuid4

from syncer.batching.askers import ANYONE, Asker
from syncer.batching.counts import Counts
from syncer.batching.redis_link import AwayError, RedisLink
from syncer.batching.writer import LONG_PAUSE, PATIENCE, Lease, LocalWriter, Place, Turn
from syncer.ports import Clock

_LOCAL = "local:"


class RedisWriter:
    """Leases among all processes that share a Redis.

    ``owner`` names somebody who lives once at a time, as a run of a mapping does. A lease that an earlier life of the
    owner died with is taken over at once, instead of being waited for. ``here`` is the process's own twin, one for all
    its owners: it decides while Redis is away.
    """

    def __init__(  # noqa: PLR0913 - the ports, and what tests choose
        self,
        link: RedisLink,
        clock: Clock,
        *,
        owner: str = "",
        here: LocalWriter | None = None,
        prefix: str = "syncer:writer:",
        patience: float = PATIENCE,
        jitter: Callable[[], float] = random,
        token: Callable[[], str] = lambda: str(uuid4()),
        counts: Counts | None = None,
    ) -> None:
        self._link, self._prefix, self._token, self._clock, self._counts = link, prefix, token, clock, counts
        self._here = here or LocalWriter(clock)
        self._owner = f"{owner}:" if owner else ""
        self._life = f"{self._owner}{token()}:" if owner else ""
        self._turn = Turn(clock, patience, jitter)
        self._scripts = {name: link.script(name) for name in ("acquire", "prolong", "release", "leave")}

    @contextmanager
    def hold(self, key: str, seconds: float, who: Asker = ANYONE) -> Iterator[Lease]:
        """Hold ``key`` alone for at most ``seconds``. Raises ``BusyError`` when patience ends."""
        token, began = f"{self._life}{self._token()}", self._clock.now()
        number = self._turn.wait(
            key,
            lambda ticket: self._claim(key, token, seconds, who, ticket),
            lambda ticket: self._leave(key, ticket),
        )
        if self._counts:
            waited = (self._clock.now() - began).total_seconds()
            self._counts.add("lease_seconds", key, amount=max(0.0, waited))
            self._counts.add("leases", key)
        try:
            yield _RedisLease(self, key, token, number)
        finally:
            self._release(key, token, number)

    def prolong(self, key: str, token: str, number: int, seconds: float) -> bool:
        """Move the end of a lease that is still held."""
        held = self._here.prolong(key, number, seconds)
        try:
            return bool(self._run("prolong", self._keys(key)[3:], token, _milliseconds(seconds)))
        except AwayError:
            return held

    def _claim(self, key: str, token: str, seconds: float, who: Asker, ticket: str) -> Place:
        try:
            return self._claim_shared(key, token, seconds, who, "" if ticket.startswith(_LOCAL) else ticket)
        except AwayError:
            mine = ticket.removeprefix(_LOCAL) if ticket.startswith(_LOCAL) else ""
            place = self._here.claim(key, seconds, who, mine)
            return Place(place.number, _LOCAL + place.ticket, place.ahead)

    def _claim_shared(self, key: str, token: str, seconds: float, who: Asker, ticket: str) -> Place:
        asker = (who.flow, who.cost, int(who.urgent))
        lives = (self._owner, self._life)
        again = round(1.5 * LONG_PAUSE * 1_000_000)
        answer: Any = self._run(
            "acquire", self._keys(key), "", ticket, *asker, token, _milliseconds(seconds), *lives, again
        )
        number, place, ahead = int(answer[0]), _text(answer[1]), int(answer[2])
        if number:
            self._here.taken(key, number, seconds)
        return Place(number, place, ahead)

    def _release(self, key: str, token: str, number: int) -> None:
        self._here.release(key, number)
        try:
            self._run("release", self._keys(key)[3:], token)
        except AwayError:
            return

    def _leave(self, key: str, ticket: str) -> None:
        if ticket.startswith(_LOCAL):
            self._here.leave(key, ticket.removeprefix(_LOCAL))
            return
        try:
            self._run("leave", self._keys(key)[:3], ticket)
        except AwayError:
            return

    def _run(self, script: str, keys: list[str], *arguments: str | int) -> object:
        return self._link.ask(lambda: self._scripts[script](keys=keys, args=arguments))

    def _keys(self, key: str) -> list[str]:
        lease = f"{self._prefix}{{{key}}}"
        return [f"{lease}:queue", f"{lease}:turns", f"{lease}:due", lease]


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _text(found: Any) -> str:
    return found.decode() if isinstance(found, bytes) else str(found)


@dataclass(frozen=True, slots=True)
class _RedisLease:
    writer: RedisWriter
    key: str
    token: str
    number: int

    def prolong(self, seconds: float) -> bool:
        return self.writer.prolong(self.key, self.token, self.number, seconds)
