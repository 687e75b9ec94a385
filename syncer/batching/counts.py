"""What is counted for a monitor: something that takes counts. ``redis_counts`` adds up those of all processes."""

from typing import Protocol


class Counts(Protocol):
    """Takes counts by what is counted and its labels, none of which may be a secret."""

    def add(self, what: str, *labels: str, amount: float = 1) -> None:
        """So many more."""
        ...
