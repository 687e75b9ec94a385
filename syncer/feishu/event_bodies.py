"""The bodies of events, taken apart: record and field changes of Bitable, and of all others what they are called.

Sources: ``drive.file.bitable_record_changed_v1``, ``drive.file.bitable_field_changed_v1`` (2025-11-17), the event
overview (``/ukTMukTMukTM/uUTNz4SN1MjL1UzM``). Version 2 has a ``header``, version 1 ``uuid`` and ``event.type``.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard

import orjson

from syncer.feishu.seal import moment
from syncer.feishu.source_events import of_source
from syncer.ports.signals import ParsedEvent, RecordChange

RECORD_CHANGED = "drive.file.bitable_record_changed_v1"
FIELD_CHANGED = "drive.file.bitable_field_changed_v1"

ACTIONS = frozenset({"record_added", "record_edited", "record_deleted"})

_LONGEST_NAME = 256


def read_json(content: bytes) -> Mapping[str, Any] | None:
    """A JSON object, or ``None`` for anything else."""
    try:
        found = orjson.loads(content)
    except orjson.JSONDecodeError:
        found = _in_spite_of_halves(content)
    return found if isinstance(found, dict) else None


def _in_spite_of_halves(content: bytes) -> object:
    """Half of an emoji (a lone surrogate) in one cell must not lose a whole event; it becomes ``?``."""
    try:
        text = json.dumps(json.loads(content), ensure_ascii=False, allow_nan=False)
        return orjson.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def read_event(body: Mapping[str, Any]) -> ParsedEvent | None:
    """An event by its decrypted body; ``None`` if it is none, because it has no id or no type."""
    header, event = _mapping(body.get("header")), _mapping(body.get("event"))
    if "header" in body:
        name, kind, created_at = header.get("event_id"), header.get("event_type"), moment(header.get("create_time"))
    else:
        name, kind, created_at = body.get("uuid"), event.get("type"), moment(body.get("ts"))
    if not (_is_name(name) and _is_name(kind)):
        return None
    parsed = ParsedEvent(name, kind, created_at, body=orjson.dumps(body).decode())
    return _of_table(parsed, event) if kind in (RECORD_CHANGED, FIELD_CHANGED) else of_source(parsed, event)


def _of_table(parsed: ParsedEvent, event: Mapping[str, Any]) -> ParsedEvent:
    base, table = event.get("file_token"), event.get("table_id")
    if not (_is_name(base) and _is_name(table)):
        return parsed
    actions = _list(event.get("action_list"))
    changes = tuple(_changes(actions)) if parsed.type == RECORD_CHANGED else ()
    fields = tuple(_field_ids(actions)) if parsed.type == FIELD_CHANGED else ()
    return replace(
        parsed,
        app_token=base,
        table_id=table,
        revision=_number(event.get("revision")),
        happened_at=_happened(event.get("update_time"), parsed.created_at),
        operator=_mapping(event.get("operator_id")),
        changes=changes,
        fields=fields,
        unclear=not actions or len(changes) + len(fields) < len(actions),
    )


def _changes(actions: list[Any]) -> Iterator[RecordChange]:
    for action in map(_mapping, actions):
        record, kind = action.get("record_id"), action.get("action")
        if _is_name(record) and kind in ACTIONS:
            before, after = _list(action.get("before_value")), _list(action.get("after_value"))
            yield RecordChange(record, kind, _values(before), _values(after), _people(before), _people(after))


def _field_ids(actions: list[Any]) -> Iterator[str]:
    for action in map(_mapping, actions):
        if _is_name(name := action.get("field_id")):
            yield name


def _values(cells: list[Any]) -> dict[str, str]:
    """Raw values by field id. Feishu sends JSON text; an empty cell comes as an empty one, or without a value."""
    return {cell["field_id"]: _raw(cell.get("field_value")) for cell in _cells(cells)}


def _people(cells: list[Any]) -> dict[str, Any]:
    return {
        cell["field_id"]: cell["field_identity_value"] for cell in _cells(cells) if cell.get("field_identity_value")
    }


def _cells(cells: list[Any]) -> Iterator[Mapping[str, Any]]:
    return (cell for cell in map(_mapping, cells) if _is_name(cell.get("field_id")))


def _raw(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _happened(told: object, created_at: datetime | None) -> datetime | None:
    """``update_time`` is in whole seconds; the event's own time, a little later, may tell the rest of that second."""
    at = moment(told)
    if at is not None and created_at is not None and timedelta(0) <= created_at - at < timedelta(seconds=1):
        return created_at
    return at or created_at


def _is_name(found: object) -> TypeGuard[str]:
    """Whether this can be an id or a type: the state store takes no NUL, and an index no endless text."""
    return isinstance(found, str) and 0 < len(found) <= _LONGEST_NAME and "\0" not in found


def _number(found: object) -> int | None:
    text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def _mapping(found: object) -> Mapping[str, Any]:
    return found if isinstance(found, dict) else {}


def _list(found: object) -> list[Any]:
    return found if isinstance(found, list) else []
