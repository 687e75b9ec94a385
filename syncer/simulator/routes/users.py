"""People of the directory: one, some by id, the members of a department, and ids by e-mail or phone."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.directory.tree import Employee
from syncer.simulator.directory.views import BASE, ORGANIZE, id_under
from syncer.simulator.errors import Refusal
from syncer.simulator.gateway import Route
from syncer.simulator.quotas import PER_MINUTE_1000_AND_50
from syncer.simulator.routes.contact import employee, id_types, named, page, place, view_of
from syncer.simulator.world import World

_PATH = "/open-apis/contact/v3/users"
_MOST = 50


def get(world: World, call: Call) -> dict[str, Any]:
    """Return one person; 41012 for nobody, 41050 for one out of range."""
    view, found = view_of(world, call), employee(world, call, call.params["user_id"])
    if not view.reaches(found) or (found.resigned and world.switches.resigned_user == "forbidden"):
        raise Refusal(41050)
    return {"user": view.user(found, *id_types(call))}


def batch(world: World, call: Call) -> dict[str, Any]:
    """Return those of some people that are in range; the others are left out without a word."""
    view, found = view_of(world, call), list[Employee]()
    for given in named(call, "user_ids"):
        try:
            found.append(employee(world, call, given))
        except Refusal:
            continue
    shown = [each for each in found if view.reaches(each) and not each.resigned]
    return {"items": [view.user(each, *id_types(call)) for each in shown]}


def find_by_department(world: World, call: Call) -> dict[str, Any]:
    """Return the people directly in a department, page by page."""
    view, found = view_of(world, call), place(world, call, call.query.get("department_id", ""))
    shown, more = page(call, world.directory.members(found))
    return {**more, "items": [view.user(each, *id_types(call)) for each in shown]}


def batch_get_id(world: World, call: Call) -> dict[str, Any]:
    """Return the ids of people by e-mail and phone; who is not found has none. Enterprise mails find nobody."""
    body, (id_type, _) = call.json(), id_types(call)
    emails, mobiles = _list(body, "emails"), _list(body, "mobiles")
    resigned = body.get("include_resigned") is True
    known = [each for each in world.directory.employees.values() if resigned or not each.resigned]
    by_mail = {each.person.email.lower(): each for each in known if each.person.email}
    by_phone = {each.mobile: each for each in known if each.mobile}
    return {
        "user_list": [
            *(_entry("email", given, by_mail.get(given.lower()), id_type) for given in emails),
            *(_entry("mobile", given, by_phone.get(given), id_type) for given in mobiles),
        ]
    }


def _list(body: dict[str, Any], key: str) -> list[str]:
    found = body.get(key) or []
    if not isinstance(found, list) or len(found) > _MOST or not all(isinstance(each, str) for each in found):
        raise Refusal(40001, f"{key} takes up to {_MOST} texts")
    return found


def _entry(key: str, given: str, found: Employee | None, id_type: str) -> dict[str, Any]:
    return {"user_id": id_under(found.person, id_type), key: given} if found else {key: given}


_ANY = BASE | ORGANIZE
ROUTES = (
    Route(
        "contact.user.batch_get_id",
        "POST",
        f"{_PATH}/batch_get_id",
        batch_get_id,
        frozenset({"contact:user.id:readonly"}),
        PER_MINUTE_1000_AND_50,
    ),
    Route("contact.user.batch", "GET", f"{_PATH}/batch", batch, BASE, PER_MINUTE_1000_AND_50),
    Route(
        "contact.user.find_by_department",
        "GET",
        f"{_PATH}/find_by_department",
        find_by_department,
        _ANY,
        PER_MINUTE_1000_AND_50,
    ),
    Route("contact.user.get", "GET", f"{_PATH}/{{user_id}}", get, BASE, PER_MINUTE_1000_AND_50),
)
