"""One run over one mapping, from the open intents of the last one to the cursors of the next.

Recover, survey both sides, judge the whole, then carry it out in bounded batches; deletions come last.
"""

from collections.abc import Callable
from datetime import datetime
from functools import partial

from syncer.core.plan import Guard, delete_guard, doubts, stopping_guard
from syncer.core.records import Side, Version
from syncer.engine.breath import Breath
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench, mark_of
from syncer.engine.collecting import rarely_collecting
from syncer.engine.cursors import Cursors
from syncer.engine.drafts import leaving_no_drafts
from syncer.engine.following import follow_up, following
from syncer.engine.judge import Judge, Judgement, is_overtaken, missing, pages
from syncer.engine.line import Line
from syncer.engine.look import Surveyed, look, look_at_some, still_named
from syncer.engine.news import News
from syncer.engine.nursery import Nursery, ahead
from syncer.engine.overwritten import Overwritten
from syncer.engine.read import proven
from syncer.engine.record_half import RecordHalf
from syncer.engine.recover import Recovery
from syncer.engine.report import Report
from syncer.engine.row_half import RowHalf
from syncer.engine.scope import Chooser, Scope
from syncer.engine.strays import note_strays, note_turned_away, tell_strays, without_outsiders
from syncer.engine.tools import Tools
from syncer.engine.trust import apart
from syncer.engine.wholes import Wholes, standing
from syncer.engine.witnesses import Witnesses
from syncer.ports import Case, CaseKind, Look, RecordTableInfo

SHORT = 1000
"""A run of no more lines than this is over soon enough for whatever is noticed meanwhile."""


@rarely_collecting()
@leaving_no_drafts
def run(tools: Tools, info: RecordTableInfo) -> Report:
    """Make one run. ``info`` is the Bitable table as it was read to build the pairs.

    Raises the errors of ``syncer.errors``; whatever was done until then is remembered, and what was begun is an open
    intent that the next run settles first.
    """
    began = tools.clock.now()
    report, tools.witnesses = tools.report, Witnesses(tools, info, tools.log or tools.capture)
    tools.wholes, tools.stood, tools.began = Wholes(tools, info), standing(tools), began
    if not tools.options.dry:
        Recovery(tools).run()
    tools.touched.wanted = bool(following(tools, info))
    scope = Chooser(tools, info).choose()
    tools.noticed.take(scope.signals)
    breath = _breath(tools, info, scope)
    surveyed = look(tools, info, scope)
    bench = Bench(tools)
    judge = Judge(tools, bench, surveyed.survey, surveyed.gone)
    judgement = judge.judge()
    if Side.FEISHU not in surveyed.partial and surveyed.totals.lines[Side.DATABASE]:
        judgement.revived += judge.hidden()
    if Side.FEISHU in surveyed.partial and any(side is Side.DATABASE for side, _ in judgement.tally.clears):
        still_named(tools, info)
    guard = _guard(tools, surveyed, judgement)
    if guard is not None:
        _stopped(tools, guard, judgement)
    tools.removals = set(judgement.marks.get("deletes", ()))
    if tools.options.dry:
        tell_strays(tools, surveyed.survey)
    elif _may_write(tools, info, guard, breath):
        carrying = _Carrying(tools, bench, surveyed, judgement, withheld=guard is not None)
        breath.rest = carrying.rest
        carrying.enough = tools.options.enough
        try:
            strays = carrying.run()
        except EnoughError:
            carrying.rest()
            report.unfinished = True  # no cursor moves, no signal is settled: the next run finds what is left
        else:
            _go_on(tools)
            follow_up(tools)
            Cursors(tools, scope, breath.passed()).advance(surveyed, strays, withheld=guard is not None)
    follow_up(tools)
    close_report(tools, report, began)
    return report


def _may_write(tools: Tools, info: RecordTableInfo, guard: Guard | None, breath: Breath) -> bool:
    """Whether a run may write; it begins with what our own writes overwrote, of which it is told in any case."""
    stopped = guard is not None and guard.stops
    back = Overwritten(tools, info).look(stopped=stopped)
    breath.carry_on(back, partial(_carry_some, tools))
    return not stopped


