"""Views of a table: list, create, get, patch, delete."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.model import Table, View
from syncer.simulator.paging import Page, cut_by_id
from syncer.simulator.quotas import PER_SECOND_10, PER_SECOND_20
from syncer.simulator.routes.access import READ_ALL, WRITE_ALL, schema_for, table_for
from syncer.simulator.schema import add_view
from syncer.simulator.world import World

_PATH = "/open-apis/bitable/v1/apps/{app_token}/tables/{table_id}/views"
_PROPERTIES = ("filter_info", "hidden_fields", "hierarchy_config")


def list_views(world: World, call: Call) -> Page:
    """Return a page of views."""
    _, table = table_for(world, call, "read")
    page = cut_by_id([_shown(view) for view in table.views.values()], "view_id", call.query, world)
    call.records = len(page.items)
    return page


def _shown(view: View) -> dict[str, Any]:
    return {"view_id": view.view_id, "view_name": view.name, "view_type": view.type, "view_public_level": "Public"}


def get(world: World, call: Call) -> dict[str, Any]:
    """Return one view with its property."""
    _, table = table_for(world, call, "read")
    view = _view(table, call)
    return {"view": _shown(view) | {"property": view.property}}


def _view(table: Table, call: Call) -> View:
    view_id = call.params["view_id"]
    if not view_id.startswith("vew") or len(view_id) > 50:
        raise Refusal(1254005)
    if view_id not in table.views:
        raise Refusal(1254042)
    return table.views[view_id]


def create(world: World, call: Call) -> dict[str, Any]:
    """Create a view."""
    body = call.json()
    _, table = schema_for(world, call)
    return {"view": _shown(add_view(world, table, body.get("view_name"), body.get("view_type") or "grid"))}


def patch(world: World, call: Call) -> dict[str, Any]:
    """Change a view's name and property."""
    body = call.json()
    _, table = schema_for(world, call)
    view = _view(table, call)
    given = body.get("property") or {}
    if not isinstance(given, dict):
        raise Refusal(1254001)
    view.property |= {key: given[key] for key in _PROPERTIES if key in given}
    view.name = str(body.get("view_name") or view.name)
    table.stamp += 1
    return {"view": _shown(view) | {"property": view.property}}


def delete(world: World, call: Call) -> dict[str, Any]:
    """Delete a view; the last one stays (1254023)."""
    _, table = schema_for(world, call)
    view = _view(table, call)
    if len(table.views) == 1:
        raise Refusal(1254023)
    del table.views[view.view_id]
    return {}


_READ = READ_ALL | {"base:view:read"}
_WRITE = WRITE_ALL | {"base:view:write_only"}

ROUTES = (
    Route("bitable.view.list", "GET", _PATH, list_views, _READ, PER_SECOND_20),
    Route("bitable.view.get", "GET", f"{_PATH}/{{view_id}}", get, _READ, PER_SECOND_20),
    Route("bitable.view.create", "POST", _PATH, create, _WRITE, PER_SECOND_10, writes=True),
    Route("bitable.view.patch", "PATCH", f"{_PATH}/{{view_id}}", patch, _WRITE, PER_SECOND_10, writes=True),
    Route("bitable.view.delete", "DELETE", f"{_PATH}/{{view_id}}", delete, _WRITE, PER_SECOND_10, writes=True),
)
