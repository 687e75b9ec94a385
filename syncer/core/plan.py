"""What a run intends, as values: operations, what a line becomes, the tally of a whole run, and the guards over it."""

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from syncer.core.conflicts import Clash, Verdict, Winner
from syncer.core.mapping import DeleteGuard
from syncer.core.records import Base, Side
from syncer.core.values import Json, Value, is_empty

FIRST_PAIRING = "first pairing: from "
"""How the reason of an update begins of whose pairs the two halves had never been compared before."""


class Action(StrEnum):
    """What an operation does to one line."""

    CREATE = "create"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Operation:
    """Create, update or delete one line on one side.

    ``values`` are the pairs to write and ``before`` what those pairs held when planned, both in the side's own form.
    ``after`` are the bases once it is confirmed. ``line`` is ``None`` for a create. ``mark`` is set on an update that
    marks a line as deleted: the name and value of the marking column or field. ``rest`` is what a new line is given
    beside its pairs: cells in the written shape by field name, or columns as texts. ``unmarked`` is what stands in
    place of a mark before it is set, and after it is taken off.
    """

    side: Side
    action: Action
    line: str | None
    values: Mapping[str, Value] = field(default_factory=dict)
    before: Mapping[str, Value] = field(default_factory=dict)
    after: Mapping[str, Base] = field(default_factory=dict)
    reason: str = ""
    mark: tuple[str, Json] | None = None
    rest: Mapping[str, Json] = field(default_factory=dict)
    unmarked: Value = None

    def clears(self) -> list[str]:
        """The pairs that an update empties."""
        if self.action is not Action.UPDATE:
            return []
        return [name for name, value in self.values.items() if is_empty(value) and not is_empty(self.before[name])]


@dataclass(frozen=True, slots=True)
class Collision:
    """A conflict met on one pair, with the verdict on it; ``base`` is what both held before."""

    pair: str
    clash: Clash
    verdict: Verdict
    base: Base | None


@dataclass(frozen=True, slots=True)
class Unfit:
    """A pair (or, with an empty name, a whole line) that cannot be written to ``side``; ``value`` was refused."""

    side: Side
    pair: str
    reason: str
    value: Value = None
    code: str = "misfit"


class Fate(StrEnum):
    """What becomes of a link itself."""

    KEEP = "keep"
    SEVER = "sever"
    FORGET = "forget"


@dataclass(frozen=True, slots=True)
class LinePlan:
    """Everything decided about one line: at most one operation a side, and what is remembered without any write.

    ``bases`` move at once. ``held`` names the required fields a new line still lacks, ``pending`` those whose value
    names a line of another mapping that is not linked yet. ``differs`` names the pairs of a
    first pairing that nobody has decided: nothing of this line is written. ``deleted_on`` is the side whose deletion
    the operations carry over or that severs the link.
    """

    operations: tuple[Operation, ...] = ()
    bases: Mapping[str, Base] = field(default_factory=dict)
    collisions: tuple[Collision, ...] = ()
    unfit: tuple[Unfit, ...] = ()
    held: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    """Pairs (an empty name: the whole line) not sent again, because that very value was refused before."""
    differs: tuple[str, ...] = ()
    overwrites: bool = False
    fate: Fate = Fate.KEEP
    deleted_on: Side | None = None

    def tells_more_than(self, other: "LinePlan") -> bool:
        """Whether it holds a conflict, a verdict or a value that does not fit which the other plan does not."""
        told = {_essence(met) for met in other.collisions}
        return any(_essence(met) not in told for met in self.collisions) or not set(other.unfit).issuperset(self.unfit)

    def removes(self, operation: Operation) -> bool:
        """Whether one of its operations deletes a line, or marks it as deleted."""
        return operation.action is Action.DELETE or (operation.mark is not None and self.fate is Fate.SEVER)

    def because(self, cause: str) -> "LinePlan":
        """The same plan, its operations done for another reason."""
        return replace(self, operations=tuple(replace(operation, reason=cause) for operation in self.operations))

    def operation(self, side: Side) -> Operation | None:
        """This line's operation on one side."""
        for operation in self.operations:
            if operation.side is side:
                return operation
        return None


def _essence(met: Collision) -> tuple[str, Value, Value, Winner | None]:
    """What makes a conflict news: times may change a verdict while the values stay."""
    return met.pair, met.clash.feishu, met.clash.database, met.verdict.winner


@dataclass(frozen=True, slots=True)
class Guard:
    """A safety rule that said no: its name, what it saw in numbers, and some of the lines."""

    name: str
    counts: Mapping[str, int]
    sentence: str
    stops: bool = True
    """Whether the whole run stops; otherwise only the operations concerned are withheld."""


@dataclass(slots=True)
class Tally:
    """A run's plan in numbers, added up line by line."""

    operations: Counter[tuple[Side, Action]] = field(default_factory=Counter)
    clears: Counter[tuple[Side, str]] = field(default_factory=Counter)
    deletions: Counter[Side] = field(default_factory=Counter)
    updated: Counter[str] = field(default_factory=Counter)
    """Rows whose column of that name would get another value."""
    differs: int = 0
    overwrites: int = 0

    def add(self, plan: LinePlan) -> None:
        """Count one line's plan."""
        self.differs += bool(plan.differs)
        self.overwrites += plan.overwrites
        for operation in plan.operations:
            self.operations[operation.side, operation.action] += 1
            self.clears.update((operation.side, name) for name in operation.clears())
            self.deletions[operation.side] += plan.removes(operation)
            if operation.side is Side.DATABASE and operation.action is Action.UPDATE:
                self.updated.update(list(operation.values))


