"""The loop breaker: a line that is written on both sides again and again, as if two machines answered each other.

A person edits on one side; what writes the same line on both sides many times within minutes is an automation in
Bitable and a trigger or job at the database that each take the other's answer for news. Such a line is paused alone. As
nothing is written to it any more, whatever changes it next is no answer to us: then, or when it is retried, it goes on.

Where Feishu's events name who made a change, the count begins anew with every edit of a person. Whom they name when a
program writes is not documented: whoever they name for our own writes is none, and beyond ``MOST`` writes nobody asks.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from syncer.core.mapping import Merge
from syncer.core.plan import Action, LinePlan
from syncer.core.planner import WHOLE_LINE
from syncer.core.records import Side
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.tools import Tools
from syncer.ports import Audit, Refusal

WRITES = 50
"""So often may a line be written on each of both sides ..."""
WINDOW = timedelta(hours=1)
"""... within this time: a person, or two who work on the same line, do not; a run every thirty seconds could."""
MOST = 5 * WRITES
"""So often may it be written even with people at work in between: an automation may act in somebody's name."""
PAUSED = "paused"
"""What the audit calls it; writes before it are not counted again."""


def pause_loops(tools: Tools, lines: Sequence[Line], notebook: Notebook) -> tuple[list[Line], list[Line]]:
    """The lines to be written, and those that are paused from now on, noted as failures of code ``loop``."""
    adding = {pair.name for pair in tools.rules.pairs if pair.merge is not Merge.REGISTER}
    suspects = {
        line.link.id: line for line in lines if line.link is not None and line.link.id and _is_suspect(line, adding)
    }
    if not suspects:
        return list(lines), []
    since = tools.clock.now() - WINDOW
    looping = tools.memory.written_often(list(suspects), since, WRITES)
    paused = [suspects[number] for number in looping if not _has_people(tools, suspects[number], since)]
    for line in paused:
        _pause(tools, line, notebook)
    return [line for line in lines if line.plan.operations], paused


def _has_people(tools: Tools, line: Line, since: datetime) -> bool:
    """Whether a person edited the record so lately that it was not written too often since."""
    assert line.link is not None
    assert line.link.id is not None
    edited = tools.witnesses.last_person(line) if tools.witnesses is not None else None
    if edited is None or edited <= since:
        return False
    number, memory = [line.link.id], tools.memory
    return not memory.written_often(number, edited, WRITES) and not memory.written_often(number, since, MOST)


def _is_suspect(line: Line, adding: Collection[str]) -> bool:
    """Updates of stored lines; one that already failed as a whole goes on because it changed, or was retried.

    An answer comes from one side: both halves of a merge are two people at work, and so are values that add up.
    """
    if len(line.plan.operations) != 1 or WHOLE_LINE in line.desk.failed or line.wish is not None:
        return False
    (operation,) = line.plan.operations
    return line.stored and operation.action is Action.UPDATE and bool(set(operation.values).difference(adding))


def _pause(tools: Tools, line: Line, notebook: Notebook) -> None:
    operation, minutes = line.plan.operations[0], int(WINDOW.total_seconds() // 60)
    reason = (
        f"this line was written more than {WRITES} times on each side within {minutes} minutes: an automation in"
        " Bitable and the database seem to answer each other. It is left alone until somebody edits it or"
        " `syncer failures retry`"
    )
    notebook.refused(line, operation, [], Refusal("loop", reason))
    record, key, now = line.id_on(Side.FEISHU), line.id_on(Side.DATABASE), tools.clock.now()
    assert line.link is not None
    notebook.audits.append(Audit(line.link.id, operation.side, PAUSED, record, key, {}, {}, reason, now))
    tools.report.failures += 1
    line.plan = LinePlan(blocked=(WHOLE_LINE,))
