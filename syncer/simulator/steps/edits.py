"""Steps of people: what users do in the table while nobody asks.

Cells are given as the API takes them; text may also be segments, and a computed field takes the value it is to show.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from syncer.simulator.cells.computed import Computed
from syncer.simulator.draft import Draft
from syncer.simulator.events.field_actions import fields_watched
from syncer.simulator.model import Base, Field, Option, Record, Table
from syncer.simulator.schema import delete_field as drop_field
from syncer.simulator.schema import drop_options, overwrite_field, shown_property
from syncer.simulator.steps.places import field_of, place
from syncer.simulator.world import World

Cells = dict[str, Any]


def _draft(world: World, app_token: str, table_id: str, by: str | None) -> Draft:
    base, table = place(world, app_token, table_id)
    return Draft(world, base, table, by or world.somebody(), human=True)


def _split(table: Table, cells: Cells) -> tuple[Cells, Cells]:
    computed = {name for name in cells if name in table.by_name and isinstance(table.by_name[name].kind, Computed)}
    written = {name: value for name, value in cells.items() if name not in computed}
    return written, {name: cells[name] for name in computed}


def _compute(world: World, table: Table, record: Record, values: Cells) -> None:
    if not values:
        return
    record.computed |= {table.by_name[name].field_id: value for name, value in values.items()}
    record.rendered = None
    table.stamp += 1
    table.revision += world.switches.computed_bumps_revision


def add_records(world: World, app_token: str, table_id: str, records: list[Cells], by: str | None = None) -> list[str]:
    """Add records in one go; returns their ids."""
    draft = _draft(world, app_token, table_id, by)
    parts = [_split(draft.table, cells) for cells in records]
    added = [draft.create(written) for written, _ in parts]
    draft.commit()
    for record, (_, computed) in zip(added, parts, strict=True):
        _compute(world, draft.table, record, computed)
    return [record.record_id for record in added]


def edit_records(world: World, app_token: str, table_id: str, records: dict[str, Cells], by: str | None = None) -> None:
    """Change cells of several records, by record id."""
    draft = _draft(world, app_token, table_id, by)
    parts = {record_id: _split(draft.table, cells) for record_id, cells in records.items()}
    for record_id, (written, _) in parts.items():
        if written:
            draft.update(record_id, written)
    if draft.edits:
        draft.commit()
    for record_id, (_, computed) in parts.items():
        _compute(world, draft.table, draft.existing(record_id), computed)


def edit_record(
    world: World, app_token: str, table_id: str, record_id: str, fields: Cells, by: str | None = None
) -> None:
    """Change cells of one record; None clears, formula fields take a new computed value."""
    edit_records(world, app_token, table_id, {record_id: fields}, by)


def delete_records(world: World, app_token: str, table_id: str, record_ids: list[str], by: str | None = None) -> None:
    """Delete records; they can be restored."""
    draft = _draft(world, app_token, table_id, by)
    for record_id in record_ids:
        draft.delete(record_id)
    draft.commit()


def restore_records(world: World, app_token: str, table_id: str, record_ids: list[str], by: str | None = None) -> None:
    """Bring deleted records back under their old ids, as they were."""
    draft = _draft(world, app_token, table_id, by)
    draft.created = [draft.table.trash.pop(record_id) for record_id in record_ids]
    draft.commit()


def _change_field(
    world: World, app_token: str, table_id: str, name: str, change: Callable[[Field, dict[str, Any]], None]
) -> Field:
    base, table = place(world, app_token, table_id)
    of = field_of(table, name)
    spec = {
        "field_name": of.name,
        "type": of.type,
        "ui_type": of.ui_type,
        "property": shown_property(of),
        "description": of.description,
    }
    change(of, spec)
    with fields_watched(world, base):
        overwrite_field(world, base, table, of, spec)
    return of


def rename_field(world: World, app_token: str, table_id: str, field: str, name: str) -> None:
    """Give a field another name."""
    _change_field(world, app_token, table_id, field, lambda _, spec: spec.update(field_name=name))


def retype_field(
    world: World,
    app_token: str,
    table_id: str,
    field: str,
    type: int,  # noqa: A002 - the name the API uses
    ui_type: str | None = None,
    property: dict[str, Any] | None = None,  # noqa: A002 - the name the API uses
) -> None:
    """Give a field another type; cells that cannot be read as the new type are lost."""
    new = {"type": type, "ui_type": ui_type, "property": property}
    _change_field(world, app_token, table_id, field, lambda _, spec: spec.update(new))


def delete_field(world: World, app_token: str, table_id: str, field: str) -> None:
    """Delete a field."""
    base, table = place(world, app_token, table_id)
    with fields_watched(world, base):
        drop_field(base, table, field_of(table, field))


def set_expression(world: World, app_token: str, table_id: str, field: str, expression: dict[str, Any] | None) -> None:
    """Give a formula or lookup field its expression (see `cells/computed`); values set by hand go."""
    base, table = place(world, app_token, table_id)
    of = field_of(table, field)
    with fields_watched(world, base):
        of.expression = expression
    for record in table.records.values():
        record.computed.pop(of.field_id, None)
    table.schema_changed()


def add_option(world: World, app_token: str, table_id: str, field: str, name: str) -> str:
    """Add an option to a select field; returns its id."""
    base, table = place(world, app_token, table_id)
    of = field_of(table, field)
    option = Option(world.ids.option(), name, len(of.options) % 55)
    with _touched(world, base, table):
        of.options[option.id] = option
    return option.id


def rename_option(world: World, app_token: str, table_id: str, field: str, old: str, new: str) -> None:
    """Give an option another name: every cell that has it reads differently, no record is touched."""
    base, table = place(world, app_token, table_id)
    with _touched(world, base, table):
        _option(table, field, old).name = new


def delete_option(world: World, app_token: str, table_id: str, field: str, name: str) -> None:
    """Delete an option, out of every cell too."""
    base, table = place(world, app_token, table_id)
    with _touched(world, base, table):
        del field_of(table, field).options[_option(table, field, name).id]
        drop_options(table, field_of(table, field))


def _option(table: Table, field: str, name: str) -> Option:
    found = field_of(table, field).option(name)
    if found is None:
        raise ValueError(f"field {field} has no option {name!r}")
    return found


@contextmanager
def _touched(world: World, base: Base, table: Table) -> Iterator[None]:
    with fields_watched(world, base):
        yield
        table.schema_changed()
        table.revision += 1


def filter_view(world: World, app_token: str, table_id: str, view_id: str, filter_info: dict[str, Any] | None) -> None:
    """Give a view a filter, in the form of view patch."""
    _, table = place(world, app_token, table_id)
    table.views[view_id].property["filter_info"] = filter_info
    table.stamp += 1


OPS = {
    each.__name__: each
    for each in (
        add_records,
        edit_records,
        edit_record,
        delete_records,
        restore_records,
        rename_field,
        retype_field,
        delete_field,
        set_expression,
        add_option,
        rename_option,
        delete_option,
        filter_view,
    )
}
