"""``syncer serve``: Feishu's webhook and the health pages, until it is told to stop."""

from contextlib import closing

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.cli.stopping import ParentPid, begin, stopped_by_signals


@app.command()
def serve(parent_pid: ParentPid = None) -> None:
    """Take Feishu's events over HTTP, until Ctrl-C. SYNCER_HTTP_HOST and SYNCER_HTTP_PORT say where."""
    from syncer.listening.waker import Waker  # noqa: PLC0415 - ``--help`` does without
    from syncer.web.app import warnings, web_app  # noqa: PLC0415 - loads a web server
    from syncer.web.serving import HttpServer, address_of, listen_on  # noqa: PLC0415 - likewise
    from syncer.worker.waking import waking  # noqa: PLC0415 - loads Celery

    begin(parent_pid)
    with syncer() as living:
        listening = listen_on(living.settings.http_host, living.settings.http_port)
        with listening, closing(Waker(waking(living))) as waker:
            server = HttpServer(web_app(living, waker), listening)
            for sentence in warnings(living.settings):
                console.complain(f"warning: {sentence}", style="yellow")
            with stopped_by_signals(server.stop):
                console.say(f"{address_of(listening)} takes Feishu's events at /feishu/events; Ctrl-C ends it")
                server.run()
