"""Redis as something that may be away: asked while it answers, left alone for a while when it does not.

Everything that is shared through it has a twin in this process to go on with meanwhile.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from redis import Redis
from redis.backoff import NoBackoff
from redis.commands.core import Script
from redis.exceptions import RedisError
from redis.retry import Retry

from syncer.ports import Clock

Answer = TypeVar("Answer")

_log = logging.getLogger(__name__)
_LUA = Path(__file__).parent / "lua"
PAUSE = 2.0


class AwayError(Exception):
    """Redis does not answer."""


def connect(url: str, seconds: float = 1.0) -> Redis:
    """A client that gives up after so many seconds: a call must not wait for its pacer. Close it."""
    return Redis.from_url(
        url,
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 1),
        health_check_interval=0,
    )


class RedisLink:
    """Asks Redis; when it is away, says so once and tries again every ``pause`` seconds. Safe for threads and forks."""

    def __init__(self, redis: Redis, clock: Clock, pause: float = PAUSE) -> None:
        self.redis, self._clock, self._pause = redis, clock, timedelta(seconds=pause)
        self._lock = threading.Lock()
        self._away_since: datetime | None = None
        self._again_at: datetime | None = None

    def script(self, name: str) -> Script:
        """A Lua script by the name of its file, with the queue's functions before it."""
        return self.redis.register_script(f"{_source('queue')}\n{_source(name)}")

    def ask(self, question: Callable[[], Answer]) -> Answer:
        """The answer. Raises ``AwayError``, at once if Redis did not answer a moment ago."""
        if not self._worth_asking():
            raise AwayError
        try:
            answer = question()
        except RedisError as error:
            self._lost(error)
            raise AwayError from error
        if self._away_since is not None:
            self._found()
        return answer

    @property
    def away_since(self) -> datetime | None:
        """When Redis was first found away, and still is as far as is known."""
        return self._away_since

    def _worth_asking(self) -> bool:
        """While it is away, one caller tries, the others go on without."""
        with self._lock:
            now = self._clock.now()
            if self._again_at and now < self._again_at <= now + self._pause:
                return False
            if self._away_since:
                self._again_at = now + self._pause
            return True

    def _lost(self, error: RedisError) -> None:
        with self._lock:
            now = self._clock.now()
            news = self._away_since is None
            self._away_since, self._again_at = self._away_since or now, now + self._pause
        if news:
            _log.warning(
                "Redis does not answer (%s): until it does, this process keeps to a small part of every quota, and its "
                "writers give way to each other but not to those of other processes; nothing is lost",
                error,
            )

    def _found(self) -> None:
        with self._lock:
            news, self._away_since, self._again_at = self._away_since is not None, None, None
        if news:
            _log.warning("Redis answers again: quotas and writers are shared with the other processes as before")


def _source(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text(encoding="utf-8")
