"""``syncer simulator``: the stand-in Feishu alone."""

import socket
from typing import Annotated

import typer

from syncer.cli import console
from syncer.cli.main import app
from syncer.errors import MendError


@app.command()
def simulator(
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    control: Annotated[bool, typer.Option("--control", help="Also serve the control API under /_control.")] = False,
    quota_scale: Annotated[
        float, typer.Option(min=0, help="Multiplies Feishu's documented quotas; 0 takes them off.")
    ] = 1.0,
    events_url: Annotated[
        str, typer.Option(help="The request URL that events are posted to; left out, they go over long connections.")
    ] = "",
    encrypt_key: Annotated[
        str, typer.Option(envvar="FEISHU_ENCRYPT_KEY", help="Encrypts and signs the events posted.")
    ] = "",
    verification_token: Annotated[
        str, typer.Option(envvar="FEISHU_VERIFICATION_TOKEN", help="The token inside every event posted.")
    ] = "",
) -> None:
    """Run the stand-in Feishu alone, until Ctrl-C."""
    from syncer.simulator.server import RequestUrl, serve  # noqa: PLC0415 - loads a web server

    _demand_free(host, port)
    events = RequestUrl(events_url, encrypt_key, verification_token) if events_url else None
    serve(host, port, control=control, quota_scale=quota_scale, events=events, ready=_tell)


def _demand_free(host: str, port: int) -> None:
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        reason = f"{host}:{port} cannot be listened on ({error.strerror})"
        raise MendError(f"{reason}; give another --port or --host, or --port 0 for any free one") from error


def _tell(url: str) -> None:
    from syncer.simulator.server import DEFAULT_APP_ID, DEFAULT_APP_SECRET  # noqa: PLC0415 - loaded by now

    console.say(url)
    console.say(f"FEISHU_DOMAIN={url}\nFEISHU_APP_ID={DEFAULT_APP_ID}\nFEISHU_APP_SECRET={DEFAULT_APP_SECRET}")
    console.hint("put these three lines into .env and the syncer speaks to this simulator; Ctrl-C ends it")
