"""What becomes of one pair of one line: the three-way merge of a field and a column against their base.

A pair whose two changes are added up (``set``, ``counter``) needs both sides written. The database is always written
first; what Feishu must still receive becomes *owed* in the same breath, so a second half that fails is neither lost nor
added again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from syncer.core.conflicts import UNKNOWN, Clash, Moment, Resolution, Third, Verdict, settle
from syncer.core.mapping import Merge, Misfit, Pair, Pairing, Pending, Policy
from syncer.core.records import Base, Held, Owed, Side, Unreadable
from syncer.core.values import Value, is_empty, plain


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What a merge may ask beside the values: when each side changed, who breaks ties, what a person decided."""

    lines: Mapping[Side, Moment] = field(default_factory=dict)
    """When each line was changed."""
    fields: Mapping[Side, Mapping[str, Moment]] = field(default_factory=dict)
    """When those fields were changed of which that is known, by pair."""
    tie: Policy = Policy.MANUAL
    tolerance: timedelta = timedelta(seconds=2)
    pairing: Pairing = Pairing.ASK
    resolution: Resolution | None = None
    now: datetime | None = None

    def moments(self, pair: str) -> dict[Side, Moment]:
        """What is known of when each side changed a field: best what names the field itself."""
        whole = {side: self.lines.get(side, UNKNOWN) for side in Side}
        return {side: self.fields.get(side, {}).get(pair, moment) for side, moment in whole.items()}


@dataclass(frozen=True, slots=True)
class Merged:
    """The outcome for one pair.

    ``base`` is what the base becomes once ``write`` (if any) is confirmed; ``None`` leaves it as it is. ``value`` is
    what ``write`` must hold, in its own form. ``verdict`` and ``clash`` tell of a conflict, settled or open.
    ``misfit`` says why a value cannot be carried to ``refused``, ``pending`` that it will be. ``differs`` marks a first
    pairing that nobody has decided.
    """

    base: Base | None = None
    write: Side | None = None
    value: Value = None
    clash: Clash | None = None
    verdict: Verdict | None = None
    refused: Side | None = None
    misfit: str | None = None
    pending: bool = False
    differs: bool = False


NOTHING = Merged()


def merge(pair: Pair, base: Base | None, feishu: Held, database: Held, about: Circumstances) -> Merged:
    """Merge what both sides hold now against the base; ``None`` as base means the two were never compared."""
    if base is not None and base.owed is None and feishu == base.feishu and database == base.database:
        return NOTHING
    for side, held in ((Side.FEISHU, feishu), (Side.DATABASE, database)):
        if isinstance(held, Unreadable):
            return Merged(refused=side.other, misfit=f"the {side} value cannot be read: {held.reason}")
    assert not isinstance(feishu, Unreadable)
    assert not isinstance(database, Unreadable)
    try:
        return _merge(pair, base, feishu, database, about)
    except _Refused as refused:
        return Merged(refused=refused.side, misfit=refused.reason, pending=refused.pending)


class _Refused(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, side: Side, misfit: Misfit) -> None:
        self.side, self.reason, self.pending = side, misfit.reason, isinstance(misfit, Pending)


def _merge(pair: Pair, base: Base | None, feishu: Value, database: Value, about: Circumstances) -> Merged:
    ways = [side for side in Side if pair.accepts(side)]
    if not ways:
        return Merged(Base(feishu, database)) if base is None else NOTHING
    if base is None:
        return _first(pair, ways, feishu, database, about)
    base = _paid(base, feishu, database)
    if len(ways) == 1:
        return _one_way(pair, ways[0], base, feishu, database)
    if _adds_up(pair, base, feishu, database):
        return _add_up(pair, base, feishu, database, about)
    return _register(pair, base, feishu, database, about)


def _paid(base: Base, feishu: Value, database: Value) -> Base:
    """The base after noticing that what was owed has arrived."""
    owed = base.owed
    if owed is None or (feishu if owed.side is Side.FEISHU else database) != owed.value:
        return base
    if owed.side is Side.FEISHU:
        return Base(owed.value, base.database)
    return Base(base.feishu, owed.value)


def _first(pair: Pair, ways: list[Side], feishu: Value, database: Value, about: Circumstances) -> Merged:
    if pair.same(feishu, database):
        return Merged(Base(feishu, database))
    if len(ways) == 1:
        return _first_one_way(pair, ways[0], feishu, database)
    for side, held in ((Side.FEISHU, feishu), (Side.DATABASE, database)):
        if is_empty(held):
            return _write(pair, side, feishu, database)
    _demand_known(pair, feishu, database)
    if about.pairing is Pairing.POLICY or about.resolution is not None:
        return _conflict(pair, feishu, database, about)
    if about.pairing is Pairing.ASK:
        return Merged(differs=True)
    return _write(pair, Side(about.pairing.value).other, feishu, database)


def _first_one_way(pair: Pair, target: Side, feishu: Value, database: Value) -> Merged:
    """The source wins, but an empty source never empties a target it has not met before."""
    source = feishu if target is Side.DATABASE else database
    if is_empty(source):
        return Merged(Base(feishu, database))
    return _write(pair, target, feishu, database)


def _one_way(pair: Pair, target: Side, base: Base, feishu: Value, database: Value) -> Merged:
    held = feishu if target is Side.DATABASE else database
    if held == base.of(target.other) and base.owed is None:
        return Merged(base)
    return _write(pair, target, feishu, database)


