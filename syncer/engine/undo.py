"""Takes back what one run did, from its audits: a run of its own, with intents, audits and a guard.

It can be undone like any other. An explicit undo is consent for its own deletions; emptying many lines still asks
(guard ``clears``).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Protocol

from syncer.core.plan import FIRST_PAIRING, Action, Fate, Guard, LinePlan, Tally, stopping_guard
from syncer.core.records import Side, Version
from syncer.core.undo import Deed, Untakable, edited_since, plan_undo, revive
from syncer.core.values import Json, Value, load
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench
from syncer.engine.lens import absent
from syncer.engine.line import NO_PLAN, Line
from syncer.engine.record_half import RecordHalf
from syncer.engine.recover import Recovery
from syncer.engine.report import Report
from syncer.engine.rest import Rest
from syncer.engine.row_half import RowHalf
from syncer.engine.run import close_report
from syncer.engine.tools import Tools
from syncer.engine.wholes import Wholes
from syncer.engine.words import describe
from syncer.ports import Audit, RecordTableInfo, Remembered

MOST_TOLD = 10_000
"""So many of the lines that stay as they are, are named; all of them are counted."""

_UNTOLD = "it could not be written back; see `syncer failures list`"


class Audits(Protocol):
    """What is known of a run's writes."""

    def audit_pages(self, run: str) -> Iterable[Sequence[Audit]]:
        """All it wrote, a page at a time; all audits of one link stand on one page."""
        ...

    def written_since(self, run: str, links: Sequence[int]) -> AbstractSet[int]:
        """Those of these links that a later run wrote because somebody had edited them."""
        ...


@dataclass(slots=True)
class _Try:
    """One line that is to be taken back. ``prints`` are its fingerprints from before, ``told`` is why it stays."""

    deed: Deed
    line: Line
    prints: dict[Side, bytes | None]
    planned: LinePlan = NO_PLAN
    told: str = ""


