"""What becomes of an event: lost, late, doubled, overtaken, and tried until it is acknowledged or given up."""

import asyncio
import contextlib
import random
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from syncer.simulator.events.agenda import Agenda
from syncer.simulator.events.channel import Channel
from syncer.simulator.events.connections import Connections
from syncer.simulator.events.event import Attempt, Event
from syncer.simulator.events.event_log import EventLog
from syncer.simulator.events.webhook import Webhook

if TYPE_CHECKING:
    from syncer.simulator.world import World

REDELIVERIES = (15.0, 300.0, 3600.0, 21600.0)
"""Seconds after a delivery that failed until the next one; after the last the event is lost. [doc]"""
_MOST_IN_FLIGHT = 64
_LONGEST_HOLD = 5.0
"""Seconds an event waits to be overtaken when no other comes."""


class Courier:
    """Delivers events, many at a time, and redelivers those that were not acknowledged."""

    def __init__(self, world: "World", log: EventLog, channel_of: Callable[[str], Channel]) -> None:
        self._world, self._log, self._channel_of = world, log, channel_of
        self._random = random.Random(world.seed)  # noqa: S311 - the same seed meets the same fate
        self._ready: deque[Event] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: dict[str, Event] = {}
        self._lanes: dict[str, deque[Event]] = {}
        self._clock_work: asyncio.Task[None] | None = None
        self.agenda = Agenda(world.clock)
        self.webhook = Webhook(world)
        self.connections = Connections(world, channel_of)

    def open(self) -> None:
        """Begin to deliver; called once the loop runs."""
        self._clock_work = asyncio.get_running_loop().create_task(self.agenda.run())

    async def close(self) -> None:
        """Stop delivering and hang up every connection."""
        running = [*self._tasks, *([self._clock_work] if self._clock_work else [])]
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        await self.connections.close()
        await self.webhook.close()

    @property
    def busy(self) -> bool:
        """Return whether a delivery is under way or due."""
        return bool(self._ready or self._tasks) or self.agenda.due()

    def take(self, event: Event) -> None:
        """Accept a new event and decide its fate by the switches."""
        switches = self._world.switches
        self._log.add(event)
        if self._chance(switches.event_loss):
            self._log.settle(event, "lost")
            return
        event.copies = int(self._chance(switches.event_doubling))
        waiting = self._held.pop(event.app_id, None)
        if waiting is None and not event.lane and self._chance(switches.event_reordering):
            self._held[event.app_id] = event
            self._after(_LONGEST_HOLD, lambda: self._let_go(event))
            return
        event.followed_by = waiting
        self._begin(event)

    def again(self, event: Event) -> None:
        """Deliver an event once more, whatever became of it."""
        if not event.body:
            raise ValueError(f"event {event.number} is too old: its body is not kept any more")
        self._log.counts["replayed"] += 1
        self._ready.append(event)
        self._fill()

    def _chance(self, share: float) -> bool:
        return share > 0 and self._random.random() < share

    def _let_go(self, event: Event) -> None:
        if self._held.get(event.app_id) is event:
            del self._held[event.app_id]
            self._begin(event)

    def _begin(self, event: Event) -> None:
        if event.lane:
            lane = self._lanes.setdefault(event.lane, deque())
            lane.append(event)
            if len(lane) > 1:
                return
        self._start(event)

    def _start(self, event: Event) -> None:
        switches = self._world.switches
        late = switches.event_delay_seconds + switches.event_delay_random_seconds * self._random.random()
        self._after(late, lambda: self._now(event))

    def _after(self, seconds: float, do: Callable[[], None]) -> None:
        if seconds <= 0:
            do()
        else:
            self.agenda.put(seconds / self._world.switches.event_speed, do)

    def _now(self, event: Event) -> None:
        self._ready.append(event)
        self._fill()

    def _fill(self) -> None:
        while self._ready and len(self._tasks) < _MOST_IN_FLIGHT:
            task = asyncio.get_running_loop().create_task(self._deliver(self._ready.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._ended)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            self._fill()

    async def _deliver(self, event: Event) -> None:
        channel, at, began = self._channel_of(event.app_id), self._world.clock.now(), time.perf_counter()
        by = "webhook" if channel.url else "connection"
        carry = self.webhook.post(channel, event) if channel.url else self.connections.push(event)
        ok, status, note = await carry
        self._log.tried(event, Attempt(at, time.perf_counter() - began, by, ok, status, note))
        self._judge(event, ok=ok)

    def _judge(self, event: Event, *, ok: bool) -> None:
        follower, event.followed_by = event.followed_by, None
        if follower:
            self._begin(follower)
        if ok:
            self._acknowledged(event)
        elif event.state == "waiting":
            self._failed(event)

    def _acknowledged(self, event: Event) -> None:
        first = event.state == "waiting"
        if first:
            self._log.settle(event, "delivered")
            self._next_of_lane(event)
        if event.copies:
            event.copies -= 1
            self._log.counts["doubled"] += 1
            self._now(event)

    def _failed(self, event: Event) -> None:
        if event.failures >= len(REDELIVERIES):
            self._log.settle(event, "given_up")
            self._next_of_lane(event)
            return
        self._after(REDELIVERIES[event.failures], lambda: self._now(event))
        event.failures += 1

    def _next_of_lane(self, event: Event) -> None:
        lane = self._lanes.get(event.lane)
        if not lane:
            return
        with contextlib.suppress(ValueError):
            lane.remove(event)
        if lane:
            self._start(lane[0])
        else:
            del self._lanes[event.lane]
