"""What the engine remembers of one mapping between runs, and the survey it makes of both sides in one run.

A ``Memory`` is opened under the mapping's run lock and closed with the run. Everything it is told is durable when the
method returns; ``remember`` is one transaction.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from syncer.core.plan import Removed
from syncer.core.records import Side
from syncer.core.survey import Case, CaseKind, Newcomers, Remembered, Staged, Totals
from syncer.core.values import Json
from syncer.ports.births import Births


@dataclass(frozen=True, slots=True)
class Seen:
    """What a line read in a survey is known by."""

    link: int
    print: bytes | None


class Survey(Protocol):
    """Both sides of a mapping, read once and joined. Its memory does not grow with the tables."""

    def sift(self, side: Side, lines: Sequence[str], prints: Sequence[bytes]) -> Sequence[tuple[int, int | None]]:
        """Stage those lines just read that are linked and have the print they are remembered with.

        Tells the places of all others, with their links if they have one: they are to be staged with their versions.
        """
        ...

    def stage(self, side: Side, lines: Sequence[Staged]) -> None:
        """Add lines just read."""
        ...

    def stage_newcomers(self, newcomers: Newcomers) -> None:
        """Add lines just read that have no link, many at once."""
        ...

    def unstaged(self, side: Side, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """The linked lines of a side that live as far as is known and were not staged: next links by id, and lines."""
        ...

    def newcomers(self, side: Side, limit: int) -> Sequence[Staged]:
        """Staged lines of a side without a link, as far as they have match values, up to a limit."""
        ...

    def close(
        self,
        unread: frozenset[Side] = frozenset(),
        gone: Collection[tuple[Side, str]] = frozenset(),
        overtaken: Collection[tuple[Side, str]] = frozenset(),
    ) -> Totals:
        """Join what was staged. A side in ``unread`` was not read as a whole: its unstaged lines count as unchanged,

        except those in ``gone``, which were looked for and are not there. Lines in ``overtaken`` were dealt with and
        remembered since this survey began, whatever of them was staged: they are neither changed, nor gone, nor new.
        """
        ...

    def fresh(self, after: str | None, limit: int) -> Sequence[Newcomers]:
        """The next cases of kind ``FRESH``, many at once: as ``cases`` tells them, and in that order."""
        ...

    def fresh_of(self, side: Side, lines: Sequence[str]) -> Sequence[Newcomers]:
        """The cases of kind ``FRESH`` of these lines, in their order."""
        ...

    def cases(self, kind: CaseKind, after: str | None, limit: int) -> Sequence[Case]:
        """The next cases of a kind, in a stable order; ``after`` is the last case's ``at``."""
        ...


class IntentState(StrEnum):
    """Where an intent stands."""

    OPEN = "open"
    DONE = "done"
    VOID = "void"


@dataclass(frozen=True, slots=True)
class Intent:
    """A batch stored before it is sent. ``id`` names the database batch; ``token`` is the client token of a create.

    ``body`` is the frozen content: for creates exactly what is sent, for all what is needed to read the outcome.
    """

    id: str
    side: Side
    action: str
    body: bytes
    token: str | None = None
    created_at: datetime | None = None
    seen: int | None = None
    """A revision of Feishu's table that the lines were read at, or after, before it was sent there."""


@dataclass(frozen=True, slots=True)
class Audit:
    """One write that was confirmed: what the line held before and after in the fields written, and why."""

    link: int | None
    side: Side
    action: str
    record: str | None
    key: str | None
    before: Mapping[str, Json]
    after: Mapping[str, Json]
    reason: str
    at: datetime
    read_at: datetime | None = None
    """When the line that the write was made from was read."""
    id: int | None = None
    """Its number, once it is stored."""
    noticed_at: datetime | None = None
    """When the change arrived that the write carries; without it, the run found it by reading."""
    planned_at: datetime | None = None
    sent_at: datetime | None = None
    whole: Json = None
    """Of a line that was deleted all that it held, mapped or not, as its side shows it."""


@dataclass(frozen=True, slots=True)
class ConflictNote:
    """A conflict met in a run. ``winner`` is ``None`` while it is open; ``estimated``: a time was only a guess."""

    link: int
    record: str | None
    key: str | None
    pair: str
    field: str
    base: Json
    feishu: Json
    database: Json
    policy: str
    winner: str | None
    reason: str
    at: datetime
    estimated: bool = False
    value: Json = None
    """What a person wants both sides to hold, where ``winner`` is ``merged``."""
    moments: Json = None
    """When each side changed it and who did, as far as known: ``{side: {at, exact, who}}``."""
    apart: bool = False
    """Of a settled one: it tells of something that is over, and settles no other conflict of the same field."""


