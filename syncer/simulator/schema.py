"""Tables and fields: how they come to be, change and go. Used by the API and by people's edits alike."""

from typing import Any

from syncer.simulator import properties
from syncer.simulator.cells.registry import PRIMARY_TYPES, TYPES, FieldType
from syncer.simulator.convert import retype
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Base, Field, Option, Table, View
from syncer.simulator.world import World

MOST_FIELDS = 300
MOST_FORMULAS = 100
MOST_TABLES = 100
MOST_VIEWS = 200
_FORBIDDEN_IN_TABLE_NAMES = frozenset("/\\?*:[]")
_VIEW_TYPES = frozenset({"grid", "kanban", "gallery", "gantt", "form"})
_DUPLEX = 21


def add_table(
    world: World, base: Base, name: object, fields: list[dict[str, Any]], view: str = "", *, by_api: bool = True
) -> Table:
    """Add a table with its fields (the first is primary) and one view; `by_api` takes only types the API creates."""
    checked = _table_name(base, name)
    if len(base.tables) >= MOST_TABLES:
        raise Refusal(1254100)
    table = Table(world.ids.table(), checked)
    for spec in fields or [{"field_name": "多行文本", "type": 1}]:
        add_field(world, base, table, spec, by_api=by_api)
    view_id = world.ids.view()
    table.views[view_id] = View(view_id, view or "表格", "grid")
    base.tables[table.table_id] = table
    base.revision += 1
    return table


def _table_name(base: Base, name: object) -> str:
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 100 or _FORBIDDEN_IN_TABLE_NAMES & set(name):
        raise Refusal(1254001)
    if any(table.name == name.strip() for table in base.tables.values()):
        raise Refusal(1254013)
    return name.strip()


def rename_table(base: Base, table: Table, name: object) -> None:
    """Give a table another name."""
    if name != table.name:
        table.name = _table_name(base, name)
        table.revision += 1
        base.revision += 1


def delete_table(base: Base, table: Table) -> None:
    """Take a table away; the last one stays (1254034)."""
    if len(base.tables) == 1:
        raise Refusal(1254034)
    del base.tables[table.table_id]
    base.revision += 1


def add_field(world: World, base: Base, table: Table, spec: dict[str, Any], *, by_api: bool = True) -> Field:
    """Add a column; a two-way link also adds its other half to the table it points at."""
    added = _new_field(world, base, table, spec, by_api=by_api)
    if added.is_primary and added.type not in PRIMARY_TYPES:
        raise Refusal(1254012)
    _check_room(table, added)
    table.put_field(added)
    table.revision += 1
    if added.type == _DUPLEX:
        _add_other_half(world, base, table, added)
    return added


def _check_room(table: Table, added: Field) -> None:
    formulas = len(table.of_kind(20))
    if len(table.fields) >= MOST_FIELDS or (added.type == 20 and formulas >= MOST_FORMULAS):
        raise Refusal(1254105)


def _new_field(world: World, base: Base, table: Table, spec: dict[str, Any], *, by_api: bool) -> Field:
    name = _field_name(table, spec.get("field_name"))
    known, ui_type = _type(spec, by_api=by_api)
    found = properties.checked(known.number, ui_type, spec.get("property"), base)
    options = _options(world, found.pop("options", []) if known.number in {3, 4, 24} else [], {})
    return Field(
        field_id=world.ids.field(),
        name=name,
        type=known.number,
        ui_type=ui_type,
        kind=known.kinds[ui_type],
        property=found,
        options=options,
        description=_description(spec),
        is_primary=not table.fields,
        expression=None if by_api else spec.get("expression"),
    )


def _field_name(table: Table, given: object, own: Field | None = None) -> str:
    if not isinstance(given, str) or not given.strip():
        raise Refusal(1254028)
    name = given.strip()
    if name in table.by_name and table.by_name[name] is not own:
        raise Refusal(1254014)
    return name


def _type(spec: dict[str, Any], *, by_api: bool) -> tuple[FieldType, str]:
    number = spec.get("type")
    known = TYPES.get(number) if isinstance(number, int) else None
    if known is None or (by_api and not known.by_api):
        raise Refusal(1254012)
    ui_type = spec.get("ui_type") or known.ui_type
    if ui_type not in known.kinds:
        raise Refusal(1254015)
    return known, ui_type


def _description(spec: dict[str, Any]) -> str:
    given = spec.get("description")
    return str(given.get("text") or "") if isinstance(given, dict) else str(given or "")


def _options(world: World, given: list[dict[str, Any]], present: dict[str, Option]) -> dict[str, Option]:
    options: dict[str, Option] = {}
    for each in given:
        kept = present.get(each.get("id", ""))
        color = each.get("color", kept.color if kept else len(options) % 55)
        option_id = kept.id if kept else world.ids.option()
        options[option_id] = Option(option_id, each["name"], color)
    return options


