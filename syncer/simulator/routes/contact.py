"""What the contact calls have in common: id types, pages of at most 50, and refusals of their own. [doc]"""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.directory.tree import ROOT, Department, Employee
from syncer.simulator.directory.views import View
from syncer.simulator.errors import Refusal
from syncer.simulator.people import ID_TYPES
from syncer.simulator.world import World

_MOST, _USUAL = 50, 10
_DEPARTMENT_ID_TYPES = ("open_department_id", "department_id")


def view_of(world: World, call: Call) -> View:
    """Return the directory as the calling app sees it."""
    return View(world, call.app)


def id_types(call: Call) -> tuple[str, str]:
    """Return the call's types of user and department ids; 40001 for others."""
    user = call.query.get("user_id_type") or "open_id"
    department = call.query.get("department_id_type") or "open_department_id"
    if user not in ID_TYPES or department not in _DEPARTMENT_ID_TYPES:
        raise Refusal(40001)
    return user, department


def employee(world: World, call: Call, given: str) -> Employee:
    """Return the person of an id of the call's type; 41012 for nobody."""
    id_type, _ = id_types(call)
    found = next(
        (each for each in _candidates(world, id_type, given) if getattr(each.person, id_type) == given),
        None,
    )
    if found is None or (found.resigned and world.switches.resigned_user == "unknown"):
        raise Refusal(41012)
    return found


def _candidates(world: World, id_type: str, given: str) -> Sequence[Employee]:
    employees = world.directory.employees
    if id_type == "open_id":
        return [employees[given]] if given in employees else []
    return list(employees.values())


def department(world: World, call: Call, given: str) -> Department:
    """Return the department of an id of the call's type; 40015 for none."""
    _, id_type = id_types(call)
    found = next((each for each in _places(world, id_type, given) if getattr(each, id_type) == given), None)
    if found is None:
        raise Refusal(40015)
    return found


def place(world: World, call: Call, given: str) -> str:
    """Return the open_department_id of a department, the root included; 40015 for none, 40004 out of range."""
    found = given if given == ROOT else department(world, call, given).open_department_id
    view_of(world, call).demand(found)
    return found


def _places(world: World, id_type: str, given: str) -> Sequence[Department]:
    departments = world.directory.departments
    if id_type == "open_department_id":
        return [departments[given]] if given in departments else []
    return list(departments.values())


def page(
    call: Call, items: Sequence[Any], most: int = _MOST, usual: int = _USUAL
) -> tuple[Sequence[Any], dict[str, Any]]:
    """Return the items of the page asked for, and what says where the next one is; 40011, 40012."""
    given = call.query.get("page_size") or str(usual)
    if not given.isdigit() or not 0 < int(given) <= most:
        raise Refusal(40011)
    start, size = _start(call.query.get("page_token", "")), int(given)
    more = start + size < len(items)
    token = {"page_token": base64.b64encode(f"from {start + size}".encode()).decode()} if more else {}
    return items[start : start + size], {"has_more": more, **token}


def _start(token: str) -> int:
    if not token:
        return 0
    try:
        word, number = base64.b64decode(token, validate=True).decode().split(" ")
        start = int(number)
    except (binascii.Error, UnicodeDecodeError, ValueError) as error:
        raise Refusal(40012) from error
    if word != "from":
        raise Refusal(40012)
    return start


def named(call: Call, key: str, most: int = _MOST) -> list[str]:
    """Return a query parameter that stands there many times; 40001 when there are too many, or none."""
    found = call.values.get(key, [])
    if not 0 < len(found) <= most:
        raise Refusal(40001, f"{key} takes 1 to {most} ids")
    return list(found)
