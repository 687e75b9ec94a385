"""Fields of a table: list, create, overwrite, delete."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.events.field_actions import fields_watched
from syncer.simulator.gateway import Route
from syncer.simulator.paging import Page, cut_by_id
from syncer.simulator.quotas import PER_SECOND_10, PER_SECOND_20
from syncer.simulator.routes.access import READ_ALL, WRITE_ALL, field_for, role_in, schema_for, table_for
from syncer.simulator.schema import add_field, delete_field, overwrite_field, shown_field
from syncer.simulator.world import World

_PATH = "/open-apis/bitable/v1/apps/{app_token}/tables/{table_id}/fields"


def list_fields(world: World, call: Call) -> Page:
    """Return a page of fields in column order; those hidden from the app are left out."""
    as_array = call.flag("text_field_as_array")
    base, table = table_for(world, call, "read")
    role = role_in(base, call)
    hidden = role.hidden_fields if role else frozenset()
    items = [
        shown_field(each, description_as_array=as_array) for each in table.fields.values() if each.name not in hidden
    ]
    page = cut_by_id(items, "field_id", call.query, world)
    call.records = len(page.items)
    return page


def create(world: World, call: Call) -> dict[str, Any]:
    """Create a field."""
    spec = call.json()
    base, table = schema_for(world, call)
    with fields_watched(world, base, call.app.bot.open_id):
        return {"field": shown_field(add_field(world, base, table, spec))}


def update(world: World, call: Call) -> dict[str, Any]:
    """Overwrite a field with what is sent."""
    spec = call.json()
    base, table = schema_for(world, call)
    of = field_for(table, call)
    with fields_watched(world, base, call.app.bot.open_id):
        overwrite_field(world, base, table, of, spec)
    return {"field": shown_field(of)}


def delete(world: World, call: Call) -> dict[str, Any]:
    """Delete a field."""
    base, table = schema_for(world, call)
    of = field_for(table, call)
    with fields_watched(world, base, call.app.bot.open_id):
        delete_field(base, table, of)
    return {"field_id": of.field_id, "deleted": True}


_READ = READ_ALL | {"base:field:read"}
_CREATE = WRITE_ALL | {"base:field:create"}
_UPDATE = WRITE_ALL | {"base:field:update"}
_DELETE = WRITE_ALL | {"base:field:delete"}

ROUTES = (
    Route("bitable.field.list", "GET", _PATH, list_fields, _READ, PER_SECOND_20),
    Route("bitable.field.create", "POST", _PATH, create, _CREATE, PER_SECOND_10, writes=True),
    Route("bitable.field.update", "PUT", f"{_PATH}/{{field_id}}", update, _UPDATE, PER_SECOND_10, writes=True),
    Route("bitable.field.delete", "DELETE", f"{_PATH}/{{field_id}}", delete, _DELETE, PER_SECOND_10, writes=True),
)
