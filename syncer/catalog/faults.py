"""Where a key of a mapping file stands, and what is wrong there: ``file:line: key: what; what would be right``."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TypeAlias

Key: TypeAlias = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """Where one key stands (lines count from 1). ``text`` is a scalar as written, before ``${NAME}`` was filled in."""

    line: int
    text: str | None = None


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """Something wrong in one file. ``line`` is 0 where no file is known (a mapping out of the state store)."""

    path: str
    line: int
    key: str
    message: str

    def __str__(self) -> str:
        """One sentence for a person."""
        where = f"{self.path}:{self.line}" if self.line else self.path
        return ": ".join(part for part in (where, self.key, self.message) if part)


@dataclass(frozen=True, slots=True)
class Places:
    """The place of every key of one file. Without places (a stored mapping) ``path`` is just a name for messages."""

    path: str
    by_key: Mapping[Key, Place] = field(default_factory=dict)

    def line(self, *key: str | int) -> int:
        """The line of a key, or of the nearest key around it."""
        place = self.by_key.get(self.nearest(key))
        return place.line if place else 0

    def text(self, *key: str | int) -> str | None:
        """A scalar as written; ``None`` for anything else."""
        place = self.by_key.get(key)
        return place.text if place else None

    def nearest(self, key: Key) -> Key:
        """The longest beginning of a key that stands in the file."""
        while key and key not in self.by_key:
            key = key[:-1]
        return key

    def fault(self, key: Key, message: str, *, name: str = "") -> Fault:
        """A fault at a key. ``name`` says which entry of ``fields`` is meant where the file cannot tell."""
        return Fault(self.path, self.line(*key), self.dotted(key, name), message)

    def dotted(self, key: Key, name: str = "") -> str:
        """A key as people say it: an entry of ``fields`` by its field's name."""
        return ".".join(self._spoken(key, place, name) for place in range(len(key)))

    def _spoken(self, key: Key, place: int, name: str) -> str:
        part = key[place]
        if isinstance(part, str):
            return part
        entry = key[: place + 1]
        return name or self.text(*entry, "field") or self.text(*entry, "column") or self.text(*entry) or f"#{part + 1}"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """``; did you mean 'x'?`` or, with nothing near, the choices if they are few."""
    near = get_close_matches(word, known, n=1, cutoff=0.5) or get_close_matches(word.lower(), known, n=1, cutoff=0.5)
    if near:
        return f"; did you mean {near[0]}?"
    return f"; there is {', '.join(known)}" if 0 < len(known) <= 40 else ""
