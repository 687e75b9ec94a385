"""Formulas, lookups, stages and buttons: cells that the API shows and does not take.

A formula's value is either set for one record, or worked out from the field's expression, a small table:
`{"concat": [...]}`, `{"sum": [...]}`, `{"product": [...]}`, `{"difference": [a, b]}` of field names and
`{"value": constant}`, and `{"lookup": "field", "through": "link field"}`.
"""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

import math
from collections.abc import Iterable
from typing import Any

from syncer.simulator.cells.kind import Kind, Reading
from syncer.simulator.model import Field, Record, Stored

_DEEPEST = 8
_UI_TYPES = {1: "Text", 2: "Number", 5: "DateTime", 7: "Checkbox"}


class Computed(Kind):
    """A formula (20) or lookup (19): read as `{"type", "value": [...]}`."""

    writable = False
    operators = frozenset()
    in_events = False

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the list of values, None when there is none."""
        until, before = record.held_back.get(of.field_id, (0.0, None))
        if reading.world.clock.now() < until:
            return before
        if of.field_id in record.computed:
            found = record.computed[of.field_id]
        elif of.expression:
            found = _work_out(of.expression, record, reading)
        else:
            return None
        values = found if isinstance(found, list) else [found]
        return [value for value in values if value is not None and value != ""] or None

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the typed list; number and date may come bare, by a switch."""
        kind = of.property.get("result_type") or _type_of(stored[0])
        values = [{"type": "text", "text": str(value)} for value in stored] if kind == 1 else stored
        bare = reading.world.switches.formula_value == "scalar" and kind in {2, 5} and len(values) == 1
        shown = {"type": kind, "value": values[0] if bare else values}
        if reading.world.switches.formula_ui_type:
            shown["ui_type"] = _UI_TYPES.get(kind, "Text")
        return shown

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the one value, or the list of several."""
        return stored[0] if len(stored) == 1 else stored

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Sort numbers by size before everything else by its text."""
        first = stored[0]
        return (0, float(first), "") if isinstance(first, int | float) else (1, 0.0, str(first))


def hold_back(records: Iterable[Record], reading: Reading) -> None:
    """Let formulas of records that are about to be written show for a while what they show now."""
    seconds, now = reading.world.switches.computed_lag_seconds, reading.world.clock.now()
    formulas = [each for each in reading.table.fields.values() if each.expression and isinstance(each.kind, Computed)]
    for record in records if seconds else ():
        for of in formulas:
            known = record.record_id in reading.table.records
            record.held_back[of.field_id] = (now + seconds, of.kind.stored(record, of, reading) if known else None)


class Stage(Kind):
    """A stage of a workflow: shown like a single select, written by people only."""

    code = 1254062
    writable = False

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the id of the stage's option."""
        return stored


class Button(Kind):
    """A button: it has no value."""

    writable = False
    operators = frozenset()
    in_events = False


def _type_of(value: Any) -> int:
    if isinstance(value, bool):
        return 7
    return 2 if isinstance(value, int | float) else 1


def _work_out(expression: dict[str, Any], record: Record, reading: Reading) -> Any:
    if reading.deep > _DEEPEST:
        return None
    inner = Reading(reading.world, reading.base, reading.table, reading.user_id_type, reading.deep + 1)
    if "lookup" in expression:
        return _look_up(expression, record, inner)
    name, parts = next(iter(expression.items()))
    values = [part["value"] if isinstance(part, dict) else _cell(part, record, inner) for part in parts]
    if name == "concat":
        return "".join(_as_text(value) for value in values)
    numbers = [float(value or 0) for value in values]
    if name == "difference":
        return numbers[0] - sum(numbers[1:])
    return sum(numbers) if name == "sum" else math.prod(numbers)


def _look_up(expression: dict[str, Any], record: Record, reading: Reading) -> list[Any]:
    through = reading.table.by_name[expression["through"]]
    target = reading.base.tables[through.property["table_id"]]
    there = Reading(reading.world, reading.base, target, reading.user_id_type, reading.deep)
    linked = record.cells.get(through.field_id, [])
    return [_cell(expression["lookup"], target.records[each], there) for each in linked if each in target.records]


def _cell(name: str, record: Record, reading: Reading) -> Any:
    of = reading.table.by_name[name]
    stored = of.kind.stored(record, of, reading)
    return None if stored is None else of.kind.plain(stored, of, reading)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
