"""One writer at a time: a write that overlaps another of the same table (or base) is 1254291."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.world import World

Place = tuple[str, str]


class Locks:
    """Who is writing and reading where right now."""

    def __init__(self) -> None:
        self._writing: Counter[Place] = Counter()
        self._reading: Counter[Place] = Counter()

    @contextmanager
    def held(self, world: World, call: Call, *, writes: bool) -> Iterator[None]:
        """Hold the place of a call while it is handled; Refusal 1254291 when it is taken."""
        place = _place(world, call)
        busy = self._writing if writes else self._reading
        mixed = world.switches.reads_conflict_with_writes
        if self._writing[place] and (writes or mixed):
            raise Refusal(1254291)
        if writes and mixed and self._reading[place]:
            raise Refusal(1254291)
        busy[place] += 1
        try:
            yield
        finally:
            busy[place] -= 1


def _place(world: World, call: Call) -> Place:
    token = call.params.get("app_token", "")
    base = world.wiki_nodes.get(token, token)
    return base, "" if world.switches.writer_scope == "base" else call.params.get("table_id", "")
