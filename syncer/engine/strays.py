"""Lines that cannot be paired because their match values are not theirs alone: told, never guessed."""

from collections.abc import Mapping, Sequence

from syncer.core.plan import Unfit
from syncer.core.planner import WHOLE_LINE
from syncer.core.records import Side
from syncer.core.values import Value, match_digest
from syncer.engine.cases import Bench
from syncer.engine.judge import pages
from syncer.engine.line import Line
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, RawRow, Survey

_REASONS = {
    CaseKind.DUPLICATE: "shares its match value with {others}; make the match unique, then it is synced",
    CaseKind.RIVAL: "has the match value of {others}, which is linked already; change or delete one of the two",
}


def note_strays(tools: Tools, survey: Survey) -> int:
    """Note a failure for every duplicate and rival; how many there are."""
    count = 0
    for kind in _REASONS:
        for cases in pages(survey, kind):
            notebook = tools.notebook()
            for case in cases:
                side = Side.DATABASE if case.feishu is None else Side.FEISHU
                line = Bench.bare(case, tools.clock.now())
                notebook.unfit(line, Unfit(side.other, WHOLE_LINE, _reason(case), code=kind.value))
            count += len(cases)
            tools.report.failures += len(cases)
            tools.store(notebook)
    return count


def note_rivals(tools: Tools, lines: Sequence[Line]) -> None:
    """Note a failure for every line without a row of its own because a linked row has taken its match values over.

    A survey knows the match values that links agreed on, not those that one of their lines was given since.
    """
    sought = {line.id_on(Side.FEISHU): values for line in lines if (values := _match(tools, line))}
    if not sought:
        return
    names = tuple(next(iter(sought.values())))
    binds = [tuple(tools.lens.binds(values).values()) for values in sought.values()]
    holders = _linked(tools, tools.rows.find(names, binds))
    notebook = tools.notebook()
    for line in lines:
        holder = holders.get(match_digest(list(sought.get(line.id_on(Side.FEISHU), {}).values())))
        if holder is not None:
            notebook.unfit(line, Unfit(Side.DATABASE, WHOLE_LINE, _told(CaseKind.RIVAL, (holder,)), code="rival"))
            tools.report.failures += 1
    tools.store(notebook)


def _match(tools: Tools, line: Line) -> Mapping[str, Value]:
    operation = line.operation(Side.DATABASE)
    return tools.lens.match_values(operation.values) if operation is not None else {}


def _linked(tools: Tools, rows: Sequence[RawRow]) -> dict[bytes | None, str]:
    """The linked ones of these rows, by what they are matched by."""
    seen = tools.memory.seen(Side.DATABASE, [row.key for row in rows]) if rows else {}
    now = tools.clock.now()
    return {tools.lens.match(tools.lens.row(row, now)): row.key for row in rows if row.key in seen}


def _reason(case: Case) -> str:
    return _told(case.kind, case.others)


def _told(kind: CaseKind, others: Sequence[str]) -> str:
    return "this line " + _REASONS[kind].format(others=", ".join(others[:5]))
