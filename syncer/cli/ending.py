"""What becomes of an error: one clear sentence on stderr, and an exit status."""

import logging
import os
import traceback
from collections.abc import Iterable

from typer import Exit
from typer.exceptions import Abort, TyperException

from syncer.cli import console
from syncer.errors import SyncerError

FAULT, MEND, INTERRUPTED, PIPE = 1, 2, 130, 141

_GRAVITY = (INTERRUPTED, FAULT, MEND, 4, 5, 3, 0)
"""Exit statuses, the gravest first: what a person must mend comes before what may pass by itself."""

_debugging = [False]


def debug(*, on: bool = True) -> None:
    """Print tracebacks of faults from now on, and what the syncer notes on its way."""
    _debugging[0] = on
    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("syncer").setLevel(logging.DEBUG if on else logging.WARNING)


def worst(statuses: Iterable[int]) -> int:
    """The one exit status for several."""
    return min(statuses, key=_GRAVITY.index, default=0)


def told(error: BaseException, where: str = "") -> int:
    """Tell an error and return its exit status; ``where`` is said before it. Lets ``SystemExit`` pass."""
    if isinstance(error, SystemExit):
        raise error
    if isinstance(error, Exit):
        return error.exit_code
    if isinstance(error, TyperException):
        return _told_of_usage(error)
    if isinstance(error, KeyboardInterrupt | Abort):
        console.complain("stopped; what was begun is settled by the next run")
        return INTERRUPTED
    if isinstance(error, BrokenPipeError):
        return PIPE
    if isinstance(error, SyncerError) and error.exit_status != FAULT:
        console.complain(f"Error: {where}: {error}" if where else f"Error: {error}")
        return error.exit_status
    return _told_of_fault(error)


def _told_of_usage(error: TyperException) -> int:
    if type(error).__name__ == "NoArgsIsHelpError":
        console.complain(error.format_message(), style="")
    else:
        console.complain(
            f"Error: {error.format_message()} `syncer --help` and `syncer COMMAND --help` tell what is right."
        )
    return MEND


def _told_of_fault(error: BaseException) -> int:
    # What an error nobody foresaw says may hold anything, also a password: its type is told, no more.
    said = f"{type(error).__name__}: {error}" if isinstance(error, SyncerError) else type(error).__name__
    console.complain(f"Error: this is a fault of the syncer, not yours ({said}); {_where_to_look()}")
    if _debugging[0]:
        console.complain(_struck("".join(traceback.format_exception(error))), style="")
    return FAULT


def _where_to_look() -> str:
    if _debugging[0]:
        return "please report it with what follows"
    return "`syncer --debug COMMAND ...` (or SYNCER_DEBUG=1) shows where; please report it with that"


def _struck(text: str) -> str:
    """A text without any secret of the environment."""
    for name, value in os.environ.items():
        secret = any(word in name.upper() for word in ("SECRET", "PASSWORD", "TOKEN", "KEY", "_URL", "CONNECTIONS"))
        if secret and len(value) >= 6:
            text = text.replace(value, f"({name})")
    return text
