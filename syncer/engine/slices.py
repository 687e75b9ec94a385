"""Slices of newborn lines: planned series by series, written and remembered together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import Any, Self

from syncer.core.newborns import Newborns, join_newborns, plan_newborns
from syncer.core.records import Side, Version
from syncer.core.survey import Case
from syncer.engine.tools import Tools


@dataclass(frozen=True, slots=True)
class Slice:
    """Newcomers of one side and what is to be created for them on the other, all in one order.

    ``matches`` are the digests of the match values their links will have.
    """

    cases: Sequence[Case]
    lines: Sequence[str]
    prints: Sequence[bytes]
    matches: Sequence[bytes | None]
    born: Newborns
    reason: str

    def __len__(self) -> int:
        return len(self.lines)

    def part(self, start: int, end: int | None = None) -> Self:
        """Some consecutive lines."""
        return self._each(lambda series: series[start:end], self.born.part(start, end))

    def only(self, wanted: Sequence[bool]) -> Self:
        """The lines for which ``wanted`` is true."""
        return self._each(lambda series: list(compress(series, wanted)), self.born.only(wanted))

    def _each(self, change: Callable[[Any], Any], born: Newborns) -> Self:
        cases, lines, prints, matches = map(change, (self.cases, self.lines, self.prints, self.matches))
        return type(self)(cases, lines, prints, matches, born, self.reason)


def join_slices(slices: Sequence[Slice]) -> Slice:
    """The lines of all slices in one."""
    if len(slices) == 1:
        return slices[0]

    return Slice(
        [case for one in slices for case in one.cases],
        [line for one in slices for line in one.lines],
        [print_ for one in slices for print_ in one.prints],
        [match for one in slices for match in one.matches],
        join_newborns([one.born for one in slices]),
        slices[0].reason,
    )


def lay_out(tools: Tools, source: Side, cases: Sequence[Case]) -> tuple[Slice, list[Case]]:
    """Plan newcomers of one side that nothing is known about; and those that must be planned one by one."""
    versions = [found for case in cases if isinstance(found := case.side(source), Version)]
    values = [version.values or {} for version in versions]
    held = {name: [each.get(name) for each in values] for name in tools.lens.columns}
    born, left = plan_newborns(tools.rules, source.other, held)
    left.update(place for place, version in enumerate(versions) if tools.lens.is_marked(version))
    slice_ = Slice(
        cases,
        [version.line for version in versions],
        [case.prints[source] for case in cases],
        _matches(tools, source, cases),
        born,
        tools.cause or f"new in {source}",
    )
    if not left:
        return slice_, []
    return slice_.only([place not in left for place, _ in enumerate(cases)]), [cases[place] for place in sorted(left)]


def _matches(tools: Tools, source: Side, cases: Sequence[Case]) -> list[bytes | None]:
    """The digests of the match values, in the database's form: there they are what was staged, or nothing at all."""
    on = source.other
    carried = on is Side.FEISHU or all(tools.lens.pairs[name].accepts(on) for name in tools.rules.match)
    return [case.match if carried else None for case in cases]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A slice whose lines have numbers for their links."""

    slice: Slice
    links: Sequence[int]

    def without(self, unwanted: Sequence[bool]) -> tuple["Numbered", list[Case]]:
        """The other lines, and the cases of these."""
        wanted = [not one for one in unwanted]
        cases = list(compress(self.slice.cases, unwanted))
        return Numbered(self.slice.only(wanted), list(compress(self.links, wanted))), cases


def number(tools: Tools, source: Side, slice_: Slice) -> tuple[Numbered, list[Case]]:
    """Give every line a number for its link; those that this run linked meanwhile are left out and told."""
    numbered = Numbered(slice_, tools.memory.new_links(len(slice_)))
    seen = tools.memory.seen(source, slice_.lines)
    return numbered.without([line in seen for line in slice_.lines]) if seen else (numbered, [])
