"""Cells as Feishu's record events carry them: JSON in a string, in an internal form that differs from what is read.

Only what has been seen of that form is understood (bitable.md 6.2): numbers, texts in segments, options by id, and the
plain forms of dates, checkboxes, phone numbers and URLs; people by what stands beside the cell, where they have their
open_ids. Links to records have not been seen there: in whatever form they come, they are the record ids in it.
Everything else is left to a reading of the record.
"""

import re
from collections.abc import Callable, Iterator, Mapping

import orjson

from syncer.core.mapping import Misfit
from syncer.core.values import Json
from syncer.fields.forms import excerpt
from syncer.ports import FieldInfo

TEXT, NUMBER, SELECT, MULTI_SELECT, DATE, CHECKBOX, PHONE, URL = 1, 2, 3, 4, 5, 7, 13, 15
LINK, TWO_WAY_LINK = 18, 21

_RECORD = re.compile(r"rec[0-9A-Za-z]+", re.ASCII)
_SHOWN = {"text", "text_arr", "name"}
"""Where a link shows what the linked record says of itself, which may look like an id."""


def event_cell(field: FieldInfo, raw: str, people: Json = None) -> Json:
    """A cell in the shape in which records are read. Raises ``Misfit`` for what nobody has seen yet.

    ``people``: the ``field_identity_value`` beside it, ``{"users": [{"user_id": {"open_id": ...}}]}`` (bitable.md 6.2).
    """
    if not raw:
        return None
    if field.type in WITH_IDENTITY:
        return _people(people)
    read = _READ.get(field.type)
    if read is None:
        raise Misfit(f"how events show fields of type {field.type} is not known")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Misfit(f"{excerpt(raw)} is no JSON") from None
    return None if found is None else read(field, found)


def _people(identity: Json) -> Json:
    users = identity.get("users") if isinstance(identity, Mapping) else None
    listed = users if isinstance(users, list) else []
    named = [user.get("user_id") if isinstance(user, Mapping) else None for user in listed]
    ids = [one.get("open_id") if isinstance(one, Mapping) else None for one in named]
    if not ids or not all(isinstance(each, str) and each for each in ids):
        raise Misfit(f"{excerpt(identity)} names no people")
    return [{"id": each} for each in ids]


def _option(field: FieldInfo, found: Json) -> Json:
    if not isinstance(found, str) or found not in field.option_ids:
        raise Misfit(f"{excerpt(found)} is no option of the field")
    return field.options[field.option_ids.index(found)]


def _options(field: FieldInfo, found: Json) -> Json:
    if not isinstance(found, list):
        raise Misfit(f"{excerpt(found)} is no list of options")
    return [_option(field, each) for each in found] or None


def _segments(_: FieldInfo, found: Json) -> Json:
    if isinstance(found, str):
        return found
    if isinstance(found, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in found):
        return found
    raise Misfit(f"{excerpt(found)} is no text")


def _linked(_: FieldInfo, found: Json) -> Json:
    ids = list(dict.fromkeys(_record_ids(found)))
    if not ids and found not in ([], {}, {"link_record_ids": []}, {"record_ids": []}):
        raise Misfit(f"{excerpt(found)} names no record")
    return {"link_record_ids": ids} if ids else None


def _record_ids(found: Json) -> Iterator[str]:
    if isinstance(found, str):
        if _RECORD.fullmatch(found):
            yield found
    elif isinstance(found, Mapping):
        for name, part in found.items():
            if name not in _SHOWN:
                yield from _record_ids(part)
    elif isinstance(found, list):
        for part in found:
            yield from _record_ids(part)


def _plain(*kinds: type) -> Callable[[FieldInfo, Json], Json]:
    def read(_: FieldInfo, found: Json) -> Json:
        if type(found) not in kinds:
            raise Misfit(f"{excerpt(found)} is of no kind that was seen")
        return found

    return read


_READ: Mapping[int, Callable[[FieldInfo, Json], Json]] = {
    TEXT: _segments,
    NUMBER: _plain(int, float),
    SELECT: _option,
    MULTI_SELECT: _options,
    DATE: _plain(int),
    CHECKBOX: _plain(bool),
    PHONE: _plain(str),
    URL: _plain(dict),
    LINK: _linked,
    TWO_WAY_LINK: _linked,
}
WITH_IDENTITY = frozenset({11})
"""Fields of people that people may edit."""
TOLD_TYPES = frozenset(_READ) | WITH_IDENTITY
"""The types of fields whose cells in events are understood."""
