"""Lines that cannot be paired because their match values are not theirs alone: told, never guessed."""

from syncer.core.plan import Unfit
from syncer.core.planner import WHOLE_LINE
from syncer.core.records import Side
from syncer.engine.cases import Bench
from syncer.engine.judge import pages
from syncer.engine.tools import Tools
from syncer.ports import Case, CaseKind, Survey

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


def _reason(case: Case) -> str:
    return "this line " + _REASONS[case.kind].format(others=", ".join(case.others[:5]))
