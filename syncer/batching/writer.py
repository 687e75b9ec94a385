"""One writer per Bitable table: a lease that is held for one call, because overlapping writes are refused (1254291).

A lease ends by itself, so that a writer that died blocks nobody for long, and it carries a number that rises with
every holder. ``LocalWriter`` serves the threads of one process, ``redis_writer.RedisWriter`` many processes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from typing import Protocol

from syncer.errors import BusyError
from syncer.ports import Clock

PATIENCE = 60.0
"""Seconds to wait for a table that another writer holds."""
_SHORT, _LONG = 0.005, 0.25


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

    def hold(self, key: str, seconds: float) -> AbstractContextManager[Lease]:
        """Hold ``key`` alone for at most ``seconds``; waits for its turn. Raises ``BusyError`` when patience ends."""
        ...


@dataclass(frozen=True, slots=True)
class Turn:
    """How to wait for one's turn: for how long, and how unevenly, so that two waiting writers do not march in step."""

    clock: Clock
    patience: float = PATIENCE
    jitter: Callable[[], float] = random

    def wait(self, key: str, claim: Callable[[], int]) -> int:
        """Call ``claim`` until it gives a lease's number instead of 0. Raises ``BusyError``."""
        deadline = self.clock.now() + timedelta(seconds=self.patience)
        pause = _SHORT
        while not (number := claim()):
            if self.clock.now() >= deadline:
                raise BusyError(
                    f"another writer has held {key} for {self.patience:.0f} s; "
                    "if none is at work, its lease ends by itself: try again in a minute"
                )
            self.clock.sleep(pause * (0.5 + self.jitter()))
            pause = min(pause * 2, _LONG)
        return number


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

    @contextmanager
    def hold(self, key: str, seconds: float) -> Iterator[Lease]:
        """Hold ``key`` alone for at most ``seconds``."""
        number = self._turn.wait(key, lambda: self._claim(key, seconds))
        try:
            yield _LocalLease(self, key, number)
        finally:
            self._release(key, number)

    def prolong(self, key: str, number: int, seconds: float) -> bool:
        """Move the end of a lease that is still held."""
        with self._lock:
            holder = self._holders.get(key)
            if holder is None or holder.number != number or holder.until <= self._clock.now():
                return False
            holder.until = self._until(seconds)
            return True

    def _claim(self, key: str, seconds: float) -> int:
        with self._lock:
            holder = self._holders.get(key)
            if holder and holder.until > self._clock.now():
                return 0
            number = self._numbers[key] = self._numbers.get(key, 0) + 1
            self._holders[key] = _Holder(number, self._until(seconds))
            return number

    def _release(self, key: str, number: int) -> None:
        with self._lock:
            holder = self._holders.get(key)
            if holder and holder.number == number:
                del self._holders[key]

    def _until(self, seconds: float) -> datetime:
        return self._clock.now() + timedelta(seconds=seconds)


@dataclass(frozen=True, slots=True)
class _LocalLease:
    writer: LocalWriter
    key: str
    number: int

    def prolong(self, seconds: float) -> bool:
        return self.writer.prolong(self.key, self.number, seconds)
