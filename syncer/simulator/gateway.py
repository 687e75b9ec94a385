"""The way of every call: route, token, scope, rate limit, then the handler, then the answer on the wire.

This is also where calls wait, overlap, are played back under a client token, and meet faults.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from syncer.simulator.calls import Call
from syncer.simulator.client_tokens import Key, checked
from syncer.simulator.delivery import Wire
from syncer.simulator.errors import Refusal
from syncer.simulator.faults import Delivery, meet
from syncer.simulator.forms import Form, read_form
from syncer.simulator.locks import Locks
from syncer.simulator.paging import Page
from syncer.simulator.quotas import Rate
from syncer.simulator.steps import run
from syncer.simulator.vault import Content
from syncer.simulator.world import World

Handler = Callable[[World, Call], Any]


@dataclass(frozen=True, slots=True)
class Flat:
    """An answer without `data`: its keys stand beside `code` and `msg`."""

    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One API: its name, where it is, which scopes (any one) and rates it has, and whether it writes to a table."""

    api: str
    method: str
    path: str
    handler: Handler
    scopes: frozenset[str] = frozenset()
    rates: tuple[Rate, ...] = ()
    writes: bool = False
    needs_token: bool = True
    form: bool = False
    """Whether its body is a multipart form, read piece by piece."""


class Gateway:
    """Answers calls of the routes it is given."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._locks = Locks()
        self.wire = Wire(world)

    def handler(self, route: Route) -> Callable[[web.Request], Any]:
        """Return the aiohttp handler of a route."""

        async def handle(request: web.Request) -> web.StreamResponse:
            return await self.answer(route, request)

        return handle

    async def answer(self, route: Route, request: web.Request) -> web.StreamResponse:
        """Answer one call and log it."""
        started = time.perf_counter()
        call = await self._received(route.api, request, form=route.form)
        try:
            return await self._answered(route, call, request)
        finally:
            call.form.drop()
            call.seconds = time.perf_counter() - started
            self._world.calls.close(call)

    async def unknown(self, request: web.Request) -> web.Response:
        """Answer a path or method that does not exist."""
        call = await self._received("unknown", request)
        call.status = 404
        return web.Response(status=404, text="404 page not found", headers={"Content-Type": "text/plain"})

    async def _received(self, api: str, request: web.Request, *, form: bool = False) -> Call:
        values = {name: request.query.getall(name) for name in request.query}
        query = {name: given[0] for name, given in values.items()}
        number, now = self._world.calls.total + 1, self._world.clock.now()
        filled = await read_form(request, self._world.vault) if form else Form()
        body = b"" if form else await request.read()
        call = Call(
            number, api, request.method, request.path, dict(request.match_info), query, body, now, host=request.host
        )
        call.values, call.form = values, filled
        self._world.calls.add(call)
        return call

    async def _answered(self, route: Route, call: Call, request: web.Request) -> web.StreamResponse:
        try:
            data = await self._outcome(route, call, request)
        except Refusal as refusal:
            return self.wire.refused(call, refusal)
        if isinstance(data, Content):
            return self.wire.content(call, data)
        if isinstance(data, Delivery):
            if isinstance(data.data, Content):
                return await self.wire.content_badly(call, request, data, data.data)
            return await self.wire.badly(call, request, data, self._envelope(data.data))
        return self.wire.json(call, self._envelope(data))

    def _envelope(self, data: Any) -> dict[str, Any]:
        if isinstance(data, Flat):
            return {"code": 0, "msg": "ok", **data.content}
        shown = data.data(self._world.switches.empty_items) if isinstance(data, Page) else data
        return {"code": 0, "msg": "success", "data": {} if shown is None else shown}

    async def _outcome(self, route: Route, call: Call, request: web.Request) -> Any:
        self._admit(route, call, request.headers.get("Authorization"))
        before, after = self._world.hooks.arrive(route.api)
        run(self._world, before)
        fault = self._world.faults.due(call)

        async def go() -> Any:
            return await self._done_once(route, call)

        try:
            return await (meet(fault, call, go) if fault else go())
        finally:
            run(self._world, after)

    def _admit(self, route: Route, call: Call, authorization: str | None) -> None:
        world = self._world
        if not route.needs_token:
            return
        call.caller = world.tokens.caller(authorization, call.at)
        if route.scopes and not route.scopes & call.caller.scopes:
            raise _lacks_scope(route)
        who = (call.caller.app_id, call.caller.tenant, route.api)
        world.quotas.take(who, route.rates, call.at, world.switches.quota_window)

    async def _done_once(self, route: Route, call: Call) -> Any:
        key = self._client_token(call) if route.writes else None
        if key is None:
            return await self._done(route, call)
        tokens = self._world.client_tokens
        replay = tokens.begin(key, call.body, call.at, self._world.switches)
        if replay is not None:
            return replay
        try:
            data = orjson.Fragment(orjson.dumps(await self._done(route, call)))
        except BaseException:
            tokens.forget(key)
            raise
        tokens.done(key, data)
        return data

    def _client_token(self, call: Call) -> Key | None:
        given, switches = call.query.get("client_token", ""), self._world.switches
        if not given:
            return None
        token = checked(given)
        if switches.client_tokens == "ignore":
            return None
        where = "" if switches.client_token_scope == "app" else call.params.get("table_id", "")  # noqa: S105 - no secret
        return call.app.app_id, where, token

    async def _done(self, route: Route, call: Call) -> Any:
        with self._locks.held(self._world, call, writes=route.writes):
            seconds = self._world.latency.of(route.api)
            if seconds:
                await asyncio.sleep(seconds)
            return route.handler(self._world, call)


def _lacks_scope(route: Route) -> Refusal:
    wanted = sorted(route.scopes)
    violations = [{"type": "action_privilege_required", "subject": scope} for scope in wanted]
    message = f"Access denied. One of the following scopes is required: [{', '.join(wanted)}]."
    return Refusal(99991672, message, details={"permission_violations": violations})