@dataclass(frozen=True, slots=True)
class FailureNote:
    """A field or line that could not be written. ``pair`` is empty when the whole line failed; ``value`` is a digest.

    A failure is one with the same mapping, side, lines and pair; noting it again raises its attempts.
    """

    side: Side
    link: int | None
    record: str | None
    key: str | None
    pair: str
    field: str
    code: str
    message: str
    value: bytes
    log_id: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class Unverified:
    """An update of one record, of which no event has told yet. ``run`` sent it, with the intent of that name.

    ``reported`` holds digests of the edits that it is known to have overwritten. Where an answer was lost it may have
    taken effect more than once, until then.
    """

    record: str
    intent: Intent
    run: str
    reported: frozenset[str] = frozenset()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Memo:
    """All that one step of a run leaves behind, stored in one transaction."""

    links: Sequence[Remembered] = ()
    forgotten: Sequence[int] = ()
    audits: Sequence[Audit] = ()
    conflicts: Sequence[ConflictNote] = ()
    closed_conflicts: Sequence[tuple[int, str]] = ()
    """Links and pairs whose open conflict is over, because both sides are equal now."""
    failures: Sequence[FailureNote] = ()
    mended: Sequence[tuple[int | None, str | None, str | None, str]] = ()
    """Failures that are over: link, record, key, pair (empty: that of the line as a whole); one name is enough."""
    intents: Mapping[str, IntentState] = field(default_factory=dict)
    births: Sequence[Births] = ()
    """Lines that were created and linked by the thousand, each with its link and its audit."""
    sent: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Records that were updated, by intent: their events are waited for, and the bodies of these intents kept."""
    verified: Sequence[tuple[str, str]] = ()
    """Intents and records of which an event told."""
    reported: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """What such an update, by intent and record, is known to have overwritten."""
    doubtful: Mapping[str, datetime] = field(default_factory=dict)
    """Intents of ``sent`` of which an answer was lost, and until when a call of theirs may still have taken effect."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mapping stands: its links, and what waits for a person."""

    linked: int
    severed: int
    open_conflicts: int
    open_failures: int


class Memory(Protocol):
    """The remembered state of one mapping, held for one run. Raises ``FencedError`` once a newer run overtook it."""

    run: str
    fence: int

    def new_links(self, count: int) -> Sequence[int]:
        """Fresh link ids."""
        ...

    def seen(self, side: Side, lines: Sequence[str]) -> Mapping[str, Seen]:
        """The links (severed ones too) of these lines."""
        ...

    def links(self, ids: Sequence[int]) -> Sequence[Remembered]:
        """Links by id; those forgotten are missing."""
        ...

    def holders(self, matches: Sequence[bytes]) -> Sequence[int]:
        """The links (severed ones too) that hold one of these match digests."""
        ...

    def loose(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side that have a failure but no link, up to a limit."""
        ...

    def restless(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side whose print is unset, up to a limit: they must be looked at even if nothing moved."""
        ...

    def survey(self) -> Survey:
        """A new, empty survey of this run."""
        ...

    def failed_values(self, links: Sequence[int]) -> Mapping[tuple[int, str], bytes]:
        """Digests of the values that already failed, by link and pair (empty: the whole line).

        A digest is empty, and that of no value, where somebody wants another try.
        """
        ...

    def failed_lines(self, side: Side, lines: Sequence[str]) -> Mapping[str, Mapping[str, bytes]]:
        """The same for lines that have no link: digests by line and pair."""
        ...

    def open_conflicts(self, links: Sequence[int]) -> Mapping[tuple[int, str], ConflictNote]:
        """Conflicts waiting for a person, by link and pair; one that was resolved carries its ``winner``."""
        ...

    def count(self, side: Side) -> int:
        """How many lines of a side are remembered as being there, linked or as what is left of a pair."""
        ...

    def standing(self) -> Standing:
        """How the mapping stands now."""
        ...

    def sweep_failures(self, sides: frozenset[Side]) -> None:
        """Close the failures of lines without a link, on these sides, that this run did not meet again.

        It met those that it noted, and those of the lines it asked ``failed_lines`` for.
        """
        ...

    def deletions_of_last_hour(self) -> Removed:
        """How many lines any run of this mapping deleted, or marked as deleted, in the last hour."""
        ...

    def written_often(self, links: Sequence[int], since: datetime, times: int) -> Sequence[int]:
        """Those of these links whose lines were updated more often than that on each of both sides.

        Updates from before ``since`` are not counted, nor those from before the line was last paused.
        """
        ...

    def cursor(self, side: Side) -> Mapping[str, Json]:
        """Where reading stopped on one side; empty at first."""
        ...

    def advance(self, side: Side, cursor: Mapping[str, Json]) -> None:
        """Move a cursor, as the last thing a run does."""
        ...

    def unverified(self, records: Sequence[str]) -> Sequence[Unverified]:
        """The updates of these records whose events are waited for, oldest first; intents with their bodies."""
        ...

    def open_intents(self) -> Sequence[Intent]:
        """Intents whose outcome is not stored, oldest first."""
        ...

    def unforgotten(self) -> Sequence[str]:
        """Batches an earlier run wrote and remembered, but may not have had forgotten by the rows; at most its last."""
        ...

    def intend(self, intents: Sequence[Intent]) -> None:
        """Store intents before they are sent."""
        ...

    def remember(self, memo: Memo) -> None:
        """Store what a step leaves behind, atomically."""
        ...

    def approval(self) -> Mapping[str, frozenset[str]]:
        """What a person approved for this run: guard name -> the lines (or digests) it covers; empty otherwise."""
        ...

    def guard_stopped(
        self, name: str, counts: Mapping[str, int], samples: Sequence[Json], lines: Sequence[str]
    ) -> None:
        """Store what a guard stopped or withheld in this run, so that it can be approved."""
        ...
