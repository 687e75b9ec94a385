"""Tells what a dry run would do to one line: every value that would change, conflicts, and what stands in the way."""

from collections.abc import Iterator

from syncer.core.plan import Action, Operation
from syncer.core.records import Side
from syncer.core.values import Json, dump
from syncer.engine.line import Line
from syncer.engine.tools import Tools
from syncer.engine.words import describe, said

MOST_TOLD = 1000
"""So many lines are kept with their values for ``--json``; all are told as they come."""


def tell_plan(tools: Tools, line: Line) -> None:
    """Tell a line's plan in words, and keep it as far as there is room."""
    for operation in line.plan.operations:
        tools.reporter.detail(describe(line, operation))
    for sentence in _beside(tools, line):
        tools.reporter.detail(sentence)
    found = _detail(tools, line)
    if found is None:
        return
    if len(tools.report.details) < MOST_TOLD:
        tools.report.details.append(found)
    else:
        tools.report.details_left_out += 1


def _beside(tools: Tools, line: Line) -> Iterator[str]:
    """What is no operation: conflicts, values that do not fit, fields still lacking, pairings nobody has decided."""
    plan, where = line.plan, line.id_on(Side.FEISHU) or line.id_on(Side.DATABASE)
    for met in plan.collisions:
        who = f"{met.verdict.winner} wins" if met.verdict.winner else "a person decides"
        both = f"Bitable {said(met.clash.feishu)} | database {said(met.clash.database)}"
        yield f"conflict on {_field(tools, met.pair)} of {where}: {both}; {who} ({met.verdict.reason})"
    for unfit in plan.unfit:
        yield f"{_field(tools, unfit.pair)} of {where} does not fit {unfit.side}: {unfit.reason}"
    if plan.held:
        yield f"{where} is held: {', '.join(plan.held)} {'not linked yet' if plan.pending else 'empty'}"
    elif plan.pending:
        yield f"{where} waits with {', '.join(plan.pending)} for a line that is not linked yet"
    if plan.differs:
        fields = ", ".join(_field(tools, name) for name in plan.differs)
        yield f"{where} pairs for the first time and differs in {fields}"


def _field(tools: Tools, pair: str) -> str:
    return tools.lens.pairs[pair].field if pair in tools.lens.pairs else "the line"


def _detail(tools: Tools, line: Line) -> Json:
    plan = line.plan
    if not (plan.operations or plan.collisions or plan.unfit or plan.held or plan.differs):
        return None
    return {
        "record_id": line.id_on(Side.FEISHU),
        "key": line.id_on(Side.DATABASE),
        "operations": [_operation(operation) for operation in plan.operations],
        "conflicts": [
            {
                "field": _field(tools, met.pair),
                "feishu": dump(met.clash.feishu),
                "database": dump(met.clash.database),
                "winner": met.verdict.winner.value if met.verdict.winner else None,
                "reason": met.verdict.reason,
            }
            for met in plan.collisions
        ],
        "failures": [
            {"field": _field(tools, one.pair), "side": one.side.value, "message": one.reason} for one in plan.unfit
        ],
        "held": list(plan.held),
        "differs": [_field(tools, name) for name in plan.differs],
    }


def _operation(operation: Operation) -> Json:
    names = operation.before if operation.action is Action.DELETE else operation.values
    fields: dict[str, Json] = {
        name: {"before": dump(operation.before.get(name)), "after": dump(operation.values.get(name))} for name in names
    }
    return {
        "side": operation.side.value,
        "action": operation.action.value,
        "fields": fields,
        "reason": operation.reason,
    }
