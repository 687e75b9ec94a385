"""What a look at both sides of a mapping finds: lines as they were staged, and the cases they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import compress

from syncer.core.records import Held, Link, Side, Version
from syncer.core.series import Forms


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
class Newcomers:
    """New lines of one side, one after the other, series by series, as they are staged and as they are found ``FRESH``.

    ``at`` places the last of the cases. ``held`` is what the lines hold, by pair, and ``forms`` the stored forms of
    that, where they are known (of what is unreadable, any).
    """

    side: Side
    at: str
    lines: Sequence[str]
    prints: Sequence[bytes]
    matches: Sequence[bytes | None]
    times: Sequence[tuple[datetime, datetime | None]]
    """When each line was read, and when it was changed, if that is known."""
    held: Mapping[str, Sequence[Held]]
    forms: Mapping[str, Forms] = field(default_factory=dict)

    def part(self, start: int, end: int | None = None) -> "Newcomers":
        """Some consecutive ones."""
        some = slice(start, end)
        held = {name: series[some] for name, series in self.held.items()}
        known = {name: series[some] for name, series in self.forms.items()}
        named = (self.lines[some], self.prints[some], self.matches[some], self.times[some])
        return Newcomers(self.side, self.at, *named, held, known)

    def only(self, wanted: Sequence[bool]) -> "Newcomers":
        """Those for which ``wanted`` is true."""
        held = {name: list(compress(series, wanted)) for name, series in self.held.items()}
        lines, prints = list(compress(self.lines, wanted)), list(compress(self.prints, wanted))
        matches, times = list(compress(self.matches, wanted)), list(compress(self.times, wanted))
        return Newcomers(self.side, self.at, lines, prints, matches, times, held)

    def version(self, place: int) -> Version:
        """One of them as it was read."""
        read_at, modified_at = self.times[place]
        values = {name: series[place] for name, series in self.held.items()}
        return Version(self.side, self.lines[place], values, read_at, modified_at)

    def case(self, place: int) -> Case:
        """One of them by itself."""
        version = self.version(place)
        feishu, database = (version, None) if self.side is Side.FEISHU else (None, version)
        prints = {self.side: self.prints[place]}
        return Case(CaseKind.FRESH, self.at, feishu, database, None, prints, self.matches[place])


def joined(parts: Sequence[Newcomers]) -> Newcomers:
    """Newcomers of one side and of the same pairs, one after the other."""
    if len(parts) == 1:
        return parts[0]
    known = [name for name in parts[0].forms if all(name in part.forms for part in parts)]
    return Newcomers(
        parts[0].side,
        parts[-1].at,
        [line for part in parts for line in part.lines],
        [print_ for part in parts for print_ in part.prints],
        [match for part in parts for match in part.matches],
        [times for part in parts for times in part.times],
        {name: [one for part in parts for one in part.held[name]] for name in parts[0].held},
        {name: [form for part in parts for form in part.forms[name]] for name in known},
    )


@dataclass(frozen=True, slots=True)
class Totals:
    """A survey in numbers. ``lines`` and ``gone`` are by side, ``linked`` and ``severed`` the links before the run."""

    lines: Mapping[Side, int]
    gone: Mapping[Side, int]
    cases: Mapping[CaseKind, int]
    linked: int
    severed: int
