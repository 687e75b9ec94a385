"""The actions of a field event: columns of a base compared before and after something was done to them.

Definitions stand in these events as objects with a flattened `property`, unlike the cells of record events. [doc]
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from syncer.simulator.model import Base, Field, Table

if TYPE_CHECKING:
    from syncer.simulator.world import World

Pictures = dict[str, dict[str, dict[str, Any]]]
"""Definitions by table_id and field_id."""


@dataclass(frozen=True, slots=True)
class FieldCommit:
    """What one act did to the columns of one table."""

    base: Base
    table: Table
    actor: str
    actions: list[dict[str, Any]]
    at_ms: int


@contextmanager
def fields_watched(world: "World", base: Base, actor: str | None = None) -> Iterator[None]:
    """Make field events of what the block does to the base's columns; costs nothing when nobody subscribed.

    `actor` is an open_id, left out: somebody.
    """
    if not world.desk.heard(base):
        yield
        return
    before = _pictures(base)
    yield
    after = _pictures(base)
    for table_id in before.keys() & after.keys():
        actions = list(_actions(before[table_id], after[table_id]))
        if actions:
            who, now = actor or world.somebody(), world.clock.now_ms()
            world.desk.fields_changed(FieldCommit(base, base.tables[table_id], who, actions, now))


def _pictures(base: Base) -> Pictures:
    return {
        table.table_id: {each.field_id: _picture(base, each) for each in table.fields.values()}
        for table in base.tables.values()
    }


def _picture(base: Base, of: Field) -> dict[str, Any]:
    found = {key: value for key, value in of.property.items() if key != "result_type"}
    if of.type in {3, 4, 24}:
        found["options"] = [{"id": each.id, "name": each.name, "color": each.color} for each in of.options.values()]
    if of.expression:
        found["formula_expression"] = str(of.expression)
    target = base.tables.get(found.get("table_id", ""))
    if target:
        found["table_name"] = target.name
    return {"id": of.field_id, "name": of.name, "type": of.type, "description": of.description, "property": found}


def _actions(before: dict[str, Any], after: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for field_id in {**before, **after}:
        old, new = before.get(field_id), after.get(field_id)
        if old == new:
            continue
        if old is None:
            yield {"action": "field_added", "field_id": field_id, "after_value": new}
        elif new is None:
            yield {"action": "field_deleted", "field_id": field_id, "before_value": old}
        else:
            yield {"action": "field_edited", "field_id": field_id, "before_value": old, "after_value": new}