def _register(pair: Pair, base: Base, feishu: Value, database: Value, about: Circumstances) -> Merged:
    moved = {Side.FEISHU: feishu != base.feishu, Side.DATABASE: database != base.database}
    if base.owed is not None:
        if not moved[base.owed.side] and not moved[base.owed.side.other]:
            return _pay(base.owed, feishu, database)
        moved[base.owed.side.other] = True
    if not any(moved.values()):
        return Merged(base)
    if pair.same(feishu, database):
        return Merged(Base(feishu, database))
    if all(moved.values()):
        _demand_known(pair, feishu, database)
        return _conflict(pair, feishu, database, about)
    return _write(pair, Side.DATABASE if moved[Side.FEISHU] else Side.FEISHU, feishu, database)


def _pay(owed: Owed, feishu: Value, database: Value) -> Merged:
    after = Base(owed.value, database) if owed.side is Side.FEISHU else Base(feishu, owed.value)
    return Merged(after, owed.side, owed.value)


def _write(pair: Pair, target: Side, feishu: Value, database: Value) -> Merged:
    """Carry the other side's value to ``target``, unless it already holds what it would hold afterwards."""
    source, held = (feishu, database) if target is Side.DATABASE else (database, feishu)
    value = _carry(pair, source, target)
    if value == held:
        return Merged(Base(feishu, database))
    after = Base(feishu, value) if target is Side.DATABASE else Base(value, database)
    return Merged(after, target, value)


def _carry(pair: Pair, value: Value, to: Side) -> Value:
    try:
        return pair.carry(value, to)
    except Misfit as misfit:
        raise _Refused(to, misfit) from misfit


def _demand_known(pair: Pair, feishu: Value, database: Value) -> None:
    """Whether two values mean the same is told only once the lines that they name are linked."""
    for value, to in ((feishu, Side.DATABASE), (database, Side.FEISHU)):
        try:
            pair.carry(value, to)
        except Pending as pending:
            raise _Refused(to, pending) from pending
        except Misfit:
            continue  # whoever writes it will say so


def _conflict(pair: Pair, feishu: Value, database: Value, about: Circumstances) -> Merged:
    clash = Clash(feishu, database, about.moments(pair.name), about.tie, about.tolerance)
    verdict = settle(clash, pair.policy, about.resolution)
    if verdict.winner is None:
        return Merged(clash=clash, verdict=verdict)
    if isinstance(verdict.winner, Third):
        done = _given(about, feishu, database)
    else:
        done = _write(pair, verdict.winner.other, feishu, database)
    return Merged(done.base, done.write, done.value, clash, verdict)


def _given(about: Circumstances, feishu: Value, database: Value) -> Merged:
    """A third value that a person gave for both sides."""
    assert about.resolution is not None
    assert about.resolution.value is not None
    here, there = (about.resolution.value[side] for side in Side)
    if there == database:
        return Merged(Base(here, there), Side.FEISHU, here) if here != feishu else Merged(Base(feishu, database))
    if here == feishu:
        return Merged(Base(here, there), Side.DATABASE, there)
    return Merged(Base(feishu, there, Owed(Side.FEISHU, here, about.now)), Side.DATABASE, there)


def _adds_up(pair: Pair, base: Base, feishu: Value, database: Value) -> bool:
    """Whether two changes must be added up: one alone is carried as it is, and a counter somebody emptied cannot."""
    alone = base.owed is None and (feishu == base.feishu or database == base.database)
    if pair.merge is Merge.REGISTER or alone:
        return False
    return pair.merge is Merge.SET or all(
        isinstance(value, Decimal) for value in (base.feishu, base.database, feishu, database)
    )


def _add_up(pair: Pair, base: Base, feishu: Value, database: Value, about: Circumstances) -> Merged:
    start, moved = database, database
    if base.owed is not None and base.owed.side is Side.DATABASE:
        start = _combine(pair, base.owed.value, base.database, moved)
    total = _carry(pair, _combine_feishu(pair, start, base.feishu, feishu), Side.FEISHU)
    into_database = _carry(pair, total, Side.DATABASE)
    into_feishu = _carry(pair, into_database, Side.FEISHU)
    if into_database == database and (into_feishu == feishu or pair.same(feishu, database)):
        return Merged(Base(feishu, database))
    if into_database == database:
        return Merged(Base(into_feishu, database), Side.FEISHU, into_feishu)
    if into_feishu == feishu or pair.same(feishu, into_database):
        return Merged(Base(feishu, into_database), Side.DATABASE, into_database)
    owed = Owed(Side.FEISHU, into_feishu, about.now)
    return Merged(Base(feishu, into_database, owed), Side.DATABASE, into_database)


def _combine_feishu(pair: Pair, onto: Value, before: Value, after: Value) -> Value:
    """``onto`` (database form) with what changed in Feishu between ``before`` and ``after``."""
    if pair.merge is Merge.COUNTER:
        return _combine(pair, onto, before, after)
    return _combine(pair, onto, _carry(pair, before, Side.DATABASE), _carry(pair, after, Side.DATABASE))


def _combine(pair: Pair, onto: Value, before: Value, after: Value) -> Value:
    if pair.merge is Merge.COUNTER:
        assert isinstance(onto, Decimal)
        assert isinstance(before, Decimal)
        assert isinstance(after, Decimal)
        return plain(onto + (after - before))
    members, old, new = _members(onto), _members(before), _members(after)
    return frozenset((members - (old - new)) | (new - old))


def _members(value: Value) -> frozenset[str]:
    if value is None:
        return frozenset()
    assert isinstance(value, frozenset)
    return value