def _add_other_half(world: World, base: Base, table: Table, half: Field) -> None:
    target = base.tables[half.property["table_id"]]
    wanted = half.property.get("back_field_name") or table.name
    name = wanted if wanted not in target.by_name else f"{wanted}-{half.field_id}"
    kind = TYPES[_DUPLEX].kinds["DuplexLink"]
    other = Field(world.ids.field(), name, _DUPLEX, "DuplexLink", kind)
    other.property = {"table_id": table.table_id, "multiple": True, **_back(half)}
    target.put_field(other)
    target.revision += 1
    half.property |= _back(other)


def _back(other: Field) -> dict[str, str]:
    return {"back_field_name": other.name, "back_field_id": other.field_id}


def overwrite_field(world: World, base: Base, table: Table, of: Field, spec: dict[str, Any]) -> None:
    """Replace name, type, property and description. Options sent without their id are made anew; 1254606 if equal."""
    name = _field_name(table, spec.get("field_name"), of)
    known, ui_type = _type(spec, by_api=spec.get("type") != of.type)
    if of.is_primary and known.number not in PRIMARY_TYPES:
        raise Refusal(1254012)
    found = properties.checked(known.number, ui_type, spec.get("property"), base)
    options = _options(world, found.pop("options", []) if known.number in {3, 4, 24} else [], of.options)
    if known.number == _DUPLEX == of.type:
        found = {**of.property, **found}
    after = (name, known.number, ui_type, found, options, _description(spec))
    if after == (of.name, of.type, of.ui_type, of.property, of.options, of.description):
        raise Refusal(1254606)
    retyped = known.kinds[ui_type] is not of.kind
    old = Field(of.field_id, of.name, of.type, of.ui_type, of.kind, of.property, of.options)
    of.name, of.type, of.ui_type, of.property, of.options, of.description = after
    of.kind = known.kinds[ui_type]
    table.schema_changed()
    table.revision += 1
    _settle_cells(world, base, table, (old, of), retyped=retyped)


def _settle_cells(world: World, base: Base, table: Table, change: tuple[Field, Field], *, retyped: bool) -> None:
    old, new = change
    if retyped:
        retype(world, base, table, old, new)
    elif old.options.keys() - new.options.keys():
        drop_options(table, new)


def drop_options(table: Table, of: Field) -> None:
    """Take options that are gone out of every cell."""
    for record in table.records.values():
        stored = record.cells.get(of.field_id)
        left = [each for each in ([stored] if isinstance(stored, str) else stored or []) if each in of.options]
        if left:
            record.cells[of.field_id] = left[0] if isinstance(stored, str) else left
        else:
            record.cells.pop(of.field_id, None)


def delete_field(base: Base, table: Table, of: Field) -> None:
    """Take a column away with its cells, and the other half of a two-way link; the primary one stays (1254046)."""
    if of.is_primary:
        raise Refusal(1254046)
    _drop_field(table, of)
    target = base.tables.get(of.property.get("table_id", ""))
    other = target.fields.get(of.property.get("back_field_id", "")) if target else None
    if target and other:
        _drop_field(target, other)


def _drop_field(table: Table, of: Field) -> None:
    del table.fields[of.field_id]
    for record in table.records.values():
        record.cells.pop(of.field_id, None)
    table.schema_changed()
    table.revision += 1


def add_view(world: World, table: Table, name: object, view_type: object = "grid") -> View:
    """Add a view."""
    if not isinstance(name, str) or not name:
        raise Refusal(1254021)
    if len(name) > 100 or set(name) & set("[]"):
        raise Refusal(1254022)
    if view_type not in _VIEW_TYPES:
        raise Refusal(1254019)
    if any(view.name == name for view in table.views.values()):
        raise Refusal(1254020)
    if len(table.views) >= MOST_VIEWS:
        raise Refusal(1254101)
    view = View(world.ids.view(), name, str(view_type))
    table.views[view.view_id] = view
    return view


def shown_property(of: Field) -> dict[str, Any] | None:
    """Return a field's property as the API shows it, null when there is nothing."""
    found = {key: value for key, value in of.property.items() if key != "result_type"}
    if of.type in {3, 4, 24}:
        found["options"] = [{"id": each.id, "name": each.name, "color": each.color} for each in of.options.values()]
    return found or None


def shown_field(of: Field, *, description_as_array: bool = False) -> dict[str, Any]:
    """Return a field as the API shows it."""
    text = of.description
    described: object = [{"type": "text", "text": text}] if description_as_array and text else text
    return {
        "field_id": of.field_id,
        "field_name": of.name,
        "type": of.type,
        "ui_type": of.ui_type,
        "is_primary": of.is_primary,
        "is_hidden": False,
        "property": shown_property(of),
        "description": described,
    }
