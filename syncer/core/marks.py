"""The mark of a deleted line, taken off again once its other half is back."""

from dataclasses import replace

from syncer.core.mapping import Pair, Rules
from syncer.core.plan import Action, LinePlan, Operation
from syncer.core.records import Link, Side, Unreadable, Version
from syncer.core.values import Value

MARK = "\0mark"
"""The name under which a version holds the marking column or field, beside its pairs."""


def is_marked(rules: Rules, version: Version) -> bool:
    """Whether a line bears the mark of a deleted one."""
    mark = rules.marks.get(version.side)
    return mark is not None and version.values is not None and version.values.get(MARK) == mark.value


def before_mark(rules: Rules, link: Link, survivor: Version) -> Version:
    """A marked line as it was before, where a pair carries its mark: that was no edit of anybody's."""
    pair = _pair(rules, survivor)
    if survivor.values is None or pair is None or pair.name not in link.bases or not is_marked(rules, survivor):
        return survivor
    held = {pair.name: link.bases[pair.name].of(survivor.side)}
    return replace(survivor, values={**survivor.values, **held})


def take_off(rules: Rules, plan: LinePlan, link: Link, survivor: Version, unmarked: Value = None) -> LinePlan:
    """The plan of a pair that is whole again, with the mark taken off the half that bears it.

    ``unmarked`` is what stood in its place, where that is known.
    """
    mark, pair = rules.marks.get(survivor.side), _pair(rules, survivor)
    if mark is None or survivor.values is None or not is_marked(rules, survivor) or plan.differs:
        return plan
    reason = f"the line is back in {survivor.side.other}: its mark is taken off"
    written = plan.operation(survivor.side) or Operation(survivor.side, Action.UPDATE, survivor.line, reason=reason)
    if pair is None:
        written = replace(written, mark=(mark.target, mark.unmarked), unmarked=unmarked)
    elif pair.name in link.bases and pair.name not in written.values:
        base, held = link.bases[pair.name], survivor.values.get(pair.name)
        written = replace(
            written,
            values={**written.values, pair.name: base.of(survivor.side)},
            before={**written.before, pair.name: None if isinstance(held, Unreadable) else held},
            after={**written.after, pair.name: base},
        )
    others = tuple(operation for operation in plan.operations if operation.side is not survivor.side)
    return replace(plan, operations=(*others, written))


def _pair(rules: Rules, survivor: Version) -> Pair | None:
    """The pair that carries a side's mark, if one does."""
    mark = rules.marks.get(survivor.side)
    if mark is None:
        return None
    names = ((pair, pair.field if survivor.side is Side.FEISHU else pair.name) for pair in rules.pairs)
    return next((pair for pair, name in names if name == mark.target), None)