class Undo:
    """The work of an undo; called like ``engine.run.run``.

    ``by_field`` takes a line back although other fields of it were edited since, or are paused alone.
    """

    def __init__(self, run: str, audits: Audits, *, by_field: bool = False) -> None:
        self._of, self._audits, self._by_field = run, audits, by_field
        self._reason = f"undo of run {run}"

    def __call__(self, tools: Tools, info: RecordTableInfo) -> Report:
        """Take back what can be. Raises the errors of ``syncer.errors``; what was begun is settled by the next run."""
        began, tools.wholes = tools.clock.now(), Wholes(tools, info)
        tools.report.undoes = self._of
        if not tools.options.dry:
            Recovery(tools).run()
        guard = self._guard(tools)
        if guard is None:
            self._carry_out(tools, Rest(tools, info))
        elif not tools.options.dry:
            tools.memory.guard_stopped(guard.name, guard.counts, [], [])
        tools.report.guard = guard
        close_report(tools, tools.report, began)
        return tools.report

    def _guard(self, tools: Tools) -> Guard | None:
        """Emptying a field of many lines asks, also when it is taken back; counted by the audits alone."""
        tally = Tally()
        for page in self._audits.audit_pages(self._of):
            for deed in deeds(page):
                tally.clears.update((Side.DATABASE, name) for name in deed.clears())
        guard = stopping_guard(tally, tools.memory.standing().linked, tools.rules.guard)
        return None if guard is None or guard.name in tools.memory.approval() else guard

    def _carry_out(self, tools: Tools, rest: Rest) -> None:
        bench = Bench(tools)
        rows, records = RowHalf(tools), RecordHalf(tools, bench, Recovery(tools))
        carrier = Carrier(tools, rows, records)
        tools.reporter.stage("lines to take back")
        for page in self._audits.audit_pages(self._of):
            tries = self._lay_out(tools, bench, rest.given(deeds(page), page))
            _keep_standing(tools, tries)
            if not self._by_field:
                self._keep_edited(tools, tries)
            for one in tries:
                self._plan(tools, one)
            if tools.options.dry:
                self._tell(tools, tries)
            else:
                self._write(tools, carrier, tries)
            _count(tools.report, tries)
            tools.reporter.advance(len(tries))

    # Laying out.

    def _lay_out(self, tools: Tools, bench: Bench, page: Sequence[Deed]) -> list[_Try]:
        """The lines as they are now, on both sides."""
        revision = tools.records.revision()
        tools.revisions = set() if revision is None else {revision}
        known = {found.link.id: found for found in tools.memory.links([deed.link for deed in page])}
        tries = [_Try(deed, _bare(tools, known.get(deed.link)), {}) for deed in page]
        for side in Side:
            bench.refresh(side, [one.line for one in tries if one.line.versions[side].values == {}])
        for one in tries:
            one.prints = dict(one.line.prints)
        return tries

    def _keep_edited(self, tools: Tools, tries: Sequence[_Try]) -> None:
        """Leave lines that were edited since in any field, whether a run has carried the edit already or not."""
        since = self._audits.written_since(self._of, [one.deed.link for one in tries])
        for one in tries:
            if one.deed.link in since:
                one.told = "it was edited since, and a later run carried that over"
            elif (link := one.line.link) is not None and (link.severed is None or one.deed.marked) and not one.told:
                one.told = "; ".join(edited_since(tools.rules, link, one.line.versions))

    def _plan(self, tools: Tools, one: _Try) -> None:
        def wish(line: Line) -> LinePlan:
            return _taken(one, lambda: plan_undo(tools.rules, one.deed, line.link, line.versions, self._reason))

        if self._by_field and not one.told:
            one.told = _without_paused(tools, one.deed)
        if not one.told:
            one.line.wish, one.line.desk = wish, replace(one.line.desk, unmarked=one.deed.unmarked)
            one.planned = wish(one.line)
            one.line.adopt(one.planned)

    # Writing.

    def _write(self, tools: Tools, carrier: Carrier, tries: Sequence[_Try]) -> None:
        tools.cause = self._reason
        for one in tries:
            if one.planned.operations:
                carrier.take(one.line)
        carrier.close()
        for one in tries:
            one.told = one.told or _why_not(one)
        for one in tries:
            if one.planned.fate is Fate.FORGET and not one.told and self._plan_other_half(tools, one):
                carrier.take(one.line)
        carrier.close()

    def _plan_other_half(self, tools: Tools, one: _Try) -> bool:
        """The second half of a line made anew, from what the first one came to; whether there is one to write."""
        (done,) = one.planned.operations

        def wish(line: Line) -> LinePlan:
            return _taken(one, lambda: revive(tools.rules, done.side.other, line.versions[done.side], self._reason))

        one.line.wish = wish
        one.line.adopt(wish(one.line))
        return bool(one.line.plan.operations)

    def _tell(self, tools: Tools, tries: Sequence[_Try]) -> None:
        for one in tries:
            for operation in one.planned.operations:
                tools.report.written[operation.side, operation.action] += 1
                tools.reporter.detail(describe(one.line, operation))
                if one.planned.fate is Fate.FORGET and tools.rules.direction.carries_from(operation.side):
                    tools.report.written[operation.side.other, operation.action] += 1
                for name, base in operation.after.items():
                    if base.owed is not None:
                        tools.reporter.detail(f"  and {name} in {base.owed.side}")


def deeds(audits: Sequence[Audit]) -> list[Deed]:
    """What a run did, link by link."""
    found: dict[int, Deed] = {}
    for audit in audits:
        if audit.link is None:
            continue
        deed = found.setdefault(audit.link, Deed(audit.link))
        deed.record, deed.key = audit.record or deed.record, audit.key or deed.key
        if is_mark(audit):
            deed.marked = audit.side
            deed.unmarked = next(iter(_values(audit.before).values()), None)
            deed.add(audit.side, Action.UPDATE, {}, {})
            continue
        action, before, after = Action(audit.action), _values(audit.before), _values(audit.after)
        if action is Action.UPDATE and not set(after) <= set(before):
            deed.back, after = audit.side, {name: value for name, value in after.items() if name in before}
        if audit.side not in deed.actions and audit.reason.startswith(FIRST_PAIRING):
            deed.met.add(audit.side)
        deed.add(audit.side, action, before, after)
    return list(found.values())


