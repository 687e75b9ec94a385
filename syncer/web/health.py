"""Whether the process lives, and whether what it stands on answers."""

import logging
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from syncer.web.refusals import Tally

Check = Callable[[], str]
"""Looks at one thing and says in a few words how it is; raises if it is not well. Neither tells a secret."""

_log = logging.getLogger(__name__)


def health_routes(checks: Mapping[str, Check], tally: Tally) -> APIRouter:
    """``GET /healthz``: the process lives. ``GET /readyz``: 200 if every check is well, else 503, each by name."""
    router = APIRouter()

    @router.get("/healthz")
    async def _alive() -> dict[str, bool]:
        return {"alive": True}

    @router.get("/readyz")
    def _ready() -> Response:
        found = {name: _looked_at(name, check) for name, check in checks.items()}
        ready = all(check["ok"] for check in found.values())
        told = {"ready": ready, "checks": found, "events": tally.to_json()}
        return JSONResponse(told, 200 if ready else 503)

    return router


def _looked_at(name: str, check: Check) -> dict[str, object]:
    """What went wrong stands in the log: its words may name hosts, and this page may be public."""
    try:
        return {"ok": True, "is": check()}
    except Exception as error:  # noqa: BLE001 - a check that fails in any way is not well
        _log.warning("not ready: %s: %s", name, error)
        return {"ok": False, "is": "does not answer as it should; the log says why"}
