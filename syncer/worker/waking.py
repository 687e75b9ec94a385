"""Asks for runs of mappings as soon as something is noticed: once, however much is noticed until a run begins."""

from collections.abc import Sequence

from syncer.listening.waker import Wake
from syncer.wiring import Syncer
from syncer.worker.broker import Broker


def waking(living: Syncer) -> Wake:
    """What ``serve`` and ``listen`` call after storing. Raises what the state store and the broker raise."""
    broker: list[Broker] = []

    def wake(names: Sequence[str]) -> None:
        if not broker:
            broker.append(Broker(living.redis_address, living.redis))
        with living.store.agenda.called(names) as asks:
            broker[0].ask(asks)

    return wake