def is_mark(audit: Audit) -> bool:
    """Whether a write marked a line as deleted; it was once noted as an update."""
    return audit.action == "mark" or (audit.action == "update" and audit.reason.startswith("marked: "))


def _values(forms: Mapping[str, Json]) -> dict[str, Value]:
    return {name: load(form) for name, form in forms.items()}


def _bare(tools: Tools, remembered: Remembered | None) -> Line:
    """A line whose versions are still to be read."""
    now = tools.clock.now()
    link = remembered.link if remembered else None
    names = {side: link.line(side) if link else None for side in Side}
    versions = {side: Version(side, name, {}, now) if name else absent(side, "", now) for side, name in names.items()}
    return Line(versions, link, stored=link is not None, bases=dict(link.bases) if link else {})


def _without_paused(tools: Tools, deed: Deed) -> str:
    """Leave out the pairs that are paused alone; why nothing is left to take back, if so."""
    paused = tools.rules.paused
    left_out = [name for name in deed.names if name in paused]
    deed.leave_out(left_out)
    return paused[left_out[0]] if left_out and not deed.names else ""


def _taken(one: _Try, plan: Callable[[], LinePlan]) -> LinePlan:
    """A plan, or none and the reason why."""
    try:
        return plan()
    except Untakable as untakable:
        one.told = untakable.reason
        return LinePlan()


def _keep_standing(tools: Tools, tries: Sequence[_Try]) -> None:
    """Of records to be made anew, leave those whose match values meanwhile stand in some record."""
    lens, wanted = tools.lens, dict[bytes, _Try]()
    cells: list[dict[str, Json]] = []
    for one in tries:
        before = _stood(one)
        match = lens.match(Version(Side.FEISHU, "", before, tools.clock.now())) if lens.match_values(before) else None
        if match:
            wanted[match] = one
            cells.append(lens.cells(lens.match_values(before)))
    if not wanted:
        return
    for raw in tools.records.find(cells, lens.fields):
        match = lens.match(lens.record(raw, tools.clock.now()))
        if match in wanted:
            wanted[match].told = f"record {raw.id} has its match values by now"


def _stood(one: _Try) -> Mapping[str, Value]:
    """What a record held that is to be made anew."""
    if one.deed.side_of(Action.DELETE) is Side.FEISHU:
        return one.deed.before.get(Side.FEISHU, {})
    if one.deed.marked is Side.DATABASE and one.line.link is not None:
        return {name: base.feishu for name, base in one.line.link.bases.items()}
    return {}


def _why_not(one: _Try) -> str:
    """Why what was planned did not come about, if so."""
    for operation in one.planned.operations:
        is_there = not one.line.versions[operation.side].absent
        if operation.action is Action.UPDATE:
            done = one.line.prints.get(operation.side) != one.prints.get(operation.side)
        else:
            done = is_there is (operation.action is Action.CREATE)
        if not done and one.line.undone:
            return "it was edited, or made again, while it was taken back"
        if not done:
            return f"it could not be written back: {one.line.refused}" if one.line.refused else _UNTOLD
    return ""


def _count(report: Report, tries: Sequence[_Try]) -> None:
    for one in tries:
        if not one.told:
            report.restored += bool(one.planned.operations)
            continue
        report.skipped += 1
        if len(report.left) < MOST_TOLD:
            record = one.line.id_on(Side.FEISHU) or one.deed.record
            key = one.line.id_on(Side.DATABASE) or one.deed.key
            report.left.append({"record_id": record, "key": key, "reason": one.told})
