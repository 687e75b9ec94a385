"""Looks at all that a survey found before anything is written: counts, confirms what is gone, and asks the guards."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from syncer.core.plan import Action, LinePlan, Tally
from syncer.core.records import Side, Version
from syncer.core.values import Json, dump
from syncer.engine.cases import Bench, mark_of
from syncer.engine.line import Line
from syncer.engine.telling import tell_plan
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, Look, RawRecord, Survey

SAMPLES = 20
PAGE = 1000
PROBES = 50
"""So many of the records about to be created are looked for first: as many as one call takes."""


@dataclass(slots=True)
class Judgement:
    """The tally of a whole run, and the lines behind it.

    ``revived`` counts records that a listing did not show but that exist. ``gone`` holds lines confirmed to be gone, by
    side. ``marks`` and ``samples`` are of the lines a guard may stop, by guard.
    """

    tally: Tally = field(default_factory=Tally)
    revived: int = 0
    gone: set[tuple[Side, str]] = field(default_factory=set)
    marks: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, list[Json]] = field(default_factory=dict)

    def note(self, guard: str, line: Line, plan: LinePlan) -> None:
        """Remember a line that a guard is about."""
        self.marks.setdefault(guard, []).append(mark_of(line))
        kept = self.samples.setdefault(guard, [])
        if len(kept) < SAMPLES:
            kept.append(_sample(line, plan))


class Judge:
    """Plans every linked line and every pair once, only to count."""

    def __init__(
        self, tools: Tools, bench: Bench, survey: Survey, gone: frozenset[tuple[Side, str]] = frozenset()
    ) -> None:
        self._tools, self._bench, self._survey, self._gone = tools, bench, survey, gone

    def judge(self) -> Judgement:
        """The judgement of the whole survey."""
        judgement = Judgement(gone=set(self._gone))
        kinds = [CaseKind.CHANGED, CaseKind.MOVED, CaseKind.PAIR]
        if self._tools.options.dry:
            kinds.append(CaseKind.FRESH)
        for kind in kinds:
            for cases in pages(self._survey, kind):
                current = [case for case in cases if not is_overtaken(self._tools, case)]
                self._confirm_gone(current, judgement)
                for line in self._bench.lines(current):
                    self._count(line, judgement)
                self._tools.breathe()
        return judgement

    def hidden(self) -> int:
        """How many of some records about to be created stand in the table although its listing did not show them.

        Where nothing is linked yet, nothing is missed in a listing that lost a part: this look is the only way to tell.
        """
        tools = self._tools
        fresh = pages(self._survey, CaseKind.FRESH)
        wanted = next((found for cases in fresh if (found := self._matches(cases))), None)
        if not wanted or not tools.revisions:
            return 0
        probes = list(wanted)[:: -(-len(wanted) // PROBES)]
        shown = self._strangers(tools.records.find([wanted[probe] for probe in probes], tools.lens.fields))
        hidden = sum(match in wanted for match in shown)
        return hidden if hidden and tools.records.revision() in tools.revisions else 0

    def _strangers(self, raws: Sequence[RawRecord]) -> list[bytes | None]:
        """The matches of those records that are not linked; that a linked one took a match over hides nothing."""
        tools, now = self._tools, self._tools.clock.now()
        linked = tools.memory.seen(Side.FEISHU, [raw.id for raw in raws]) if raws else {}
        return [tools.lens.match(tools.lens.record(raw, now)) for raw in raws if raw.id not in linked]

    def _matches(self, cases: Sequence[Case]) -> dict[bytes, dict[str, Json]]:
        """The match cells of the records that these cases would create, by their match."""
        lens, found = self._tools.lens, dict[bytes, dict[str, Json]]()
        for line in self._bench.lines([case for case in cases if isinstance(case.database, Version)]):
            operation, match = line.operation(Side.FEISHU), lens.match(line.versions[Side.DATABASE])
            if operation is not None and match is not None and (values := lens.match_values(operation.values)):
                found[match] = lens.cells(values)
        return found

    def _count(self, line: Line, judgement: Judgement) -> None:
        plan = line.plan
        about = _guards_about(plan, self._tools.rules.key)
        for guard in about:
            if not self._bench.approved(guard, line):
                judgement.note(guard, line, plan)
        if not any(self._bench.approved(guard, line) for guard in about):
            judgement.tally.add(plan)
        if self._tools.options.dry:
            self._tell(line)

    def _tell(self, line: Line) -> None:
        report = self._tools.report
        report.conflicts += bool(line.plan.collisions)
        report.undecided += any(met.verdict.winner is None for met in line.plan.collisions)
        report.failures += bool(line.plan.unfit)
        report.held += bool(line.plan.held)
        self._tools.pending.note(line)
        for operation in line.plan.operations:
            report.written[operation.side, operation.action] += 1
        tell_plan(self._tools, line)

    def _confirm_gone(self, cases: Sequence[Case], judgement: Judgement) -> None:
        """Ask for every line that a listing did not show: only what is absent by its id is gone."""
        missed = {side: [name for case in cases if (name := missing(case, side))] for side in Side}
        known = judgement.gone
        sought = {side: [name for name in names if (side, name) not in known] for side, names in missed.items()}
        if sought[Side.FEISHU]:
            fetched = self._tools.records.fetch(sought[Side.FEISHU], self._tools.lens.fields)
            judgement.gone.update((Side.FEISHU, name) for name in fetched.absent)
            judgement.revived += len(sought[Side.FEISHU]) - len(fetched.absent)
        if sought[Side.DATABASE]:
            alive = {row.key for row in self._tools.rows.fetch(sought[Side.DATABASE]).rows}
            judgement.gone.update((Side.DATABASE, name) for name in sought[Side.DATABASE] if name not in alive)


def pages(survey: Survey, kind: CaseKind) -> Iterator[Sequence[Case]]:
    """All cases of a kind, a page at a time."""
    after: str | None = None
    while cases := survey.cases(kind, after, PAGE):
        yield cases
        after = cases[-1].at


def is_overtaken(tools: Tools, case: Case) -> bool:
    """Whether a newcomer of this case was dealt with since the survey, or its link forgotten.

    Of a linked line that was dealt with the other half may still be news; what is outdated of it is read again.
    """
    if not tools.overtaken:
        return False
    link = case.remembered.link if case.remembered else None
    if link is None and case.kind in {CaseKind.CHANGED, CaseKind.MOVED}:
        return True
    named = [(side, found.line) for side in Side if isinstance(found := case.side(side), Version)]
    return any(place in tools.overtaken and (link is None or link.line(place[0]) != place[1]) for place in named)


def missing(case: Case, side: Side) -> str | None:
    """The linked line that a survey did not find on one side: it is gone, or a newcomer stands in its place."""
    name = case.remembered.link.line(side) if case.remembered else None
    found = case.side(side)
    if isinstance(found, Version):
        return name if found.line != name else None
    return name if found is Look.GONE else None


def _guards_about(plan: LinePlan, key: Collection[str]) -> list[str]:
    found = []
    if plan.differs:
        found.append("first_pairing")
    if plan.overwrites:
        found.append("overwrites")
    row = plan.operation(Side.DATABASE)
    if row is not None and row.action is Action.UPDATE and any(name in row.values for name in key):
        found.append("keys")
    if any(operation.clears() for operation in plan.operations):
        found.append("clears")
    if any(map(plan.removes, plan.operations)):
        found.append("deletes")
    return found


def _sample(line: Line, plan: LinePlan) -> Json:
    names = plan.differs or [name for operation in plan.operations for name in operation.values]
    return {
        "record_id": line.id_on(Side.FEISHU),
        "key": line.id_on(Side.DATABASE),
        "fields": {name: {side.value: _shown(line, side, name) for side in Side} for name in names},
    }


def _shown(line: Line, side: Side, name: str) -> Json:
    held = (line.versions[side].values or {}).get(name)
    try:
        return dump(held)  # type: ignore[arg-type]  # an unreadable cell has no stored form
    except TypeError:
        return str(held)
