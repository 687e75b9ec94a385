"""What a run tells while it works. Every hook is harmless to leave out."""


class Reporter:
    """Receives a run's progress; this one ignores it. Faces override what they show."""

    def stage(self, name: str, total: int | None = None) -> None:
        """A stage of the run begins; ``total`` is how many lines it will deal with, if that is known."""

    def advance(self, lines: int) -> None:
        """So many more lines of the stage are done."""

    def note(self, sentence: str) -> None:
        """Something a person may want to know now."""

    def detail(self, sentence: str) -> None:
        """One planned change, in words (dry runs only)."""
