"""Scopes: what the calling app was granted, under its own identity and for users. Any app may ask. [doc]"""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.gateway import Route
from syncer.simulator.quotas import PER_MINUTE_100
from syncer.simulator.world import World

_GRANTED, _NOT_GRANTED = 1, 2


def list_scopes(_world: World, call: Call) -> dict[str, Any]:
    """Return every scope the app has or has asked for."""
    app = call.app
    return {
        "scopes": [
            *(_shown(each, "tenant", _GRANTED) for each in sorted(app.scopes)),
            *(_shown(each, "user", _GRANTED) for each in sorted(app.user_scopes)),
            *(_shown(each, "tenant", _NOT_GRANTED) for each in sorted(app.asked_scopes - app.scopes)),
        ]
    }


def _shown(name: str, identity: str, status: int) -> dict[str, Any]:
    return {"scope_name": name, "scope_type": identity, "grant_status": status}


ROUTES = (
    Route("application.scope.list", "GET", "/open-apis/application/v6/scopes", list_scopes, rates=PER_MINUTE_100),
)
