"""What happens to the cells when a field gets another type: what can be read as the new type is kept, the rest goes."""

from typing import Any

from syncer.simulator.cells.kind import EMPTY, Reading
from syncer.simulator.draft import Draft
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Base, Field, Record, Table
from syncer.simulator.world import World


def retype(world: World, base: Base, table: Table, old: Field, new: Field) -> None:
    """Convert every cell of a field from its old type to its new one."""
    draft = Draft(world, base, table, actor="", human=True)
    reading = Reading(world, base, table)
    kept = {each.record_id: _converted(each, old, new, draft, reading) for each in table.records.values()}
    for record_id, value in kept.items():
        if value is EMPTY:
            table.records[record_id].cells.pop(new.field_id, None)
        else:
            table.records[record_id].cells[new.field_id] = value
    draft.add_options()


def _converted(record: Record, old: Field, new: Field, draft: Draft, reading: Reading) -> Any:
    stored = record.cells.get(old.field_id)
    if stored is None or not new.kind.writable:
        return EMPTY
    for candidate in _candidates(old.kind.plain(stored, old, reading), new.type):
        try:
            return new.kind.take(candidate, new, draft)
        except Refusal:
            continue
    return EMPTY


def _candidates(value: Any, number: int) -> list[Any]:
    parts = [str(each) for each in value] if isinstance(value, list) else [_text(value)]
    if number == 2:
        return [_number(parts[0])]
    if number == 4:
        return [parts]
    if number in {1, 3, 13}:
        return [", ".join(parts)]
    return [value]


def _text(value: Any) -> str:
    return str(value.get("text", "")) if isinstance(value, dict) else str(value)


def _number(text: str) -> Any:
    try:
        return float(text)
    except ValueError:
        return text
