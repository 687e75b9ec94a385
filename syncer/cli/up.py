"""``syncer up``: everything on this machine in one command."""

from typing import Annotated

import typer

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.cli.stopping import ParentPid, begin, stopped_by_signals
from syncer.settings import Settings


@app.command()
def up(
    concurrency: Annotated[int, typer.Option(min=2, max=256, help="So many runs at once, one of them a full one.")] = 4,
    parent_pid: ParentPid = None,
) -> None:
    """Everything on this machine in one command, until Ctrl-C.

    The webhook, workers, the scheduler and the listeners, each a process of its own that is started anew if it ends.
    """
    from syncer.web.serving import listen_on  # noqa: PLC0415 - loads a web server
    from syncer.worker.parts import Parts  # noqa: PLC0415 - ``--help`` does without

    begin(parent_pid)
    parts = Parts()
    with syncer() as living, stopped_by_signals(parts.stop.set):
        settings = living.settings
        listen_on(settings.http_host, settings.http_port).close()  # taken by somebody else, it is told before all else
        living.state_engine.dispose()
        living.redis.ping()
        for line in _told(settings):
            console.say(line)
        parts.run_all(concurrency, living.revive)
    console.say("all parts have ended")


def _told(settings: Settings) -> list[str]:
    store = "as SYNCER_DATABASE_URL says" if settings.database_url else f"embedded, in {settings.home}"
    redis = "as SYNCER_REDIS_URL says" if settings.redis_url else f"embedded, in {settings.home}"
    return [f"PostgreSQL: {store}", f"Redis: {redis}", "starting serve, worker, beat and listen; Ctrl-C stops all"]
