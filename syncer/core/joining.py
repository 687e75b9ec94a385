"""The join of a survey, made of dictionaries: which lines changed, moved, pair, are duplicates, rivals or new.

The state store does the same in SQL for tables of any size; this is for the lines of one event, and what the SQL must
agree with.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from syncer.core.records import Side, Unreadable, Version
from syncer.core.series import forms
from syncer.core.survey import Case, CaseKind, Look, Newcomers, Remembered, Staged, Totals

MOST_OTHERS = 10
"""Of many lines that share their match values, no more than this are named."""

_Finding = Version | Look | None


@dataclass(slots=True)
class _Looked:
    """A link and how its lines were found."""

    remembered: Remembered
    sides: dict[Side, _Finding]
    prints: dict[Side, bytes]

    @property
    def id(self) -> int:
        """The link's id."""
        assert self.remembered.link.id is not None
        return self.remembered.link.id

    @property
    def changed(self) -> bool:
        """Whether a side moved or is gone."""
        return any(isinstance(found, Version) or found is Look.GONE for found in self.sides.values())

    def lives(self, side: Side) -> bool:
        """Whether there is a line on that side."""
        return self.sides[side] is not None and self.sides[side] is not Look.GONE

    def vacant(self, side: Side) -> bool:
        """Whether that side's line is missing while the other lives."""
        return not self.lives(side) and self.lives(side.other)


@dataclass(slots=True)
class _Match:
    """All who share their match values: newcomers by side, and links that hold them."""

    newcomers: dict[Side, list[Staged]] = field(default_factory=lambda: {side: [] for side in Side})
    holders: list[_Looked] = field(default_factory=list)

    def vacant(self, side: Side) -> _Looked | None:
        """The link whose missing line a newcomer of that side may replace; one not severed first."""
        vacant = [holder for holder in self.holders if holder.vacant(side)]
        return min(vacant, key=lambda holder: (holder.remembered.link.severed is not None, holder.id), default=None)

    def rival(self, side: Side) -> str | None:
        """The linked line that lives on that side."""
        living = [holder for holder in self.holders if holder.lives(side)]
        return min(living, key=lambda holder: holder.id).remembered.link.line(side) if living else None


