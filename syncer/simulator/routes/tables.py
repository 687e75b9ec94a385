"""Tables of a base: list, create, rename, delete."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.model import Base, Table
from syncer.simulator.paging import Page, cut_by_id
from syncer.simulator.quotas import PER_SECOND_10, PER_SECOND_20
from syncer.simulator.routes.access import READ_ALL, WRITE_ALL, base_for, schema_for
from syncer.simulator.schema import add_table, delete_table, rename_table
from syncer.simulator.world import World

_PATH = "/open-apis/bitable/v1/apps/{app_token}/tables"
MOST_DELETED = 50


def list_tables(world: World, call: Call) -> Page:
    """Return a page of tables, each with its revision."""
    base = base_for(world, call, "read")
    items = [{"table_id": each.table_id, "revision": each.revision, "name": each.name} for each in base.tables.values()]
    page = cut_by_id(items, "table_id", call.query, world)
    call.records = len(page.items)
    return page


def create(world: World, call: Call) -> dict[str, Any]:
    """Create a table."""
    spec = call.json().get("table")
    base = _manageable(world, call)
    table = _added(world, base, spec)
    if not isinstance(spec, dict) or not spec.get("fields"):
        return {"table_id": table.table_id}
    view_id = next(iter(table.views))
    return {"table_id": table.table_id, "default_view_id": view_id, "field_id_list": list(table.fields)}


def _manageable(world: World, call: Call) -> Base:
    base = base_for(world, call, "edit")
    if base.role(call.app.app_id):
        raise Refusal(1254304)
    return base


def _added(world: World, base: Base, spec: object) -> Table:
    if not isinstance(spec, dict):
        raise Refusal(1254001)
    fields, view = spec.get("fields") or [], spec.get("default_view_name") or ""
    if not isinstance(fields, list) or (view and not fields):
        raise Refusal(1254001)
    return add_table(world, base, spec.get("name"), fields, view)


def batch_create(world: World, call: Call) -> dict[str, Any]:
    """Create several tables by name."""
    specs = call.json().get("tables")
    if not isinstance(specs, list) or not specs:
        raise Refusal(1254001)
    base = _manageable(world, call)
    return {"table_ids": [_added(world, base, spec).table_id for spec in specs]}


def rename(world: World, call: Call) -> dict[str, Any]:
    """Rename a table."""
    name = call.json().get("name")
    base, table = schema_for(world, call)
    rename_table(base, table, name)
    return {"name": table.name}


def delete(world: World, call: Call) -> dict[str, Any]:
    """Delete a table."""
    base, table = schema_for(world, call)
    delete_table(base, table)
    return {}


def batch_delete(world: World, call: Call) -> dict[str, Any]:
    """Delete up to 50 tables."""
    ids = call.json().get("table_ids")
    if not isinstance(ids, list) or not 0 < len(ids) <= MOST_DELETED:
        raise Refusal(1254001)
    base = _manageable(world, call)
    tables = [world.table(base, str(each)) for each in ids]
    if len(tables) >= len(base.tables):
        raise Refusal(1254034)
    for table in tables:
        delete_table(base, table)
    return {}


_READ = READ_ALL | {"base:table:read"}
_CREATE = WRITE_ALL | {"base:table:create"}
_UPDATE = WRITE_ALL | {"base:table:update"}
_DELETE = WRITE_ALL | {"base:table:delete"}

ROUTES = (
    Route("bitable.table.list", "GET", _PATH, list_tables, _READ, PER_SECOND_20),
    Route("bitable.table.create", "POST", _PATH, create, _CREATE, PER_SECOND_10),
    Route("bitable.table.batch_create", "POST", f"{_PATH}/batch_create", batch_create, _CREATE, PER_SECOND_10),
    Route("bitable.table.batch_delete", "POST", f"{_PATH}/batch_delete", batch_delete, _DELETE, PER_SECOND_10),
    Route("bitable.table.patch", "PATCH", f"{_PATH}/{{table_id}}", rename, _UPDATE, PER_SECOND_10),
    Route("bitable.table.delete", "DELETE", f"{_PATH}/{{table_id}}", delete, _DELETE, PER_SECOND_10),
)
