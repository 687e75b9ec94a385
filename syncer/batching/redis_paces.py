"""What all processes that share a Redis learned of their tables; the twin of ``paces.LocalPaces``.

While Redis is away every process goes by what it has seen itself.
"""

from collections.abc import Mapping
from typing import Any, Literal

from syncer.batching.paces import FIRST, FREE, FULL_SPEED, KEPT, LEAST, MEMORY, STEP, TOGETHER, LocalPaces, Pace
from syncer.batching.redis_link import AwayError, RedisLink
from syncer.ports import Clock

_RULES = (
    *(round(rate * 1000) for rate in (FIRST, LEAST, STEP, FREE)),
    round(KEPT * 100),
    round(TOGETHER.total_seconds() * 1_000_000),
    round(MEMORY.total_seconds() * 1000),
)


class RedisPaces:
    """Shared among processes. Safe for threads and forks."""

    def __init__(self, link: RedisLink, clock: Clock, *, prefix: str = "syncer:pace") -> None:
        self._link, self._prefix, self._adjust = link, prefix, link.script("pace")
        self._seen = LocalPaces(clock)

    def pace_of(self, table: str) -> Pace:
        """How fast the table may be called now."""
        try:
            return self._link.ask(lambda: self._shared(table))
        except AwayError:
            return self._seen.pace_of(table)

    def slow_tables(self) -> Mapping[str, Pace]:
        """Every table that is not at full speed."""
        try:
            return self._link.ask(self._all_shared)
        except AwayError:
            return self._seen.slow_tables()

    def slower(self, table: str, *, reads_alone: bool = False) -> None:
        """The table refused a call."""
        self._seen.slower(table, reads_alone=reads_alone)
        self._tell(table, "alone" if reads_alone else "slower")

    def faster(self, table: str) -> None:
        """The table took a call."""
        self._seen.faster(table)
        self._tell(table, "faster")

    def _tell(self, table: str, verdict: Literal["slower", "alone", "faster"]) -> None:
        try:
            self._link.ask(
                lambda: self._adjust(keys=[self._key(table), self._prefix], args=["", table, verdict, *_RULES])
            )
        except AwayError:
            return

    def _shared(self, table: str) -> Pace:
        found: Any = self._link.redis.hmget(self._key(table), ["rate", "alone"])
        rate, alone = found
        return Pace(int(rate) / 1000 if int(rate or 0) else None, bool(alone))

    def _all_shared(self) -> Mapping[str, Pace]:
        known: Any = self._link.redis.smembers(self._prefix)
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in known]
        paces = {name: self._shared(name) for name in sorted(names)}
        gone = [name for name, pace in paces.items() if pace == FULL_SPEED]
        if gone:
            self._link.redis.srem(self._prefix, *gone)
        return {name: pace for name, pace in paces.items() if pace != FULL_SPEED}

    def _key(self, table: str) -> str:
        return f"{self._prefix}:{table}"
