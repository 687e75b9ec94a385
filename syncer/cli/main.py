"""The entry point: all commands, and what becomes of their errors.

Exit status: 0 done, 1 a fault of ours, 2 something to mend, 3 failed lines or open conflicts, 4 a guard, 5 the outside.
"""

import sys

import typer
from typer.exceptions import Abort, TyperException

from syncer import __version__
from syncer.cli import console
from syncer.errors import SyncerError

app = typer.Typer(
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
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def main(arguments: list[str] | None = None) -> None:
    """Run a command and leave with its exit status."""
    from syncer.cli import commands  # noqa: PLC0415 - registers the commands on ``app``

    assert commands
    sys.exit(_status(arguments))


def _status(arguments: list[str] | None) -> int:
    try:
        result = app(args=arguments, standalone_mode=False)
    except TyperException as error:
        console.complain(
            f"Error: {error.format_message()}\n`syncer --help` and `syncer COMMAND --help` tell what is right"
        )
        return 2
    except Abort:
        console.complain("stopped")
        return 130
    except SyncerError as error:
        console.complain(f"Error: {error}")
        return error.exit_status
    except KeyboardInterrupt:
        console.complain("stopped; what was begun is settled by the next run")
        return 130
    return result if isinstance(result, int) else 0
