"""Tables that refused to be sorted by when records were changed: to ask again at every poll is a call for nothing.

A refusal counts for a day, in all processes that share a Redis, and for this one without it.
"""

from contextlib import suppress
from datetime import datetime, timedelta

from redis import Redis
from redis.exceptions import RedisError

from syncer.ports import Clock

REMEMBERED = timedelta(days=1)


class Unsortable:
    """The refusals of one app's tables. Safe for threads."""

    def __init__(self, redis: Redis | None, clock: Clock, prefix: str) -> None:
        self._redis, self._clock, self._prefix = redis, clock, f"syncer:unsortable:{prefix}"
        self._since: dict[str, datetime] = {}

    def holds(self, table: str) -> bool:
        """Whether a table refused lately."""
        since = self._since.get(table)
        if since is not None and self._clock.now() - since < REMEMBERED:
            return True
        with suppress(RedisError):
            return self._redis is not None and bool(self._redis.exists(f"{self._prefix}:{table}"))
        return False

    def note(self, table: str) -> None:
        """A table refused just now."""
        self._since[table] = self._clock.now()
        with suppress(RedisError):
            if self._redis is not None:
                self._redis.set(f"{self._prefix}:{table}", "1", ex=REMEMBERED)
