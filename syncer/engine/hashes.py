"""Very many lines, each by a number of eight bytes: a set of Python's takes ten times as much for each."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from itertools import groupby


class Hashes:
    """Numbers that are put in while a side is read, and asked for afterwards."""

    def __init__(self) -> None:
        self._sorted, self._new = array("q"), array("q")

    def __bool__(self) -> bool:
        return bool(self._sorted or self._new)

    def __len__(self) -> int:
        return len(self._settled())

    def __iter__(self) -> Iterator[int]:
        return iter(self._settled())

    def __contains__(self, number: int) -> bool:
        numbers = self._settled()
        place = bisect_left(numbers, number)
        return place < len(numbers) and numbers[place] == number

    def put(self, things: Iterable[object]) -> None:
        """Put in what these things hash to."""
        self._new.extend(map(hash, things))

    def join(self, others: "Hashes") -> None:
        """Put in all that others hold."""
        self._new.extend(others)

    def _settled(self) -> "array[int]":
        """All of them in order, each once."""
        if self._new:
            self._sorted.extend(self._new)
            self._sorted, self._new = array("q", (number for number, _ in groupby(sorted(self._sorted)))), array("q")
        return self._sorted
