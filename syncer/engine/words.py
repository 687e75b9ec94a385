"""A planned operation in words, for people who look before they let it happen."""

from datetime import date, datetime
from decimal import Decimal

from syncer.core.plan import Action, Operation
from syncer.core.values import Value, is_empty, plain
from syncer.engine.line import Line

_LONGEST = 60


def describe(line: Line, operation: Operation) -> str:
    """One planned operation: what is done where, and every value that moves."""
    where = line.id_on(operation.side) or line.id_on(operation.side.other)
    if operation.action is Action.CREATE:
        filled = {name: value for name, value in operation.values.items() if not is_empty(value)}
        changes = [f"{name} {said(value)}" for name, value in filled.items()]
    else:
        changes = [
            f"{name} {said(operation.before.get(name))} -> {said(value)}" for name, value in operation.values.items()
        ]
    what = f"{operation.action} in {operation.side}{f' {where}' if where else ''}"
    return f"{what}: {', '.join(changes) or operation.reason}"


def said(value: Value) -> str:
    """A value for people, cut where it is long."""
    if is_empty(value):
        return "(empty)"
    if isinstance(value, Decimal):
        return f"{plain(value):f}"
    if isinstance(value, date | datetime):
        return value.isoformat()
    if isinstance(value, frozenset | tuple):
        return f"[{', '.join(sorted(map(str, value)) if isinstance(value, frozenset) else map(str, value))}]"
    return repr(value if not isinstance(value, str) or len(value) <= _LONGEST else f"{value[:_LONGEST]}...")
