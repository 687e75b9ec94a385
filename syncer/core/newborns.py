"""Lines to be created, many at once: the plain case of ``core.planner``, planned series by series.

A line is plain if every value can be read and carried over, nothing that is required is empty, and no default has to
fill anything. The others are named, for the planner to look at one by one.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import compress
from operator import is_
from types import MappingProxyType
from typing import Any, Self

from syncer.core.mapping import Misfit, Pair, Rules
from syncer.core.records import Held, Side, Unreadable
from syncer.core.series import Forms, Series, along, forms, kinds, same, short_bases
from syncer.core.values import Value, is_empty


@dataclass(frozen=True, slots=True)
class Newborns:
    """Lines to be created on the side ``on``, all in the same order.

    ``values`` are what that side will hold, by pair and in its own form, and ``forms`` their stored forms, of the pairs
    that are carried that way; ``bases`` the bases of every pair once that is confirmed, in short form.
    """

    on: Side
    values: Mapping[str, Series] = field(default_factory=dict)
    forms: Mapping[str, Forms] = field(default_factory=dict)
    bases: Mapping[str, Forms] = field(default_factory=dict)

    def part(self, start: int, end: int | None = None) -> Self:
        """Some consecutive lines."""
        return self._each(lambda series: series[start:end])

    def only(self, wanted: Sequence[bool]) -> Self:
        """The lines for which ``wanted`` is true."""
        return self._each(lambda series: list(compress(series, wanted)))

    def taken(self, places: Sequence[int]) -> Self:
        """The lines at these places, in their order."""
        return self._each(lambda series: [series[place] for place in places])

    def _each(self, change: Callable[[Any], Any]) -> Self:
        parts = [{name: change(each) for name, each in part.items()} for part in (self.values, self.forms, self.bases)]
        return type(self)(self.on, *parts)


def join_newborns(parts: Sequence[Newborns]) -> Newborns:
    """The lines of all parts, one after the other."""
    first = parts[0]
    return Newborns(
        first.on,
        {name: _joined(part.values[name] for part in parts) for name in first.values},
        {name: _joined(part.forms[name] for part in parts) for name in first.forms},
        {name: _joined(part.bases[name] for part in parts) for name in first.bases},
    )


def _joined(parts: Iterable[Sequence[Any]]) -> list[Any]:
    return [item for part in parts for item in part]


def plan_newborns(
    rules: Rules, on: Side, held: Mapping[str, Sequence[Held]], known: Mapping[str, Forms] = MappingProxyType({})
) -> tuple[Newborns, set[int]]:
    """Plan lines that are to be created on one side, by what the other holds; and the places of those not plain.

    What the plan says of a line that is not plain means nothing. ``known`` are the stored forms of what is held, where
    somebody has them already.
    """
    draft = _Draft(on)
    for pair in rules.pairs:
        draft.take(pair, held[pair.name], known.get(pair.name))
    if rules.lacking.get(on):
        draft.left.update(range(len(next(iter(held.values()), ()))))
    return Newborns(on, draft.values, draft.forms, draft.bases), draft.left


class _Draft:
    """Newborns while their pairs are carried over one after the other."""

    def __init__(self, on: Side) -> None:
        self.on = on
        self.left: set[int] = set()
        self.values: dict[str, Series] = {}
        self.forms: dict[str, Forms] = {}
        self.bases: dict[str, Forms] = {}

    def take(self, pair: Pair, held: Sequence[Held], known: Forms | None) -> None:
        given = self._readable(held)
        of_given = forms(given) if known is None else known
        if self.on not in pair.targets:
            nothing = [None] * len(given)
            self._remember(pair, given, nothing, of_given, nothing)
            return
        if pair.required:
            self._leave(given, is_empty)
        values = self._carried(pair, given)
        if self.on in pair.defaults:
            self._leave(values, is_empty)
        of_values = of_given if same(given, values) else forms(values)
        self.values[pair.name], self.forms[pair.name] = values, of_values
        self._remember(pair, given, values, of_given, of_values)

    def _remember(self, pair: Pair, given: Series, values: Series, of_given: Forms, of_values: Forms) -> None:
        if self.on is Side.DATABASE:
            self.bases[pair.name] = short_bases(given, values, of_given, of_values)
        else:
            self.bases[pair.name] = short_bases(values, given, of_values, of_given)

    def _readable(self, held: Sequence[Held]) -> Series:
        if Unreadable not in kinds(held):
            return held  # type: ignore[return-value]  # nothing unreadable is among them
        self.left.update(place for place, one in enumerate(held) if isinstance(one, Unreadable))
        return [None if isinstance(one, Unreadable) else one for one in held]

    def _leave(self, series: Series, wanted: Callable[[Value], bool]) -> None:
        self.left.update(place for place, value in enumerate(series) if wanted(value))

    def _carried(self, pair: Pair, given: Series) -> Series:
        carry = pair.translator.to_database if self.on is Side.DATABASE else pair.translator.to_feishu
        try:
            values = along(carry, given)
        except Misfit:
            return [self._carried_alone(carry, place, value) for place, value in enumerate(given)]
        return given if all(map(is_, given, values)) else values

    def _carried_alone(self, carry: Callable[[Value], Value], place: int, value: Value) -> Value:
        try:
            return carry(value)
        except Misfit:
            self.left.add(place)
            return None