class SmallSurvey:
    """A survey (``ports.Survey``) of the links that ``links`` tells, in memory."""

    def __init__(self, links: Callable[[], Iterable[Remembered]]) -> None:
        self._links = links
        self._staged: dict[Side, dict[str, Staged]] = {side: {} for side in Side}
        self._cases: dict[CaseKind, list[Case]] = {kind: [] for kind in CaseKind}

    def sift(self, side: Side, lines: Sequence[str], prints: Sequence[bytes]) -> Sequence[tuple[int, int | None]]:
        """Stage the lines that are as they were; tell the places of the others, and their links."""
        known = {remembered.link.line(side): remembered for remembered in self._links()}
        others = []
        for place, (line, print_) in enumerate(zip(lines, prints, strict=True)):
            remembered = known.get(line)
            if remembered is not None and remembered.prints.get(side) == print_:
                self.stage(side, [Staged(line, print_, remembered.link.id)])
            else:
                others.append((place, remembered.link.id if remembered else None))
        return others

    def stage(self, side: Side, lines: Sequence[Staged]) -> None:
        """Add lines just read; one staged before counts as it is staged now."""
        for line in lines:
            self._staged[side].pop(line.line, None)
            self._staged[side][line.line] = line

    def stage_newcomers(self, newcomers: Newcomers) -> None:
        """Add new lines just read."""
        rows = zip(newcomers.lines, newcomers.prints, newcomers.matches, strict=True)
        self.stage(
            newcomers.side,
            [Staged(line, print_, None, match, newcomers.version(at)) for at, (line, print_, match) in enumerate(rows)],
        )

    def unstaged(self, side: Side, after: int, limit: int) -> Sequence[tuple[int, str]]:
        """The linked lines of a side that live as far as is known and were not staged: next links by id, and lines."""
        staged = {line.link for line in self._staged[side].values()}
        known = sorted((_id(each), each.link.line(side)) for each in self._links() if each.link.severed is not side)
        return [(link, line) for link, line in known if line and link > after and link not in staged][:limit]

    def newcomers(self, side: Side, limit: int) -> Sequence[Staged]:
        """Staged lines of a side without a link, as far as they have match values, up to a limit."""
        found = [line for line in self._staged[side].values() if line.link is None and line.match is not None]
        return found[:limit]

    def linked(self) -> frozenset[int]:
        """The links of the lines staged so far."""
        staged = (line for lines in self._staged.values() for line in lines.values())
        return frozenset(line.link for line in staged if line.link is not None)

    def lines(self) -> frozenset[tuple[Side, str]]:
        """All that was staged."""
        return frozenset((side, name) for side, lines in self._staged.items() for name in lines)

    def moved(self, side: Side) -> frozenset[int]:
        """The links of the lines of a side that were staged as changed."""
        return frozenset(
            line.link for line in self._staged[side].values() if line.link is not None and line.version is not None
        )

    def has(self, side: Side, line: str) -> bool:
        """Whether a line was staged."""
        return line in self._staged[side]

    def close(
        self,
        unread: frozenset[Side] = frozenset(),
        gone: Collection[tuple[Side, str]] = frozenset(),
        overtaken: Collection[tuple[Side, str]] = frozenset(),
    ) -> Totals:
        """Join what was staged. A side in ``unread`` was not read as a whole: its unstaged lines count as unchanged.

        Those in ``gone`` were looked for and are not there, those in ``overtaken`` were dealt with since.
        """
        self._overtake(overtaken)
        looked = self._look(unread, gone, overtaken)
        taken = self._judge_newcomers(looked)
        for link in looked:
            if link.changed and link.id not in taken:
                self._add(CaseKind.CHANGED, link.sides, link.prints, link.remembered, link.remembered.match)
        self._cases[CaseKind.DUPLICATE].sort(key=lambda case: (case.match or b"", case.feishu is None))
        return self._totals(looked)

    def _overtake(self, overtaken: Collection[tuple[Side, str]]) -> None:
        linked = {(side, each.link.line(side)): each.link.id for each in self._links() for side in Side}
        for side, name in overtaken:
            line = self._staged[side].pop(name, None)
            if line is not None and (side, name) in linked:
                self._staged[side][name] = Staged(name, line.print, linked[side, name])

    def _look(
        self, unread: frozenset[Side], gone: Collection[tuple[Side, str]], overtaken: Collection[tuple[Side, str]]
    ) -> list[_Looked]:
        found = {side: {line.link: line for line in lines.values()} for side, lines in self._staged.items()}
        known = sorted(self._links(), key=_id)
        missed = [(each, _missed(each, unread, gone) - _overtaken(each, overtaken)) for each in known]
        return [self._looked(remembered, found, sides) for remembered, sides in missed]

    @staticmethod
    def _looked(
        remembered: Remembered, found: Mapping[Side, Mapping[int | None, Staged]], missed: Collection[Side]
    ) -> _Looked:
        lines = {side: found[side].get(remembered.link.id) for side in Side}
        sides = {side: _how(line, side, remembered, missed) for side, line in lines.items()}
        return _Looked(remembered, sides, {side: line.print for side, line in lines.items() if line})

    def _judge_newcomers(self, looked: Sequence[_Looked]) -> set[int]:
        """Find a case for every line without a link; returns the links that get a new line."""
        matches = self._matches(looked)
        taken: dict[int, tuple[_Looked, Side, Staged]] = {}
        for side, lines in self._staged.items():
            for line in lines.values():
                if line.link is None:
                    link = self._judge(side, line, _Match() if line.match is None else matches[line.match])
                    taken |= {} if link is None else {link.id: (link, side, line)}
        for _, (link, side, line) in sorted(taken.items()):
            sides = {**link.sides, side: _found(line)}
            self._add(CaseKind.MOVED, sides, {**link.prints, side: line.print}, link.remembered, line.match)
        return set(taken)

    def _matches(self, looked: Sequence[_Looked]) -> dict[bytes, _Match]:
        matches: dict[bytes, _Match] = {}
        for side, lines in self._staged.items():
            for line in lines.values():
                if line.link is None and line.match is not None:
                    matches.setdefault(line.match, _Match()).newcomers[side].append(line)
        for link in looked:
            if link.remembered.match in matches:
                matches[link.remembered.match].holders.append(link)
        return matches

    def _judge(self, side: Side, line: Staged, match: _Match) -> _Looked | None:
        """The case of one newcomer; returns the link whose missing line it replaces, if it does."""
        here, there = match.newcomers[side], match.newcomers[side.other]
        vacant, rival = match.vacant(side), match.rival(side)
        if vacant and len(here) == 1:
            return vacant
        if rival is not None and not vacant:
            self._add_line(CaseKind.RIVAL, side, line, (rival,))
        elif len(here) > 1 or len(there) > 1:
            others = [other.line for other in (here if len(here) > 1 else there)[: MOST_OTHERS + 1]]
            named = tuple(other for other in others if other != line.line)[:MOST_OTHERS]
            self._add_line(CaseKind.DUPLICATE, side, line, named)
        elif not there:
            self._add_line(CaseKind.FRESH, side, line)
        elif side is Side.FEISHU:
            sides = {side: _found(line), side.other: _found(there[0])}
            self._add(CaseKind.PAIR, sides, {side: line.print, side.other: there[0].print}, match=line.match)
        return None

    def _add_line(self, kind: CaseKind, side: Side, line: Staged, others: tuple[str, ...] = ()) -> None:
        self._add(kind, {side: _found(line), side.other: None}, {side: line.print}, match=line.match, others=others)

    def _add(
        self,
        kind: CaseKind,
        sides: Mapping[Side, _Finding],
        prints: Mapping[Side, bytes],
        remembered: Remembered | None = None,
        match: bytes | None = None,
        others: tuple[str, ...] = (),
    ) -> None:
        found = (sides[Side.FEISHU], sides[Side.DATABASE])
        self._cases[kind].append(Case(kind, "", *found, remembered, prints, match, others))

    def _totals(self, looked: Sequence[_Looked]) -> Totals:
        gone = Counter(side for case in self._cases[CaseKind.CHANGED] for side in Side if case.side(side) is Look.GONE)
        severed = sum(1 for link in looked if link.remembered.link.severed)
        return Totals(
            lines={side: len(lines) for side, lines in self._staged.items()},
            gone={side: gone[side] for side in Side},
            cases={kind: len(cases) for kind, cases in self._cases.items()},
            linked=len(looked) - severed,
            severed=severed,
        )

    def fresh(self, after: str | None, limit: int) -> Sequence[Newcomers]:
        """The next cases of kind ``FRESH``, many at once."""
        return [_newcomers(list(some)) for _, some in groupby(self.cases(CaseKind.FRESH, after, limit), _shape)]

    def fresh_of(self, side: Side, lines: Sequence[str]) -> Sequence[Newcomers]:
        """The cases of kind ``FRESH`` of these lines, in their order."""
        named = set(lines)
        cases = [case for case in self._cases[CaseKind.FRESH] if _version(case).side is side]
        some = [case for case in cases if _version(case).line in named]
        return [_newcomers(list(alike)) for _, alike in groupby(some, _shape)]

    def cases(self, kind: CaseKind, after: str | None, limit: int) -> Sequence[Case]:
        """The next cases of a kind: links by id, newcomers in the order they were staged, duplicates side by side."""
        start = int(after or 0)
        links = {link.link.id: link for link in self._links()}
        page = enumerate(self._cases[kind][start : start + limit], start + 1)
        return [_as_of_now(case, str(place), links) for place, case in page]


