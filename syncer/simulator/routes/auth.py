"""Tokens: `POST /auth/v3/tenant_access_token/internal`. Its answers are flat and refusals come with HTTP 200. [doc]"""

from syncer.simulator.calls import Call
from syncer.simulator.gateway import Flat, Route
from syncer.simulator.world import World


def tenant_token(world: World, call: Call) -> Flat:
    """Return a running token with its remaining seconds, or a new one."""
    body = call.json()
    app = world.tokens.app(body.get("app_id"), body.get("app_secret"))
    call.caller = app
    switches, now = world.switches, world.clock.now()
    running = world.tokens.running(app, now, switches.token_renew_seconds)
    if running is None:
        running = world.ids.tenant_token(), switches.token_seconds
        world.tokens.issue(app, running[0], now, running[1])
    return Flat({"tenant_access_token": running[0], "expire": running[1]})


ROUTES = (
    Route(
        "auth.tenant_access_token",
        "POST",
        "/open-apis/auth/v3/tenant_access_token/internal",
        tenant_token,
        needs_token=False,
    ),
)
