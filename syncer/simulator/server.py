"""Serving a world over HTTP: blocking for the command line, or in a thread of its own for tests and the demo."""

import asyncio
import contextlib
import gc
import logging
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from aiohttp import web

from syncer.simulator import control_routes
from syncer.simulator.control import Control
from syncer.simulator.delivery import case_of_headers
from syncer.simulator.events import connections
from syncer.simulator.gateway import Gateway
from syncer.simulator.routes import ROUTES
from syncer.simulator.tokens import ALL_SCOPES
from syncer.simulator.watchdog import Watch
from syncer.simulator.world import World

DEFAULT_APP_ID = "cli_a000000000000001"
DEFAULT_APP_SECRET = "simulated-secret-of-the-default-app"  # noqa: S105 - a made-up app of a made-up Feishu
_LARGEST_BODY = 1 << 30
_SHUTDOWN_SECONDS = 1.0
_START_SECONDS = 30.0

log = logging.getLogger(__name__)


def new_world(seed: int) -> World:
    """Return an empty world with the default app."""
    world = World(seed)
    world.add_app(DEFAULT_APP_ID, DEFAULT_APP_SECRET, ALL_SCOPES, "tenant1", "Sync")
    return world


def application(world: World, gateway: Gateway, *, control: bool) -> web.Application:
    """Return the web application of a world."""
    app = web.Application(client_max_size=_LARGEST_BODY)
    if control:
        control_routes.mount(app, world)
    for route in ROUTES:
        app.router.add_route(route.method, route.path, gateway.handler(route))
    app.router.add_route("GET", connections.PATH, world.desk.courier.connections.handle)
    app.router.add_route("*", "/{tail:.*}", gateway.unknown)
    app.on_response_prepare.append(case_of_headers(world))
    return app


@dataclass(slots=True)
class _Running:
    """A server that listens; `stop` ends it from any thread."""

    url: str
    loop: asyncio.AbstractEventLoop
    ended: asyncio.Event

    def stop(self) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: it has ended already
            self.loop.call_soon_threadsafe(self.ended.set)


async def _run(world: World, host: str, port: int, ready: Callable[[_Running], None], *, control: bool) -> None:
    gateway = Gateway(world)
    runner = web.AppRunner(
        application(world, gateway, control=control), access_log=None, shutdown_timeout=_SHUTDOWN_SECONDS
    )
    await runner.setup()
    world.desk.courier.open()
    try:
        await web.TCPSite(runner, host, port).start()
        bound = runner.addresses[0]
        running = _Running(f"http://{bound[0]}:{bound[1]}", asyncio.get_running_loop(), asyncio.Event())
        log.info("the simulator listens on %s", running.url)
        ready(running)
        await running.ended.wait()
    finally:
        gateway.wire.closing.set()
        await world.desk.courier.close()
        await runner.cleanup()


@dataclass(frozen=True, slots=True)
class RequestUrl:
    """Where the default app takes events, and its keys; no token: the one it has anyway."""

    url: str
    encrypt_key: str = ""
    verification_token: str = ""

    def enter(self, world: World) -> None:
        """Set it unchecked: who receives may be started after us."""
        channel = world.desk.channel(DEFAULT_APP_ID)
        channel.url, channel.encrypt_key = self.url, self.encrypt_key
        channel.verification_token = self.verification_token or channel.verification_token


def serve(  # noqa: PLR0913 - what a command line may say
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    control: bool = True,
    seed: int = 1,
    quota_scale: float = 1.0,
    events: RequestUrl | None = None,
    watch: Watch | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serve a new world until SIGINT or SIGTERM, or until `watch` sees that nobody needs it any more.

    `ready` is called with the address once the server listens; port 0 takes a free one.
    """
    # a large table is millions of objects without cycles: the collector would only stop the world to walk them
    gc.set_threshold(100_000, 50, 1000)
    world = new_world(seed)
    world.quotas.scale = quota_scale
    if events:
        events.enter(world)

    def started(running: _Running) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            running.loop.add_signal_handler(number, running.ended.set)
        (watch or Watch()).start(running.stop)
        if ready:
            ready(running.url)

    asyncio.run(_run(world, host, port, started, control=control))


class SimulatorServer:
    """A simulator in a thread of this process: `with SimulatorServer() as simulator: simulator.url`.

    `control` steers it over HTTP; `app_id` and `app_secret` are those of the app every world starts with.
    """

    app_id = DEFAULT_APP_ID
    app_secret = DEFAULT_APP_SECRET

    def __init__(self, *, host: str = "127.0.0.1", port: int = 0, seed: int = 1, quota_scale: float = 1.0) -> None:
        self._host, self._port = host, port
        self._world = new_world(seed)
        self._world.quotas.scale = quota_scale
        self._ready = threading.Event()
        self._running: _Running | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._serve, name="simulator", daemon=True)

    @property
    def url(self) -> str:
        """Return the address, such as `http://127.0.0.1:40123`."""
        assert self._running is not None
        return self._running.url

    @property
    def control(self) -> Control:
        """Return a client of the control API."""
        return Control(self.url)

    def start(self) -> Self:
        """Listen; returns once it does, raises what kept it from listening."""
        self._thread.start()
        self._ready.wait(_START_SECONDS)
        if self._failure:
            raise self._failure
        return self

    def stop(self) -> None:
        """Stop; connections that hang are cut."""
        if self._running:
            self._running.stop()
        self._thread.join()

    def _serve(self) -> None:
        try:
            asyncio.run(_run(self._world, self._host, self._port, self._started, control=True))
        except BaseException as error:  # noqa: BLE001 - handed to the thread that called start
            self._failure = error
        finally:
            self._ready.set()

    def _started(self, running: _Running) -> None:
        self._running = running
        self._ready.set()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
