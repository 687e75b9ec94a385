"""What all workers share through one Redis, with one link that may be away: quotas, paces, sizes, writers, counts."""

from redis import Redis

from syncer.batching.redis_counts import RedisCounts
from syncer.batching.redis_link import PAUSE, RedisLink
from syncer.batching.redis_pacer import RedisPacer
from syncer.batching.redis_paces import RedisPaces
from syncer.batching.redis_sizes import RedisSizes
from syncer.batching.redis_writer import RedisWriter
from syncer.batching.writer import LocalWriter
from syncer.ports import Clock


class Shared:
    """Made once in a process. ``scale`` multiplies the documented quotas; ``timeout`` is one call's, in seconds.

    A Redis that is away is asked again every ``pause`` seconds.
    """

    def __init__(
        self, redis: Redis, clock: Clock, scale: float = 1.0, timeout: float = 30.0, *, pause: float = PAUSE
    ) -> None:
        self.link = RedisLink(redis, clock, pause)
        self.pacer, self.paces = RedisPacer(self.link, clock, scale), RedisPaces(self.link, clock)
        self.sizes, self.counts = RedisSizes(self.link, clock), RedisCounts(self.link)
        self._clock, self._patience = clock, 2 * timeout + 30
        self._here = LocalWriter(clock, self._patience)

    def writer(self, owner: str, patience: float | None = None) -> RedisWriter:
        """The leases of a mapping's runs; left out, patience outlasts the lease of a writer that died."""
        seconds = self._patience if patience is None else patience
        return RedisWriter(self.link, self._clock, owner=owner, here=self._here, patience=seconds, counts=self.counts)
