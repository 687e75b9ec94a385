"""Approvals: definitions, instances and tasks, and subscribing to the events of a definition. [doc]"""

import base64
import binascii
from typing import Any

import orjson

from syncer.simulator.approvals import shown
from syncer.simulator.approvals.model import PENDING, Definition, Instance, Task
from syncer.simulator.calls import Call
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.people import ID_TYPES
from syncer.simulator.quotas import PER_MINUTE_100, PER_MINUTE_1000_AND_50
from syncer.simulator.world import World

_PATH = "/open-apis/approval/v4"
_LONGEST_MS = 10 * 3600 * 1000
_LONGEST_QUERY_MS = 30 * 24 * 3600 * 1000
_MOST_IDS = 100
_EXISTS = 1390007


def _definition(world: World, code: object) -> Definition:
    found = world.approvals.definitions.get(str(code))
    if found is None:
        raise Refusal(1390002)
    return found


def _instance(world: World, given: object) -> Instance:
    """An instance by its code, or by the uuid it was created under. [doc]"""
    found = world.approvals.instances.get(str(given))
    if found is None and given:
        of_uuid = (each for each in world.approvals.instances.values() if each.uuid.lower() == str(given).lower())
        found = next(of_uuid, None)
    if found is None:
        raise Refusal(1390003)
    return found


def _person(world: World, call: Call, body: dict[str, Any]) -> str:
    """Who acts: `user_id` under the call's type, or `open_id`; 1390004 for nobody."""
    if body.get("open_id") and not body.get("user_id"):
        id_type, given = "open_id", body["open_id"]
    else:
        id_type, given = call.query.get("user_id_type") or "user_id", body.get("user_id")
    try:
        return world.people.find(id_type if id_type in ID_TYPES else "open_id", given, must_exist=True).open_id
    except Refusal:
        raise Refusal(1390004) from None


def _whole(name: str, given: object) -> int:
    text = str(given if given is not None else "")
    if not text.isdigit():
        raise Refusal(1390001, f"{name} is invalid")
    return int(text)


def _start(token: str) -> int:
    try:
        return int(base64.b64decode(token, validate=True)) if token else 0
    except (binascii.Error, ValueError):
        raise Refusal(1390001, "page_token is invalid") from None


def _page(call: Call, items: list[Any], most: int, usual: int, fewest: int = 1) -> tuple[list[Any], dict[str, Any]]:
    size = _whole("page_size", call.query.get("page_size") or usual)
    if not fewest <= size <= most:
        raise Refusal(1390001, "page_size is invalid")
    start = _start(call.query.get("page_token", ""))
    more = start + size < len(items)
    token = base64.b64encode(str(start + size).encode()).decode() if more else ""
    return items[start : start + size], {"has_more": more, "page_token": token}


# definitions


def get_definition(world: World, call: Call) -> dict[str, Any]:
    """Return a definition."""
    return shown.definition(_definition(world, call.params["approval_code"]))


def subscribe(world: World, call: Call) -> dict[str, Any]:
    """Have the events of a definition sent to the app; 1390007 when they are already."""
    subscribers = _definition(world, call.params["approval_code"]).subscribers
    if call.app.app_id in subscribers:
        raise Refusal(_EXISTS)
    subscribers.add(call.app.app_id)
    return {}


def unsubscribe(world: World, call: Call) -> dict[str, Any]:
    """End that; 1390007 when there is nothing to end. [doc]"""
    subscribers = _definition(world, call.params["approval_code"]).subscribers
    if call.app.app_id not in subscribers:
        raise Refusal(_EXISTS)
    subscribers.remove(call.app.app_id)
    return {}


# instances


def get(world: World, call: Call) -> dict[str, Any]:
    """Return an instance's detail."""
    return shown.Shower(world, call.app).instance(_instance(world, call.params["instance_id"]))


def list_codes(world: World, call: Call) -> dict[str, Any]:
    """Return the codes of instances by the time they were created: at most ten hours of it. [doc]"""
    found = _definition(world, call.query.get("approval_code"))
    start, end = (_whole(name, call.query.get(name)) for name in ("start_time", "end_time"))
    if not 0 <= end - start <= _LONGEST_MS:
        raise Refusal(1390001, "start_time and end_time may span 10 hours")
    codes = [each.instance_code for each in world.approvals.of(found.approval_code) if start <= each.start_ms <= end]
    listed, more = _page(call, codes, _MOST_IDS, _MOST_IDS)
    return {"instance_code_list": listed, **more}


def create(world: World, call: Call) -> dict[str, Any]:
    """Ask for an approval; 60012 when the uuid was used before."""
    body = call.json()
    definition, given = _definition(world, body.get("approval_code")), str(body.get("uuid") or "")
    if definition.status != "ACTIVE":
        raise Refusal(1390015)
    if given and any(each.uuid.lower() == given.lower() for each in world.approvals.instances.values()):
        raise Refusal(60012)
    person, department = _person(world, call, body), str(body.get("department_id") or "")
    form = _form(definition, body.get("form"))
    made = world.course.submit(definition, person, form, given_uuid=given, department_id=department)
    return {"instance_code": made.instance_code}


def _form(definition: Definition, given: object) -> list[dict[str, Any]]:
    try:
        widgets = orjson.loads(given) if isinstance(given, str) else None
    except orjson.JSONDecodeError:
        widgets = None
    known = {each["id"]: each for each in definition.form}
    if not isinstance(widgets, list) or not all(isinstance(each, dict) and "value" in each for each in widgets):
        raise Refusal(60006)
    for each in widgets:
        if each.get("id") not in known:
            raise Refusal(1390001, f"控件={each.get('id')}")
    return [{**each, "name": known[each["id"]]["name"], "type": known[each["id"]]["type"]} for each in widgets]


