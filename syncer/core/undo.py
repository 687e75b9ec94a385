"""Taking back what a run did to one line, if nobody edited it since.

What was overwritten comes back as the newest edit of its field: it is written where the run wrote, and carried over
to the other side, so that both sides agree and the next run has nothing to redo. Where the run compared two halves for
the first time nobody had edited anything: the half that the value came from stays, and the two differ again until
somebody edits one of them. What was deleted is made anew on both
sides. What was created is deleted, and the link is severed: the line it came from stays and is not carried again until
somebody edits it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from syncer.core.mapping import Merge, Misfit, Pair, Rules
from syncer.core.marks import MARK, before_mark, is_marked, take_off
from syncer.core.plan import Action, Fate, LinePlan, Operation
from syncer.core.planner import plan_whole
from syncer.core.records import Base, Held, Link, Owed, Side, Unreadable, Version
from syncer.core.values import Json, Value, is_empty


class Untakable(Exception):  # noqa: N818 - a line that cannot be taken back is an everyday finding
    """This line stays as it is; ``reason`` says why, for the person who asked."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(slots=True)
class Deed:
    """What one run did to one link: by side, what the written pairs held before and after.

    ``action`` tells of each side whether its line was created, updated or deleted. ``marked`` names the side whose line
    was marked as deleted, and ``unmarked`` what stood in place of the mark; ``back`` the side whose mark was taken off.
    ``rest`` is what the deleted line held beside its pairs, as a new one takes it.
    """

    link: int
    record: str | None = None
    key: str | None = None
    actions: dict[Side, Action] = field(default_factory=dict)
    before: dict[Side, dict[str, Value]] = field(default_factory=dict)
    after: dict[Side, dict[str, Value]] = field(default_factory=dict)
    marked: Side | None = None
    unmarked: Value = None
    back: Side | None = None
    met: set[Side] = field(default_factory=set)
    rest: Mapping[str, Json] = field(default_factory=dict)

    def add(self, side: Side, action: Action, before: Mapping[str, Value], after: Mapping[str, Value]) -> None:
        """One more write of the run: the first ``before`` and the last ``after`` count."""
        first = self.actions.setdefault(side, action)
        if action is not Action.UPDATE and first is not action:
            self.actions[side] = action
        held, left = self.before.setdefault(side, {}), self.after.setdefault(side, {})
        for name, value in before.items():
            held.setdefault(name, value)
        left.update(after)

    @property
    def names(self) -> list[str]:
        """The pairs it wrote."""
        return list(dict.fromkeys(name for held in (*self.before.values(), *self.after.values()) for name in held))

    def leave_out(self, names: Collection[str]) -> None:
        """Do as if these pairs had not been written."""
        for held in (*self.before.values(), *self.after.values()):
            for name in names:
                held.pop(name, None)

    def side_of(self, action: Action) -> Side | None:
        """The side on which the run created, or deleted, the line."""
        return next((side for side, done in self.actions.items() if done is action), None)

    def clears(self) -> set[str]:
        """The pairs that taking this back may empty."""
        if set(self.actions.values()) != {Action.UPDATE}:
            return set()
        held = (
            (side, name) for side, before in self.before.items() for name, value in before.items() if is_empty(value)
        )
        return {name for side, name in held if not is_empty(self.after[side].get(name))}


def plan_undo(rules: Rules, deed: Deed, link: Link | None, versions: Mapping[Side, Version], reason: str) -> LinePlan:
    """What takes a deed back. Raises ``Untakable`` if the line was edited since, on either side, or cannot."""
    if deed.marked is not None:
        return _plan_unmark(rules, deed, deed.marked, link, versions, reason)
    if (side := deed.side_of(Action.DELETE)) is not None:
        return _plan_anew(rules, deed, side, link, versions, reason)
    if link is None:
        raise Untakable("its lines are no longer linked")
    if (side := deed.side_of(Action.CREATE)) is not None:
        return _marked_again(rules, deed, versions, _plan_delete(rules, deed, side, link, versions, reason))
    if deed.back is not None and not deed.names:
        raise Untakable("the run took the mark of a deleted line off, because its other half was back")
    return _plan_back(rules, deed, link, versions, reason)


def edited_since(rules: Rules, link: Link, versions: Mapping[Side, Version]) -> list[str]:
    """Where the two halves of a line no longer hold what they agreed on, as sentences; a mark is no edit."""
    held = {side: before_mark(rules, link, versions[side]).values or {} for side in Side}
    return [
        f"{pair.field} was edited in {side} since"
        for pair in rules.pairs
        for side in Side
        if not versions[side].absent
        and (base := link.bases.get(pair.name)) is not None
        and held[side].get(pair.name) != base.of(side)
    ]


