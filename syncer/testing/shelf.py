"""A shelf in memory; a ``ports.shelf.Shelf``."""

from collections.abc import Mapping, Sequence

from syncer.core.values import Json
from syncer.ports.shelf import Kept


class MemoryShelf:
    """Keeps lines as long as it lives; ``gone`` is what events told of."""

    def __init__(self) -> None:
        self.lines: dict[str, Kept] = {}
        self.gone: set[str] = set()
        self._note: Mapping[str, Json] = {}

    def standing(self) -> Mapping[str, int]:
        """Every line there is, and until when it can change."""
        return {line: kept.until for line, kept in self.lines.items()}

    def get(self, lines: Sequence[str]) -> Mapping[str, Kept]:
        """Those of the named lines that are kept."""
        return {line: self.lines[line] for line in lines if line in self.lines}

    def put(self, kept: Sequence[Kept]) -> None:
        """Keep lines; one that moved later by what is kept already stays."""
        for each in kept:
            known = self.lines.get(each.line)
            if known is None or known.moved <= each.moved:
                self.lines[each.line] = each

    def drop(self, lines: Sequence[str]) -> None:
        """Forget lines."""
        for line in lines:
            self.lines.pop(line, None)

    def clear(self) -> None:
        """Forget all lines, and how far reading went."""
        self.lines.clear()
        self._note = {}

    def note(self) -> Mapping[str, Json]:
        """How far reading went."""
        return self._note

    def advance(self, note: Mapping[str, Json]) -> None:
        """Note how far reading went."""
        self._note = dict(note)

    def told_gone(self, lines: Sequence[str]) -> frozenset[str]:
        """Those of the named lines that events said are gone."""
        return frozenset(self.gone & set(lines))
