"""One run over one mapping, from the open intents of the last one to the cursors of the next.

Recover, survey both sides, judge the whole, then carry it out in bounded batches; deletions come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from syncer.core.plan import Action, Guard, Reading, delete_guard, doubts, stopping_guard
from syncer.core.records import Side
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench
from syncer.engine.collecting import rarely_collecting
from syncer.engine.judge import Judge, Judgement, missing, pages
from syncer.engine.line import Line
from syncer.engine.read import Reader, proven
from syncer.engine.record_half import RecordHalf
from syncer.engine.recover import Recovery
from syncer.engine.report import Report
from syncer.engine.row_half import RowHalf
from syncer.engine.strays import note_strays
from syncer.engine.tools import Tools
from syncer.errors import StaleNameError
from syncer.ports import Case, CaseKind, Look, RecordTableInfo, Survey, Totals

ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A survey with what is known of its readings. ``revision`` is Feishu's from before it was read."""

    survey: Survey
    totals: Totals
    reading: Reading
    revision: int | None
    skipped: bool = False


@rarely_collecting()
def run(tools: Tools, info: RecordTableInfo) -> Report:
    """Make one run. ``info`` is the Bitable table as it was read to build the pairs.

    Raises the errors of ``syncer.errors``; whatever was done until then is remembered, and what was begun is an open
    intent that the next run settles first.
    """
    began = tools.clock.now()
    report = tools.report
    if not tools.options.dry:
        Recovery(tools).run()
    surveyed = _survey(tools, info)
    bench = Bench(tools)
    judge = Judge(tools, bench, surveyed.survey)
    judgement = judge.judge()
    if not surveyed.skipped and surveyed.totals.lines[Side.DATABASE]:
        judgement.revived += judge.hidden()
    guard = _guard(tools, surveyed, judgement)
    if guard is not None:
        _stopped(tools, guard, judgement)
    if not tools.options.dry and (guard is None or not guard.stops):
        _Carrying(tools, bench, surveyed, judgement, withheld=guard is not None).run()
    _close(tools, report, began)
    return report


# Reading.


def _survey(tools: Tools, info: RecordTableInfo) -> Surveyed:
    """Read both sides; a listing in doubt is read once more before anybody draws conclusions from it."""
    revision = info.revision
    restless = _restless(tools, revision)
    if restless is not None and (surveyed := _survey_rows(tools, revision, restless)) is not None:
        return surveyed
    surveyed = _survey_both(tools, info, revision)
    for _ in range(1, ATTEMPTS):
        if not doubts(surveyed.reading):
            break
        tools.reporter.note("the listing of records was not whole; reading it again")
        surveyed = _survey_both(tools, info, tools.records.revision())
    return surveyed


