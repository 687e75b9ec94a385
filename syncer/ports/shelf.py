"""What was last read of a source that is asked line by line, so that nothing at rest is read twice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from syncer.core.values import Json

ALWAYS = 2**62
"""``Kept.until`` of a line that never comes to rest."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A line as it was last read. ``moved``: its last move, as it says itself; ``until``: how long it can still change.

    Both in Unix milliseconds.
    """

    line: str
    body: Mapping[str, Json]
    moved: int = 0
    until: int = ALWAYS


class Shelf(Protocol):
    """The lines of one source, shared by all mappings that read it. Methods raise ``UnreachableError``."""

    def standing(self) -> Mapping[str, int]:
        """Every line there is, and until when it can change."""
        ...

    def get(self, lines: Sequence[str]) -> Mapping[str, Kept]:
        """Those of the named lines that are kept."""
        ...

    def put(self, kept: Sequence[Kept]) -> None:
        """Keep lines; one that moved later by what is kept already stays."""
        ...

    def drop(self, lines: Sequence[str]) -> None:
        """Forget lines."""
        ...

    def clear(self) -> None:
        """Forget all lines, and how far reading went."""
        ...

    def note(self) -> Mapping[str, Json]:
        """How far reading went, as it was last noted; empty at first."""
        ...

    def advance(self, note: Mapping[str, Json]) -> None:
        """Note how far reading went."""
        ...

    def told_gone(self, lines: Sequence[str]) -> frozenset[str]:
        """Those of the named lines of which the last event of the last hours said that they are gone."""
        ...
