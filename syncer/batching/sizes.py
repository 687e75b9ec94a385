"""How many lines a table takes in one write: learned from what it refused as too large, and remembered.

Feishu names no number: how large a change may be depends on the cells in it. So a refused size is halved, or set to the
largest that went through since if that is more; after ``REST`` without a refusal every full batch makes it an eighth
larger. A table that refuses nothing for ``MEMORY`` is forgotten.

``LocalSizes`` serves one process, ``redis_sizes.RedisSizes`` many.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from syncer.ports import Clock

MOST = 1000
"""What no write exceeds, and where a table counts as taking any."""
STEP = 8
"""A full batch that went through makes the next one larger by this part of it."""
REST = timedelta(minutes=5)
MEMORY = timedelta(days=1)


class Sizes(Protocol):
    """What all workers learned of their tables. ``table`` is any name they agree on."""

    def size_of(self, table: str) -> int:
        """The most lines a write of the table should carry now; ``MOST`` if it never refused any number."""
        ...

    def small_tables(self) -> Mapping[str, int]:
        """Every table that takes fewer than ``MOST`` lines a write, for status and metrics."""
        ...

    def refused(self, table: str, lines: int) -> None:
        """A write of so many lines was too large."""
        ...

    def accepted(self, table: str, lines: int) -> None:
        """A write of so many lines went through."""
        ...


@dataclass(frozen=True, slots=True)
class Learned:
    """What is known of one table. ``good`` is the largest size that went through since ``most`` last came down."""

    most: int
    good: int
    refused_at: datetime

    def after_refusal(self, lines: int, now: datetime) -> "Learned":
        """A single line cannot be made smaller, and a size above ``most`` was known to be too large."""
        if lines < 2 or lines > self.most:
            return replace(self, refused_at=now)
        half = (lines + 1) // 2
        good = self.good if self.good < lines else 0
        return Learned(max(half, good), good, now)

    def after_success(self, lines: int, now: datetime) -> "Learned":
        """Only a full batch shows that there may be room for more, and not right after a refusal."""
        rested = abs(now - self.refused_at) >= REST
        step = max(1, self.most // STEP) if rested and lines >= self.most else 0
        return replace(self, most=min(MOST, self.most + step), good=max(self.good, lines))


class LocalSizes:
    """What one process learned. Safe for threads."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._learned: dict[str, Learned] = {}
        self._lock = threading.Lock()

    def size_of(self, table: str) -> int:
        """The most lines a write of the table should carry now."""
        with self._lock:
            learned = self._learned.get(table)
            return learned.most if learned and self._clock.now() - learned.refused_at < MEMORY else MOST

    def small_tables(self) -> Mapping[str, int]:
        """Every table that takes fewer than ``MOST`` lines a write."""
        sizes = {table: self.size_of(table) for table in list(self._learned)}
        return {table: size for table, size in sizes.items() if size < MOST}

    def refused(self, table: str, lines: int) -> None:
        """A write of so many lines was too large."""
        most, now = self.size_of(table), self._clock.now()
        with self._lock:
            known = self._learned.get(table)
            learned = known if known and most < MOST else Learned(MOST, 0, now)
            self._learned[table] = learned.after_refusal(lines, now)

    def accepted(self, table: str, lines: int) -> None:
        """A write of so many lines went through."""
        with self._lock:
            if learned := self._learned.get(table):
                self._learned[table] = learned.after_success(lines, self._clock.now())
