"""Departments of the directory, and the contact range of the calling app."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.directory.tree import ROOT, Department
from syncer.simulator.directory.views import BASE, ORGANIZE, id_under
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.quotas import PER_MINUTE_1000_AND_50
from syncer.simulator.routes.contact import department, id_types, named, page, place, view_of
from syncer.simulator.world import World

_PATH = "/open-apis/contact/v3/departments"
_MOST_SCOPES, _USUAL_SCOPES = 100, 50


def get(world: World, call: Call) -> dict[str, Any]:
    """Return one department; 40015 for none, 40004 out of range."""
    view, found = view_of(world, call), department(world, call, call.params["department_id"])
    view.demand(found.open_department_id)
    return {"department": view.department(found, *id_types(call))}


def batch(world: World, call: Call) -> dict[str, Any]:
    """Return those of some departments that are in range."""
    view, found = view_of(world, call), list[Department]()
    for given in named(call, "department_ids"):
        try:
            found.append(department(world, call, given))
        except Refusal:
            continue
    shown = [each for each in found if view.covers(each.open_department_id)]
    return {"items": [view.department(each, *id_types(call)) for each in shown]}


def children(world: World, call: Call) -> dict[str, Any]:
    """Return what hangs below a department, all of it with `fetch_child`, page by page."""
    view, above = view_of(world, call), place(world, call, call.params["department_id"])
    shown, more = page(call, list(world.directory.children(above, deep=call.flag("fetch_child"))))
    return {**more, "items": [view.department(each, *id_types(call)) for each in shown]}


def parents(world: World, call: Call) -> dict[str, Any]:
    """Return what is above a department, nearest first, as far as it is in range; never the root."""
    view, found = view_of(world, call), department(world, call, call.query.get("department_id", ""))
    view.demand(found.open_department_id)
    above = [each for each in world.directory.chain(found.parent) if each != ROOT and view.covers(each)]
    shown, more = page(call, [world.directory.departments[each] for each in above])
    return {**more, "items": [view.department(each, *id_types(call)) for each in shown]}


def scopes(world: World, call: Call) -> dict[str, Any]:
    """Return what the app may see: people first, then departments; both together fill a page. [doc]"""
    view, (id_type, department_id_type) = view_of(world, call), id_types(call)
    users = [("user", id_under(each.person, id_type)) for each in view.loose()]
    tops = [world.directory.departments[each] for each in view.tops() if each != ROOT]
    granted = [*users, *(("department", str(getattr(each, department_id_type))) for each in tops)]
    shown, more = page(call, granted, _MOST_SCOPES, _USUAL_SCOPES)
    return {
        **more,
        "user_ids": [each for kind, each in shown if kind == "user"],
        "department_ids": [each for kind, each in shown if kind == "department"],
        "group_ids": [],
    }


def contacts_range(world: World, call: Call) -> dict[str, Any]:
    """Return how the app's contact range is set."""
    if call.params["app_id"] not in {call.app.app_id, "me"}:
        raise Refusal(40001)
    granted = view_of(world, call).range.departments
    return {"contacts_range": {"contacts_scope_type": "all" if granted is None else "some"}}


_ANY = BASE | ORGANIZE
_RANGE = "/open-apis/application/v6/applications/{app_id}/contacts_range_configuration"
ROUTES = (
    Route("contact.scope.list", "GET", "/open-apis/contact/v3/scopes", scopes, BASE, PER_MINUTE_1000_AND_50),
    Route("contact.department.batch", "GET", f"{_PATH}/batch", batch, BASE, PER_MINUTE_1000_AND_50),
    Route("contact.department.parent", "GET", f"{_PATH}/parent", parents, _ANY, PER_MINUTE_1000_AND_50),
    Route(
        "contact.department.children",
        "GET",
        f"{_PATH}/{{department_id}}/children",
        children,
        _ANY,
        PER_MINUTE_1000_AND_50,
    ),
    Route("contact.department.get", "GET", f"{_PATH}/{{department_id}}", get, BASE, PER_MINUTE_1000_AND_50),
    Route("application.contacts_range", "GET", _RANGE, contacts_range, frozenset({"admin:app.info:readonly"})),
)
