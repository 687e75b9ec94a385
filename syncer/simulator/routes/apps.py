"""Bases: get, create and update."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.draft import Draft
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.model import Base
from syncer.simulator.quotas import PER_MINUTE_20, PER_SECOND_10, PER_SECOND_20
from syncer.simulator.routes.access import READ_ALL, WRITE_ALL, base_for
from syncer.simulator.schema import add_table
from syncer.simulator.world import World

_PATH = "/open-apis/bitable/v1/apps"
_EMPTY_ROWS = 5


def get(world: World, call: Call) -> dict[str, Any]:
    """Return the base; a wiki node's token is answered with the base's own token. [seen]"""
    return {"app": shown(base_for(world, call, "read", wiki=True))}


def shown(base: Base) -> dict[str, Any]:
    """Return a base as the API shows it."""
    return {
        "app_token": base.app_token,
        "name": base.name,
        "revision": base.revision,
        "is_advanced": base.is_advanced,
        "time_zone": base.time_zone,
        "formula_type": base.formula_type,
        "advance_version": "v2",
    }


def create(world: World, call: Call) -> dict[str, Any]:
    """Create a base; its first table has empty rows. [seen]"""
    body = call.json()
    name = body.get("name") or "未命名多维表格"
    if not isinstance(name, str) or len(name) > 255:
        raise Refusal(1254031)
    base = Base(world.ids.base(), name, str(body.get("time_zone") or "Asia/Shanghai"), default_right="none")
    base.rights[call.app.app_id] = "manage"
    world.bases[base.app_token] = base
    table = add_table(world, base, "数据表", [])
    rows = Draft(world, base, table, call.app.bot.open_id)
    for _ in range(_EMPTY_ROWS):
        rows.create({})
    rows.commit()
    app = shown(base) | {"default_table_id": table.table_id, "folder_token": body.get("folder_token") or ""}
    return {"app": app | {"url": f"https://example.feishu.cn/base/{base.app_token}"}}


def update(world: World, call: Call) -> dict[str, Any]:
    """Change the name and whether advanced permissions are on."""
    body = call.json()
    base = base_for(world, call, "manage")
    name, advanced = body.get("name"), body.get("is_advanced")
    if name is not None and (not isinstance(name, str) or not 0 < len(name) <= 255):
        raise Refusal(1254031)
    if advanced is not None and not isinstance(advanced, bool):
        raise Refusal(1254001)
    base.name = name or base.name
    base.is_advanced = base.is_advanced if advanced is None else advanced
    base.revision += 1
    return {"app": {"app_token": base.app_token, "name": base.name, "is_advanced": base.is_advanced}}


ROUTES = (
    Route("bitable.app.create", "POST", _PATH, create, WRITE_ALL | {"base:app:create"}, PER_MINUTE_20),
    Route("bitable.app.get", "GET", f"{_PATH}/{{app_token}}", get, READ_ALL | {"base:app:read"}, PER_SECOND_20),
    Route(
        "bitable.app.update", "PUT", f"{_PATH}/{{app_token}}", update, WRITE_ALL | {"base:app:update"}, PER_SECOND_10
    ),
)