def _restless(tools: Tools, revision: int | None) -> Sequence[str] | None:
    """The records to look at if Feishu need not be read whole, because its revision has not moved; else ``None``."""
    cursor = tools.memory.cursor(Side.FEISHU)
    if tools.options.full or revision is None or cursor.get("revision") != revision:
        return None
    lines = cursor.get("lines")
    limit = max(100, lines // 5) if isinstance(lines, int) else 100
    restless = tools.memory.restless(Side.FEISHU, limit + 1)
    return restless if len(restless) <= limit else None


def _survey_rows(tools: Tools, revision: int | None, restless: Sequence[str]) -> Surveyed | None:
    """Read the rows, and the named records; nothing if one of those is gone, for then only a whole reading can tell."""
    survey = tools.memory.survey()
    reader = Reader(tools.records, tools.rows, tools.lens, tools.memory, tools.clock)
    if restless:
        tools.report.read[Side.FEISHU] = reader.read_some_records(survey, restless)
        if tools.report.read[Side.FEISHU] < len(set(restless)):
            return None
    tools.report.read[Side.DATABASE] = _read_rows(tools, reader, survey)
    totals = survey.close(unread=frozenset({Side.FEISHU}))
    tools.revisions = {revision} if revision is not None else set()
    lines = totals.linked + totals.severed
    return Surveyed(survey, totals, Reading(lines, lines, None, ended=True), revision, skipped=True)


def _survey_both(tools: Tools, info: RecordTableInfo, revision: int | None) -> Surveyed:
    survey = tools.memory.survey()
    reader = Reader(tools.records, tools.rows, tools.lens, tools.memory, tools.clock)
    tools.reporter.stage("reading records")
    reading = reader.read_records(survey, tools.reporter)
    tools.report.read[Side.FEISHU] = reading.returned
    after = _still_named(tools, info)
    tools.report.read[Side.DATABASE] = _read_rows(tools, reader, survey)
    totals = survey.close()
    tools.revisions = {revision} if revision is not None and after == revision else set()
    reading = proven(reading, totals.lines[Side.FEISHU], whole=info.whole)
    return Surveyed(survey, totals, reading, revision)


def _read_rows(tools: Tools, reader: Reader, survey: Survey) -> int:
    tools.reporter.stage("reading rows")
    return reader.read_rows(survey, tools.reporter)


def _still_named(tools: Tools, info: RecordTableInfo) -> int | None:
    """A missing key is an empty cell only if, after the reading, the field still stands there under that name.

    Returns the revision after the reading. Raises ``StaleNameError`` otherwise: the run begins anew.
    """
    now = tools.records.info()
    names = {field.id: field.name for field in info.fields}
    later = {field.id: field.name for field in now.fields}
    for identity, name in names.items():
        if name in tools.lens.fields and later.get(identity) != name:
            raise StaleNameError(f"field {name!r} was renamed or deleted while its records were read")
    return now.revision


# Guards.


def _guard(tools: Tools, surveyed: Surveyed, judgement: Judgement) -> Guard | None:
    reading = proven(
        surveyed.reading, surveyed.reading.distinct, whole=surveyed.reading.whole, revived=judgement.revived
    )
    found = doubts(reading)
    if found:
        counts = {
            "records": reading.distinct,
            "total": reading.total if reading.total is not None else reading.distinct,
            "missing_but_alive": reading.revived,
        }
        return Guard("short_reading", counts, f"the listing of records cannot be believed whole: {'; '.join(found)}")
    linked, pairs = surveyed.totals.linked, surveyed.totals.cases.get(CaseKind.PAIR, 0)
    stopping = stopping_guard(judgement.tally, linked, tools.rules.guard, pairs=pairs)
    if stopping is not None:
        return stopping
    lines = {side: _lines(surveyed, side) for side in Side}
    last_hour = tools.memory.deletions_of_last_hour()
    return delete_guard(judgement.tally, last_hour, lines, surveyed.totals.linked, tools.rules.guard)


def _lines(surveyed: Surveyed, side: Side) -> int:
    """How many lines a side holds now."""
    if surveyed.skipped and side is Side.FEISHU:
        return surveyed.totals.linked
    return surveyed.totals.lines[side]


def _stopped(tools: Tools, guard: Guard, judgement: Judgement) -> None:
    samples = judgement.samples.get(guard.name, [])
    tools.report.guard, tools.report.samples = guard, samples
    if tools.options.dry:
        return
    tools.memory.guard_stopped(guard.name, guard.counts, samples, judgement.marks.get(guard.name, []))
    for name, lines in tools.memory.approval().items():
        if name != guard.name:  # one word a guard: what was approved before counts when this one is approved too
            tools.memory.guard_stopped(name, {"approved": len(lines)}, [], sorted(lines))


# Carrying out.


class _Carrying:
    """The second pass: each finding of the survey is planned again and carried out."""

    def __init__(self, tools: Tools, bench: Bench, surveyed: Surveyed, judgement: Judgement, *, withheld: bool) -> None:
        self._tools, self._bench, self._surveyed = tools, bench, surveyed
        self._judgement, self._withheld = judgement, withheld
        recovery = Recovery(tools)
        rows, records = RowHalf(tools), RecordHalf(tools, bench, recovery)
        self._carrier = Carrier(tools, rows, records)
        self._newborn = {side: Carrier(tools, rows, records) for side in Side}
        self._dealt: set[int] = set()
        """Links with a half that is gone which this run has dealt with already: a revived line is gone no more."""

    def run(self) -> None:
        for kind in (CaseKind.CHANGED, CaseKind.MOVED, CaseKind.PAIR):
            self._carry(kind)
        self._carrier.close()
        self._create()
        strays = note_strays(self._tools, self._surveyed.survey)
        if self._judgement.tally.deletions.total() or self._bench.approves("deletes"):
            self._delete()
        self._remember_cursor(strays)

    def _carry(self, kind: CaseKind) -> None:
        self._tools.reporter.stage(f"{kind} lines", self._surveyed.totals.cases.get(kind))
        for cases in pages(self._surveyed.survey, kind):
            for line in self._bench.lines([case for case in cases if self._current(case)]):
                if not _deletes(line):
                    self._deal(line)

    def _deal(self, line: Line) -> None:
        if line.link is not None and line.link.id is not None and any(held.absent for held in line.versions.values()):
            self._dealt.add(line.link.id)
        self._carrier.take(line)

    def _current(self, case: Case) -> bool:
        """Whether a case still says how things are: not dealt with in this run, and gone only if that was confirmed."""
        link = case.remembered.link if case.remembered else None
        if link is None:
            return True
        if link.id in self._dealt:
            return False
        return all((side, name) in self._judgement.gone for side in Side if (name := missing(case, side)) is not None)

    def _create(self) -> None:
        fresh = self._surveyed.totals.cases.get(CaseKind.FRESH)
        self._tools.reporter.stage("new lines", fresh)
        for cases in pages(self._surveyed.survey, CaseKind.FRESH):
            for line in self._bench.lines(cases):
                here = Side.FEISHU if line.versions[Side.FEISHU].absent else Side.DATABASE
                self._newborn[here].take(line)
        for carrier in self._newborn.values():
            carrier.close()

    def _delete(self) -> None:
        self._tools.reporter.stage("deletions", self._judgement.tally.deletions.total())
        for cases in pages(self._surveyed.survey, CaseKind.CHANGED):
            gone = [case for case in cases if Look.GONE in (case.feishu, case.database) and self._current(case)]
            for line in self._bench.lines(gone):
                if _deletes(line) and (not self._withheld or self._bench.approved("deletes", line)):
                    self._carrier.take(line)
        self._carrier.close()

    def _remember_cursor(self, strays: int) -> None:
        """Let the next run skip an unmoved Feishu only if every record was whole, linked and dealt with."""
        surveyed, tools = self._surveyed, self._tools
        if surveyed.skipped:
            return
        tools.memory.sweep_failures(frozenset(Side))
        left = strays + tools.report.held + tools.report.loose + self._withheld
        revision = surveyed.revision if not left and not doubts(surveyed.reading) else None
        cursor = {"revision": revision, "lines": surveyed.totals.lines[Side.FEISHU]}
        tools.memory.advance(Side.FEISHU, {**tools.memory.cursor(Side.FEISHU), **cursor})


def _deletes(line: Line) -> bool:
    return any(operation.action is Action.DELETE for operation in line.plan.operations)


def _close(tools: Tools, report: Report, began: datetime) -> None:
    standing = tools.memory.standing()
    report.linked = standing.linked
    report.open_conflicts, report.open_failures = standing.open_conflicts, standing.open_failures
    report.seconds = (tools.clock.now() - began).total_seconds()
    report.calls = tools.records.calls()
