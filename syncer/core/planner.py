"""The decision, line by line: what two versions of a line and its base ask for.

``plan_line`` reads like the table in the docs. It is pure: the same line always gives the same plan, and applying the
plan to both sides leaves nothing to plan.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson

from syncer.core.conflicts import UNKNOWN, Moment, Resolution
from syncer.core.mapping import DeletePolicy, Pair, Pairing, Rules
from syncer.core.marks import MARK, before_mark, is_marked, take_off
from syncer.core.merge import Circumstances, Merged, merge
from syncer.core.newborn import Newborn
from syncer.core.plan import FIRST_PAIRING, Action, Collision, Fate, LinePlan, Operation, Unfit
from syncer.core.records import Base, Held, Link, Side, Unreadable, Version
from syncer.core.values import Json, Value, digest, dump, is_empty
from syncer.core.where import OUTSIDE, is_outside, leaves, stays_out


@dataclass(frozen=True, slots=True)
class Desk:
    """What people and earlier runs left about a line.

    ``failed`` holds digests of values that already failed, by pair (empty name: the whole line); they are not sent
    again. ``resolutions`` are people's words on open conflicts, by pair. ``pairing`` overrides the mapping's where a
    guard was approved.
    """

    failed: Mapping[str, bytes] = field(default_factory=dict)
    resolutions: Mapping[str, Resolution] = field(default_factory=dict)
    pairing: Pairing | None = None
    now: datetime | None = None
    touched: frozenset[Side] = frozenset()
    """The sides whose half somebody edited in parts that no pair carries."""
    unmarked: Value = None
    """What stood in place of the line's mark, where that is known."""


NO_DESK = Desk()
WHOLE_LINE = ""


def failed_digest(*values: Value) -> bytes:
    """What identifies a failed value, so that it is not sent again until it changes."""
    return digest(orjson.dumps([dump(value) for value in values]))


def failed_line(values: Mapping[str, Value]) -> bytes:
    """The same for a line that was refused as a whole: what identifies all that was sent, and where to."""
    return digest(orjson.dumps([[name, dump(values[name])] for name in sorted(values)]))


def plan_line(rules: Rules, link: Link | None, feishu: Version, database: Version, desk: Desk = NO_DESK) -> LinePlan:
    """Decide about one line.

    ``feishu`` and ``database`` are its current versions, absent ones included. A pair without a base is paired for the
    first time.
    """
    if feishu.absent and database.absent:
        return LinePlan(fate=Fate.FORGET)
    if link is None:
        return _plan_unlinked(rules, feishu, database, desk)
    if link.severed is not None:
        return _plan_severed(rules, link, feishu, database, desk)
    if feishu.absent:
        return _plan_deleted(rules, link, Side.FEISHU, database, desk)
    if database.absent:
        return _plan_deleted(rules, link, Side.DATABASE, feishu, desk)
    for gone, survivor in ((feishu, database), (database, feishu)):
        if leaves(rules, link, gone):
            return _plan_left(rules, link, gone.side, survivor, desk)
    return _plan_both(rules, link.bases, feishu, database, desk, link.moved_at)


def _plan_unlinked(rules: Rules, feishu: Version, database: Version, desk: Desk) -> LinePlan:
    if is_marked(rules, feishu) or is_marked(rules, database) or is_outside(feishu) or is_outside(database):
        return LinePlan()
    if feishu.absent:
        return plan_create(rules, Side.FEISHU, database, desk)
    if database.absent:
        return plan_create(rules, Side.DATABASE, feishu, desk)
    return _plan_both(rules, {}, feishu, database, desk)


# Both halves are there.


def _line_moment(rules: Rules, version: Version, since: datetime | None) -> Moment:
    """When a line was changed since its bases moved, by our clock; unknown if its time cannot be that of an edit.

    A time from before the bases moved is that of our own write, or of a clock that is behind; one from after the line
    was read is of a clock that is ahead. Neither orders anything.
    """
    at = _ours(rules, version, version.modified_at)
    return UNKNOWN if at is None or (since is not None and at <= since) else Moment(at)


def _field_moments(rules: Rules, version: Version) -> dict[str, Moment]:
    """When those of a line's fields were changed of which an event or a log told."""
    told = version.told or {}
    return {name: Moment(_ours(rules, version, one.at), exact=True, who=one.who) for name, one in told.items()}


def _ours(rules: Rules, version: Version, at: datetime | None) -> datetime | None:
    """A time of a side by our clock; ``None`` for one from after the line was read."""
    ours = None if at is None else at - rules.skew.get(version.side, timedelta(0))
    return None if ours is None or ours > version.read_at + rules.tolerance else ours


