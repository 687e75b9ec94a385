"""Feishu's webhook: proven, stored exactly once, answered, and only then worked on.

Feishu wants its answer within 3 s, that to the check of the address within 1 s, and delivers again what was not
answered with 200 after 15 s, 5 min, 1 h and 6 h [doc]. A refusal says nothing of its reason to the outside.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Request
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse, Response

from syncer.errors import RefusedEventError
from syncer.feishu.events import MOST_BYTES, Challenge, open_event
from syncer.feishu.seal import Keys
from syncer.listening.waker import Waker
from syncer.ports.signals import ParsedEvent
from syncer.settings import DEFAULT_APP
from syncer.web.refusals import Tally

Receive = Callable[[str, ParsedEvent], Sequence[str]]
"""Takes an event of an app in, exactly once; names the mappings it concerns. ``state.noticing.Noticing.receive``."""

_AT_ONCE = 10  # events being stored at the same time: as many as the state store has connections

_BODY_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Door:
    """All that a delivery passes. ``apps`` holds the keys of each app of the settings."""

    apps: Mapping[str, Keys]
    receive: Receive
    waker: Waker
    now: Callable[[], datetime]
    tally: Tally


def event_routes(door: Door) -> APIRouter:
    """``POST /feishu/events`` for the default app, ``/feishu/events/<name>`` for the others."""
    router, limiter = APIRouter(), CapacityLimiter(_AT_ONCE)

    async def deliver(request: Request) -> Response:
        app = str(request.path_params.get("app", DEFAULT_APP)).lower()
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await _body_of(request)
        except (TimeoutError, ClientDisconnect):
            door.tally.refuse("unfinished", "POST /feishu/events", "its body did not come to an end")
            return _refusal(400)
        return await run_sync(_answer, door, app, body, dict(request.headers), limiter=limiter)

    router.add_api_route("/feishu/events", deliver, methods=["POST"])
    router.add_api_route("/feishu/events/{app}", deliver, methods=["POST"])
    return router


async def _body_of(request: Request) -> bytes:
    """The raw body, one byte beyond the limit at most: a larger one is refused without being held."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk[: MOST_BYTES + 1 - len(body)]
        if len(body) > MOST_BYTES:
            break
    return bytes(body)


def _answer(door: Door, app: str, body: bytes, headers: Mapping[str, str]) -> Response:
    keys, where = door.apps.get(app), "POST /feishu/events" + ("" if app == DEFAULT_APP else "/...")
    if keys is None:
        door.tally.refuse("unknown_app", where, "no app of that name is set")
        return _refusal(404)
    try:
        opened = open_event(body, headers, keys, door.now())
    except RefusedEventError as error:
        door.tally.refuse(error.kind, f"app {app}", str(error))
        return _refusal(401 if error.unproven else 400)
    if isinstance(opened, Challenge):
        door.tally.count("challenges")
        return JSONResponse({"challenge": opened.text})
    return _taken(door, app, opened)


def _taken(door: Door, app: str, event: ParsedEvent) -> Response:
    try:
        names = door.receive(app, event)
    except Exception as error:  # noqa: BLE001 - whatever it was: not stored, so Feishu is to deliver it again
        door.tally.refuse("not_stored", f"app {app}", f"it could not be stored: {error}")
        return _refusal(503)
    door.tally.count("received")
    if names:
        door.waker.tell(names)
    return JSONResponse({"msg": "success"})


def _refusal(status: int) -> Response:
    """The same few bytes whatever was wrong."""
    return JSONResponse({"msg": "refused"}, status)
