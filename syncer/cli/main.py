"""The entry point: all commands, and what becomes of their errors.

Exit status: 0 done, 1 a fault of ours, 2 something to mend, 3 failed lines or open conflicts, 4 a guard, 5 the outside.
"""

import os
import sys
from difflib import get_close_matches
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup
from typer.main import get_group

from syncer import __version__
from syncer.cli import console, ending
from syncer.cli.commands import MODULES
from syncer.errors import MendError


class Commands(TyperGroup):
    """The commands, each loaded when it is run: the names and lines of ``--help`` stand in a table."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002 - typer's signature
        """All commands that work, in the order of a first use."""
        return list(MODULES)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002 - typer's signature
        """The command of a name, its module loaded now. Raises ``MendError`` for one that there is not."""
        if cmd_name not in MODULES:
            near = get_close_matches(cmd_name, MODULES, n=1)
            mend = f"did you mean `syncer {near[0]}`?" if near else "`syncer --help` lists them all"
            raise MendError(f"there is no command {cmd_name}; {mend}")
        import_module(MODULES[cmd_name][0])
        return get_group(app).commands[cmd_name]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 - typer's signature
        """Write the table of commands."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in MODULES.items()])


app = typer.Typer(
    cls=Commands,
    name="syncer",
    help="Keeps Feishu/Lark Bitable tables and database tables equal, in both directions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        console.say(f"syncer {__version__}")
        raise typer.Exit


@app.callback()
def _main(
    _: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version and exit."),
    debug: bool = typer.Option(
        False, "--debug", envvar="SYNCER_DEBUG", help="Tell more, and print the traceback of a fault of the syncer."
    ),
) -> None:
    if debug:
        ending.debug()


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit status."""
    console.speak_utf8()
    status = _status(arguments)
    try:
        sys.stdout.flush()
    except BrokenPipeError:  # the reader of a pipe has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(status)


def _status(arguments: list[str] | None) -> int:
    """The exit status of a command, its errors told on stderr."""
    try:
        result = app(args=arguments, standalone_mode=False, prog_name="syncer")
    except BaseException as error:  # noqa: BLE001 - the last floor: nothing falls through it untold
        return ending.told(error)
    return result if isinstance(result, int) else 0
