"""Wiki: which document a node holds."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.quotas import PER_MINUTE_100
from syncer.simulator.world import World

_SCOPES = frozenset({"wiki:node:read", "wiki:wiki", "wiki:wiki:readonly"})


def get_node(world: World, call: Call) -> dict[str, Any]:
    """Return the node of a token: `obj_token` is the base's own token."""
    token = call.query.get("token", "")
    if not token:
        raise Refusal(131002)
    if token not in world.wiki_nodes:
        raise Refusal(131005)
    base = world.bases[world.wiki_nodes[token]]
    if base.right(call.app.app_id) == "none":
        raise Refusal(131006)
    node = {"space_id": "7000000000000000001", "node_token": token, "obj_token": base.app_token, "obj_type": "bitable"}
    return {"node": node | {"node_type": "origin", "title": base.name, "has_child": False, "parent_node_token": ""}}


ROUTES = (Route("wiki.node.get", "GET", "/open-apis/wiki/v2/spaces/get_node", get_node, _SCOPES, PER_MINUTE_100),)
