"""Slices of newborn lines: planned series by series, written and remembered together."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from typing import Any, Self

from syncer.core.marks import MARK
from syncer.core.newborns import Newborns, join_newborns, plan_newborns
from syncer.core.records import Side
from syncer.core.survey import Case, Newcomers
from syncer.core.where import OUTSIDE
from syncer.engine.tools import Tools


@dataclass(frozen=True, slots=True)
class Slice:
    """Newcomers of one side and what is to be created for them on the other, all in one order.

    ``matches`` are the digests of the match values their links will have; ``origins`` tell where each line is from.
    """

    origins: Sequence[tuple[Newcomers, int]]
    lines: Sequence[str]
    prints: Sequence[bytes]
    matches: Sequence[bytes | None]
    born: Newborns
    reason: str

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def cases(self) -> list[Case]:
        """The lines one by one."""
        return [newcomers.case(place) for newcomers, place in self.origins]

    @property
    def read_at(self) -> list[datetime]:
        """When each line was read."""
        return [newcomers.times[place][0] for newcomers, place in self.origins]

    def part(self, start: int, end: int | None = None) -> Self:
        """Some consecutive lines."""
        return self._each(lambda series: series[start:end], self.born.part(start, end))

    def only(self, wanted: Sequence[bool]) -> Self:
        """The lines for which ``wanted`` is true."""
        return self._each(lambda series: list(compress(series, wanted)), self.born.only(wanted))

    def in_order(self, lines: Sequence[str]) -> Self:
        """These lines of it, in this order."""
        known = {line: place for place, line in enumerate(self.lines)}
        places = [known[line] for line in lines]
        return self._each(lambda series: [series[place] for place in places], self.born.taken(places))

    def _each(self, change: Callable[[Any], Any], born: Newborns) -> Self:
        origins, lines, prints, matches = map(change, (self.origins, self.lines, self.prints, self.matches))
        return type(self)(origins, lines, prints, matches, born, self.reason)


def join_slices(slices: Sequence[Slice]) -> Slice:
    """The lines of all slices in one."""
    if len(slices) == 1:
        return slices[0]
    return Slice(
        [origin for one in slices for origin in one.origins],
        [line for one in slices for line in one.lines],
        [print_ for one in slices for print_ in one.prints],
        [match for one in slices for match in one.matches],
        join_newborns([one.born for one in slices]),
        slices[0].reason,
    )


def lay_out(tools: Tools, newcomers: Newcomers, unwanted: Collection[str]) -> tuple[Slice, list[Case]]:
    """Plan newcomers, and tell those that must be planned one by one: what is not plain, and ``unwanted`` lines."""
    nothing = [None] * len(newcomers.lines)
    held = {name: newcomers.held.get(name, nothing) for name in tools.lens.columns}
    born, left = plan_newborns(tools.rules, newcomers.side.other, held, newcomers.forms)
    mark = tools.rules.marks.get(newcomers.side)
    if mark is not None:
        left.update(place for place, value in enumerate(newcomers.held.get(MARK, nothing)) if value == mark.value)
    left.update(place for place, outside in enumerate(newcomers.held.get(OUTSIDE, ())) if outside is True)
    if unwanted:
        left.update(place for place, line in enumerate(newcomers.lines) if line in unwanted)
    origins = [(newcomers, place) for place, _ in enumerate(newcomers.lines)]
    reason = tools.cause or f"new in {newcomers.side}"
    slice_ = Slice(origins, newcomers.lines, newcomers.prints, _matches(tools, newcomers), born, reason)
    if not left:
        return slice_, []
    return slice_.only([place not in left for place, _ in enumerate(origins)]), list(map(newcomers.case, sorted(left)))


def _matches(tools: Tools, newcomers: Newcomers) -> Sequence[bytes | None]:
    """The digests of the match values, in the database's form: there they are what was staged, or nothing at all."""
    on = newcomers.side.other
    if on is Side.FEISHU or all(tools.lens.pairs[name].accepts(on) for name in tools.rules.match):
        return newcomers.matches
    return [None] * len(newcomers.matches)


@dataclass(frozen=True, slots=True)
class Numbered:
    """A slice whose lines have numbers for their links."""

    slice: Slice
    links: Sequence[int]

    def without(self, unwanted: Sequence[bool]) -> tuple["Numbered", list[Case]]:
        """The other lines, and the cases of these."""
        wanted = [not one for one in unwanted]
        cases = self.slice.only(unwanted).cases
        return Numbered(self.slice.only(wanted), list(compress(self.links, wanted))), cases


def number(tools: Tools, source: Side, slice_: Slice) -> tuple[Numbered, list[Case]]:
    """Give every line a number for its link; those that this run linked meanwhile are left out and told."""
    numbered = Numbered(slice_, tools.memory.new_links(len(slice_)))
    seen = tools.memory.seen(source, slice_.lines)
    return numbered.without([line in seen for line in slice_.lines]) if seen else (numbered, [])