def _plan_both(
    rules: Rules,
    bases: Mapping[str, Base],
    feishu: Version,
    database: Version,
    desk: Desk,
    since: datetime | None = None,
) -> LinePlan:
    assert feishu.values is not None
    assert database.values is not None
    about = Circumstances(
        {version.side: _line_moment(rules, version, since) for version in (feishu, database)},
        {version.side: _field_moments(rules, version) for version in (feishu, database) if version.told},
        rules.tie,
        max(rules.tolerance, rules.blur),
        desk.pairing or rules.pairing,
        now=desk.now,
    )
    draft = _Draft({Side.FEISHU: feishu.line, Side.DATABASE: database.line})
    for pair in rules.pairs:
        here, there = feishu.values.get(pair.name), database.values.get(pair.name)
        base = bases.get(pair.name)
        resolution = desk.resolutions.get(pair.name)
        merged = merge(pair, base, here, there, replace(about, resolution=resolution) if resolution else about)
        draft.take(pair, base, merged, here, there, desk)
    return draft.plan(desk.failed.get(WHOLE_LINE))


class _Draft:
    """A line's plan while its pairs are merged one after the other.

    ``known`` names the sides that are given a value of a pair whose two halves had been compared before.
    """

    def __init__(self, lines: Mapping[Side, str]) -> None:
        self.lines = lines
        self.bases: dict[str, Base] = {}
        self.values: dict[Side, dict[str, Value]] = {Side.FEISHU: {}, Side.DATABASE: {}}
        self.before: dict[Side, dict[str, Value]] = {Side.FEISHU: {}, Side.DATABASE: {}}
        self.after: dict[Side, dict[str, Base]] = {Side.FEISHU: {}, Side.DATABASE: {}}
        self.collisions: list[Collision] = []
        self.unfit: list[Unfit] = []
        self.pending: list[str] = []
        self.differs: list[str] = []
        self.blocked: list[str] = []
        self.verdicts: dict[Side, list[str]] = {Side.FEISHU: [], Side.DATABASE: []}
        self.known: set[Side] = set()
        self.overwrites = False

    def take(self, pair: Pair, base: Base | None, merged: Merged, here: Held, there: Held, desk: Desk) -> None:
        if merged.clash is not None and merged.verdict is not None:
            self.collisions.append(Collision(pair.name, merged.clash, merged.verdict, base))
        if merged.pending:
            self.pending.append(pair.field)
        elif merged.refused is not None:
            self._refuse(pair, merged, here, there)
        elif merged.differs:
            self.differs.append(pair.name)
        elif merged.write is not None:
            self._write(pair, base, merged, here if merged.write is Side.FEISHU else there, desk)
        elif merged.base is not None and merged.base != base:
            self.bases[pair.name] = merged.base

    def _refuse(self, pair: Pair, merged: Merged, here: Held, there: Held) -> None:
        assert merged.refused is not None
        source = there if merged.refused is Side.FEISHU else here
        value = None if isinstance(source, Unreadable) else source
        self.unfit.append(Unfit(merged.refused, pair.name, merged.misfit or "", value))

    def _write(self, pair: Pair, base: Base | None, merged: Merged, held: Held, desk: Desk) -> None:
        assert merged.write is not None
        assert merged.base is not None
        if (failed := desk.failed.get(pair.name)) is not None and failed == failed_digest(merged.value):
            self.blocked.append(pair.name)
            return
        assert not isinstance(held, Unreadable)
        self.values[merged.write][pair.name] = merged.value
        self.before[merged.write][pair.name] = held
        self.after[merged.write][pair.name] = merged.base
        if base is not None:
            self.known.add(merged.write)
        one_way = not pair.accepts(merged.write.other)  # else `pairing:` or an approval said who wins
        self.overwrites |= base is None and one_way and not is_empty(held)
        if merged.verdict is not None:
            self.verdicts[merged.write].append(f"conflict on {pair.field}: {merged.verdict.reason}")

    def plan(self, failed: bytes | None) -> LinePlan:
        if self.differs:
            return LinePlan(bases=self.bases, differs=tuple(self.differs), pending=tuple(self.pending))
        sides = [side for side, values in self.values.items() if values]
        if failed is not None:
            sides = [side for side in sides if failed != failed_line(self.values[side])]
            if len(sides) < sum(map(bool, self.values.values())):
                self.blocked.append(WHOLE_LINE)
        return LinePlan(
            operations=tuple(map(self._operation, sides)),
            bases=self.bases,
            collisions=tuple(self.collisions),
            unfit=tuple(self.unfit),
            pending=tuple(self.pending),
            blocked=tuple(self.blocked),
            overwrites=self.overwrites,
        )

    def _operation(self, side: Side) -> Operation:
        why = f"changed in {side.other}" if side in self.known else f"{FIRST_PAIRING}{side.other}"
        return Operation(
            side,
            Action.UPDATE,
            self.lines[side],
            self.values[side],
            self.before[side],
            self.after[side],
            "; ".join([why, *self.verdicts[side]]),
        )


