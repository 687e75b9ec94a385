"""Answers on the wire: the JSON envelope, header names in either case, and every way of delivering badly."""

import asyncio
import socket
import struct
from typing import Any
from urllib.parse import quote

import orjson
from aiohttp import web
from multidict import CIMultiDict

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.faults import Delivery
from syncer.simulator.vault import PIECE, Content
from syncer.simulator.world import World

_JSON = "application/json; charset=utf-8"
_POLL_SECONDS = 0.05


class Wire:
    """Turns outcomes into responses."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.closing = asyncio.Event()

    def json(self, call: Call, envelope: dict[str, Any], status: int = 200) -> web.Response:
        """Return a success."""
        call.code, call.status = envelope["code"], status
        return web.Response(body=orjson.dumps(envelope), status=status, headers=self._headers())

    def content(self, call: Call, content: Content) -> web.StreamResponse:
        """Return a file; aiohttp obeys a `Range` by itself."""
        call.code, call.status = 0, 200
        quoted = f"attachment; filename*=UTF-8''{quote(content.name)}"
        headers = {**self._headers(), "Content-Type": content.mime, "Content-Disposition": quoted}
        return web.FileResponse(content.path, headers=headers)

    async def content_badly(
        self, call: Call, request: web.Request, delivery: Delivery, content: Content
    ) -> web.StreamResponse:
        """Return, or fail to return, a file: one that is cut ends after its first half, and the connection with it."""
        if delivery.how != "cut":
            return (
                await self.badly(call, request, delivery, {}) if delivery.how != "slow" else self.content(call, content)
            )
        size = content.path.stat().st_size
        response = web.StreamResponse(headers={**self._headers(), "Content-Length": str(size)})
        response.content_type = content.mime
        await response.prepare(request)
        with content.path.open("rb") as source:
            await response.write(source.read(min(size // 2, PIECE)))
        _reset_connection(request)
        return response

    def _headers(self) -> dict[str, str]:
        return {"Content-Type": _JSON, "X-Tt-Logid": self._world.ids.log(self._world.clock.now())}

    def refused(self, call: Call, refusal: Refusal) -> web.Response:
        """Return a refusal: `error.log_id` is the header's."""
        headers = self._headers()
        call.code = refusal.code
        call.status = refusal.http(modern=self._world.switches.status_mode == "new4xx")
        error = {"log_id": headers["X-Tt-Logid"], "troubleshooter": _help(headers), **refusal.details}
        body = {"code": refusal.code, "msg": refusal.text(), "data": {}, "error": error}
        return web.Response(body=orjson.dumps(body), status=call.status, headers={**headers, **refusal.headers})

    async def badly(
        self, call: Call, request: web.Request, delivery: Delivery, envelope: dict[str, Any]
    ) -> web.StreamResponse:
        """Return, or fail to return, an answer as the delivery says."""
        if delivery.how == "html":
            return self._html(call, delivery.status)
        if delivery.how in {"hang", "reset"}:
            await self._abandon(request, delivery)
            return web.Response(status=499)
        body = orjson.dumps(envelope)
        call.code, call.status = 0, 200
        if delivery.how == "cut" and not delivery.torn:
            return web.Response(body=body[: len(body) // 2], headers=self._headers())
        return await self._in_halves(request, body, delivery)

    def _html(self, call: Call, status: int) -> web.Response:
        call.status = status
        page = f"<html><head><title>{status}</title></head><body><center><h1>{status}</h1></center></body></html>"
        return web.Response(text=page, status=status, content_type="text/html")

    async def _abandon(self, request: web.Request, delivery: Delivery) -> None:
        left = delivery.seconds if delivery.how == "hang" else 0.0
        while left > 0 and request.transport and not request.transport.is_closing() and not self.closing.is_set():
            await asyncio.sleep(min(left, _POLL_SECONDS))
            left -= _POLL_SECONDS
        _reset_connection(request)

    async def _in_halves(self, request: web.Request, body: bytes, delivery: Delivery) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self._headers(), "Content-Length": str(len(body))})
        await response.prepare(request)
        await response.write(body[: len(body) // 2])
        if delivery.torn:
            _reset_connection(request)
            return response
        await self._sleep(delivery.seconds)
        await response.write(body[len(body) // 2 :])
        await response.write_eof()
        return response

    async def _sleep(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.closing.wait(), seconds)
        except TimeoutError:
            return


def _reset_connection(request: web.Request) -> None:
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None and raw.fileno() >= 0:
        # lingering for no time at all makes the close a reset, as when a proxy dies
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _help(headers: dict[str, str]) -> str:
    return f"Troubleshoot with log id {headers['X-Tt-Logid']} at https://open.feishu.cn/search"


def case_of_headers(world: World) -> Any:
    """Return the aiohttp signal handler that sends header names in lower case when the switch says so."""

    async def lower(_request: web.Request, response: web.StreamResponse) -> None:
        if world.switches.header_names != "lower":
            return
        lowered = CIMultiDict((name.lower(), value) for name, value in response.headers.items())
        response.headers.clear()
        response.headers.extend(lowered)

    return lower
