"""``syncer listen``: hears what happens in Feishu and in the databases, until it is told to stop."""

import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import closing
from os import getpid
from typing import Annotated

import typer

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.cli.stopping import ParentPid, begin, stopped_by_signals


@app.command()
def listen(
    only: Annotated[
        str | None, typer.Option("--app", help="Hold the long connection of this one app, in this process.")
    ] = None,
    parent_pid: ParentPid = None,
) -> None:
    """Hear of changes as they happen, until Ctrl-C. Holds Feishu's long connections and listens to databases."""
    begin(parent_pid)
    if only is None:
        _listen_to_all()
    else:
        _listen_to(only.lower())


def _listen_to(name: str) -> None:
    from syncer.listening.connection import hold_connection  # noqa: PLC0415 - ``--help`` does without
    from syncer.worker.waking import waking  # noqa: PLC0415 - loads Celery

    with syncer() as living:
        raise hold_connection(living, name, waking(living))


def _listen_to_all() -> None:
    from syncer.listening.alive import sign_of_life  # noqa: PLC0415 - likewise
    from syncer.listening.databases import Databases  # noqa: PLC0415 - ``--help`` does without
    from syncer.listening.supervisor import Supervisor  # noqa: PLC0415 - likewise
    from syncer.listening.waker import Waker  # noqa: PLC0415 - likewise
    from syncer.worker.waking import waking  # noqa: PLC0415 - loads Celery

    stop = threading.Event()
    with syncer() as living, stopped_by_signals(stop.set), closing(Waker(waking(living))) as waker:
        noticing = living.store.noticing
        with closing(Databases(living.engine, noticing, waker)) as databases:

            def wanted() -> Mapping[str, Sequence[str]]:
                sign_of_life(living.settings.home, "listen")
                sources = noticing.sources()
                databases.want(name for name in sources.connections if name in living.settings.connections)
                apps = [name for name in sources.apps if name in living.settings.apps]
                return {f"listen --app {name}": connection_command(name) for name in apps}

            console.say("listening to what mappings name; Ctrl-C ends it")
            Supervisor().run(stop, wanted, every=2.0)


def connection_command(name: str) -> Sequence[str]:
    """The command of a child process that holds the long connection of one app."""
    return (sys.executable, "-m", "syncer", "listen", "--app", name, "--parent-pid", str(getpid()))
