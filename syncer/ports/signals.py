"""What was noticed: events and notifications as signals that say where to look, and the raw values events brought.

A signal is never the truth, only a reason to read. It is stored before it is acknowledged and settled after the run
that looked has remembered what it found; an arrival in between raises its generation, so it is not settled then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from syncer.core.records import Side
from syncer.core.values import Json


class SignalKind(StrEnum):
    """What a signal asks for."""

    LINE = "line"
    """Look at this line."""
    POLL = "poll"
    """Read on from the cursor: something may have been missed."""
    FULL = "full"
    """A whole run was asked for."""
    SCHEMA = "schema"
    """Fields changed: read the field list again."""
    COMPUTED = "computed"
    """Look at this line again, or for want of one at all of them: by then Feishu has worked its formulas out."""


@dataclass(frozen=True, slots=True)
class Signal:
    """A reason to look. ``line`` names one where the kind is ``line``, and may where it is ``computed``.

    ``generation`` is raised by every arrival; ``noticed_at`` stays that of the first one still unsettled. One of kind
    ``computed`` lies in the future until that moment, which every arrival moves; nobody is told of it before.
    """

    side: Side
    kind: SignalKind
    line: str
    generation: int
    noticed_at: datetime
    reason: str

    @property
    def names_line(self) -> bool:
        """Whether it says which line to look at."""
        return self.kind is SignalKind.LINE or (self.kind is SignalKind.COMPUTED and bool(self.line))


@dataclass(frozen=True, slots=True)
class RecordEvent:
    """What one event told of one record.

    ``action``: ``record_added``, ``record_edited`` or ``record_deleted``. ``before`` and ``after`` hold, by field id,
    Feishu's raw ``field_value``: JSON text in the internal form (options by id), only of the fields that changed.
    ``before_people`` and ``after_people`` hold the ``field_identity_value`` of fields of persons. ``revision`` is the
    table's, ``happened_at`` exact to the second at worst.
    """

    record: str
    action: str
    revision: int | None
    happened_at: datetime
    received_at: datetime
    before: Mapping[str, str]
    after: Mapping[str, str]
    operator: Mapping[str, Json] = field(default_factory=dict)
    before_people: Mapping[str, Json] = field(default_factory=dict)
    after_people: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """One action of an event, as it was sent; see ``RecordEvent``."""

    record: str
    action: str
    before: Mapping[str, str] = field(default_factory=dict)
    after: Mapping[str, str] = field(default_factory=dict)
    before_people: Mapping[str, Json] = field(default_factory=dict)
    after_people: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event that was delivered and found genuine.

    ``app_token`` and ``table_id`` are empty where the event is about no table. ``fields`` are the ids of fields whose
    definition changed. ``unclear``: it tells of something in the table that could not be understood.
    ``whole``: it moves so much that everything is to be read.
    ``happened_at`` is when the change was made, as far as Feishu says. ``body`` is the event as JSON text, decrypted.
    """

    id: str
    type: str
    created_at: datetime | None = None
    app_token: str = ""
    table_id: str = ""
    revision: int | None = None
    happened_at: datetime | None = None
    operator: Mapping[str, Json] = field(default_factory=dict)
    changes: tuple[RecordChange, ...] = ()
    fields: tuple[str, ...] = ()
    unclear: bool = False
    whole: bool = False
    body: str = ""


class Signals(Protocol):
    """The signals of one mapping, for one run. Safe for threads only between calls."""

    def claim(self, limit: int, *, resting: bool = False) -> Sequence[Signal]:
        """Unsettled signals, oldest first; nothing is deleted. With ``resting``, those that were left come last."""
        ...

    def stamp(self) -> int:
        """A generation that is younger than all that were given until now, and older than all to come."""
        ...

    def newest(self, after: int, limit: int) -> Sequence[Signal]:
        """Unsettled signals that name lines, of generations younger than ``after``, the youngest first; none rests."""
        ...

    def settle(self, signals: Sequence[Signal]) -> None:
        """These were dealt with and remembered: forget each whose generation is still the one claimed."""
        ...

    def settle_side(self, side: Side, stamp: int) -> None:
        """All lines of a side were dealt with and remembered as they stood after ``stamp`` was given: forget what was
        signalled of them until then. What rests, stays.
        """
        ...

    def leave(self, side: Side, lines: Sequence[str], reason: str) -> None:
        """Have these lines looked at again in a later run (held, or stopped by a guard), without waking anybody.

        Such a signal rests: it is claimed only on request and does not count as waiting, until something arrives for
        its line. Call it for claimed lines before or after ``settle``; what arrived meanwhile does not come to rest.
        """
        ...

    def follow_up(self, lines: Sequence[str], at: datetime) -> None:
        """Have these records looked at again from that moment on, ``""`` being all of them: a signal ``computed``."""
        ...

    def events_of(self, table_id: str, records: Sequence[str]) -> Mapping[str, Sequence[RecordEvent]]:
        """The kept events of these records, oldest first; records without any are missing."""
        ...

    def hears(self) -> bool:
        """Whether events of the mapping's Bitable table can be expected: asked for, or some came already."""
        ...

    def changed_since(self, table_id: str, since: datetime) -> tuple[Sequence[str], datetime]:
        """The records whose edits or deletions events received since then told of, and when the last of them was."""
        ...

    def caught_up(self, revision: int) -> None:
        """Everything in the Bitable table up to this revision was read: gaps in the events up to it are no loss."""
        ...
