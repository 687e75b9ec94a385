"""Lines that cannot be paired because their match values are not theirs alone: told, never guessed."""

from collections.abc import Mapping, Sequence

from syncer.core.plan import Fate, LinePlan, Unfit
from syncer.core.planner import WHOLE_LINE
from syncer.core.records import Side, Unreadable, Version
from syncer.core.survey import Newcomers
from syncer.core.values import Value, match_digest
from syncer.engine.cases import Bench
from syncer.engine.judge import pages
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.telling import tell_plan
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, RawRow, Survey

_REASONS = {
    CaseKind.DUPLICATE: "shares its match value with {others}; make the match unique, then it is synced",
    CaseKind.RIVAL: "has the match value of {others}, which is linked, marked as deleted or out of scope; "
    "change or delete one",
}

_OUTSIDER = (
    "there is a record with this line's match values already, which is out of scope (feishu.where); "
    "change one of them, or delete it"
)


def note_strays(tools: Tools, survey: Survey) -> int:
    """Note a failure for every duplicate and rival; how many there are."""
    count = 0
    for kind in _REASONS:
        for cases in pages(survey, kind):
            notebook = tools.notebook()
            for case in cases:
                notebook.unfit(Bench.bare(case, tools.clock.now()), _unfit(case))
            count += len(cases)
            tools.report.failures += len(cases)
            tools.store(notebook)
    return count


def note_turned_away(tools: Tools, planned: Sequence[tuple[Case, Line]]) -> int:
    """Note a failure for every newcomer whose match values a severed line has that stays as it is; how many."""
    stays = [(case, line) for case, line in planned if line.plan.fate is Fate.SEVER and not line.plan.operations]
    away = [(side, line) for case, line in stays for side in Side if _is_newcomer(case, side)]
    notebook = tools.notebook()
    for side, line in away:
        alone = {side: line.versions[side], side.other: absent(side.other, "", tools.clock.now())}
        rival = _told(CaseKind.RIVAL, (line.versions[side.other].line,))
        notebook.unfit(Line(alone), Unfit(side.other, WHOLE_LINE, rival, code=CaseKind.RIVAL.value))
    tools.report.failures += len(away)
    tools.store(notebook)
    return len(away)


def _is_newcomer(case: Case, side: Side) -> bool:
    """Whether a side's line would take the place of one that is gone."""
    found, remembered = case.side(side), case.remembered
    return isinstance(found, Version) and remembered is not None and found.line != remembered.link.line(side)


def tell_strays(tools: Tools, survey: Survey) -> None:
    """The same in a dry run, which notes nothing."""
    for kind in _REASONS:
        for cases in pages(survey, kind):
            tools.report.failures += len(cases)
            for case in cases:
                line = Bench.bare(case, tools.clock.now())
                line.plan = LinePlan(unfit=(_unfit(case),))
                tell_plan(tools, line)


def _unfit(case: Case) -> Unfit:
    side = Side.DATABASE if case.feishu is None else Side.FEISHU
    return Unfit(side.other, WHOLE_LINE, _told(case.kind, case.others), code=case.kind.value)


def without_outsiders(tools: Tools, newcomers: Newcomers) -> tuple[Newcomers | None, int]:
    """New rows without those for which there is a record already, out of scope; a failure for each, and how many."""
    if newcomers.side is Side.FEISHU or not tools.outsiders:
        return newcomers, 0
    enters = [match is None or hash(match) not in tools.outsiders for match in newcomers.matches]
    notebook = tools.notebook()
    for place, one in enumerate(enters):
        if not one:
            line = Bench.bare(newcomers.case(place), tools.clock.now())
            notebook.unfit(line, Unfit(Side.FEISHU, WHOLE_LINE, _OUTSIDER, code="rival"))
    count = len(enters) - sum(enters)
    tools.report.failures += count
    tools.store(notebook)
    return newcomers.only(enters) if any(enters) else None, count


def note_rivals(tools: Tools, lines: Sequence[Line]) -> None:
    """Note a failure for every line without a row of its own because another row has taken its match values over.

    A survey knows the match values that links agreed on, not those that one of their lines was given since, and looks
    past rows that are marked as deleted or out of scope.
    """
    sought = {line.id_on(Side.FEISHU): values for line in lines if (values := _match(tools, line))}
    if not sought:
        return
    names = tuple(next(iter(sought.values())))
    binds = [tuple(tools.lens.binds(values).values()) for values in sought.values()]
    holders = _holders(tools, tools.rows.find(names, binds), names)
    notebook = tools.notebook()
    for line in lines:
        holder = holders.get(match_digest(list(sought.get(line.id_on(Side.FEISHU), {}).values())))
        if holder is not None:
            notebook.unfit(line, Unfit(Side.DATABASE, WHOLE_LINE, _told(CaseKind.RIVAL, (holder,)), code="rival"))
            tools.report.failures += 1
    tools.store(notebook)


def leave_claimed(tools: Tools, lines: Sequence[Line]) -> None:
    """Leave, and tell, every line whose row would get a key that another link names: of a row that is gone by now.

    Where key columns are mapped a deleted row's key may come back with another line, before its link is done with.
    """
    wanted = [(key, line) for line in lines if (key := _new_key(tools, line)) is not None]
    seen = tools.memory.seen(Side.DATABASE, [key for key, _ in wanted]) if wanted else {}
    notebook = tools.notebook()
    for key, line in wanted:
        if key in seen and (line.link is None or line.link.id != seen[key].link):
            line.leave()
            notebook.unfit(line, Unfit(Side.DATABASE, WHOLE_LINE, _told(CaseKind.RIVAL, (key,)), code="rival"))
            tools.report.failures += 1
    tools.store(notebook)


def _new_key(tools: Tools, line: Line) -> str | None:
    operation = line.operation(Side.DATABASE)
    return tools.lens.new_key(operation.line, operation.values) if operation is not None else None


def _match(tools: Tools, line: Line) -> Mapping[str, Value]:
    operation = line.operation(Side.DATABASE)
    return tools.lens.match_values(operation.values) if operation is not None else {}


def _holders(tools: Tools, rows: Sequence[RawRow], names: Sequence[str]) -> dict[bytes | None, str]:
    """Those of these rows that no line can be paired with, linked or marked as deleted, by their match values."""
    seen = tools.memory.seen(Side.DATABASE, [row.key for row in rows]) if rows else {}
    now, holders = tools.clock.now(), dict[bytes | None, str]()
    for row in rows:
        version = tools.lens.row(row, now)
        if row.key in seen or tools.lens.match(version) is None:
            held = [(version.values or {}).get(name) for name in names]
            holders[match_digest([value for value in held if not isinstance(value, Unreadable)])] = row.key
    return holders


def _told(kind: CaseKind, others: Sequence[str]) -> str:
    return "this line " + _REASONS[kind].format(others=", ".join(others[:5]))