# What was overwritten.


def _plan_back(rules: Rules, deed: Deed, link: Link, versions: Mapping[Side, Version], reason: str) -> LinePlan:
    _demand_both(link, versions)
    pairs = {pair.name: pair for pair in rules.pairs}
    after: dict[Side, dict[str, Base]] = {side: {} for side in Side}
    for name in dict.fromkeys(name for held in deed.before.values() for name in held):
        if name not in pairs:
            raise Untakable(rules.paused.get(name, f"{name} is no longer mapped"))
        held = _untouched(pairs[name], deed, link, versions)
        wanted = _wanted(pairs[name], deed, held)
        for side, base in _steps(held, wanted).items():
            after[side][name] = base
    operations = [_update(versions[side], bases, reason) for side, bases in after.items() if bases]
    return LinePlan(tuple(operations))


def _demand_both(link: Link, versions: Mapping[Side, Version]) -> None:
    gone = next((side for side in Side if versions[side].absent), None)
    if gone is not None:
        raise Untakable(f"its line in {gone} was deleted since")
    if link.severed is not None:
        raise Untakable("its lines are no longer kept equal")


def _untouched(pair: Pair, deed: Deed, link: Link, versions: Mapping[Side, Version]) -> dict[Side, Value]:
    """What both sides hold, if that still is what the run left."""
    base, held = link.bases.get(pair.name), dict[Side, Value]()
    for side in Side:
        value = _readable(pair, versions[side])
        left = deed.after.get(side, {})
        if pair.name in left and value != left[pair.name]:
            if value == deed.before.get(side, {}).get(pair.name):
                raise Untakable(f"{pair.field} holds in {side} what it held before that run already")
            raise Untakable(f"{pair.field} was edited in {side} since")
        if base is None or base.owed is not None or value != base.of(side):
            raise Untakable(f"{pair.field} was edited in {side} since, or is not settled yet")
        held[side] = value
    return held


def _readable(pair: Pair, version: Version) -> Value:
    held: Held = (version.values or {}).get(pair.name)
    if isinstance(held, Unreadable):
        raise Untakable(f"{pair.field} cannot be read in {version.side}: {held.reason}")
    return held


def _wanted(pair: Pair, deed: Deed, held: Mapping[Side, Value]) -> dict[Side, Value]:
    """What each side is to hold. Where the run wrote both, and they differed before, no one value can come back."""
    before = {side: deed.before[side][pair.name] for side in Side if pair.name in deed.before.get(side, {})}
    if len(before) == len(Side):
        if pair.same(before[Side.FEISHU], before[Side.DATABASE]):
            return before
        if pair.merge is not Merge.REGISTER:
            raise Untakable(f"{pair.field} is a sum of changes from both sides; nothing single stood there before")
        before.pop(Side.FEISHU)  # a trigger's or default's answer: what was written first comes back
    (side,) = before
    if side in deed.met or not pair.accepts(side.other):
        return {side: before[side], side.other: held[side.other]}
    try:
        return {side: before[side], side.other: pair.carry(before[side], side.other)}
    except Misfit as misfit:
        raise Untakable(f"{pair.field} cannot be carried back to {side.other}: {misfit.reason}") from misfit


def _steps(held: Mapping[Side, Value], wanted: Mapping[Side, Value]) -> dict[Side, Base]:
    """The bases each side's write confirms. The database goes first; Feishu is owed its half in the same breath."""
    into = {side for side in Side if wanted[side] != held[side]}
    if Side.DATABASE not in into:
        return {Side.FEISHU: Base(wanted[Side.FEISHU], held[Side.DATABASE])} if into else {}
    owed = Owed(Side.FEISHU, wanted[Side.FEISHU]) if Side.FEISHU in into else None
    return {Side.DATABASE: Base(held[Side.FEISHU], wanted[Side.DATABASE], owed)}


def _update(version: Version, bases: Mapping[str, Base], reason: str) -> Operation:
    values = {name: base.of(version.side) for name, base in bases.items()}
    before = {name: value for name, value in _held(version).items() if name in bases}
    return Operation(version.side, Action.UPDATE, version.line, values, before, bases, reason)


def _held(version: Version) -> dict[str, Value]:
    return {name: held for name, held in (version.values or {}).items() if not isinstance(held, Unreadable)}


# What was marked as deleted.


