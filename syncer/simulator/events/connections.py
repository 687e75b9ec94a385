"""Long connections: apps that keep a websocket open and get each event over one of theirs, taken at random. [doc]

The way in: `POST /callback/ws/endpoint` gives an address with a ticket, the websocket is opened there. [sdk]
"""

import asyncio
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import aiohttp
import orjson
from aiohttp import web

from syncer.simulator.events.channel import Channel
from syncer.simulator.events.event import Event
from syncer.simulator.events.frames import CONTROL, DATA, Frame, decoded
from syncer.simulator.events.webhook import Outcome

if TYPE_CHECKING:
    from syncer.simulator.world import World

PATH = "/callback/ws/connect"
FORBIDDEN, AUTH_FAILED, TOO_MANY = 403, 514, 1000040350
_SERVICE = 33554678


@dataclass(slots=True)
class _Connection:
    device_id: str
    app_id: str
    opened_at: float
    socket: web.WebSocketResponse
    transport: asyncio.Transport | None
    delivered: int = 0
    pings: int = 0
    waiting: dict[str, "asyncio.Future[int]"] = field(default_factory=dict)


class Connections:
    """All open websockets, and the tickets that still let one in."""

    def __init__(self, world: "World", channel_of: Callable[[str], Channel]) -> None:
        self._world, self._channel_of = world, channel_of
        self._random = random.Random(world.seed)  # noqa: S311 - the same seed takes the same connection
        self._tickets: dict[str, str] = {}
        self._open: dict[str, _Connection] = {}
        self._numbers = 0

    # the way in

    def ticket(self, app_id: str) -> str:
        """Return the query of an address that lets this app in once."""
        device, key = str(7_000_000_000 + self._random.randrange(10**9)), secrets.token_hex(16)
        self._tickets[key] = app_id
        aid = f"device_id={device}&access_key={key}&service_id={_SERVICE}"
        return f"fpid=493&aid=552564&{aid}&ticket={secrets.token_hex(8)}"

    def config(self) -> dict[str, int]:
        """Return the `ClientConfig` that clients are told."""
        switches = self._world.switches
        return {
            "ReconnectCount": switches.connection_reconnect_count,
            "ReconnectInterval": switches.connection_reconnect_seconds,
            "ReconnectNonce": switches.connection_reconnect_jitter,
            "PingInterval": switches.connection_ping_seconds,
        }

    def online(self, app_id: str) -> list[_Connection]:
        """Return the open connections of an app."""
        return [each for each in self._open.values() if each.app_id == app_id]

    def full(self, app_id: str) -> bool:
        """Return whether an app has all the connections it may have."""
        return len(self.online(app_id)) >= self._world.switches.connection_limit

    def told(self, app_id: str | None) -> list[dict[str, Any]]:
        """Return what is known of the open connections, of one app if named."""
        kept = ("device_id", "app_id", "opened_at", "delivered", "pings")
        found = [each for each in self._open.values() if app_id in {None, each.app_id}]
        return [{name: getattr(each, name) for name in kept} for each in found]

    # a connection's life

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Take a websocket in, or refuse the handshake in its own headers."""
        app_id = self._tickets.pop(request.query.get("access_key", ""), "")
        refused = self._refused(app_id)
        if refused:
            return _handshake_refused(*refused)
        # no heartbeat of ours: clients ping by frames and by the protocol
        socket = web.WebSocketResponse(max_msg_size=0)
        await socket.prepare(request)
        device = request.query.get("device_id", "")
        connection = _Connection(device, app_id, self._world.clock.now(), socket, request.transport)
        self._open[device] = connection
        try:
            await self._listen(connection)
        except ValueError:  # what came is no frame
            await socket.close(code=aiohttp.WSCloseCode.PROTOCOL_ERROR)
        finally:
            self._open.pop(device, None)
            for each in connection.waiting.values():
                each.cancel()
        return socket

    def _refused(self, app_id: str) -> tuple[int, int] | None:
        wanted = self._world.switches.connection_handshake_code
        if wanted or not app_id:
            return wanted or AUTH_FAILED, 1
        return (AUTH_FAILED, TOO_MANY) if self.full(app_id) else None

    async def _listen(self, connection: _Connection) -> None:
        async for message in connection.socket:
            if message.type != aiohttp.WSMsgType.BINARY:
                continue
            frame = decoded(message.data)
            if frame.method == CONTROL and frame.headers.get("type") == "ping":
                connection.pings += 1
                pong = Frame(CONTROL, frame.service, {"type": "pong"}, orjson.dumps(self.config()))
                await connection.socket.send_bytes(pong.encoded())
            elif frame.method == DATA:
                _acknowledge(connection, frame)

    # delivery

    async def push(self, event: Event) -> Outcome:
        """Deliver one event over one of the app's connections and wait for its acknowledgement."""
        online = self.online(event.app_id)
        if not online:
            return False, None, "no connection is open"
        connection = self._random.choice(online)
        self._numbers += 1
        message = f"{event.event_id}-{self._numbers}"
        answer = connection.waiting[message] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(self._world.switches.event_answer_seconds):
                await self._sent(connection, message, event.body)
                code = await answer
        except TimeoutError:
            return False, None, "not acknowledged in time"
        except (ConnectionError, asyncio.CancelledError) as error:
            if isinstance(error, asyncio.CancelledError) and not answer.cancelled():
                raise
            return False, None, "the connection was lost"
        finally:
            connection.waiting.pop(message, None)
        connection.delivered += code == 200
        return code == 200, code, "" if code == 200 else f"acknowledged with {code}"

    async def _sent(self, connection: _Connection, message: str, body: bytes) -> None:
        most = self._world.switches.connection_frame_bytes or len(body)
        parts = [body[start : start + most] for start in range(0, len(body), most)]
        for number, part in enumerate(parts):
            headers = {"type": "event", "message_id": message, "trace_id": message, "sum": str(len(parts))}
            headers |= {"seq": str(number), "timestamp": str(self._world.clock.now_ms())}
            await connection.socket.send_bytes(Frame(DATA, _SERVICE, headers, part).encoded())

    async def drop(self, app_id: str | None = None, *, abruptly: bool = False) -> int:
        """Hang up on an app or on all, with a close frame or abruptly; returns on how many."""
        gone = [each for each in self._open.values() if app_id in {None, each.app_id}]
        for each in gone:
            if abruptly and each.transport:
                each.transport.abort()
            else:
                await each.socket.close(code=aiohttp.WSCloseCode.GOING_AWAY)
        return len(gone)

    async def close(self) -> None:
        """Hang up on everybody."""
        await self.drop(abruptly=True)


def _acknowledge(connection: _Connection, frame: Frame) -> None:
    answer = connection.waiting.get(frame.headers.get("message_id", ""))
    if answer is not None and not answer.done():
        answer.set_result(int(orjson.loads(frame.payload).get("code", 0)))


def _handshake_refused(status: int, code: int) -> web.Response:
    headers = {"Handshake-Status": str(status), "Handshake-Msg": "refused", "Handshake-Autherrcode": str(code)}
    return web.Response(status=403 if status == FORBIDDEN else 400, headers=headers)