# One half is missing.


def plan_create(rules: Rules, on: Side, source: Version, desk: Desk = NO_DESK) -> LinePlan:
    """Create the missing half of a line on one side.

    It is held while a required field is empty, and waits as a failure while a value misfits.
    """
    if not rules.direction.carries_from(on.other):
        return LinePlan()
    return _plan_newborn(rules, Newborn(on, source, everything=False), desk, f"new in {source.side}")


def plan_whole(rules: Rules, on: Side, source: Version, reason: str) -> LinePlan:
    """Create the missing half of a line again, also in the pairs that are not carried that way."""
    if not rules.direction.carries_from(on.other):
        return LinePlan()
    return _plan_newborn(rules, Newborn(on, source, everything=True), NO_DESK, reason)


def _plan_newborn(rules: Rules, newborn: Newborn, desk: Desk, reason: str) -> LinePlan:
    newborn.take(rules)
    pending = tuple(newborn.pending)
    if newborn.held:
        return LinePlan(held=tuple(newborn.held), pending=pending)
    if newborn.unfit:
        return LinePlan(unfit=tuple(newborn.unfit), pending=pending)
    if (failed := desk.failed.get(WHOLE_LINE)) is not None and failed == failed_line(newborn.values):
        return LinePlan(blocked=(WHOLE_LINE,))
    create = Operation(newborn.on, Action.CREATE, None, newborn.values, {}, newborn.after, reason)
    return LinePlan((create,), pending=pending)


def _plan_deleted(rules: Rules, link: Link, gone: Side, survivor: Version, desk: Desk) -> LinePlan:
    if not rules.direction.carries_from(gone):
        return LinePlan(fate=Fate.SEVER, deleted_on=gone)
    rule = rules.on_deleted[gone]
    if rule.action == "ignore":
        return LinePlan(fate=Fate.SEVER, deleted_on=gone)
    if not link.bases:  # after a backup was restored nobody knows: the line may only be younger than the backup
        return _revive(rules, gone, survivor, desk)
    if rule.action == "mark":
        assert rule.target is not None
        return _mark(survivor, gone, (rule.target, rule.value), desk)
    if survivor.side in desk.touched:
        return _as_edited(rules, _ON_EDITED[rules.delete_policy](rules, gone, survivor, desk), link, survivor)
    if edited(rules, link, survivor):
        return _ON_EDITED[rules.delete_policy](rules, gone, survivor, desk)
    return _delete(rules, gone, survivor, desk)


def _plan_left(rules: Rules, link: Link, gone: Side, survivor: Version, desk: Desk) -> LinePlan:
    """A linked line left the scope of its side: the pair is dissolved, or what a deletion does to the other half."""
    rule, severed = rules.on_deleted[gone], LinePlan(fate=Fate.SEVER, deleted_on=gone)
    deletes = rules.where[gone].on_leave == "delete" and rules.direction.carries_from(gone)
    if not deletes or rule.action == "ignore" or not link.bases:
        return severed
    reason = f"left the scope in {gone}"
    if rule.action == "mark":
        assert rule.target is not None
        return _mark(survivor, gone, (rule.target, rule.value), desk).because(f"marked: {reason}")
    if survivor.side in desk.touched or edited(rules, link, survivor):
        if rules.delete_policy is DeletePolicy.EDIT:
            return severed
        if rules.delete_policy is DeletePolicy.MANUAL:
            told = f"the line {reason} and was changed in {survivor.side}; deletes: manual leaves both as they are"
            return LinePlan(unfit=(Unfit(gone, WHOLE_LINE, told, code="delete_conflict"),))
    return _delete(rules, gone, survivor, desk).because(reason)


def _as_edited(rules: Rules, plan: LinePlan, link: Link, survivor: Version) -> LinePlan:
    """Remember in a base that the line was edited: later nobody can tell, and the plan may have to wait."""
    assert survivor.values is not None
    names = [pair.name for pair in rules.pairs if pair.name in link.bases and pair.name not in rules.match]
    name = next((name for name in names if _says_something(survivor.values.get(name))), None)
    if plan.fate is not Fate.KEEP or name is None:
        return plan
    base = link.bases[name]
    unlike = Base(None, base.database) if survivor.side is Side.FEISHU else Base(base.feishu, None)
    return replace(plan, bases={**plan.bases, name: unlike})


