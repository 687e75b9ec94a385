"""What commands print: progress and plain lines for people, one JSON object for programs, errors on stderr."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from syncer.ports.progress import Reporter

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


def say(text: str) -> None:
    """A line for a person on stdout; brackets in it are no markup."""
    out.print(text, markup=False)


def complain(text: str) -> None:
    """An error, on stderr."""
    err.print(text, markup=False, style="red")


def hint(text: str) -> None:
    """Something worth knowing that is no result, on stderr."""
    err.print(text, markup=False, style="dim")


def emit(document: Mapping[str, Any]) -> None:
    """One JSON object on stdout, and nothing else there. Times are RFC 3339 UTC."""
    sys.stdout.write(
        orjson.dumps(document, default=_plain, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n"
    )


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence | frozenset | set):
        return list(value)
    return str(value)


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A small table for people."""
    shown = Table(title=title or None, title_justify="left")
    for heading in headings:
        shown.add_column(heading, overflow="fold")
    for row in rows:
        shown.add_row(*("" if cell is None else str(cell) for cell in row))
    out.print(shown)


class LineReporter(Reporter):
    """Tells a run in plain lines on stderr, for logs and pipes."""

    def __init__(self, name: str, *, details: bool = False) -> None:
        self._name, self._details = name, details

    def note(self, sentence: str) -> None:
        """Something a person may want to know now."""
        hint(f"{self._name}: {sentence}")

    def detail(self, sentence: str) -> None:
        """One planned change, in words."""
        if self._details:
            say(f"  {sentence}")


class BarReporter(LineReporter):
    """Shows a run as a progress bar, for terminals."""

    def __init__(self, name: str, progress: Progress, *, details: bool = False) -> None:
        super().__init__(name, details=details)
        self._progress = progress
        self._task: TaskID = progress.add_task(name, total=None)

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        self._progress.reset(self._task, description=f"{self._name}: {name}", total=total)

    def advance(self, lines: int) -> None:
        """Some lines are done."""
        self._progress.advance(self._task, lines)


@contextmanager
def reporting(name: str, *, details: bool = False) -> Iterator[Reporter]:
    """A reporter that suits where stderr goes: a bar on a terminal, lines elsewhere."""
    if not err.is_terminal:
        yield LineReporter(name, details=details)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True) as progress:
        yield BarReporter(name, progress, details=details)
