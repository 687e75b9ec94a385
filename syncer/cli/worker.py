"""``syncer worker`` and ``syncer beat``: runs by the clock and by events, until they are told to stop."""

import threading
from contextlib import closing
from typing import Annotated

import typer

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.cli.stopping import ParentPid, begin, stopped_by_signals
from syncer.errors import MendError

QUEUES = ("interactive", "incremental", "full")


@app.command()
def worker(
    concurrency: Annotated[int, typer.Option(min=1, max=256, help="So many runs at once, each in a process.")] = 4,
    queues: Annotated[str, typer.Option(help="Which queues to serve, the most urgent first.")] = ",".join(QUEUES),
    grace: Annotated[
        float, typer.Option(min=0, max=3600, help="Seconds that runs have to end when the worker is stopped.")
    ] = 20.0,
    parent_pid: ParentPid = None,
) -> int:
    """Make the runs that are due, until Ctrl-C. Any number of workers share them."""
    from syncer.state.agenda import Kind  # noqa: PLC0415 - ``--help`` does without
    from syncer.worker.process import Shape, run_worker  # noqa: PLC0415 - loads Celery

    wanted = _queues(queues)
    begin(parent_pid)
    with syncer() as living:
        living.state_engine.dispose()  # it stands, and is migrated; connections are no use to a fork
        shape = Shape(tuple(Kind(name) for name in wanted), concurrency, grace)
        console.say(f"worker: {concurrency} at once of {', '.join(wanted)}; Ctrl-C ends it")
        return run_worker(living.settings, living.redis_address, shape)


@app.command()
def beat(parent_pid: ParentPid = None) -> None:
    """Ask workers for what is due by the schedules, until Ctrl-C. Two of them do no harm."""
    from syncer.worker.beat import Beat  # noqa: PLC0415 - loads Celery
    from syncer.worker.broker import Broker  # noqa: PLC0415 - likewise

    begin(parent_pid)
    stop = threading.Event()
    with syncer() as living, closing(Broker(living.redis_address, living.redis)) as broker:
        ticking = Beat(living, broker)
        with stopped_by_signals(stop.set):
            console.say("beat: looks every second what is due; Ctrl-C ends it")
            ticking.run(stop)


def _queues(given: str) -> list[str]:
    names = [name.strip() for name in given.split(",") if name.strip()]
    wrong = [name for name in names if name not in QUEUES]
    if wrong or not names:
        raise MendError(f"--queues: {', '.join(wrong) or 'nothing'} is no queue; name some of {', '.join(QUEUES)}")
    return list(dict.fromkeys(names))
