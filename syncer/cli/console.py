"""What commands print: progress and plain lines for people, one JSON object for programs, errors on stderr."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.text import Text

if TYPE_CHECKING:
    from rich.progress import Progress

    from syncer.ports.progress import Reporter

out = Console(highlight=False, soft_wrap=True, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)

_WIDTH = 160  # of tables that go into a file or a pipe

_CONTROLS = {
    code: "\N{REPLACEMENT CHARACTER}" for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\t\n"
}


def say(text: str) -> None:
    """A line for a person on stdout; brackets in it are no markup, and nothing in it moves the cursor."""
    out.print(text.translate(_CONTROLS), markup=False)


def complain(text: str, style: str = "red") -> None:
    """An error, on stderr."""
    err.print(text.translate(_CONTROLS), markup=False, style=style)


def hint(text: str) -> None:
    """Something worth knowing that is no result, on stderr."""
    complain(text, style="dim")


def emit(document: Mapping[str, Any]) -> None:
    """One JSON object on stdout, and nothing else there. Times are RFC 3339 UTC."""
    import orjson  # noqa: PLC0415 - ``--help`` does without

    options = orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS
    sys.stdout.write(orjson.dumps(document, default=_plain, option=options).decode() + "\n")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | frozenset | set):
        return list(value)
    return str(value)


def speak_utf8() -> None:
    """Have both streams take any character, whatever the locale."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def table(headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A small table for people, its cells as they are."""
    from rich.table import Table  # noqa: PLC0415 - ``--help`` does without

    shown = Table()
    for heading in headings:
        shown.add_column(heading, overflow="fold", min_width=len(heading))
    for row in rows:
        shown.add_row(*(Text("" if cell is None else str(cell).translate(_CONTROLS)) for cell in row))
    (out if out.is_terminal else Console(width=_WIDTH)).print(shown)


@contextmanager
def reporting(name: str, *, details: bool = False) -> "Iterator[Reporter]":
    """A reporter that suits where stderr goes: a bar on a terminal, lines elsewhere."""
    from syncer.cli.reporters import BarReporter, LineReporter  # noqa: PLC0415 - ``--help`` does without

    if not err.is_terminal:
        yield LineReporter(name, details=details)
        return
    with _bar() as progress:
        yield BarReporter(name, progress, details=details)


def _bar() -> "Progress":
    from rich.progress import (  # noqa: PLC0415 - only a terminal has a bar
        BarColumn,
        MofNCompleteColumn,
        Progress,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    # What goes into a file or a pipe must not be drawn over the bar.
    return Progress(*columns, console=err, transient=True, redirect_stdout=out.is_terminal)
