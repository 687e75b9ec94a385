"""A worker's hand: takes a turn at a mapping, makes the run, writes down how it ended, asks for what follows.

One stands in each process of a pool, with its connections kept from run to run.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC
from functools import partial
from uuid import uuid4

from syncer.catalog.document import Document
from syncer.core.schedule import Schedule, Trouble
from syncer.core.values import Json
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.errors import BusyError, FencedError, MendError, NotAppliedError, OutsideError, SyncerError
from syncer.fields.timezones import zone
from syncer.listening.subscribing import assert_subscriptions
from syncer.state.agenda import Kind, Turn
from syncer.state.mappings import State
from syncer.wiring import Syncer
from syncer.worker.broker import Broker
from syncer.worker.enough import StopFlag, enough

OPTIONS = {
    Kind.INTERACTIVE: Options(poll=False, urgent=True),
    Kind.INCREMENTAL: Options(),
    Kind.FULL: Options(full=True),
}

NAMES = {Kind.INTERACTIVE: "events", Kind.INCREMENTAL: "", Kind.FULL: ""}
"""What runs are called in their history, where that is not what their options say."""

_log = logging.getLogger(__name__)


def schedule_of(stored: Json) -> Schedule:
    """The schedule in an applied mapping's document."""
    assert isinstance(stored, dict)
    document = Document.model_validate(stored["document"])
    name = document.schedule.timezone or document.timezone or stored.get("timezone")
    rhythm, place = document.schedule, zone(name) if isinstance(name, str) else UTC
    return Schedule(rhythm.every, rhythm.full, place, document.computed if stored.get("computed") else None)


class Hand:
    """Works with a syncer of its own. ``make`` builds one; one that met a fault of ours is not used again.

    Runs come to an early end, between two slices, when ``flag`` is raised.
    """

    def __init__(self, make: Callable[[], Syncer], flag: StopFlag) -> None:
        self._make, self._flag = make, flag
        self._living: Syncer | None = None
        self._broker: Broker | None = None

    def close(self) -> None:
        """Give back every connection."""
        living, broker, self._living, self._broker = self._living, self._broker, None, None
        if broker is not None:
            broker.close()
        if living is not None:
            living.close()

    def work(self, name: str, kind: Kind) -> None:
        """What one message asks for. Raises nothing: whatever goes wrong is noted, and asked for again by the clock."""
        try:
            self._work(name, kind)
        except SyncerError as error:  # of the state store: what is due stands there and is found when it is back
            _log.warning("%s: %s", name, error)
            self.close()
        except Exception:  # noqa: BLE001 - the last floor of a worker: nothing falls through it untold
            _log.exception("%s: a fault of the syncer", name)
            self.close()

    def subscribe(self) -> None:
        """Renew the subscriptions that are due. Raises nothing: what was refused is told in the status."""
        try:
            refused = {base: error for base, error in assert_subscriptions(self._syncer()).items() if error}
        except Exception as error:  # noqa: BLE001 - the clock asks again in some minutes
            _log.warning("subscriptions could not be renewed: %s", error)
            return
        for (app, base), reason in refused.items():
            _log.warning("app %s gets no events of the base %s: %s", app, base, reason)

    def _syncer(self) -> Syncer:
        if self._living is None:
            self._living = self._make()
        return self._living

    def _work(self, name: str, kind: Kind) -> None:
        living = self._syncer()
        agenda = living.store.agenda
        turn = agenda.take(name, kind, uuid4().hex)
        if turn is None:
            return
        try:
            schedule = schedule_of(living.store.mapping(name).document)
        except NotAppliedError:
            return  # it was removed this moment, and its agenda with it
        self._run(living, turn, schedule)
        self._follow(living, name)

    def _run(self, living: Syncer, turn: Turn, schedule: Schedule) -> None:
        agenda = living.store.agenda
        try:
            options = replace(
                OPTIONS[turn.kind], enough=enough(self._flag, paused=partial(_is_paused, living, turn.name))
            )
            report = living.sync(turn.name, options, kind=NAMES[turn.kind], began=lambda _: agenda.begun(turn))
        except (BusyError, FencedError) as error:
            _log.info("%s: %s", turn.name, error)
            agenda.give_back(turn)
        except SyncerError as error:
            rest = agenda.failed(turn, schedule, trouble_of(error))
            _log.warning("%s: %s (again in %.0f s)", turn.name, error, rest.total_seconds())
        except Exception:
            agenda.failed(turn, schedule, Trouble.FAULT)
            raise
        else:
            _note(turn, report)
            if report.unfinished:
                agenda.give_back(turn)
            else:
                agenda.done(turn, schedule)

    def _follow(self, living: Syncer, name: str) -> None:
        """Ask for what came meanwhile."""
        if self._broker is None:
            self._broker = Broker(living.redis_address, living.redis)
        try:
            with living.store.agenda.following(name) as asks:
                self._broker.ask(asks)
        except SyncerError:
            raise
        except Exception as error:  # noqa: BLE001 - whatever the broker throws; the next tick asks for it
            _log.warning("%s: nobody could be asked for the next run (%s)", name, type(error).__name__)


def _is_paused(living: Syncer, name: str) -> bool:
    """Whether somebody paused the mapping, or took it away."""
    try:
        return living.store.mapping(name).state is State.PAUSED
    except NotAppliedError:
        return True


def trouble_of(error: SyncerError) -> Trouble:
    """What kind of trouble an error is."""
    if error.exit_status == MendError.exit_status:
        return Trouble.MEND
    return Trouble.OUTSIDE if isinstance(error, OutsideError) else Trouble.FAULT


def _note(turn: Turn, report: Report) -> None:
    if report.writes or report.guard or report.unfinished:
        _log.info("%s: run %s (%s): %s in %.2f s", turn.name, report.run, turn.kind, report.status, report.seconds)
