"""Drive: subscribing to the events of one file, here always a base. Only who manages it may. [doc]"""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.model import Base
from syncer.simulator.quotas import PER_MINUTE_10, PER_MINUTE_1000_AND_50
from syncer.simulator.world import World

_PATH = "/open-apis/drive/v1/files/{file_token}"
_FILE_TYPES = frozenset({"doc", "docx", "sheet", "bitable", "file", "folder", "slides"})
_SCOPES = frozenset({"docs:doc", "docs:event:subscribe", "drive:drive", "sheets:spreadsheet"})


def _base(world: World, call: Call) -> Base:
    kind = call.query.get("file_type")
    if kind not in _FILE_TYPES:
        raise Refusal(1069602)
    if call.query.get("event_type") and kind != "folder" and world.switches.subscription_event_type == "refused":
        raise Refusal(1069602)
    # a wiki node's token is not followed here, unlike on records
    base = world.bases.get(call.params["file_token"])
    if base is None or kind != "bitable":
        raise Refusal(1069604)
    if base.right(call.app.app_id) != "manage":
        raise Refusal(1069603)
    return base


def subscribe(world: World, call: Call) -> dict[str, Any]:
    """Subscribe the app to all events of a base; again does no harm."""
    base = _base(world, call)
    world.desk.subscriptions.add(base.app_token, call.app.app_id, call.at)
    return {}


def get_subscribe(world: World, call: Call) -> dict[str, Any]:
    """Tell whether the app is subscribed."""
    return {"is_subscribe": _subscribed(world, call)}


def delete_subscribe(world: World, call: Call) -> dict[str, Any]:
    """End the app's subscription."""
    if _subscribed(world, call):
        world.desk.subscriptions.drop(call.params["file_token"], call.app.app_id)
    return {}


def _subscribed(world: World, call: Call) -> bool:
    base, switches = _base(world, call), world.switches
    alive = world.desk.subscriptions.alive(base.app_token, call.at, switches.subscription_seconds)
    found = call.app.app_id in alive
    if not found and switches.subscription_missing_code:
        raise Refusal(switches.subscription_missing_code)
    return found


ROUTES = (
    Route("drive.file.subscribe", "POST", f"{_PATH}/subscribe", subscribe, _SCOPES, PER_MINUTE_1000_AND_50),
    Route("drive.file.get_subscribe", "GET", f"{_PATH}/get_subscribe", get_subscribe, _SCOPES, PER_MINUTE_10),
    Route(
        "drive.file.delete_subscribe", "DELETE", f"{_PATH}/delete_subscribe", delete_subscribe, _SCOPES, PER_MINUTE_10
    ),
)
