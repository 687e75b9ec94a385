"""The events of approvals and contacts: which source they are about, and which line of it is to be looked at.

Shapes: platform.md 5.3 (v1 for instances and tasks, v2 for a definition) and 6. An event only says where to look: the
instance, person or department is read again. What moves many lines at once asks for a whole reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from syncer.core.sources import APPROVAL, CONTACTS, GONE, MOVED
from syncer.feishu.seal import moment
from syncer.ports.signals import ParsedEvent, RecordChange

APPROVAL_EVENTS = ("approval_instance", "approval_task")
DEFINITION = "approval.approval.updated_v4"
SCOPE = "contact.scope.updated_v3"
EVERYWHERE = "*"
"""Where the table of a directory is named: both people and departments."""
_ACTIONS = {"created": MOVED, "updated": MOVED, "deleted": GONE}
_WIDE = frozenset({"name", "parent_department_id"})
"""What of a department stands in the path of all below it."""

Event = Mapping[str, Any]


def of_source(parsed: ParsedEvent, event: Event) -> ParsedEvent:
    """The event with the place and line it is about; as it was, if it is about no source."""
    read = _READERS.get(parsed.type)
    return read(parsed, event) if read else parsed


def _instance(parsed: ParsedEvent, event: Event) -> ParsedEvent:
    code, line = event.get("approval_code"), event.get("instance_code")
    if not (_named(code) and _named(line)):
        return parsed
    happened = moment(event.get("operate_time")) or parsed.created_at
    changes = (RecordChange(str(line), MOVED),)
    return replace(parsed, app_token=APPROVAL, table_id=str(code), happened_at=happened, changes=changes)


def _definition(parsed: ParsedEvent, event: Event) -> ParsedEvent:
    """The form changed: its fields are read again."""
    code = _object(event, "object").get("approval_code")
    if not _named(code):
        return parsed
    return replace(parsed, app_token=APPROVAL, table_id=str(code), fields=("form",), happened_at=parsed.created_at)


def _person(parsed: ParsedEvent, event: Event) -> ParsedEvent:
    return _of_directory(parsed, event, "users", "open_id")


def _department(parsed: ParsedEvent, event: Event) -> ParsedEvent:
    found = _of_directory(parsed, event, "departments", "open_department_id")
    return replace(found, whole=bool(_WIDE & _object(event, "old_object").keys()))


def _of_directory(parsed: ParsedEvent, event: Event, table: str, identity: str) -> ParsedEvent:
    line = _object(event, "object").get(identity) or _object(event, "old_object").get(identity)
    placed = replace(parsed, app_token=CONTACTS, table_id=table, happened_at=parsed.created_at)
    if not _named(line):
        return replace(placed, unclear=True)
    action = _ACTIONS[parsed.type.rsplit(".", 1)[1].split("_", 1)[0]]
    return replace(placed, changes=(RecordChange(str(line), action),))


def _range(parsed: ParsedEvent, _: Event) -> ParsedEvent:
    """Others may be seen than before: everything is read again."""
    return replace(parsed, app_token=CONTACTS, table_id=EVERYWHERE, whole=True, happened_at=parsed.created_at)


def _named(found: object) -> bool:
    return isinstance(found, str) and 0 < len(found) <= 256 and "\0" not in found


def _object(event: Event, key: str) -> Mapping[str, Any]:
    found = event.get(key)
    return found if isinstance(found, dict) else {}


_READERS: Mapping[str, Callable[[ParsedEvent, Event], ParsedEvent]] = {
    **dict.fromkeys(APPROVAL_EVENTS, _instance),
    DEFINITION: _definition,
    **{f"contact.user.{word}_v3": _person for word in _ACTIONS},
    **{f"contact.department.{word}_v3": _department for word in _ACTIONS},
    SCOPE: _range,
}