def _version(case: Case) -> Version:
    (version,) = [found for side in Side if isinstance(found := case.side(side), Version)]
    return version


def _shape(case: Case) -> tuple[Side, tuple[str, ...]]:
    version = _version(case)
    return version.side, tuple(version.values or ())


def _newcomers(cases: Sequence[Case]) -> Newcomers:
    """Cases of one shape, series by series."""
    versions = list(map(_version, cases))
    side, names = _shape(cases[0])
    held = {name: [(version.values or {})[name] for version in versions] for name in names}
    readable = {name: [None if isinstance(one, Unreadable) else one for one in series] for name, series in held.items()}
    return Newcomers(
        side,
        cases[-1].at,
        [version.line for version in versions],
        [case.prints[side] for case in cases],
        [case.match for case in cases],
        [(version.read_at, version.modified_at) for version in versions],
        held,
        {name: forms(series) for name, series in readable.items()},
    )


def _id(remembered: Remembered) -> int:
    assert remembered.link.id is not None
    return remembered.link.id


def _missed(each: Remembered, unread: frozenset[Side], gone: Collection[tuple[Side, str]]) -> frozenset[Side]:
    """The sides on which this link's line is gone unless it was staged."""
    return frozenset(side for side in Side if side not in unread or (side, each.link.line(side)) in gone)


def _overtaken(each: Remembered, overtaken: Collection[tuple[Side, str]]) -> frozenset[Side]:
    return frozenset(side for side in Side if (side, each.link.line(side)) in overtaken)


def _found(line: Staged) -> Version | Look:
    return line.version or Look.UNCHANGED


def _how(line: Staged | None, side: Side, remembered: Remembered, missed: Collection[Side]) -> _Finding:
    if line is not None:
        return _found(line)
    if remembered.link.severed is side:
        return None
    return Look.GONE if side in missed else Look.UNCHANGED


def _as_of_now(case: Case, at: str, links: Mapping[int | None, Remembered]) -> Case:
    """A case with its link as it is remembered by now."""
    remembered = links.get(case.remembered.link.id) if case.remembered else None
    return Case(case.kind, at, case.feishu, case.database, remembered, case.prints, case.match, case.others)
