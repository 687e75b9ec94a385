"""The scheduler: one small tick, in any number of processes. What is due stands in the agenda, not here."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from syncer.errors import SyncerError
from syncer.listening.alive import sign_of_life
from syncer.wiring import Syncer
from syncer.worker.broker import Broker
from syncer.worker.hand import schedule_of

TICK = 1.0
"""Seconds between two ticks: an edited schedule takes effect within one."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Chore:
    """What a tick does every so many seconds. What fails is noted when it begins to fail, and tried again."""

    name: str
    do: Callable[[], object]
    every: float = 0.0
    at: float = 0.0
    failing: bool = False

    def turn(self, now: float) -> None:
        """Do it if it is time."""
        if now < self.at:
            return
        try:
            self.do()
        except Exception as error:  # noqa: BLE001 - whatever is away comes back: a scheduler goes on
            self._failed(error)
            return
        if self.failing:
            _log.warning("%s works again", self.name)
        self.failing, self.at = False, now + self.every

    def _failed(self, error: Exception) -> None:
        if not self.failing:
            said = str(error) if isinstance(error, SyncerError) else f"{type(error).__name__}: {error}"
            _log.warning("%s does not work just now: %s", self.name, said)
        self.failing = True


@dataclass(slots=True)
class Beat:
    """Ticks over one syncer."""

    living: Syncer
    broker: Broker
    chores: list[Chore] = field(default_factory=list)

    def __post_init__(self) -> None:
        noticing, agenda = self.living.store.noticing, self.living.store.agenda
        self.chores += [
            Chore("planning schedules", self.plan),
            Chore("looking for missed events", noticing.poll_missed, 5.0),
            Chore("looking for what waits", agenda.stir),
            Chore("asking workers", self.ask),
            Chore("renewing subscriptions", self.subscribe, 300.0),
            Chore("forgetting old events", noticing.prune, 600.0),
            Chore("forgetting old runs", agenda.prune, 3600.0),
            Chore("forgetting old audits", self.forget, 3600.0),
        ]

    def run(self, stop: threading.Event) -> None:
        """Tick until ``stop`` is set."""
        while not stop.is_set():
            began = monotonic()
            self.tick(began)
            sign_of_life(self.living.settings.home, "beat")
            stop.wait(max(0.0, began + TICK - monotonic()))

    def tick(self, now: float) -> None:
        """Do everything that is to be done now."""
        for chore in self.chores:
            chore.turn(now)

    def plan(self) -> None:
        """Plan the mappings that were applied since."""
        agenda = self.living.store.agenda
        for one in agenda.unplanned():
            agenda.plan(one, schedule_of(one.document))

    def subscribe(self) -> None:
        """Ask a worker, if the events of some base are to be subscribed to: it has the SDK loaded, and the time."""
        if self.living.store.noticing.subscriptions_due():
            self.broker.ask_to_subscribe()

    def forget(self) -> None:
        """Forget audits that are older than anybody wants to know."""
        self.living.store.prune_history(self.living.settings.audit_days)

    def ask(self) -> None:
        """Ask workers for what is due; for all of it once more if the broker lost everything."""
        agenda = self.living.store.agenda
        if self.broker.was_emptied():
            agenda.forget_sent()
        with agenda.ripe() as asks:
            self.broker.ask(asks)
