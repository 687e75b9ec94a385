"""How the demo speaks: numbered steps, a few plain lines each, and the commands a person would type."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from rich.table import Table

from syncer.cli import console


class Teller:
    """Tells the demo on stdout, in colours on a terminal and in plain lines elsewhere."""

    def __init__(self) -> None:
        self.steps = 0

    def title(self, text: str) -> None:
        """The first line of all."""
        self._print(text, "bold")

    def step(self, heading: str, *lines: str) -> None:
        """A new step: its heading, and what is about to happen."""
        self.steps += 1
        self._print(f"\n{self.steps}. {heading}", "bold cyan")
        for line in lines:
            self.say(line)

    def say(self, text: str) -> None:
        """One line of a step."""
        self._print(f"   {text}" if text else "")

    def command(self, text: str) -> None:
        """What a person would type for what happens now."""
        self._print(f"   $ {text}", "yellow")

    def good(self, text: str) -> None:
        """Something that came out as promised."""
        self._print(f"   ✓ {text}", "green")

    def bad(self, text: str) -> None:
        """Something that did not."""
        self._print(f"   ✗ {text}", "bold red")

    @contextmanager
    def busy(self, doing: str, *, aloud: bool = True) -> Iterator[None]:
        """Shows that something takes a moment: a spinner on a terminal, a line elsewhere unless not ``aloud``."""
        if not console.out.is_terminal:
            if aloud:
                self.say(f"{doing} ...")
            yield
            return
        with console.out.status(f"   {doing} ..."):
            yield

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A small table."""
        shown = Table()
        for heading in headings:
            shown.add_column(heading, overflow="fold")
        for row in rows:
            shown.add_row(*(str(cell) for cell in row))
        console.out.print(shown)

    def _print(self, text: str, style: str | None = None) -> None:
        console.out.print(text, style=style, markup=False)
