"""The services a process uses: the state store and Redis, the environment's or the embedded ones."""

from contextlib import ExitStack
from functools import cached_property
from typing import TYPE_CHECKING, Self

from redis import Redis

from syncer.batching.redis_link import connect
from syncer.batching.redis_shared import Shared
from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.nature import RandomIds, SystemClock
from syncer.settings import Settings
from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.state.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Services:
    """The state store and Redis of this process. Close it, or use it as a context: what it started, it stops."""

    def __init__(self, settings: Settings, *, grace: float = 10, attempts: int | None = None, wait: float = 60) -> None:
        self.settings, self.grace, self.attempts, self.wait = settings, grace, attempts, wait
        self.clock = SystemClock()
        self.ids = RandomIds()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back every connection and stop the embedded servers if nobody else uses them."""
        self._stack.close()

    @cached_property
    def state_engine(self) -> "Engine":
        """The engine of the state store, migrated. Raises ``UnreachableError``."""
        url = self.settings.database_url
        engine = open_engine(url.get_secret_value() if url else self.embedded_postgres.url())
        self._stack.callback(engine.dispose)
        migrate.upgrade(engine)
        return engine

    @cached_property
    def embedded_postgres(self) -> EmbeddedPostgres:
        """The embedded PostgreSQL server, running."""
        return self._stack.enter_context(EmbeddedPostgres(self.settings.home))

    @cached_property
    def store(self) -> Store:
        """What the syncer remembers."""
        store = Store(self.state_engine, self.clock, self.settings.lease_seconds)
        store.noticing.tell = self._count_event
        return store

    @cached_property
    def redis(self) -> Redis:
        """Redis: quotas, leases and tokens shared by all processes. It gives up soon: the syncer goes on without."""
        redis: Redis = self._stack.enter_context(connect(self.redis_address))
        return redis

    @cached_property
    def redis_address(self) -> str:
        """The URL of Redis for redis-py, the embedded one running."""
        if url := self.settings.redis_url:
            return url.get_secret_value()
        return self.embedded_redis.url()

    @cached_property
    def embedded_redis(self) -> EmbeddedRedis:
        """The embedded Redis, running."""
        return self._stack.enter_context(EmbeddedRedis(self.settings.home))

    def revive(self) -> None:
        """Start those embedded servers anew that this process uses and that have ended. Raises ``SyncerError``."""
        for name in ("embedded_postgres", "embedded_redis"):
            if name in self.__dict__:
                getattr(self, name).start()

    @cached_property
    def shared(self) -> Shared:
        """Quotas, the paces of tables and their writers, shared with all other workers."""
        shared = Shared(self.redis, self.clock, self.settings.quota_scale, self.settings.feishu_timeout)
        self._stack.callback(shared.counts.flush)
        return shared

    def _count_event(self, outcome: str) -> None:
        self.shared.counts.add("events", outcome)