def _breath(tools: Tools, info: RecordTableInfo, scope: Scope) -> Breath:
    """What lets a long run deal with edits meanwhile; a short one is over soon enough."""
    breath = Breath(tools, info, news=News(tools, info, scope), capture=scope.capture)
    named = sum(len(lines) for lines in scope.lines.values() if lines is not None)
    if (scope.partial < frozenset(Side) or named > SHORT) and not tools.options.dry:
        breath.carry = partial(_carry_some, tools)
        tools.breathe, tools.explain = breath.draw, breath.explain
    return breath


def _go_on(tools: Tools) -> None:
    """Carry those lines further that waited for others of their own mapping, as far as this run has made these."""
    while tools.pending.own and tools.pending.named:
        before, revision = set(tools.pending.named), tools.records.revision()
        named = {side: sorted(name for where, name in before if where is side) for side in Side}
        tools.pending.forget()
        with apart(tools, revision):
            found = look_at_some(tools, Scope(named), revision)
            done = found is not None and _carry_judged(tools, found[0])
        if not done or tools.pending.named == before:
            return


def _carry_judged(tools: Tools, surveyed: Surveyed) -> bool:
    judgement = Judge(tools, Bench(tools), surveyed.survey, surveyed.gone).judge()
    return _carry_some(tools, surveyed, judgement)


def _carry_some(tools: Tools, surveyed: Surveyed, judgement: Judgement) -> bool:
    """Carry out what a look at a few lines found, unless a guard stands against it."""
    removals = set(judgement.marks.get("deletes", ()))
    if _guard(tools, surveyed, judgement, beside=len(tools.removals - removals)) is not None:
        return False
    _Carrying(tools, Bench(tools), surveyed, judgement, withheld=False).run()
    tools.removals -= removals
    return True


# Guards.


def _guard(tools: Tools, surveyed: Surveyed, judgement: Judgement, *, beside: int = 0) -> Guard | None:
    """What says no to what was judged; ``beside`` is how many lines the run is about to delete apart from that."""
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
    stopping = stopping_guard(judgement.tally, linked, tools.rules.guard, pairs=pairs, key=tools.rules.key)
    if stopping is not None:
        return stopping
    lines = {side: surveyed.lines(side) for side in Side}
    lately = tools.memory.deletions_of_last_hour()
    return delete_guard(judgement.tally, lately, lines, linked, tools.rules.guard, beside=beside)


def _stopped(tools: Tools, guard: Guard, judgement: Judgement) -> None:
    samples = judgement.samples.get(guard.name, [])
    tools.report.guard, tools.report.samples = guard, samples
    if tools.options.dry:
        return
    approved = dict(tools.memory.approval())  # what was approved before still counts when this run is approved too
    marks = approved.pop(guard.name, frozenset()).union(judgement.marks.get(guard.name, []))
    tools.memory.guard_stopped(guard.name, guard.counts, samples, sorted(marks))
    for name, lines in approved.items():
        tools.memory.guard_stopped(name, {"approved": len(lines)}, [], sorted(lines))


# Carrying out.


class EnoughError(Exception):
    """The run was told that it is enough; what it took up is done, the rest is not begun."""


