"""The mirrors of one mapping: in its database, beside what was written, and in Redis."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from redis import Redis, RedisError
from sqlalchemy import Engine

from syncer.database import mirror
from syncer.state.store import Store


@dataclass(frozen=True, slots=True)
class MappingMirrors:
    """Both mirrors of one mapping, as ``engine.restored`` wants them."""

    store: Store
    engine: Engine
    redis: Redis
    mapping: str

    def accepted(self) -> Sequence[int]:
        """The numbers that may stand there."""
        return self.store.mirrors.accepted(self.mapping)

    def found(self) -> Mapping[str, int]:
        """What stands in the database and in Redis; a place that is away, or takes none, is missing."""
        name = self.store.mirrors.identity()
        numbers = {"database": mirror.read(self.engine, name, self.mapping), "redis": self._in_redis(name)}
        return {place: number for place, number in numbers.items() if number is not None}

    def _in_redis(self, name: str) -> int | None:
        with suppress(RedisError, ValueError):
            held = self.redis.get(self._key(name))
            return int(held) if isinstance(held, bytes | str) else None
        return None

    def adopt(self) -> None:
        """Accept whatever stands in them."""
        self.store.mirrors.accept(self.mapping, sorted({*self.found().values(), 0}, reverse=True))

    def write(self, run: int) -> None:
        """Put a run's number in both. If the process dies in between, the number before is as good."""
        name, before = self.store.mirrors.identity(), self.accepted()
        self.store.mirrors.accept(self.mapping, [run, *before[:1], *self.found().values(), 0])
        written = mirror.write(self.engine, name, self.mapping, run)
        with suppress(RedisError):
            self.redis.set(self._key(name), run)
        # Where none can live yet, nothing will stand there once one can.
        self.store.mirrors.accept(self.mapping, [run] if written else [run, 0])

    def _key(self, name: str) -> str:
        return f"syncer:mirror:{name}:{self.mapping}"
