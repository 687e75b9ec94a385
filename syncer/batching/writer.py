"""One writer per Bitable table: a lease that is held for one call, because overlapping writes are refused (1254291).

A lease ends by itself, so that a writer that died blocks nobody for long, and it carries a number that rises with
every holder. Those who wait stand in a fair queue. ``LocalWriter`` serves the threads of one process,
``redis_writer.RedisWriter`` many processes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import random
from typing import Protocol

from syncer.batching.askers import ANYONE, Asker
from syncer.batching.fair_queue import FairQueue
from syncer.errors import BusyError
from syncer.ports import Clock

PATIENCE = 60.0
"""Seconds to wait for a table that another writer holds."""
_SHORT, LONG_PAUSE = 0.02, 0.25
"""Seconds between two questions of the next in turn, and of those far behind."""
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Lease(Protocol):
    """The right to write a table, until it ends."""

    @property
    def number(self) -> int:
        """Rises with every holder of the table: a smaller number is an older holder."""
        ...

    def prolong(self, seconds: float) -> bool:
        """Hold on for ``seconds`` from now; false if the lease has ended and may be another's."""
        ...


class Writer(Protocol):
    """Hands out leases."""

    def hold(self, key: str, seconds: float, who: Asker = ANYONE) -> AbstractContextManager[Lease]:
        """Hold ``key`` alone for at most ``seconds``; waits for its turn. Raises ``BusyError`` when patience ends."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the queue for a lease. ``number``: the lease's, once it is there; 0: wait."""

    number: int
    ticket: str = ""
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Turn:
    """How to wait for one's turn: for how long, and how unevenly, so that two waiting writers do not march in step."""

    clock: Clock
    patience: float = PATIENCE
    jitter: Callable[[], float] = random

    def wait(self, key: str, claim: Callable[[str], Place], leave: Callable[[str], None]) -> int:
        """Claim with the ticket of the time before until there is a lease; its number. Raises ``BusyError``.

        Whoever stops waiting leaves the queue.
        """
        deadline, ticket = self.clock.now() + timedelta(seconds=self.patience), ""
        try:
            while not (place := claim(ticket)).number:
                ticket = place.ticket
                self._demand_time_left(key, deadline)
                self.clock.sleep(min(_SHORT * (place.ahead + 1), LONG_PAUSE) * (0.5 + self.jitter()))
        except BaseException:
            leave(ticket)
            raise
        return place.number

    def _demand_time_left(self, key: str, deadline: datetime) -> None:
        if self.clock.now() >= deadline:
            raise BusyError(
                f"another writer has held {key} for {self.patience:.0f} s; "
                "if none is at work, its lease ends by itself: try again in a minute"
            )


@dataclass(slots=True)
class _Holder:
    number: int
    until: datetime


class LocalWriter:
    """Leases among the threads of one process."""

    def __init__(self, clock: Clock, patience: float = PATIENCE, jitter: Callable[[], float] = random) -> None:
        self._clock = clock
        self._turn = Turn(clock, patience, jitter)
        self._lock = threading.Lock()
        self._holders: dict[str, _Holder] = {}
        self._numbers: dict[str, int] = {}
        self._queues: dict[str, FairQueue] = {}

    @contextmanager
    def hold(self, key: str, seconds: float, who: Asker = ANYONE) -> Iterator[Lease]:
        """Hold ``key`` alone for at most ``seconds``."""
        number = self._turn.wait(
            key, lambda ticket: self.claim(key, seconds, who, ticket), lambda ticket: self.leave(key, ticket)
        )
        try:
            yield LocalLease(self, key, number)
        finally:
            self.release(key, number)

    def claim(self, key: str, seconds: float, who: Asker, ticket: str) -> Place:
        """The lease if it is free and nobody comes before, else a place in the queue."""
        with self._lock:
            now, holder = self._clock.now(), self._holders.get(key)
            queue = self._queues.setdefault(key, FairQueue())
            ticket, ahead = queue.stand(ticket, who, now)
            if ahead or (holder and holder.until > now):
                queue.wait(ticket, now, LONG_PAUSE)
                return Place(0, ticket, ahead)
            queue.serve(ticket)
            number = max(self._numbers.get(key, 0) + 1, (now - _BEGINNING) // timedelta(microseconds=1))
            self._hold(key, number, seconds)
            return Place(number)

    def taken(self, key: str, number: int, seconds: float) -> None:
        """The lease was got elsewhere: here nobody is to get it meanwhile."""
        with self._lock:
            self._hold(key, number, seconds)

    def leave(self, key: str, ticket: str) -> None:
        """Whoever has this ticket waits no longer."""
        with self._lock:
            if queue := self._queues.get(key):
                queue.leave(ticket)

    def prolong(self, key: str, number: int, seconds: float) -> bool:
        """Move the end of a lease that is still held."""
        with self._lock:
            holder = self._holders.get(key)
            if holder is None or holder.number != number or holder.until <= self._clock.now():
                return False
            holder.until = self._until(seconds)
            return True

    def release(self, key: str, number: int) -> None:
        """Give a lease back, if it is still held."""
        with self._lock:
            holder = self._holders.get(key)
            if holder and holder.number == number:
                del self._holders[key]

    def _hold(self, key: str, number: int, seconds: float) -> None:
        self._numbers[key] = number
        self._holders[key] = _Holder(number, self._until(seconds))

    def _until(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class LocalLease:
    """A lease of a ``LocalWriter``."""

    writer: LocalWriter
    key: str
    number: int

    def prolong(self, seconds: float) -> bool:
        """Hold on for ``seconds`` from now; false if the lease has ended."""
        return self.writer.prolong(self.key, self.number, seconds)