class _Carrying:
    """The second pass: each finding of the survey is planned again and carried out."""

    def __init__(self, tools: Tools, bench: Bench, surveyed: Surveyed, judgement: Judgement, *, withheld: bool) -> None:
        self._tools, self._bench, self._surveyed = tools, bench, surveyed
        self._judgement, self._withheld = judgement, withheld
        recovery = Recovery(tools)
        rows, records = RowHalf(tools), RecordHalf(tools, bench, recovery)
        self._carrier = Carrier(tools, rows, records)
        self._nursery = Nursery(tools, bench, {side: Carrier(tools, rows, records) for side in Side}, rows, records)
        self.enough: Callable[[], bool] = lambda: False
        """Asked after each slice; a look at a few lines in between is never cut short."""
        self._strays = 0
        self._dealt: set[int] = set()
        """Links with a half that is gone which this run has dealt with already: a revived line is gone no more."""

    def run(self) -> int:
        """Carry all of it out; how many lines cannot be paired because their match values are not theirs alone."""
        for kind in (CaseKind.CHANGED, CaseKind.MOVED, CaseKind.PAIR):
            self._carry(kind)
        self._carrier.close()
        self._create()
        strays = self._strays + note_strays(self._tools, self._surveyed.survey)
        if self._judgement.tally.deletions.total() or self._bench.approves("deletes"):
            self._delete()
        return strays

    def rest(self) -> None:
        """Bring everything that was begun to its end, so that other lines can be dealt with."""
        self._carrier.close()
        self._nursery.close()

    def _carry(self, kind: CaseKind) -> None:
        self._tools.reporter.stage(f"{kind} lines", self._surveyed.totals.cases.get(kind))
        for cases in pages(self._surveyed.survey, kind):
            current = [case for case in cases if self._current(case)]
            lines = self._bench.lines(current)
            if kind is CaseKind.MOVED:
                self._strays += note_turned_away(self._tools, list(zip(current, lines, strict=True)))
            for line in lines:
                if not _deletes(line):
                    self._deal(line)
            self._between()

    def _between(self) -> None:
        self._tools.breathe()
        if self.enough():
            raise EnoughError

    def _deal(self, line: Line) -> None:
        if line.link is not None and line.link.id is not None and any(held.absent for held in line.versions.values()):
            self._dealt.add(line.link.id)
        self._carrier.take(line)

    def _current(self, case: Case) -> bool:
        """Whether a case still says how things are: not dealt with in this run, and gone only if that was confirmed."""
        if is_overtaken(self._tools, case):
            return False
        link = case.remembered.link if case.remembered else None
        if link is None:
            return True
        if link.id in self._dealt:
            return False
        return all((side, name) in self._judgement.gone for side in Side if (name := missing(case, side)) is not None)

    def _create(self) -> None:
        fresh = self._surveyed.totals.cases.get(CaseKind.FRESH)
        self._tools.reporter.stage("new lines", fresh)
        survey, totals, nursery = self._surveyed.survey, self._surveyed.totals, self._nursery
        rows, records = self._tools.drafts, self._tools.record_drafts
        if rows is not None and rows.stand(survey, totals):
            for draft in rows.each():
                nursery.deliver(draft, survey)
                self._between()
            nursery.delivered(survey)
        elif records is not None and records.stand(survey, totals):
            for record_draft in records.each():
                nursery.create(record_draft, survey)
                self._between()
            nursery.delivered(survey)
        else:
            self._create_undrafted()
        nursery.close()

    def _create_undrafted(self) -> None:
        for newcomers in ahead(self._tools, self._surveyed.survey):
            entering, outside = without_outsiders(self._tools, newcomers)
            self._strays += outside
            if entering is not None:
                self._nursery.take(entering)
            self._between()

    def _delete(self) -> None:
        self._tools.reporter.stage("deletions", self._judgement.tally.deletions.total())
        for cases in pages(self._surveyed.survey, CaseKind.CHANGED):
            gone = [case for case in cases if self._may_delete(case) and self._current(case)]
            for line in self._bench.lines(gone):
                if _deletes(line) and (not self._withheld or self._bench.approved("deletes", line)):
                    self._tools.removals.discard(mark_of(line))
                    self._carrier.take(line)
            self._between()
        self._carrier.close()

    def _may_delete(self, case: Case) -> bool:
        """Whether half of a pair is gone, or left the scope."""
        halves, lens = (case.feishu, case.database), self._tools.lens
        return Look.GONE in halves or any(isinstance(half, Version) and lens.leaves(half) for half in halves)


def _deletes(line: Line) -> bool:
    return any(map(line.plan.removes, line.plan.operations))


def close_report(tools: Tools, report: Report, began: datetime) -> None:
    """Complete what a run tells of itself, as the last thing it does."""
    standing = tools.memory.standing()
    report.linked, report.pending = standing.linked, len(tools.pending.named)
    report.open_conflicts, report.open_failures = standing.open_conflicts, standing.open_failures
    report.seconds = (tools.clock.now() - began).total_seconds()
    report.drift = [*report.drift, *tools.files.told()]
    report.calls = tools.records.calls()