def _says_something(held: Held) -> bool:
    return not isinstance(held, Unreadable) and not is_empty(held)


def edited(rules: Rules, link: Link, survivor: Version) -> bool:
    """Whether somebody changed the surviving half since its base, in any pair that is mapped."""
    assert survivor.values is not None
    for pair in rules.pairs:
        base, held = link.bases.get(pair.name), survivor.values.get(pair.name)
        if base is not None and not isinstance(held, Unreadable) and held != base.of(survivor.side):
            return True
    return False


def _delete(_rules: Rules, gone: Side, survivor: Version, desk: Desk) -> LinePlan:
    assert survivor.values is not None
    if desk.failed.get(WHOLE_LINE) == failed_line({}):
        return LinePlan(blocked=(WHOLE_LINE,))
    held_there = {name: held for name, held in survivor.values.items() if name != OUTSIDE}
    before = {name: held for name, held in held_there.items() if not isinstance(held, Unreadable)}
    operation = Operation(survivor.side, Action.DELETE, survivor.line, before=before, reason=f"deleted in {gone}")
    return LinePlan((operation,), fate=Fate.FORGET, deleted_on=gone)


def _revive(rules: Rules, gone: Side, survivor: Version, desk: Desk) -> LinePlan:
    if not rules.direction.carries_from(survivor.side):
        return LinePlan(fate=Fate.SEVER, deleted_on=gone)
    newborn = Newborn(gone, survivor, everything=True)
    return _plan_newborn(rules, newborn, desk, f"an edit in {survivor.side} outlived the deletion in {gone}")


def _ask(_rules: Rules, gone: Side, survivor: Version, _desk: Desk) -> LinePlan:
    reason = f"the line was deleted in {gone} and changed in {survivor.side}; deletes: manual leaves both as they are"
    return LinePlan(unfit=(Unfit(gone, WHOLE_LINE, reason, code="delete_conflict"),))


_ON_EDITED: Mapping[DeletePolicy, Callable[[Rules, Side, Version, Desk], LinePlan]] = {
    DeletePolicy.EDIT: _revive,
    DeletePolicy.DELETE: _delete,
    DeletePolicy.MANUAL: _ask,
}


def _mark(survivor: Version, gone: Side, mark: tuple[str, Json], desk: Desk) -> LinePlan:
    if desk.failed.get(WHOLE_LINE) == failed_line({}):
        return LinePlan(blocked=(WHOLE_LINE,))
    stood = (survivor.values or {}).get(MARK)
    operation = Operation(survivor.side, Action.UPDATE, survivor.line, reason=f"marked: deleted in {gone}", mark=mark)
    if not isinstance(stood, Unreadable):
        operation = replace(operation, unmarked=stood)
    return LinePlan((operation,), fate=Fate.SEVER, deleted_on=gone)


def _plan_severed(rules: Rules, link: Link, feishu: Version, database: Version, desk: Desk) -> LinePlan:
    assert link.severed is not None
    if stays_out(rules, feishu) or stays_out(rules, database):
        return LinePlan(fate=Fate.SEVER, deleted_on=link.severed)
    if not feishu.absent and not database.absent:
        return _plan_whole_again(rules, link, feishu, database, desk)
    survivor, gone = (database, Side.FEISHU) if feishu.absent else (feishu, Side.DATABASE)
    rule = rules.on_deleted.get(gone)
    revives = rule is not None and rule.action == "delete" and rules.delete_policy is DeletePolicy.EDIT
    if gone in rules.where and rules.where[gone].on_leave != "keep":
        revives = False  # it may be there, out of scope
    if revives and edited(rules, link, survivor):
        return _revive(rules, gone, survivor, desk)
    return LinePlan(fate=Fate.SEVER, deleted_on=gone)


def _plan_whole_again(rules: Rules, link: Link, feishu: Version, database: Version, desk: Desk) -> LinePlan:
    """A severed pair whose missing half is back: restored from the bin, or inserted again."""
    halves = {version.side: before_mark(rules, link, version) for version in (feishu, database)}
    plan = _plan_both(rules, link.bases, halves[Side.FEISHU], halves[Side.DATABASE], desk)
    survivor = database if link.severed is Side.FEISHU else feishu
    if desk.failed.get(WHOLE_LINE) == failed_line({}):
        return plan
    return take_off(rules, plan, link, survivor, desk.unmarked)