def query(world: World, call: Call) -> dict[str, Any]:
    """Search instances: what was reverted is dropped from pages, and what is new is not known for a while. [doc]"""
    found, behind = _searched(world, call), world.clock.now_ms() - world.switches.approval_search_lag_seconds * 1000
    listed, more = _page(call, [each for each in found if each.start_ms <= behind], 200, 10, 5)
    kept = [each for each in listed if not each.reverted]
    return {"count": len(found), "instance_list": [_found(each) for each in kept], **more}


def _searched(world: World, call: Call) -> list[Instance]:
    body = call.json()
    start, end = body.get("instance_start_time_from"), body.get("instance_start_time_to")
    if (start is None) != (end is None) or not (body.get("approval_code") or body.get("instance_code")):
        raise Refusal(1390001)
    first, last = (_whole("instance_start_time", each) if each is not None else None for each in (start, end))
    if first is not None and last is not None and not 0 <= last - first <= _LONGEST_QUERY_MS:
        raise Refusal(1390001)
    if body.get("instance_code"):
        return [_instance(world, body["instance_code"])]
    found = world.approvals.of(str(body["approval_code"]))
    return [each for each in found if first is None or last is None or first <= each.start_ms <= last]


def _found(one: Instance) -> dict[str, Any]:
    return {
        "approval": {"code": one.definition.approval_code, "name": one.definition.name},
        "instance": {
            "code": one.instance_code,
            "status": one.status.lower(),
            "start_time": str(one.start_ms),
            "end_time": str(one.end_ms),
            "serial_id": one.serial,
        },
    }


# what people do


def cancel(world: World, call: Call) -> dict[str, Any]:
    """Take an instance back: only who asked for it may."""
    body = call.json()
    one = _instance(world, body.get("instance_code"))
    if _person(world, call, body) != one.open_id:
        raise Refusal(1390009)
    if one.status == PENDING:
        world.course.cancel(one)
    else:
        world.course.revert(one)
    return {}


def approve(world: World, call: Call) -> dict[str, Any]:
    """Decide a task with yes."""
    one, task, body = _task(world, call)
    world.course.approve(one, task, str(body.get("comment") or ""))
    return {}


def reject(world: World, call: Call) -> dict[str, Any]:
    """Decide a task with no."""
    one, task, body = _task(world, call)
    world.course.reject(one, task, str(body.get("comment") or ""))
    return {}


def transfer(world: World, call: Call) -> dict[str, Any]:
    """Hand a task on."""
    one, task, body = _task(world, call)
    world.course.transfer(one, task, _person(world, call, {"user_id": body.get("transfer_user_id")}))
    return {}


def _task(world: World, call: Call) -> tuple[Instance, Task, dict[str, Any]]:
    """The task of a call; 1390010 when it is not there, was decided, or is somebody else's. [doc]"""
    body = call.json()
    one, person = _instance(world, body.get("instance_code")), _person(world, call, body)
    mine = (each for each in one.open_tasks() if each.task_id == body.get("task_id") and each.open_id == person)
    found = next(mine, None)
    if found is None:
        raise Refusal(1390010)
    return one, found, body


_READ = frozenset({"approval:instance", "approval:approval:readonly", "approval:approval"})
_DEFINE = frozenset({"approval:definition", "approval:approval"})
_SEARCH = frozenset({"approval:approval.list:readonly"})
_WRITE = frozenset({"approval:instance", "approval:approval"})
_DECIDE = frozenset({"approval:task", "approval:approval"})
_OF = f"{_PATH}/approvals/{{approval_code}}"
_KIND, _ONE, _WORK = "approval.definition", "approval.instance", "approval.task"
ROUTES = (
    Route(f"{_KIND}.get", "GET", _OF, get_definition, _DEFINE | {"approval:approval:readonly"}, PER_MINUTE_100),
    Route(f"{_KIND}.subscribe", "POST", f"{_OF}/subscribe", subscribe, _DEFINE, PER_MINUTE_100),
    Route(f"{_KIND}.unsubscribe", "POST", f"{_OF}/unsubscribe", unsubscribe, _DEFINE, PER_MINUTE_100),
    Route(f"{_ONE}.list", "GET", f"{_PATH}/instances", list_codes, _READ, PER_MINUTE_100),
    Route(f"{_ONE}.create", "POST", f"{_PATH}/instances", create, _WRITE, PER_MINUTE_100),
    Route(f"{_ONE}.query", "POST", f"{_PATH}/instances/query", query, _SEARCH, PER_MINUTE_1000_AND_50),
    Route(f"{_ONE}.cancel", "POST", f"{_PATH}/instances/cancel", cancel, _WRITE, PER_MINUTE_100),
    Route(f"{_ONE}.get", "GET", f"{_PATH}/instances/{{instance_id}}", get, _READ, PER_MINUTE_1000_AND_50),
    Route(f"{_WORK}.approve", "POST", f"{_PATH}/tasks/approve", approve, _DECIDE, PER_MINUTE_100),
    Route(f"{_WORK}.reject", "POST", f"{_PATH}/tasks/reject", reject, _DECIDE, PER_MINUTE_100),
    Route(f"{_WORK}.transfer", "POST", f"{_PATH}/tasks/transfer", transfer, _DECIDE, PER_MINUTE_100),
)
