"""The fields of people and departments, and the scopes that open them (platform.md 6)."""

from collections.abc import Mapping, Sequence
from typing import Any

from syncer.core.values import Json
from syncer.feishu.source import DOCUMENT, FLAG, LIST, MOMENT, NUMBER, TEXT, SourceField, Take, field

OUT_OF_RANGE = "out_of_range"
"""What is true of a line that was seen once and that the app may not see any more."""
PATH = "path"
PRIVATE = frozenset({"email", "mobile", "enterprise_email"})
"""What a mapping must ask for to get."""

_BASE, _EMPLOYEE = "contact:user.base:readonly", "contact:user.employee:readonly"
_PLACE = "contact:user.department:readonly"
_NUMBER = ("contact:user.employee_number:read", _EMPLOYEE)
_FLAGS = ("is_frozen", "is_resigned", "is_activated", "is_exited", "is_unjoin")


def _text(name: str, *scopes: str) -> SourceField:
    return field(name, TEXT, lambda body: body.get(name) or None, *scopes)


def _plain(name: str, type_: int, *scopes: str) -> SourceField:
    return field(name, type_, None, *scopes)


def _inner(key: str, name: str) -> Take:
    def take(body: Mapping[str, Any]) -> Json:
        held = body.get(key)
        return held.get(name) if isinstance(held, Mapping) else None

    return take


def _seconds(name: str) -> Take:
    def take(body: Mapping[str, Any]) -> Json:
        told = body.get(name)
        return told * 1000 if isinstance(told, int) and told else None

    return take


def _number(name: str) -> Take:
    """A number, which the API shows as text where events do not."""

    def take(body: Mapping[str, Any]) -> Json:
        told = body.get(name)
        return int(told) if isinstance(told, str) and told.lstrip("-").isdigit() else told

    return take


def _flag(name: str) -> Take:
    return lambda body: bool(body.get(name))


_USERS: Sequence[SourceField] = (
    _text("open_id"),
    _text("union_id"),
    _text("user_id", "contact:user.employee_id:readonly"),
    *(_text(name, _BASE) for name in ("name", "en_name", "nickname")),
    field("avatar", TEXT, _inner("avatar", "avatar_origin"), _BASE),
    _text("email", "contact:user.email:readonly"),
    _text("mobile", "contact:user.phone:readonly"),
    _text("enterprise_email", _EMPLOYEE),
    _plain("gender", NUMBER, "contact:user.gender:readonly"),
    _plain("department_ids", LIST, _PLACE),
    _text("leader_user_id", _PLACE),
    _plain("orders", DOCUMENT, _PLACE),
    *(_text(name, _EMPLOYEE) for name in ("job_title", "city", "country", "work_station")),
    _text("employee_no", *_NUMBER),
    _plain("employee_type", NUMBER, _EMPLOYEE),
    field("join_time", MOMENT, _seconds("join_time"), _EMPLOYEE),
    field("is_tenant_manager", FLAG, _flag("is_tenant_manager"), _EMPLOYEE),
    *(field(name, FLAG, _inner("status", name), _EMPLOYEE) for name in _FLAGS),
    _plain("custom_attrs", DOCUMENT, _EMPLOYEE),
    field(OUT_OF_RANGE, FLAG, _flag(OUT_OF_RANGE)),
)

_NAMED, _TREE = "contact:department.base:readonly", "contact:department.organize:readonly"

DEPARTMENTS: Sequence[SourceField] = (
    _text("open_department_id"),
    _text("department_id", _NAMED),
    _text("name", _NAMED),
    _plain("i18n_name", DOCUMENT, _NAMED),
    _text("parent_department_id", _TREE),
    _text(PATH, _NAMED),
    _text("leader_user_id", _TREE),
    _plain("leaders", DOCUMENT, _TREE),
    field("order", NUMBER, _number("order"), _TREE),
    _text("chat_id", _NAMED),
    _plain("member_count", NUMBER, _TREE),
    _plain("primary_member_count", NUMBER, _TREE),
    _plain("unit_ids", LIST, _TREE),
    field("is_deleted", FLAG, _inner("status", "is_deleted"), _NAMED),
    field(OUT_OF_RANGE, FLAG, _flag(OUT_OF_RANGE)),
)


def user_fields(*, private: bool) -> Sequence[SourceField]:
    """The fields of people; phone numbers and e-mail addresses only where they were asked for."""
    return [each for each in _USERS if private or each.info.name not in PRIVATE]


def keys_of(fields: Sequence[SourceField], lacking: Mapping[str, str]) -> frozenset[str]:
    """The keys of a body that the app cannot see: absent there, they say nothing."""
    hidden = {each.info.name for each in fields if each.info.name in lacking}
    return frozenset(hidden | ({"status"} if hidden & {*_FLAGS, "is_deleted"} else set()))
