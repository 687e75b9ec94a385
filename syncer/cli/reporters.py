"""How a run is told while it goes on."""

from typing import TYPE_CHECKING

from syncer.cli.console import hint, say
from syncer.ports.progress import Reporter

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID


class LineReporter(Reporter):
    """Tells a run in plain lines, for logs and pipes: notes on stderr, planned changes on stdout."""

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

    def __init__(self, name: str, progress: "Progress", *, details: bool = False) -> None:
        super().__init__(name, details=details)
        self._progress = progress
        self._task: TaskID = progress.add_task(name, total=None)

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage begins."""
        self._progress.reset(self._task, description=f"{self._name}: {name}", total=total)

    def advance(self, lines: int) -> None:
        """Some lines are done."""
        self._progress.advance(self._task, lines)
