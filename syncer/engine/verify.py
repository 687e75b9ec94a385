"""Compares both sides of a mapping field by field, independent of cursors, fingerprints and bases; and repairs.

What is read is staged in the survey and compared page by page, so that memory does not grow with the tables. A line
that differs is looked at once more before it is told: the two sides were not read in the same moment.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncer.core.mapping import Pair
from syncer.core.plan import Guard, Reading, doubts
from syncer.core.records import Base, Side, Unreadable, Version
from syncer.core.values import Json, dump, is_empty
from syncer.engine.cases import Bench
from syncer.engine.judge import missing, pages
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.read import proven
from syncer.engine.report import Report
from syncer.engine.run import close_report, run
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, Memo, RecordTableInfo, Remembered, Staged, Survey

MOST_TOLD = 1000
"""So many lines are told with their values; all are counted."""

SILENT = "neither side changed since the two last agreed"
KEPT = "one direction only: the target was edited, or met an empty source"
OPEN = "a conflict is open"
UNREADABLE = "one side cannot be read"
NEW = "never compared before"


@dataclass(slots=True)
class Verified:
    """What a comparison found: ``counts`` by kind, some of the lines, and how many linked pairs were compared."""

    compared: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[Json] = field(default_factory=list)
    silent: int = 0
    """Lines that differ although neither side changed: only a comparison finds those."""
    revived: int = 0
    """Linked records that the listing did not show, though they are there."""
    doubts: Sequence[str] = ()
    """Why the listing of records cannot be believed whole, so that others may be missing as well."""

    complete: bool = False
    """Whether both sides were compared whole: not where a guard stopped the run before, or the listing is doubted."""

    @property
    def differs(self) -> bool:
        """Whether anything was found."""
        return bool(self.counts)

    def tell(self, kind: str, record: str | None, key: str | None, fields: Mapping[str, Json], why: str = "") -> None:
        """One line that is not as its other half, or has none."""
        self.counts[kind] += 1
        if len(self.lines) < MOST_TOLD:
            found: dict[str, Json] = {"kind": kind, "record_id": record, "key": key, "fields": fields}
            self.lines.append({**found, "why": why} if why else found)


class Verify:
    """The work of ``syncer verify``; called like ``engine.run.run``. What it found stands in ``found``."""

    def __init__(self, *, repair: bool = False) -> None:
        self.repair, self.found = repair, Verified()

    def __call__(self, tools: Tools, info: RecordTableInfo) -> Report:
        """Compare; with ``repair`` make a full run afterwards in which the policies decide about what differs."""
        began = tools.clock.now()
        self.found = Verified()
        survey = tools.memory.survey()
        reading = self._stage_records(tools, survey)
        tools.report.read = {Side.FEISHU: reading.returned, Side.DATABASE: self._stage_rows(tools, survey)}
        totals = survey.close()
        self._compare(tools, survey, totals.linked)
        doubted = doubts(proven(reading, totals.lines[Side.FEISHU], whole=info.whole, revived=self.found.revived))
        self.found.doubts, self.found.complete = doubted, not doubted
        if doubted:
            sentence = f"the listing of records cannot be believed whole: {'; '.join(doubted)}"
            tools.report.guard = Guard("short_reading", {"records": reading.distinct}, sentence)
        elif self.repair:
            tools.repairs = True
            return run(tools, info)
        close_report(tools, tools.report, began)
        return tools.report

    # Reading.

    def _stage_records(self, tools: Tools, survey: Survey) -> Reading:
        tools.reporter.stage("reading records")
        returned, total, ended = 0, None, False
        for page in tools.records.read(tools.lens.fields):
            returned, total, ended = returned + len(page.records), page.total, page.last
            versions = [tools.lens.record(raw, page.read_at) for raw in page.records]
            survey.stage(Side.FEISHU, _staged(tools, Side.FEISHU, [raw.print for raw in page.records], versions))
            tools.reporter.advance(len(page.records))
        return Reading(distinct=returned, returned=returned, total=total, ended=ended)

    def _stage_rows(self, tools: Tools, survey: Survey) -> int:
        tools.reporter.stage("reading rows")
        count = 0
        with closing(tools.rows.read()) as pages:
            for page in pages:
                count += len(page.rows)
                versions = [tools.lens.row(raw, page.read_at) for raw in page.rows]
                survey.stage(Side.DATABASE, _staged(tools, Side.DATABASE, [raw.print for raw in page.rows], versions))
                tools.reporter.advance(len(page.rows))
        return count

    # Comparing.

    def _compare(self, tools: Tools, survey: Survey, linked: int) -> None:
        tools.reporter.stage("comparing lines", linked)
        bench = Bench(tools)
        for kind in (CaseKind.CHANGED, CaseKind.MOVED):
            for cases in pages(survey, kind):
                self._compare_links(tools, bench, cases)
                tools.reporter.advance(len(cases))
        for kind in (CaseKind.PAIR, CaseKind.FRESH, CaseKind.DUPLICATE, CaseKind.RIVAL):
            for cases in pages(survey, kind):
                self._tell_unlinked(tools, cases)

    def _compare_links(self, tools: Tools, bench: Bench, cases: Sequence[Case]) -> None:
        """Compare linked lines; those that differ, or lack a half, are read once more and compared again."""
        now = tools.clock.now()
        linked = [case for case in cases if case.remembered and case.remembered.link.severed is None]
        lines = [(case.remembered, _line(case, now)) for case in linked if case.remembered]
        self.found.compared += len(lines)
        suspects = [(known, line) for known, line in lines if _is_suspect(tools, line)]
        missed = [line for _, line in suspects if line.versions[Side.FEISHU].absent]
        for side in Side:
            bench.refresh(side, [line for _, line in suspects if line.versions[side].line])
        self.found.revived += sum(not line.versions[Side.FEISHU].absent for line in missed)
        unsettled = [found for found in suspects if _is_suspect(tools, found[1])]
        conflicts = tools.memory.open_conflicts([line.link.id or 0 for _, line in unsettled if line.link])
        doubtful = [self._tell_linked(tools, known, line, conflicts) for known, line in unsettled]
        if self.repair and (links := [found for found in doubtful if found is not None]):
            tools.memory.remember(Memo(links=links))

    def _tell_linked(
        self, tools: Tools, known: Remembered, line: Line, conflicts: Mapping[tuple[int, str], object]
    ) -> Remembered | None:
        """Tell one line. Returns it with the bases taken away about which a repair is to decide anew."""
        link, record, key = known.link, known.link.record, known.link.key
        gone = next((side for side in Side if line.versions[side].absent), None)
        if gone is not None:
            if not all(version.absent for version in line.versions.values()):
                self.found.tell("half", record, key, {}, f"its line in {gone} is gone")
            return None
        told, anew = dict[str, Json](), set[str]()
        for pair in _differing(tools, line):
            why = OPEN if (link.id, pair.name) in conflicts else _why(pair, link.bases.get(pair.name), line.versions)
            told[pair.name] = {**{side.value: _form(line.versions[side], pair.name) for side in Side}, "why": why}
            anew |= {pair.name} if why in (SILENT, KEPT) else set()
        self.found.silent += bool(anew)
        self.found.tell("differs", record, key, told)
        return _unconfirmed(known, anew) if anew else None

    def _tell_unlinked(self, tools: Tools, cases: Iterable[Case]) -> None:
        for case in cases:
            sides = [side for side in Side if isinstance(case.side(side), Version)]
            record, key = (_name(case, side) for side in Side)
            if case.kind is CaseKind.PAIR:
                self.found.tell("pairable", record, key, {}, "not linked yet, though their match values are equal")
            elif case.kind is not CaseKind.FRESH:
                self.found.tell("ambiguous", record, key, {}, f"its match values are those of {', '.join(case.others)}")
            elif tools.rules.direction.carries_from(sides[0]) and not _is_marked(tools, case, sides[0]):
                self.found.tell("alone", record, key, {}, f"nothing in {sides[0].other} belongs to it")


def _staged(tools: Tools, side: Side, prints: Sequence[bytes], versions: Sequence[Version]) -> list[Staged]:
    """Lines as a survey takes them, all with their values."""
    seen = tools.memory.seen(side, [version.line for version in versions])
    staged = []
    for print_, version in zip(prints, versions, strict=True):
        known = seen.get(version.line)
        match = tools.lens.match(version) if known is None else None
        staged.append(Staged(version.line, print_, known.link if known else None, match, version))
    return staged


def _line(case: Case, now: datetime) -> Line:
    assert case.remembered is not None
    link = case.remembered.link
    line = Line({}, link, stored=True)
    for side in Side:
        found = case.side(side)
        if not isinstance(found, Version) or missing(case, side) is not None:
            found = absent(side, link.line(side) or "", now)
        line.versions[side] = found
    return line


def _is_suspect(tools: Tools, line: Line) -> bool:
    if any(version.absent for version in line.versions.values()):
        return True
    return next(_differing(tools, line), None) is not None


def _differing(tools: Tools, line: Line) -> Iterator[Pair]:
    """The pairs in which the two halves do not mean the same, of those that are carried at all."""
    feishu, database = (line.versions[side].values or {} for side in Side)
    for pair in tools.rules.pairs:
        here, there = feishu.get(pair.name), database.get(pair.name)
        if not pair.targets:
            continue
        if isinstance(here, Unreadable) or isinstance(there, Unreadable) or not pair.same(here, there):
            yield pair


def _why(pair: Pair, base: Base | None, versions: Mapping[Side, Version]) -> str:
    held = {side: (versions[side].values or {}).get(pair.name) for side in Side}
    if any(isinstance(value, Unreadable) for value in held.values()):
        return UNREADABLE
    if base is None:
        return NEW
    moved = [side for side in Side if held[side] != base.of(side)]
    if len(pair.targets) == 1 and not any(side.other in pair.targets for side in moved):
        (target,) = pair.targets
        source = held[target.other]
        return KEPT if target in moved or (not isinstance(source, Unreadable) and is_empty(source)) else SILENT
    if base.owed is not None:
        return f"{base.owed.side} is still owed a value; the next run writes it"
    if not moved:
        return SILENT
    return f"{' and '.join(moved)} changed; the next run deals with it"


def _unconfirmed(known: Remembered, names: set[str]) -> Remembered:
    bases = {name: base for name, base in known.link.bases.items() if name not in names}
    return replace(known, link=replace(known.link, bases=bases), prints={}, settled=False)


def _form(version: Version, name: str) -> Json:
    held = (version.values or {}).get(name)
    return held.reason if isinstance(held, Unreadable) else dump(held)


def _name(case: Case, side: Side) -> str | None:
    found = case.side(side)
    return found.line if isinstance(found, Version) else None


def _is_marked(tools: Tools, case: Case, side: Side) -> bool:
    found = case.side(side)
    return isinstance(found, Version) and tools.lens.is_out(found)
