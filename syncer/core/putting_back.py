"""What becomes of an edit that our own write overwrote: it counts as if it had stood there when we planned.

The field's own policy decides. Where that leaves the cell as we wrote it, the edit is told and that is all; else it is
put back, with a base that makes the next plan of the line come to what was decided.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from syncer.core.conflicts import Clash, Third, Verdict
from syncer.core.mapping import Merge, Pair, Rules
from syncer.core.plan import Collision, LinePlan
from syncer.core.planner import Desk, plan_line
from syncer.core.records import Base, Link, Side, Told, Unreadable, Version
from syncer.core.values import Value


@dataclass(frozen=True, slots=True)
class Edit:
    """An edit in Bitable that was overwritten. ``base`` is what both sides held before; ``told`` says when it was."""

    pair: str
    base: Base
    value: Value
    told: Told | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """``met`` tells of the conflict; with ``base`` the edit is put back, and this is the pair's base from then on."""

    met: Collision | None = None
    base: Base | None = None


def decide(rules: Rules, edit: Edit, database: Version, now: datetime) -> Decision:
    """Let the policy of the field decide between an edit and what the row holds."""
    pair = next(pair for pair in rules.pairs if pair.name == edit.pair)
    held = (database.values or {}).get(edit.pair)
    row = None if isinstance(held, Unreadable) else held
    plan = _as_if(rules, pair, edit, database, now)
    met = plan.collisions[0] if plan.collisions else None
    if met is not None:
        return Decision(met, _base_after(edit, met.verdict, row))
    verdict = _verdict(pair, plan)
    clash = Clash(edit.value, row, {}, rules.tie, rules.tolerance)
    untouched = verdict.winner is Side.DATABASE or (pair.merge is not Merge.REGISTER and not plan.operations)
    return Decision(Collision(edit.pair, clash, verdict, edit.base), None if untouched else edit.base)


def _as_if(rules: Rules, pair: Pair, edit: Edit, database: Version, now: datetime) -> LinePlan:
    """The plan of the field alone, had the record held the edit."""
    record = Version(Side.FEISHU, "", {pair.name: edit.value}, now, told={pair.name: edit.told} if edit.told else {})
    row = replace(database, values={pair.name: (database.values or {}).get(pair.name)})
    link = Link(None, "", database.line, {pair.name: edit.base})
    return plan_line(replace(rules, pairs=(pair,)), link, record, row, Desk(now=now))


def _base_after(edit: Edit, verdict: Verdict, row: Value) -> Base | None:
    """The base with which the next plan carries the edit over, or meets the same conflict again."""
    if verdict.winner is Side.DATABASE:
        return None
    return Base(edit.base.feishu, row) if verdict.winner is Side.FEISHU else edit.base


def _verdict(pair: Pair, plan: LinePlan) -> Verdict:
    if plan.unfit:
        return Verdict(Side.FEISHU, f"it cannot be carried over: {plan.unfit[0].reason}")
    if plan.operation(Side.DATABASE) is not None:
        if pair.merge is Merge.REGISTER:
            return Verdict(Side.FEISHU, "the database holds by now what both held before")
        return Verdict(Third.MERGED, f"merge {pair.merge}: both changes are kept")
    if plan.operation(Side.FEISHU) is None:
        return Verdict(Side.DATABASE, "it means what the database holds")
    if pair.accepts(Side.DATABASE):
        return Verdict(Third.MERGED, f"merge {pair.merge}: the database holds it already")
    return Verdict(Side.DATABASE, "one direction: the database decides")
