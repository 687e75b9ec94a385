"""The scope of a mapping: conditions on the lines of one side that say which lines without a link may enter. Pure.

Two-valued, unlike SQL: a condition on an empty value does not hold, and its negation does. Nothing can be said of an
unreadable value, so that neither holds of it. An unchecked box and no value at all are both ``False``.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from syncer.core.mapping import Misfit, Rules
from syncer.core.records import Held, Link, Side, Unreadable, Version
from syncer.core.values import Value, digest, is_empty

OUTSIDE = "\0outside"
"""The name under which a version tells, beside its pairs, that its line is outside of the scope."""

Test: TypeAlias = Literal["in", "gt", "gte", "lt", "lte", "contains", "empty"]
OnLeave: TypeAlias = Literal["keep", "sever", "delete"]
Get: TypeAlias = Callable[[str], Held]


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of one field or column. ``in``: it is one of the values; ``contains``: it has one of them in it."""

    name: str
    test: Test
    values: tuple[Value, ...] = ()
    negated: bool = False

    def holds(self, get: Get) -> bool:
        """Whether it holds of a line; ``get`` tells what the line holds under a name."""
        held = get(self.name)
        return not isinstance(held, Unreadable) and _TESTS[self.test](held, self.values) is not self.negated


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions of which every one must hold, or any."""

    every: bool
    parts: tuple["Clause", ...]

    def holds(self, get: Get) -> bool:
        """Whether it holds of a line."""
        found = (part.holds(get) for part in self.parts)
        return all(found) if self.every else any(found)


Clause: TypeAlias = Condition | Group


@dataclass(frozen=True, slots=True)
class Where:
    """The scope of one side, and what becomes of a linked line that leaves it.

    ``reads`` turns what the side returns under a name into a value; a mapped field is read by itself too, for its pair
    may carry it in another form.
    """

    clause: Clause
    reads: Mapping[str, Callable[[Any], Value]]
    on_leave: OnLeave = "keep"

    @property
    def digest(self) -> bytes:
        """What identifies the conditions."""
        return digest(repr(self.clause).encode())

    def holds(self, raw: Callable[[str], object]) -> bool:
        """Whether a line is inside, by what the side returns of it."""
        return self.clause.holds(lambda name: self._read(name, raw(name)))

    def _read(self, name: str, held: object) -> Held:
        try:
            return self.reads[name](held)
        except Misfit as misfit:
            return Unreadable(misfit.reason)

    def outside(self, columns: Mapping[str, Sequence[object]], count: int) -> list[bool]:
        """The same, negated, of so many lines: by what the side returns of them, name by name."""
        return [not self.holds(lambda name, at=at: columns[name][at]) for at in range(count)]  # type: ignore[misc]


def conditions_of(clause: Clause) -> Iterator[Condition]:
    """All conditions of a clause."""
    if isinstance(clause, Condition):
        yield clause
    else:
        for part in clause.parts:
            yield from conditions_of(part)


def _is_in(held: Value, values: tuple[Value, ...]) -> bool:
    if held is None and any(isinstance(value, bool) for value in values):
        return False in values
    return not is_empty(held) and any(type(held) is type(value) and held == value for value in values)


def _contains(held: Value, values: tuple[Value, ...]) -> bool:
    if isinstance(held, str | frozenset | tuple):
        return any(isinstance(value, str) and value in held for value in values)
    return False


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Value, tuple[Value, ...]], bool]:
    return lambda held, values: not is_empty(held) and compare(held, values[0])


_TESTS: Mapping[Test, Callable[[Value, tuple[Value, ...]], bool]] = {
    "in": _is_in,
    "contains": _contains,
    "empty": lambda held, _: is_empty(held),
    "gt": _ordered(lambda held, value: held > value),
    "gte": _ordered(lambda held, value: held >= value),
    "lt": _ordered(lambda held, value: held < value),
    "lte": _ordered(lambda held, value: held <= value),
}


def is_outside(version: Version) -> bool:
    """Whether a line is out of scope."""
    return version.values is not None and version.values.get(OUTSIDE) is True


def stays_out(rules: Rules, version: Version) -> bool:
    """Whether a line is out of a scope whose leaving ends that its pair is in sync."""
    where = rules.where.get(version.side)
    return where is not None and where.on_leave != "keep" and is_outside(version)


def leaves(rules: Rules, link: Link, version: Version) -> bool:
    """Whether somebody took a linked line out of scope, on its own side, and that ends its being in sync.

    What we wrote there ourselves, or a narrower scope, takes nothing away: a line has left only if something that the
    scope reads is not what it was when the two last agreed. What no pair carries nobody remembers: it dissolves a link,
    but deletes nothing.
    """
    if not stays_out(rules, version):
        return False
    side = version.side
    carried = {pair.field if side is Side.FEISHU else pair.name: pair.name for pair in rules.pairs}
    where = rules.where[side]
    if where.on_leave == "sever" and not carried.keys() >= where.reads.keys():
        return True
    return any(_has_changed(link, version, carried[name]) for name in where.reads if name in carried)


def _has_changed(link: Link, version: Version, pair: str) -> bool:
    base, held = link.bases.get(pair), (version.values or {}).get(pair)
    return base is not None and not isinstance(held, Unreadable) and held != base.of(version.side)


def inside(version: Version) -> Version:
    """The same line as if it were in scope."""
    if version.values is None or OUTSIDE not in version.values:
        return version
    return replace(version, values={name: held for name, held in version.values.items() if name != OUTSIDE})
