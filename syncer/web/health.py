"""Whether the process lives, and whether what it stands on answers."""

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait

from fastapi import APIRouter
from starlette.responses import JSONResponse, Response

from syncer.web.refusals import Tally

Check = Callable[[], str]
"""Looks at one thing and says in a few words how it is; raises if it is not well. Neither tells a secret."""

Found = dict[str, object]

_log = logging.getLogger(__name__)


SECONDS = 2.0
"""How long an answer waits for all checks together."""


def health_routes(checks: Mapping[str, Check], tally: Tally) -> APIRouter:
    """``GET /healthz``: the process lives. ``GET /readyz``: 200 if every check is well, else 503, each by name."""
    router, looks = APIRouter(), Looks(checks)

    @router.get("/healthz")
    async def _alive() -> dict[str, bool]:
        return {"alive": True}

    @router.get("/readyz")
    def _ready() -> Response:
        found = looks.found()
        ready = all(check["ok"] for check in found.values())
        told = {"ready": ready, "checks": found, "events": tally.to_json()}
        return JSONResponse(told, 200 if ready else 503)

    return router


class Looks:
    """Looks at things in threads of their own, so that one that never answers holds nobody up.

    At each of them only one look is under way: whoever asks meanwhile waits for that one.
    """

    def __init__(self, checks: Mapping[str, Check], seconds: float = SECONDS) -> None:
        self._checks, self._seconds = checks, seconds
        self._begun: dict[str, Future[Found]] = {}
        self._one = threading.Lock()

    def found(self) -> dict[str, Found]:
        """How each of them is, as far as it can be told in time."""
        with self._one:
            looks = {name: self._look(name) for name in self._checks}
        wait(looks.values(), self._seconds)
        return {name: look.result() if look.done() else _late(name) for name, look in looks.items()}

    def _look(self, name: str) -> "Future[Found]":
        begun = self._begun.get(name)
        if begun is not None and not begun.done():
            return begun
        look = self._begun[name] = Future[Found]()
        threading.Thread(
            target=lambda: look.set_result(_looked_at(name, self._checks[name])), name=f"check {name}", daemon=True
        ).start()
        return look


def _late(name: str) -> Found:
    _log.warning("not ready: %s: no answer in time", name)
    return {"ok": False, "is": "does not answer in time"}


def _looked_at(name: str, check: Check) -> Found:
    """What went wrong stands in the log: its words may name hosts, and this page may be public."""
    try:
        return {"ok": True, "is": check()}
    except Exception as error:  # noqa: BLE001 - a check that fails in any way is not well
        _log.warning("not ready: %s: %s", name, error)
        return {"ok": False, "is": "does not answer as it should; the log says why"}
