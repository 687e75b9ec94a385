"""The named rules that settle a field both sides changed, or park it for a person.

Adding a policy is adding a function and its name to ``POLICIES``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from syncer.core.mapping import Policy
from syncer.core.records import Side
from syncer.core.values import Value, is_empty


class Third(StrEnum):
    """Who wins when it is neither side: a value that a person gave for both."""

    MERGED = "merged"


Winner: TypeAlias = Side | Third


@dataclass(frozen=True, slots=True)
class Moment:
    """When a side changed a field, by our clock, and by whom as far as it says.

    Not ``exact``: it is the time at which the whole line was changed last. Without ``at`` nothing is known.
    """

    at: datetime | None = None
    exact: bool = False
    who: str = ""


UNKNOWN = Moment()


@dataclass(frozen=True, slots=True)
class Clash:
    """One field changed on both sides. ``moments`` holds what is known of when each side changed it."""

    feishu: Value
    database: Value
    moments: Mapping[Side, Moment]
    tie: Policy
    tolerance: timedelta

    def of(self, side: Side) -> Value:
        """The value a side holds now."""
        return self.feishu if side is Side.FEISHU else self.database

    def when(self, side: Side) -> Moment:
        """What is known of when a side changed it."""
        return self.moments.get(side, UNKNOWN)

    @property
    def estimated(self) -> bool:
        """Whether a time is that of the whole line, not of the field."""
        return any(self.when(side).at is not None and not self.when(side).exact for side in Side)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Who wins, and why in a few words; ``winner`` is ``None`` when a person must decide."""

    winner: Winner | None
    reason: str
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's word on an open conflict. It holds only while both sides still are what the person was shown.

    Without a ``winner`` the person has still to speak: the conflict stays open, although a write of ours to other
    fields of the line has moved the line's times since. ``value`` is what each side is to hold, in its own form,
    where the winner is ``merged``.
    """

    winner: Winner | None
    feishu: Value
    database: Value
    value: Mapping[Side, Value] | None = None

    def covers(self, clash: Clash) -> bool:
        """Whether neither side has moved since the conflict was shown."""
        return self.feishu == clash.feishu and self.database == clash.database


def settle(clash: Clash, policy: Policy, resolution: Resolution | None = None) -> Verdict:
    """The verdict of a policy, or of the person who resolved this very clash."""
    if resolution is not None and resolution.covers(clash):
        return Verdict(resolution.winner, "resolved by a person" if resolution.winner else "a person decides")
    return POLICIES[policy](clash)


def _feishu(_: Clash) -> Verdict:
    return Verdict(Side.FEISHU, "policy feishu")


def _database(_: Clash) -> Verdict:
    return Verdict(Side.DATABASE, "policy database")


def _manual(_: Clash) -> Verdict:
    return Verdict(None, "policy manual: a person decides")


def _fill_empty(clash: Clash) -> Verdict:
    empty = [side for side in Side if is_empty(clash.of(side))]
    if len(empty) == 1:
        return Verdict(empty[0].other, f"policy fill_empty: {empty[0]} was empty")
    return Verdict(None, f"policy fill_empty: {'both sides are' if empty else 'neither side is'} empty")


def _latest(clash: Clash) -> Verdict:
    feishu, database = clash.when(Side.FEISHU).at, clash.when(Side.DATABASE).at
    if feishu is None or database is None:
        unknown = Side.FEISHU if feishu is None else Side.DATABASE
        return _tie(clash, f"the time of the change in {unknown} is not known")
    if abs(feishu - database) <= clash.tolerance:
        return _tie(clash, _too_near(clash))
    winner = Side.FEISHU if feishu > database else Side.DATABASE
    return Verdict(winner, "policy latest" + (" (by line times)" if clash.estimated else ""), clash.estimated)


def _too_near(clash: Clash) -> str:
    if clash.tolerance > timedelta(days=1):
        return "the clocks of the two sides could not be compared"
    return f"both changed within {clash.tolerance.total_seconds():g} s"


def _tie(clash: Clash, why: str) -> Verdict:
    broken = POLICIES[clash.tie](clash)
    return Verdict(broken.winner, f"policy latest: {why}; tie: {clash.tie}", clash.estimated)


POLICIES: Mapping[Policy, Callable[[Clash], Verdict]] = {
    Policy.FEISHU: _feishu,
    Policy.DATABASE: _database,
    Policy.MANUAL: _manual,
    Policy.FILL_EMPTY: _fill_empty,
    Policy.LATEST: _latest,
}
