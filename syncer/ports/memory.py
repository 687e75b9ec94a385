"""What the engine remembers of one mapping between runs, and the survey it makes of both sides in one run.

A ``Memory`` is opened under the mapping's run lock and closed with the run. Everything it is told is durable when the
method returns; ``remember`` is one transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from syncer.core.records import Link, Side, Version
from syncer.core.values import Json


@dataclass(frozen=True, slots=True)
class Remembered:
    """A link as it is stored.

    ``prints`` are the fingerprints of each side's line when it was last dealt with; ``None`` makes the next run look at
    the line again. ``settled`` says that the bases are all there is to know: a line whose print is unchanged holds its
    base. ``match`` is the digest of the match values.
    """

    link: Link
    prints: Mapping[Side, bytes | None] = field(default_factory=dict)
    match: bytes | None = None
    settled: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What a line read in a survey is known by."""

    link: int
    print: bytes | None


@dataclass(frozen=True, slots=True)
class Staged:
    """A line read in a survey. ``link`` is its link, if it has one; ``version`` is given when it is new or changed."""

    line: str
    print: bytes
    link: int | None = None
    match: bytes | None = None
    version: Version | None = None


class Look(StrEnum):
    """How a linked line was found when no new version of it was staged."""

    UNCHANGED = "unchanged"
    GONE = "gone"


class CaseKind(StrEnum):
    """What a survey finds."""

    CHANGED = "changed"
    """A link of which a side changed or is gone, and no newcomer takes the place of what is gone."""
    MOVED = "moved"
    """A link of which one side is gone while exactly one newcomer on that side has its match values."""
    PAIR = "pair"
    """One unlinked line on each side with equal match values, no other line has them."""
    DUPLICATE = "duplicate"
    """Unlinked lines of one side that share their match values; ``others`` names them."""
    RIVAL = "rival"
    """An unlinked line with the match values of a linked line that lives; ``others`` names that one."""
    FRESH = "fresh"
    """An unlinked line without a partner."""


@dataclass(frozen=True, slots=True)
class Case:
    """One finding of a survey. A side is a version, a ``Look``, or ``None`` where nothing was ever there.

    ``prints`` holds the fingerprints just read, by side. ``at`` places the case in its kind's order.
    """

    kind: CaseKind
    at: str
    feishu: Version | Look | None
    database: Version | Look | None
    remembered: Remembered | None = None
    prints: Mapping[Side, bytes] = field(default_factory=dict)
    match: bytes | None = None
    others: tuple[str, ...] = ()

    def side(self, side: Side) -> Version | Look | None:
        """What was found on one side."""
        return self.feishu if side is Side.FEISHU else self.database


@dataclass(frozen=True, slots=True)
class Totals:
    """A survey in numbers. ``lines`` and ``gone`` are by side, ``linked`` and ``severed`` the links before the run."""

    lines: Mapping[Side, int]
    gone: Mapping[Side, int]
    cases: Mapping[CaseKind, int]
    linked: int
    severed: int


class Survey(Protocol):
    """Both sides of a mapping, read once and joined. Its memory does not grow with the tables."""

    def stage(self, side: Side, lines: Sequence[Staged]) -> None:
        """Add lines just read."""
        ...

    def close(self, unread: frozenset[Side] = frozenset()) -> Totals:
        """Join what was staged. A side in ``unread`` was not read as a whole: its unstaged lines count as unchanged."""
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

    def standing(self) -> Standing:
        """How the mapping stands now."""
        ...

    def sweep_failures(self, sides: frozenset[Side]) -> None:
        """Close the failures of lines without a link, on these sides, that this run did not meet again.

        It met those that it noted, and those of the lines it asked ``failed_lines`` for.
        """
        ...

    def deletions_of_last_hour(self) -> int:
        """How many lines were deleted by any run of this mapping in the last hour."""
        ...

    def cursor(self, side: Side) -> Mapping[str, Json]:
        """Where reading stopped on one side; empty at first."""
        ...

    def advance(self, side: Side, cursor: Mapping[str, Json]) -> None:
        """Move a cursor, as the last thing a run does."""
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
