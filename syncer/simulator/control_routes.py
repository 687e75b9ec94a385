"""The control API over HTTP: `POST /_control/do` with one step, answered `{"ok": true, "result": ...}`."""

from collections.abc import Coroutine

import orjson
from aiohttp import web

from syncer.simulator.errors import Refusal
from syncer.simulator.steps import do
from syncer.simulator.world import World

PATH = "/_control/do"


def mount(app: web.Application, world: World) -> None:
    """Add the control API to a server."""

    async def handle(request: web.Request) -> web.Response:
        return await _answer(world, await request.read())

    app.router.add_route("POST", PATH, handle)


async def _answer(world: World, body: bytes) -> web.Response:
    try:
        result = do(world, orjson.loads(body))
        if isinstance(result, Coroutine):
            result = await result
    except Refusal as refusal:
        return _json({"ok": False, "error": f"{refusal.code} {refusal.text()}"}, 400)
    except (KeyError, TypeError, ValueError) as error:
        return _json({"ok": False, "error": f"{type(error).__name__}: {error}"}, 400)
    return _json({"ok": True, "result": result}, 200)


def _json(content: object, status: int) -> web.Response:
    body = orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS)
    return web.Response(body=body, status=status, content_type="application/json")
