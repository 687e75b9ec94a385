"""Access tokens, kept in memory and in Redis, so that workers share them and a restart does not fetch them anew.

The SDK keeps tokens in one cache for the whole process, under keys that name the app but not the domain
(``TokenManager.cache``): the simulator's token would be sent to the real Feishu. Here every client has a cache of its
own, and a switchboard in the SDK's place asks the one whose client is speaking in this thread.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from redis import Redis
from redis.exceptions import RedisError

_log = logging.getLogger(__name__)


class Cache(Protocol):
    """What the SDK asks of a cache (``lark_oapi.core.cache.ICache``); ``expire`` is a Unix time, not a duration."""

    def get(self, key: str) -> str | None:
        """The token, or nothing."""
        ...

    def set(self, key: str, value: str, expire: int) -> None:
        """Keep a token until a Unix time."""
        ...


class TokenCache:
    """Tokens of one environment (a domain and an app). Without Redis they are kept in this process, said once."""

    def __init__(self, redis: Redis | None, environment: str) -> None:
        self._redis, self._prefix = redis, f"syncer:token:{environment}:"
        self._memory: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()
        self._complained = False

    def get(self, key: str) -> str | None:
        """A token that is still good."""
        with self._lock:
            value, expire = self._memory.get(key, ("", 0.0))
        if value and expire > time.time():  # the SDK computed it with this clock
            return value
        return self._from_redis(key)

    def set(self, key: str, value: str, expire: int) -> None:
        """Keep a token until a Unix time; one that has passed forgets it."""
        seconds = int(expire - time.time())
        with self._lock:
            self._memory[key] = (value, expire)
        if value and seconds > 0:
            self._ask(lambda redis: redis.set(self._prefix + key, value, ex=seconds))

    def forget(self, token: str) -> None:
        """Drop a token that Feishu no longer takes; a newer one, fetched by somebody else meanwhile, stays."""
        with self._lock:
            keys = [key for key, (value, _) in self._memory.items() if value == token]
            for key in keys:
                del self._memory[key]
        for key in keys:
            if self._shared(key) == token:
                self._ask(partial(_delete, self._prefix + key))

    def _from_redis(self, key: str) -> str | None:
        value = self._shared(key)
        if value is None:
            return None
        left = self._ask(lambda redis: redis.ttl(self._prefix + key))
        if not isinstance(left, int) or left <= 0:
            return None
        with self._lock:
            self._memory[key] = (value, time.time() + left)
        return value

    def _shared(self, key: str) -> str | None:
        found = self._ask(lambda redis: redis.get(self._prefix + key))
        return found.decode() if isinstance(found, bytes) else found if isinstance(found, str) else None

    def _ask(self, question: Callable[[Redis], object]) -> object:
        """Redis' answer, or nothing when it is away: a token is only ever a short cut."""
        if self._redis is None:
            return None
        try:
            return question(self._redis)
        except RedisError as error:
            if not self._complained:
                self._complained = True
                _log.warning("Redis does not answer (%s): access tokens are kept in this process alone", error)
            return None


def _delete(name: str, redis: Redis) -> object:
    return redis.delete(name)


@dataclass(frozen=True, slots=True)
class Speaker:
    """Who is speaking: the client's cache, and where its token calls are counted."""

    cache: Cache
    count: Callable[[str], None]


_speaking = threading.local()


@contextmanager
def speaking(speaker: Speaker) -> Iterator[None]:
    """Inside, the SDK's token cache in this thread is this speaker's."""
    before = current()
    _speaking.speaker = speaker
    try:
        yield
    finally:
        _speaking.speaker = before


def current() -> Speaker | None:
    """Who is speaking in this thread."""
    found: Speaker | None = getattr(_speaking, "speaker", None)
    return found


class Switchboard:
    """Stands in ``TokenManager.cache`` and passes on to whoever is speaking; to the SDK's own cache if nobody is."""

    def __init__(self, otherwise: Cache) -> None:
        self._otherwise = otherwise

    def get(self, key: str) -> str | None:
        """The speaker's token."""
        return self._cache().get(key)

    def set(self, key: str, value: str, expire: int) -> None:
        """Keep the speaker's token."""
        self._cache().set(key, value, expire)

    def _cache(self) -> Cache:
        speaker = current()
        return speaker.cache if speaker else self._otherwise
