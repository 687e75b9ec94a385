"""What handlers ask first: is the caller let into this base, does this table exist, what may the caller see of it."""

from typing import Any

from syncer.simulator.calls import Call
from syncer.simulator.cells.kind import Reading
from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.model import Base, Field, Role, Table
from syncer.simulator.people import ID_TYPES
from syncer.simulator.world import World

_RANK = {"none": 0, "read": 1, "edit": 2, "manage": 3}

READ_ALL = frozenset({"bitable:app", "bitable:app:readonly"})
WRITE_ALL = frozenset({"bitable:app"})


def base_for(world: World, call: Call, right: str, *, wiki: bool | None = None) -> Base:
    """Return the base of the path; 91403 when the app has less than `right` on it."""
    follow = world.switches.wiki_token_on_records if wiki is None else wiki
    base = world.base(call.params["app_token"], wiki=follow)
    if _RANK[base.right(call.app.app_id)] < _RANK[right]:
        raise Refusal(91403)
    return base


def table_for(world: World, call: Call, right: str) -> tuple[Base, Table]:
    """Return base and table of the path."""
    base = base_for(world, call, right)
    return base, world.table(base, call.params["table_id"])


def schema_for(world: World, call: Call) -> tuple[Base, Table]:
    """Return base and table for a change of fields or views; 1254304 when advanced permissions keep the app out."""
    base, table = table_for(world, call, "edit")
    if base.role(call.app.app_id):
        raise Refusal(1254304)
    return base, table


def role_in(base: Base, call: Call) -> Role | None:
    """Return the role that narrows what the caller sees, None when it sees everything."""
    return base.role(call.app.app_id)


def field_for(table: Table, call: Call) -> Field:
    """Return the field of the path; 1254009 for a malformed id, 1254044 for an unknown one."""
    field_id = call.params["field_id"]
    if not field_id.startswith("fld"):
        raise Refusal(1254009)
    if field_id not in table.fields:
        raise Refusal(1254044)
    return table.fields[field_id]


def user_id_type(given: object) -> str:
    """Return the kind of person ids a call speaks; open_id when it says nothing."""
    if given in {None, ""}:
        return "open_id"
    if given not in ID_TYPES:
        raise invalid("user_id_type", f"must be one of {', '.join(ID_TYPES)}", given)
    return str(given)


def reading(world: World, base: Base, table: Table, id_type: Any) -> Reading:
    """Return who reads what."""
    return Reading(world, base, table, user_id_type(id_type))