def _plan_unmark(
    rules: Rules, deed: Deed, side: Side, link: Link | None, versions: Mapping[Side, Version], reason: str
) -> LinePlan:
    """The mark is taken off, and the half whose deletion it told of is made anew, so that both are kept equal again."""
    survivor, gone = versions[side], side.other
    if survivor.absent:
        raise Untakable(f"the line it marked in {side} was deleted since")
    if link is None or link.severed is not gone or not versions[gone].absent:
        raise Untakable(f"a line stands there again in {gone}")
    if not is_marked(rules, survivor):
        raise Untakable(f"its mark in {side} was taken off since")
    plan = revive(rules, gone, before_mark(rules, link, survivor), reason)
    return take_off(rules, plan, link, survivor, deed.unmarked).because(reason)


def _marked_again(rules: Rules, deed: Deed, versions: Mapping[Side, Version], plan: LinePlan) -> LinePlan:
    """Where the line was made anew beside one whose mark was taken off, that one is marked again."""
    side = deed.back
    if side is None or side not in rules.marks or versions[side].absent:
        return plan
    (gone,), rule = plan.operations, rules.on_deleted[side.other]
    stood = (versions[side].values or {}).get(MARK)
    again = Operation(
        side,
        Action.UPDATE,
        versions[side].line,
        reason=gone.reason,
        mark=(rules.marks[side].target, rule.value),
        unmarked=None if isinstance(stood, Unreadable) else stood,
    )
    return replace(plan, operations=(gone, again))


# What was created.


def _plan_delete(
    rules: Rules, deed: Deed, side: Side, link: Link, versions: Mapping[Side, Version], reason: str
) -> LinePlan:
    if versions[side].absent:
        raise Untakable(f"the line it created in {side} was deleted since")
    if link.severed is not None:
        raise Untakable("its lines are no longer kept equal")
    for pair in rules.pairs:
        _demand_as_created(pair, deed, side, link, versions)
    names = {pair.name for pair in rules.pairs}
    before = {name: value for name, value in _held(versions[side]).items() if name in names}
    operation = Operation(side, Action.DELETE, versions[side].line, before=before, reason=reason)
    return LinePlan((operation,), fate=Fate.SEVER, deleted_on=side)


def _demand_as_created(pair: Pair, deed: Deed, side: Side, link: Link, versions: Mapping[Side, Version]) -> None:
    held, base = _readable(pair, versions[side]), link.bases.get(pair.name)
    left = deed.after[side].get(pair.name)
    empty = held is False or is_empty(held)
    if held != left and not (empty and (left is False or is_empty(left))):
        raise Untakable(f"{pair.field} was edited in {side} since")
    other = versions[side.other]
    if base is not None and not other.absent and _readable(pair, other) != base.of(side.other):
        raise Untakable(f"{pair.field} was edited in {side.other} since")


# What was deleted.


def _plan_anew(
    rules: Rules, deed: Deed, side: Side, link: Link | None, versions: Mapping[Side, Version], reason: str
) -> LinePlan:
    """The first half of making a line anew; it gets no link before its other half is there too.

    Whatever becomes of the process in between, the line is then simply a new one for the next run.
    """
    if link is not None and not versions[side].absent:
        raise Untakable(f"a line stands there again in {side}")
    if link is not None and not versions[side.other].absent:
        return _with_rest(revive(rules, side, versions[side.other], reason), deed)
    wanted = [pair for pair in rules.pairs if side in pair.writable]
    values = {pair.name: value for pair in wanted if (value := deed.before[side].get(pair.name)) is not None}
    if not values:
        raise Untakable("nothing of what it held is known any more")
    operation = Operation(side, Action.CREATE, None, values, {}, _alone(side, values), reason)
    return _with_rest(LinePlan((operation,), fate=Fate.FORGET), deed)


def _with_rest(plan: LinePlan, deed: Deed) -> LinePlan:
    return replace(plan, operations=tuple(replace(operation, rest=deed.rest) for operation in plan.operations))


def _alone(side: Side, values: Mapping[str, Value]) -> dict[str, Base]:
    on_feishu = side is Side.FEISHU
    return {name: Base(value, None) if on_feishu else Base(None, value) for name, value in values.items()}


def revive(rules: Rules, on: Side, source: Version, reason: str) -> LinePlan:
    """The missing half of a line, made whole from the other one. Raises ``Untakable`` if it cannot be made."""
    plan = plan_whole(rules, on, source, reason)
    if plan.held:
        raise Untakable(f"required fields are empty: {', '.join(plan.held)}")
    if plan.unfit:
        raise Untakable(f"it cannot be made anew in {on}: {plan.unfit[0].reason}")
    return plan
