"""The widgets of an approval's form: which fields each gives, and how a cell is taken from what an instance holds.

Shapes: platform.md 5.2. A widget is known by its id, so that one that is renamed is followed; in a mapping it is called
``form.<name>``, or ``form.<id>`` where a name stands twice.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import orjson

from syncer.core.values import Json
from syncer.feishu.source import DOCUMENT, LIST, MEMBERS, MOMENT, NUMBER, TEXT, ZONE, SourceField, field

WIDGETS = "widgets"
"""Where the form of a body stands once it is taken apart: widget id -> widget."""

Widget = Mapping[str, Any]
Read = Callable[[Widget], Json]
Part = tuple[str, int, Read]
"""One field of a widget: what follows its name (``.start``), the field's type, and how its cell is read."""

_QUOTED = re.compile(r"'((?:[^'\\]|\\.)*)'")
_SILENT = frozenset({"text"})
"""Widgets that hold nothing: a note to the reader."""


def unfolded(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """An instance with its form taken apart, so that each field finds its widget."""
    return {**body, WIDGETS: {str(each.get("id")): each for each in parsed(body.get("form"))}}


def parsed(form: object) -> list[Widget]:
    """The widgets of a form, which comes as JSON in a string; of one that cannot be read: none."""
    try:
        found = orjson.loads(form) if isinstance(form, str) and form else form
    except orjson.JSONDecodeError:
        return []
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def form_fields(widgets: Sequence[Widget]) -> Iterator[SourceField]:
    """The fields of a form, in its order."""
    names = Counter(str(each.get("name")) for each in widgets)
    for each in widgets:
        kind, identity, name = str(each.get("type")), str(each.get("id")), str(each.get("name") or "")
        if kind in _SILENT:
            continue
        called = name if name and names[name] == 1 else identity
        for suffix, type_, read in _parts(kind):
            yield field(f"form.{called}{suffix}", type_, _taking(identity, read), identity=f"form.{identity}{suffix}")


def row_fields(widget: Widget) -> Iterator[SourceField]:
    """The fields of one row of a detail table."""
    for inner in parsed(widget.get("children")):
        for suffix, type_, read in _parts(str(inner.get("type"))):
            identity = str(inner.get("id"))
            called = f"{inner.get('name') or identity}{suffix}"
            yield field(called, type_, _taking(identity, read), identity=f"{identity}{suffix}")


def rows_of(widget: Widget) -> list[Mapping[str, Any]]:
    """The rows of a detail table, each with its widgets by id."""
    rows = widget.get("value")
    found = [parsed(row) for row in rows] if isinstance(rows, list) else []
    return [{WIDGETS: {str(each.get("id")): each for each in row}} for row in found]


def _taking(identity: str, read: Read) -> Callable[[Mapping[str, Any]], Json]:
    def take(body: Mapping[str, Any]) -> Json:
        widget = body[WIDGETS].get(identity)
        return None if widget is None or widget.get("value") in (None, "") else read(widget)

    return take


# What is read of a widget.


def _text(widget: Widget) -> Json:
    value = widget.get("value")
    return value if isinstance(value, str) else orjson.dumps(value).decode()


def _number(widget: Widget) -> Json:
    """A number; samples show them as text too."""
    return number(widget.get("value"))


def number(value: object) -> Json:
    """A JSON number, of one or of its text; what is none is left as it is, for the field to complain about."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else str(value)
    try:
        return int(value) if value.lstrip("-").isdigit() else float(value)
    except ValueError:
        return value


def _moment(widget: Widget) -> Json:
    return milliseconds(widget.get("value"))


def milliseconds(value: object) -> Json:
    """Unix milliseconds of an RFC 3339 text; one without a zone is read in China's, what is none is left as it is."""
    if not isinstance(value, str) or not value:
        return None if value in (None, "") else str(value)
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return value
    return round((at if at.tzinfo else at.replace(tzinfo=ZoneInfo(ZONE))).timestamp() * 1000)


def _texts(widget: Widget) -> Json:
    value = widget.get("value")
    return [str(each) for each in value] if isinstance(value, list) else [str(value)]


def _people(widget: Widget) -> Json:
    """The open_ids beside the value; that holds user_ids, which need a scope of their own."""
    found = widget.get("open_ids")
    return [str(each) for each in found] if isinstance(found, list) else None


def _departments(widget: Widget) -> Json:
    value = widget.get("value")
    places = value if isinstance(value, list) else []
    return [str(each.get("open_id")) for each in places if isinstance(each, dict)]


def _file_names(widget: Widget) -> Json:
    """The names of files, which stand apart from their addresses: ``'a.pdf','b.png'``."""
    ext = str(widget.get("ext") or "")
    return _QUOTED.findall(ext) or [name for name in ext.split(",") if name]


def _telephone(widget: Widget) -> Json:
    value = widget.get("value")
    if not isinstance(value, dict):
        return _text(widget)
    return f"{value.get('countryCode') or value.get('country_code') or ''} {_national(value)}".strip()


def _national(value: Mapping[str, Any]) -> str:
    return str(value.get("nationalNumber") or value.get("national_number") or "")


def _whole(widget: Widget) -> Json:
    value: Json = widget.get("value")
    return value


def _rows(widget: Widget) -> Json:
    """A detail table as JSON: one object a row, by the names of its widgets."""
    rows = widget.get("value")
    if not isinstance(rows, list):
        return None
    return [{str(each.get("name") or each.get("id")): each.get("value") for each in parsed(row)} for row in rows]


def _inner(key: str, read: Callable[[object], Json]) -> Read:
    def take(widget: Widget) -> Json:
        value = widget.get("value")
        return read(value.get(key)) if isinstance(value, dict) else None

    return take


def _said(value: object) -> Json:
    return None if value in (None, "") else str(value)


_SPAN: tuple[Part, ...] = (
    (".start", MOMENT, _inner("start", milliseconds)),
    (".end", MOMENT, _inner("end", milliseconds)),
    (".interval", NUMBER, _inner("interval", number)),
)
_GROUP: tuple[Part, ...] = (
    ("", DOCUMENT, _whole),
    *_SPAN,
    (".name", TEXT, _inner("name", _said)),
    (".unit", TEXT, _inner("unit", _said)),
    (".reason", TEXT, _inner("reason", _said)),
)
_FILES: tuple[Part, ...] = (("", LIST, _file_names), (".urls", DOCUMENT, _whole))
_GROUPS = ("leaveGroup", "leaveGroupV2", "workGroup", "tripGroup", "outGroup", "shiftGroup", "remedyGroup")
_NUMBERS = ("number", "amount", "formula")

PARTS: Mapping[str, tuple[Part, ...]] = {
    **dict.fromkeys(("input", "textarea", "serialNumber", "radio", "radioV2", "address"), (("", TEXT, _text),)),
    **dict.fromkeys(_NUMBERS, (("", NUMBER, _number),)),
    "date": (("", MOMENT, _moment),),
    "dateInterval": _SPAN,
    **dict.fromkeys(("checkbox", "checkboxV2", "connect"), (("", LIST, _texts),)),
    "contact": (("", MEMBERS, _people), (".user_ids", LIST, _texts)),
    "department": (("", LIST, _departments),),
    **dict.fromkeys(("attachment", "attachmentV2", "image", "imageV2"), _FILES),
    "telephone": (("", TEXT, _telephone),),
    "fieldList": (("", DOCUMENT, _rows),),
    **dict.fromkeys(_GROUPS, _GROUP),
}
"""Widget type: its fields. Types that are not here are carried whole, as JSON."""


def _parts(kind: str) -> Sequence[Part]:
    return PARTS.get(kind, (("", DOCUMENT, _whole),))
