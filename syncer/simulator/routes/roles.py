"""Roles of a base with advanced permissions: list."""

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.paging import Page, cut_by_id
from syncer.simulator.quotas import PER_SECOND_10
from syncer.simulator.routes.access import READ_ALL, base_for
from syncer.simulator.world import World


def list_roles(world: World, call: Call) -> Page:
    """Return a page of roles, one for each app that is restricted; only who manages the base may ask."""
    base = base_for(world, call, "read")
    if not base.is_advanced:
        raise Refusal(1254301)
    if base.right(call.app.app_id) != "manage":
        raise Refusal(1254302)
    roles = [
        {"role_id": f"rol{app_id}", "role_name": app_id, "table_roles": [], "block_roles": []} for app_id in base.roles
    ]
    page = cut_by_id(roles, "role_id", call.query, world)
    call.records = len(page.items)
    return page


ROUTES = (
    Route(
        "bitable.role.list",
        "GET",
        "/open-apis/bitable/v1/apps/{app_token}/roles",
        list_roles,
        READ_ALL | {"base:role:read"},
        PER_SECOND_10,
    ),
)
