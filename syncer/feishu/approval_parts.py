"""The fields of an instance beside its form, and its parts (tasks, timeline, comments, detail tables) line by line.

Times are text in milliseconds there, "0" while something is open (platform.md 5.2).
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from syncer.core.values import Json
from syncer.errors import FeishuSetupError
from syncer.feishu.source import DOCUMENT, FLAG, LIST, MOMENT, NUMBER, TEXT, SourceField, Take, field
from syncer.feishu.widgets import WIDGETS, Widget, form_fields, row_fields, rows_of

TASKS, TIMELINE, COMMENTS = "task_list", "timeline", "comment_list"
REVERTED = "REVERTED"
_TEXTS = (
    *("approval_name", "approval_code", "serial_number", "uuid", "status", "open_id", "department_id"),
    *("modified_instance_code", "reverted_instance_code"),
)


def text(name: str) -> Take:
    """Takes a text; an empty one is none."""
    return lambda body: body.get(name) or None


def moment(name: str) -> Take:
    """Takes a time that comes as text in milliseconds; "0" is none."""

    def take(body: Mapping[str, Any]) -> Json:
        told = str(body.get(name) or "")
        return int(told) if told.isdigit() and int(told) else None

    return take


def instance_fields(widgets: Sequence[Widget]) -> list[SourceField]:
    """Every field of an instance under this form."""
    return [
        field("instance_code", TEXT),
        *(field(name, TEXT, text(name)) for name in _TEXTS),
        field("user_id", TEXT, text("user_id")),
        field("reverted", FLAG, lambda body: bool(body.get("reverted"))),
        field("outcome", TEXT, _outcome),
        field("start_time", MOMENT, moment("start_time")),
        field("end_time", MOMENT, moment("end_time")),
        *(field(name, DOCUMENT, _listed(name)) for name in (TASKS, TIMELINE, COMMENTS)),
        *form_fields(widgets),
    ]


def _outcome(body: Mapping[str, Any]) -> Json:
    """The status; of an instance that was revoked after its approval, what its event calls it [doc]."""
    return REVERTED if body.get("reverted") else body.get("status")


def _listed(name: str) -> Take:
    return lambda body: body.get(name) or []


_PART_FIELDS: Mapping[str, tuple[tuple[str, int], ...]] = {
    TASKS: (
        *((name, TEXT) for name in ("id", "user_id", "open_id", "status", "node_id", "node_name", "custom_node_id")),
        *(("type", TEXT), ("start_time", MOMENT), ("end_time", MOMENT)),
    ),
    TIMELINE: (
        *((name, TEXT) for name in ("type", "user_id", "open_id", "task_id", "comment", "node_key")),
        *(("create_time", MOMENT), ("ext", TEXT), ("cc_user_list", DOCUMENT), ("files", LIST)),
    ),
    COMMENTS: (
        *((name, TEXT) for name in ("id", "user_id", "open_id", "comment")),
        *(("create_time", MOMENT), ("files", LIST)),
    ),
}
_OF_INSTANCE = "instance_code"
_HEAD = (("line", TEXT), (_OF_INSTANCE, TEXT), ("position", NUMBER))


def part_fields(part: str, widgets: Sequence[Widget]) -> list[SourceField]:
    """Every field of one line of a part. Raises ``FeishuSetupError`` for a part there is not."""
    head = [field(name, type_) for name, type_ in _HEAD]
    if part in _PART_FIELDS:
        return [*head, *(field(name, type_, _take(name, type_)) for name, type_ in _PART_FIELDS[part])]
    return [*head, *row_fields(_detail_table(part, widgets))]


def _take(name: str, type_: int) -> Take:
    if type_ == MOMENT:
        return moment(name)
    if type_ == LIST:
        return lambda body: [str(each.get("title")) for each in body.get(name) or () if isinstance(each, dict)]
    return text(name)


def _detail_table(part: str, widgets: Sequence[Widget]) -> Widget:
    tables = {f"form.{name}": each for each in widgets if each.get("type") == "fieldList" for name in _names(each)}
    if part not in tables:
        there = ", ".join([*_PART_FIELDS, *tables])
        raise FeishuSetupError(f"the approval has no part {part!r}; there are: {there}")
    return tables[part]


def _names(widget: Widget) -> tuple[str, str]:
    return str(widget.get("id")), str(widget.get("name"))


def lines_of(part: str, code: str, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The lines of one part of an instance, each under an id of its own that stays."""
    for position, each in enumerate(_part(part, body)):
        line = f"{code}/{each.get('id') or position}" if part in (TASKS, COMMENTS) else f"{code}/{position}"
        yield line, {**each, "line": line, _OF_INSTANCE: code, "position": position}


def _part(part: str, body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    if part in _PART_FIELDS:
        return body.get(part) or ()
    widgets = body[WIDGETS].values()
    return next((rows_of(each) for each in widgets if part.removeprefix("form.") in _names(each)), ())
