"""One line while a run works on it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from syncer.core.plan import Fate, LinePlan, Operation
from syncer.core.planner import NO_DESK, Desk
from syncer.core.records import Base, Link, Side, Version
from syncer.core.values import Json
from syncer.core.where import inside
from syncer.engine.lens import Lens, agrees, as_predicted
from syncer.ports import ConflictNote, Remembered

NO_PLAN = LinePlan()


@dataclass(slots=True)
class Line:
    """A line's two versions, what is remembered of it, its plan, and what became of the plan so far.

    ``prints`` are the fingerprints of the versions, ``None`` where a write made them unknown. ``undone`` says that the
    plan could not be finished: the next run looks at the line again whatever its prints are.
    """

    versions: dict[Side, Version]
    link: Link | None = None
    prints: dict[Side, bytes | None] = field(default_factory=dict)
    desk: Desk = NO_DESK
    plan: LinePlan = NO_PLAN
    bases: dict[str, Base] = field(default_factory=dict)
    open_conflicts: Mapping[str, ConflictNote] = field(default_factory=dict)
    """Conflicts on this line that wait for a person, by pair."""
    undone: bool = False
    gone: bool = False
    """The link is to be forgotten."""
    stored: bool = False
    """The link stands in the state store."""
    saved: bool = False
    """It stands there just as the line is now."""
    gone_as: bytes | None = None
    """What the missing half of a severed pair is known by, as it was remembered."""
    halfway: bool = False
    """A part of the plan is still to be sent: if the process ends now, the next run must look at the line again."""
    wholes: dict[Side, Json] = field(default_factory=dict)
    """All that a half holds that is to be deleted, mapped or not."""
    row_version: str = ""
    """Which version of the row that is."""
    noticed: Mapping[Side, datetime] = field(default_factory=dict)
    """When it was told of a side's change; nothing where the run found it by reading."""
    planned_at: datetime | None = None
    sent_at: datetime | None = None
    """When the part of the plan that is under way was sent."""
    pending: bool = False
    """Something of it waits until a line of another mapping is linked: until then every run looks at it again."""
    wish: "Callable[[Line], LinePlan] | None" = None
    """What plans this line in place of the planner, until a part of it was written."""
    refused: str = ""
    """Why a side did not take what was sent last."""

    @property
    def known_as(self) -> int | None:
        """The link's id, if the link is stored or both its halves are there."""
        tied = self.stored or not any(version.absent for version in self.versions.values())
        return self.link.id if self.link is not None and tied else None

    def id_on(self, side: Side) -> str | None:
        """The line's id on one side, ``None`` if it is not there."""
        version = self.versions[side]
        return None if version.absent else version.line

    def tie(self, number: int) -> None:
        """Give the line a link of its own."""
        self.link = Link(number, self.id_on(Side.FEISHU), self.id_on(Side.DATABASE))

    def operation(self, side: Side) -> Operation | None:
        """What the plan does to one side."""
        return self.plan.operation(side)

    def owes_feishu(self) -> bool:
        """Whether, after its row was written, its record is to be written too: by plan, or by what the row became."""
        if self.operation(Side.FEISHU) is not None:
            return True
        return not self.gone and not as_predicted(self.bases, self.versions[Side.DATABASE])

    def leave(self) -> None:
        """Give the rest of the plan up; the next run looks at the line again."""
        self.undone, self.saved = True, False

    def adopt(self, plan: LinePlan) -> None:
        """Take a plan over; what it moves without a write moves now."""
        self.saved = self.saved and not plan.bases
        self.plan, self.pending = plan, bool(plan.pending)
        self.bases = {**(self.link.bases if self.link else {}), **self.bases, **plan.bases}

    def confirm(self, operation: Operation, version: Version, print_: bytes | None) -> None:
        """An operation took effect and left this version behind."""
        self.saved = False
        self.bases.update(operation.after)
        self.versions[operation.side] = inside(version)  # nobody's edit made it leave the scope
        self.prints[operation.side] = print_

    def severed(self) -> Side | None:
        """The side whose half is gone for good while the other is remembered."""
        if self.plan.fate is Fate.SEVER and not self.undone:
            return self.plan.deleted_on
        return None

    def _name(self, side: Side, severed: Side | None) -> str | None:
        """The line's id on one side. One that is gone keeps it until its deletion is carried over."""
        if side is severed:  # it is gone, or it is there and left the scope
            return None
        return self.id_on(side) or (self.link.line(side) if self.link else None)

    def remembered(self, lens: Lens, now: datetime) -> Remembered:
        """What to store of this line. Raises nothing; a line without a link cannot be remembered."""
        assert self.link is not None
        severed = self.severed()
        record, key = (self._name(side, severed) for side in Side)
        link = Link(self.link.id, record, key, self.bases, severed, now)
        done = not (self.undone or self.halfway or self.pending) and not any(base.owed for base in self.bases.values())
        prints: Mapping[Side, bytes | None] = self.prints if done else {}
        settled = done and severed is None and agrees(self.bases, lens.columns, self.versions)
        match = lens.match_of_bases(self.bases) or (self._gone_as(lens, severed) if severed else None)
        return Remembered(link, dict(prints), match, settled)

    def _gone_as(self, lens: Lens, severed: Side) -> bytes | None:
        """What the half that is gone is known by, should it come back; as it was noted when that was last known."""
        name = (self.link.line(severed) if self.link else None) or self.versions[severed].line
        return lens.known_by(severed, name) if name else self.gone_as
