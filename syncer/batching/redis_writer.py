"""One writer per table among many processes: leases kept in Redis.

Every step is one Lua script, so that looking and changing cannot come apart. A lease is a key that Redis itself lets
expire; a number from a counter that is never reset stands in it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import random
from typing import Any
from uuid import uuid4

from redis import Redis
from redis.exceptions import RedisError

from syncer.batching.writer import PATIENCE, Lease, Turn
from syncer.errors import UnreachableError
from syncer.ports import Clock

_LUA = Path(__file__).parent / "lua"


class RedisWriter:
    """Leases among all processes that share a Redis. Raises ``UnreachableError`` when it does not answer.

    ``owner`` names somebody who lives once at a time, as a run of a mapping does. A lease that an earlier life of the
    owner died with is taken over at once, instead of being waited for.
    """

    def __init__(
        self,
        redis: Redis,
        clock: Clock,
        *,
        owner: str = "",
        prefix: str = "syncer:writer:",
        patience: float = PATIENCE,
        jitter: Callable[[], float] = random,
        token: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._prefix, self._token = prefix, token
        self._owner = f"{owner}:" if owner else ""
        self._life = f"{self._owner}{token()}:" if owner else ""
        self._turn = Turn(clock, patience, jitter)
        self._scripts = {name: redis.register_script(_source(name)) for name in ("acquire", "prolong", "release")}

    @contextmanager
    def hold(self, key: str, seconds: float) -> Iterator[Lease]:
        """Hold ``key`` alone for at most ``seconds``."""
        token = f"{self._life}{self._token()}"
        whose = (self._owner, self._life)
        number = self._turn.wait(key, lambda: self.run("acquire", key, token, _milliseconds(seconds), *whose))
        try:
            yield _RedisLease(self, key, token, number)
        finally:
            self.run("release", key, token)

    def run(self, script: str, key: str, *arguments: str | int) -> int:
        """Run one of the scripts for a key."""
        keys = [f"{self._prefix}{{{key}}}", f"{self._prefix}{{{key}}}:number"]
        try:
            answer: Any = self._scripts[script](keys=keys, args=arguments)
        except RedisError as error:
            raise UnreachableError(
                f"Redis did not answer when asked who may write {key} ({error}); check SYNCER_REDIS_URL"
            ) from error
        return int(answer)


def _source(name: str) -> str:
    return (_LUA / f"{name}.lua").read_text(encoding="utf-8")


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


@dataclass(frozen=True, slots=True)
class _RedisLease:
    writer: RedisWriter
    key: str
    token: str
    number: int

    def prolong(self, seconds: float) -> bool:
        return bool(self.writer.run("prolong", self.key, self.token, _milliseconds(seconds)))