def too_many(count: int, of: int, guard: DeleteGuard) -> bool:
    """Whether a count is beyond a guard: more than its lines, or more than its share and 10."""
    return count > guard.lines or (count > guard.share * of and count > 10)


def stopping_guard(
    tally: Tally, linked: int, guard: DeleteGuard, *, pairs: int = 0, key: Collection[str] = ()
) -> Guard | None:
    """The first guard that stops a run with this tally before it writes anything.

    ``pairs`` is how many lines meet for the first time, beside the ``linked`` ones; ``key`` names the columns that
    identify a row.
    """
    if tally.differs:
        return Guard(
            "first_pairing",
            {"lines": tally.differs},
            f"{tally.differs} lines pair for the first time and differ; nothing was written. Look at them with "
            "`syncer plan`, then `syncer approve` the run or set `pairing:` in the mapping",
        )
    if too_many(tally.overwrites, linked + pairs, guard):
        return Guard(
            "overwrites",
            {"lines": tally.overwrites, "linked": linked, "pairs": pairs},
            f"{tally.overwrites} lines of the target would be overwritten at their first pairing",
        )
    return _keys_guard(tally, linked, guard, key) or _clears_guard(tally, linked, guard)


def _keys_guard(tally: Tally, linked: int, guard: DeleteGuard, key: Collection[str]) -> Guard | None:
    for name in key:
        if too_many(tally.updated[name], linked, guard):
            return Guard(
                "keys",
                {"lines": tally.updated[name], "linked": linked},
                f"{tally.updated[name]} rows would get another {name!r}, which is part of their key",
            )
    return None


def _clears_guard(tally: Tally, linked: int, guard: DeleteGuard) -> Guard | None:
    for (side, name), count in tally.clears.most_common(1):
        if too_many(count, linked, guard):
            return Guard(
                "clears",
                {"lines": count, "linked": linked},
                f"{count} lines would lose {name!r} in {side}; was a field emptied or hidden by mistake?",
            )
    return None


@dataclass(frozen=True, slots=True)
class Removed:
    """How many lines of each side were lately deleted, and how many marked as deleted."""

    deleted: Mapping[Side, int] = field(default_factory=dict)
    marked: Mapping[Side, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Both, on both sides."""
        return sum(self.deleted.values()) + sum(self.marked.values())

    def empties(self, side: Side, planned: int, held: int) -> bool:
        """Whether nothing unmarked is left of a side that held more than 3 lines, once these go too."""
        return held + self.deleted.get(side, 0) > 3 and planned + self.marked.get(side, 0) >= held


def delete_guard(
    tally: Tally, lately: Removed, lines: Mapping[Side, int], linked: int, guard: DeleteGuard, *, beside: int = 0
) -> Guard | None:
    """The guard over deletions, which withholds them: too many in an hour, or a table of more than 3 lines emptied.

    ``lines`` is how many lines each side holds now, ``lately`` what runs of the last hour removed, ``beside`` what this
    run is about to remove beside what is judged. A line marked as deleted counts like one that is deleted.
    """
    planned, last_hour = sum(tally.deletions.values()), lately.total
    if not planned:
        return None
    counts = {"planned": planned + beside, "last_hour": last_hour, "linked": linked}
    if too_many(planned + beside + last_hour, linked, guard):
        return Guard("deletes", counts, _too_many_deletes(planned + beside, last_hour, linked), stops=False)
    for side, count in tally.deletions.items():
        if count and lately.empties(side, count, lines[side]):
            sentence = f"all {count} lines of {side} would be deleted; emptying a table always needs `syncer approve`"
            return Guard("deletes", counts, sentence, stops=False)
    return None


def _too_many_deletes(planned: int, last_hour: int, linked: int) -> str:
    return (
        f"{planned} lines would be deleted ({last_hour} more in the last hour) of {linked} linked; "
        "the deletions are withheld until `syncer approve`"
    )


@dataclass(frozen=True, slots=True)
class Reading:
    """What is known of one whole listing: what it returned, what it said it holds, how it ended."""

    distinct: int
    returned: int
    total: int | None
    ended: bool
    whole: bool = True
    revived: int = 0
    """Linked lines it did not show, but that were there when asked for by id."""


def doubts(reading: Reading) -> list[str]:
    """Why a listing cannot be believed whole, as sentences; empty when it can.

    Creating and deleting rest on absence, so both need a listing without doubts.
    """
    found = []
    if not reading.ended:
        found.append("paging did not end normally")
    if reading.returned != reading.distinct:
        found.append(f"{reading.returned - reading.distinct} records came twice")
    if reading.total is not None and reading.total != reading.distinct:
        found.append(f"{reading.distinct} records came, but Feishu counts {reading.total}")
    if reading.revived:
        found.append(f"{reading.revived} records were missing from the listing but exist")
    if not reading.whole:
        found.append("advanced permissions are on and the app does not manage the base, so records may be hidden")
    return found
