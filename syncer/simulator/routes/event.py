"""Events: where an app opens its long connection, how many it has open, and where Feishu's posts come from."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.events import connections
from syncer.simulator.gateway import Route
from syncer.simulator.quotas import PER_MINUTE_100
from syncer.simulator.world import World

_NO_CREDENTIAL = 1000040344


def endpoint(world: World, call: Call) -> dict[str, Any]:
    """Return the address of a websocket for the app that names itself; every refusal has HTTP 200. [sdk]"""
    body, open_ones = call.json(), world.desk.courier.connections
    app_id, secret = body.get("AppID"), body.get("AppSecret")
    if world.switches.connection_endpoint_code:
        raise Refusal(world.switches.connection_endpoint_code, status=200)
    if not app_id or not secret:
        raise Refusal(_NO_CREDENTIAL)
    app = world.tokens.apps.get(str(app_id))
    if app is None or app.secret != secret:
        raise Refusal(connections.AUTH_FAILED)
    call.caller = app
    if open_ones.full(app.app_id):
        raise Refusal(connections.TOO_MANY)
    address = f"ws://{call.host}{connections.PATH}?{open_ones.ticket(app.app_id)}"
    return {"URL": address, "ClientConfig": open_ones.config()}


def connection(world: World, call: Call) -> dict[str, Any]:
    """Return how many long connections of the app are open."""
    return {"online_instance_cnt": len(world.desk.courier.connections.online(call.app.app_id))}


def outbound_ip(_world: World, _call: Call) -> dict[str, Any]:
    """Return the addresses that events are posted from."""
    return {"ip_list": ["127.0.0.1"], "has_more": False}


ROUTES = (
    Route("event.endpoint", "POST", "/callback/ws/endpoint", endpoint, needs_token=False),
    Route("event.connection", "GET", "/open-apis/event/v1/connection", connection, rates=PER_MINUTE_100),
    Route(
        "event.outbound_ip",
        "GET",
        "/open-apis/event/v1/outbound_ip",
        outbound_ip,
        frozenset({"event:ip_list"}),
        PER_MINUTE_100,
    ),
)
