"""Commands that serve until they are stopped."""

from typing import Annotated

import typer

from syncer.cli import console
from syncer.cli.main import app


@app.command()
def simulator(
    port: Annotated[int, typer.Option(help="The port to listen on; 0 takes a free one.")] = 0,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    control: Annotated[bool, typer.Option("--control", help="Also serve the control API under /_control.")] = False,
    quota_scale: Annotated[float, typer.Option(help="Multiplies Feishu's documented quotas; 0 takes them off.")] = 1.0,
) -> None:
    """Run the stand-in Feishu alone, until Ctrl-C."""
    from syncer.simulator.server import serve  # noqa: PLC0415 - loads a web server

    serve(host, port, control=control, quota_scale=quota_scale, ready=console.say)
