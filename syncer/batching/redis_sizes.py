"""How many lines a write carries, as all processes that share a Redis learned; the twin of ``sizes.LocalSizes``.

While Redis is away every process goes by what it has seen itself.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Literal

from syncer.batching.redis_link import AwayError, RedisLink
from syncer.batching.sizes import MEMORY, MOST, REST, STEP, LocalSizes
from syncer.ports import Clock

_RULES = (MOST, STEP, round(REST.total_seconds() * 1_000_000), round(MEMORY.total_seconds() * 1000))


class RedisSizes:
    """Shared among processes. ``time`` takes the place of the server's time, for tests. Safe for threads and forks."""

    def __init__(
        self,
        link: RedisLink,
        clock: Clock,
        *,
        prefix: str = "syncer:size",
        time: Callable[[], datetime] | None = None,
    ) -> None:
        self._link, self._prefix, self._adjust, self._time = link, prefix, link.script("size"), time
        self._seen = LocalSizes(clock)

    def size_of(self, table: str) -> int:
        """The most lines a write of the table should carry now."""
        try:
            return self._link.ask(lambda: self._shared(table))
        except AwayError:
            return self._seen.size_of(table)

    def small_tables(self) -> Mapping[str, int]:
        """Every table that takes fewer than ``MOST`` lines a write."""
        try:
            return self._link.ask(self._all_shared)
        except AwayError:
            return self._seen.small_tables()

    def refused(self, table: str, lines: int) -> None:
        """A write of so many lines was too large."""
        self._seen.refused(table, lines)
        self._tell(table, "refused", lines)

    def accepted(self, table: str, lines: int) -> None:
        """A write of so many lines went through."""
        self._seen.accepted(table, lines)
        self._tell(table, "accepted", lines)

    def _tell(self, table: str, verdict: Literal["refused", "accepted"], lines: int) -> None:
        now = round(self._time().timestamp() * 1_000_000) if self._time else ""
        arguments = [now, table, verdict, lines, *_RULES]
        try:
            self._link.ask(lambda: self._adjust(keys=[self._key(table), self._prefix], args=arguments))
        except AwayError:
            return

    def _shared(self, table: str) -> int:
        found: Any = self._link.redis.hget(self._key(table), "most")
        return int(found) if found else MOST

    def _all_shared(self) -> Mapping[str, int]:
        known: Any = self._link.redis.smembers(self._prefix)
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in known]
        sizes = {name: self._shared(name) for name in sorted(names)}
        gone = [name for name, size in sizes.items() if size >= MOST]
        if gone:
            self._link.redis.srem(self._prefix, *gone)
        return {name: size for name, size in sizes.items() if size < MOST}

    def _key(self, table: str) -> str:
        return f"{self._prefix}:{table}"
