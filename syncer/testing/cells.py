"""How Feishu takes a cell and how it shows it, for the plain field types: what the records' twin keeps.

A cell is taken in the written shape and kept in the shape of ``search``; an empty one is kept as ``None``.
"""

from collections.abc import Callable
from typing import Any, TypeAlias

from syncer.core.values import Json
from syncer.errors import RefusedError
from syncer.ports import FieldInfo

Shape: TypeAlias = "Callable[[Any], Json]"

MOST_CHARACTERS = 100_000
MOST_CHOICES = 1000
MOST_LINKS = 500
_EXACT = 2**53
_FARTHEST_MS = 8_640_000_000_000_000


class _Unfit(Exception):  # noqa: N818 - never leaves this module
    def __init__(self, code: int, name: str) -> None:
        self.code, self.name = code, name


def shown(field: FieldInfo, cell: Json) -> Json:
    """What ``search`` shows of a cell after it was written. Raises ``RefusedError`` with Feishu's code."""
    if cell is None:
        return None
    try:
        return _SHAPES[field.type](cell)
    except _Unfit as unfit:
        raise RefusedError(f"field {field.name!r}: {unfit.code} {unfit.name}", code=unfit.code) from None


def _text(cell: Any) -> Json:
    if not isinstance(cell, str):
        raise _Unfit(1254060, "TextFieldConvFail")
    if len(cell) > MOST_CHARACTERS:
        raise _Unfit(1254130, "TooLargeCell")
    return [{"type": "text", "text": cell}] if cell else None


def _number(cell: Any) -> Json:
    """An IEEE float64; without a fraction it is shown as an integer."""
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        raise _Unfit(1254061, "NumberFieldConvFail")
    held = float(cell)
    return int(held) if held.is_integer() and abs(held) <= _EXACT else held


def _choice(cell: Any) -> Json:
    if not isinstance(cell, str):
        raise _Unfit(1254062, "SingleSelectFieldConvFail")
    return cell or None


def _choices(cell: Any) -> Json:
    if cell == "":
        return None
    if not isinstance(cell, list) or len(cell) > MOST_CHOICES:
        raise _Unfit(1254063, "MultiSelectFieldConvFail")
    if not all(isinstance(name, str) and name for name in cell):
        raise _Unfit(1254063, "MultiSelectFieldConvFail")
    return list(dict.fromkeys(cell)) or None


def _date(cell: Any) -> Json:
    if isinstance(cell, bool) or not isinstance(cell, int) or abs(cell) > _FARTHEST_MS:
        raise _Unfit(1254064, "DatetimeFieldConvFail")
    return cell


def _box(cell: Any) -> Json:
    """Unchecked is shown; a box that was never touched is not."""
    if not isinstance(cell, bool):
        raise _Unfit(1254065, "CheckboxFieldConvFail")
    return cell


def _people(cell: Any) -> Json:
    """People are written by their ids alone; one who is named twice is shown once."""
    if not isinstance(cell, list) or not all(isinstance(item, dict) and item.get("id") for item in cell):
        raise _Unfit(1254066, "UserFieldConvFail")
    return [{"id": id_, "name": f"User {id_}"} for id_ in dict.fromkeys(item["id"] for item in cell)] or None


def _links(code: int) -> Shape:
    """Ids of records, bare or in their object; that they are there is looked at elsewhere (``ends``)."""

    def take(cell: Any) -> Json:
        ids = cell.get("link_record_ids") if isinstance(cell, dict) else cell
        if isinstance(ids, list) and any(isinstance(item, dict) for item in ids):
            raise _Unfit(1254074, "DuplexLinkFieldConvFail")
        if not isinstance(ids, list) or len(ids) > MOST_LINKS or not all(isinstance(item, str) for item in ids):
            raise _Unfit(code, "LinkFieldConvFail")
        return {"link_record_ids": [*dict.fromkeys(ids)]} if ids else None

    return take


LINKING = {18: 1254067, 21: 1254074}
"""Types of links, with the code of what they do not take."""
_SHAPES: dict[int, Shape] = {1: _text, 2: _number, 3: _choice, 4: _choices, 5: _date, 7: _box, 11: _people}
_SHAPES |= {kind: _links(code) for kind, code in LINKING.items()}
CHOOSING = frozenset({3, 4})
"""Types whose unknown names become options."""
