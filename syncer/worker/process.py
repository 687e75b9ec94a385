"""One worker: a Celery parent that takes messages and a pool of processes, each with a hand of its own."""

import logging
import os
import signal
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import signals
from celery.exceptions import SecurityWarning

from syncer.listening.alive import sign_of_life
from syncer.listening.orphans import end_with
from syncer.settings import Settings
from syncer.state.agenda import Kind
from syncer.wiring import Syncer
from syncer.worker.broker import SUBSCRIBE, TASK, make_celery
from syncer.worker.enough import StopFlag
from syncer.worker.hand import Hand

PATIENCE = 1.0
"""Seconds a run waits for a mapping that somebody else holds; then it is left to whoever ends that run."""

ATTEMPTS = 8
"""How often a call to Feishu is tried, within a quarter of a minute; then its mapping rests and frees the worker."""

_SIGN = 5.0  # seconds between two signs of life

_LAST = 5.0  # seconds the runs that were cut off have to be gone

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shape:
    """How a worker is to be: which queues, how many runs at once, how many seconds runs have to end at a stop."""

    queues: tuple[Kind, ...] = tuple(Kind)
    concurrency: int = 4
    grace: float = 20.0


def run_worker(settings: Settings, redis_url: str, shape: Shape) -> int:
    """Work until SIGTERM or SIGINT; the exit status. Runs that do not end in time are cut off: others take them up."""
    from syncer.feishu.transport import sdk  # noqa: PLC0415 - seconds and 170 MB, which the pool's processes share

    sdk()
    # Celery advises against root because of pickled messages; ours are JSON and nothing else is accepted.
    warnings.simplefilter("ignore", SecurityWarning)
    celery = make_celery(redis_url, shape.queues)
    flag = StopFlag()
    hand = Hand(lambda: Syncer(settings, wait=PATIENCE, attempts=ATTEMPTS), flag)

    @celery.task(name=TASK)  # type: ignore[untyped-decorator]  # Celery's own annotations say nothing
    def _run(name: str, kind: str) -> None:
        hand.work(name, Kind(kind))

    @celery.task(name=SUBSCRIBE)  # type: ignore[untyped-decorator]  # likewise
    def _subscribe() -> None:
        hand.subscribe()

    connected = _signals(hand, flag, shape.grace, settings.home)
    worker = celery.Worker(
        hostname=f"syncer-{os.getpid()}@%h",
        pool="prefork",
        concurrency=shape.concurrency,
        queues=[kind.value for kind in shape.queues],
        quiet=True,
        without_mingle=True,
        without_gossip=True,
        without_heartbeat=True,
    )
    worker.start()
    del connected
    return int(worker.exitcode or 0)


def _signals(hand: Hand, flag: StopFlag, grace: float, home: Path) -> Sequence[Any]:
    """Connect to Celery's signals. It holds on to receivers weakly: keep what is returned."""

    def no_logging_of_its_own(**_: Any) -> None:
        """That this is connected is all."""

    def begin(**_: Any) -> None:
        end_with(os.getppid())

    def end(**_: Any) -> None:
        hand.close()

    def stopping(**_: Any) -> None:
        flag.raise_()
        threading.Thread(target=_stop_within, args=[grace], name="syncer-stop", daemon=True).start()

    def ready(sender: Any, **_: Any) -> None:
        sender.timer.call_repeatedly(_SIGN, sign_of_life, (home, "worker"))  # in the loop that takes messages

    signals.worker_ready.connect(ready)
    signals.setup_logging.connect(no_logging_of_its_own)
    signals.worker_process_init.connect(begin)
    signals.worker_process_shutdown.connect(end)
    signals.worker_shutting_down.connect(stopping)
    return ready, no_logging_of_its_own, begin, end, stopping


def _stop_within(grace: float) -> None:
    """Celery waits for its runs for ever, or sleeps for the whole grace; neither will do."""
    waiting = threading.Event()
    waiting.wait(grace)
    _log.warning("runs are still going on after %.0f s: they are cut off, and taken up by another worker", grace)
    os.kill(os.getpid(), signal.SIGQUIT)
    waiting.wait(_LAST)
    os._exit(1)  # the pool's processes notice and end too
