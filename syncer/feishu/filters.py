"""Conditions of ``search``: which values can be asked for, how, and whether what came back is really meant.

Feishu's filter is coarser than equality: a date means its whole day in the base's time zone, several elements mean
"contains". So every record found is compared again here. Source: the record filter guide of the Bitable pages.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from syncer.core.values import Json, plain
from syncer.errors import RefusedError
from syncer.feishu.quotas import CONDITIONS_PER_SEARCH, GROUPS_PER_SEARCH
from syncer.ports import FieldInfo

Condition: TypeAlias = Mapping[str, Json]
Filter: TypeAlias = dict[str, Any]
Meaning: TypeAlias = Callable[[Any], object]


@dataclass(frozen=True, slots=True)
class _Search:
    """How a family of field types is searched: the operator, its values, and what a cell means in either shape."""

    operator: str
    values: Callable[[Any], list[str]]
    shown: Meaning
    written: Meaning


def _text(cell: Any) -> object:
    return "".join(str(part.get("text", "")) for part in cell) if isinstance(cell, list) else cell


def _ids(cell: Any) -> object:
    """People and groups; a cell of one person may come as the person alone."""
    people = cell if isinstance(cell, list) else [cell]
    return frozenset(person["id"] if isinstance(person, dict) else person for person in people)


def _links(cell: Any) -> object:
    return frozenset(cell["link_record_ids"] if isinstance(cell, dict) else cell)


def _address(cell: Any) -> object:
    return (cell.get("text"), cell.get("link")) if isinstance(cell, dict) else cell


def _number(cell: Any) -> str:
    return format(plain(Decimal(repr(cell))), "f")


def _same(cell: Any) -> object:
    return cell


_TEXT = _Search("is", lambda cell: [cell], _text, _same)
_NUMBER = _Search("is", lambda cell: [_number(cell)], _same, _same)
_ONE = _Search("is", lambda cell: [cell], _same, _same)
_MANY = _Search("contains", list, frozenset, frozenset)
_DATE = _Search("is", lambda cell: ["ExactDate", str(cell)], _same, _same)
_BOX = _Search("is", lambda cell: ["true" if cell else "false"], bool, bool)
_PEOPLE = _Search("contains", lambda cell: sorted(_ids(cell)), _ids, _ids)  # type: ignore[call-overload]
_LINK = _Search("contains", lambda cell: sorted(_links(cell)), _links, _links)  # type: ignore[call-overload]
_URL = _Search("is", lambda cell: [cell["text"]], _address, _address)

_SEARCHES: dict[int, _Search] = {
    **dict.fromkeys((1, 13, 1005), _TEXT),
    2: _NUMBER,
    3: _ONE,
    4: _MANY,
    **dict.fromkeys((5, 1001, 1002), _DATE),
    7: _BOX,
    **dict.fromkeys((11, 23, 1003, 1004), _PEOPLE),
    15: _URL,
    **dict.fromkeys((18, 21), _LINK),
}


def searches(conditions: Sequence[Condition], fields: Mapping[str, FieldInfo]) -> list[tuple[Filter, list[Condition]]]:
    """The filters that together find all conditions, each with the conditions it is for. Raises ``RefusedError``."""
    simple = all(len(condition) == 1 for condition in conditions)
    widest = max((len(condition) for condition in conditions), default=1)
    most = CONDITIONS_PER_SEARCH if simple else min(GROUPS_PER_SEARCH, max(1, CONDITIONS_PER_SEARCH // widest))
    chunks = [list(conditions[start : start + most]) for start in range(0, len(conditions), most)]
    return [(_any_of(chunk, fields, simple=simple), chunk) for chunk in chunks]


def _any_of(conditions: Sequence[Condition], fields: Mapping[str, FieldInfo], *, simple: bool) -> Filter:
    if simple:
        found = [one for condition in conditions for one in _all_of(condition, fields)]
        return {"conjunction": "or", "conditions": found}
    groups = [{"conjunction": "and", "conditions": _all_of(condition, fields)} for condition in conditions]
    return {"conjunction": "or", "conditions": [], "children": groups}


def _all_of(condition: Condition, fields: Mapping[str, FieldInfo]) -> list[dict[str, Any]]:
    return [_one(fields[name], cell) for name, cell in condition.items()]


def _one(field: FieldInfo, cell: Json) -> dict[str, Any]:
    search = _search(field)
    if cell is None and search is not _BOX:
        return {"field_name": field.name, "operator": "isEmpty", "value": []}
    return {"field_name": field.name, "operator": search.operator, "value": search.values(cell)}


def _search(field: FieldInfo) -> _Search:
    found = _SEARCHES.get(field.type)
    if found is None:
        raise RefusedError(
            f"Feishu cannot search for values of field {field.name!r} ({field.ui_type}); match by a text, number, "
            "select, date, checkbox, person or link field"
        )
    return found


def holds(condition: Condition, cells: Mapping[str, Json], fields: Mapping[str, FieldInfo]) -> bool:
    """Whether a record as read really holds all cells of a condition (in the written shape)."""
    return all(_equal(_search(fields[name]), cells.get(name), cell) for name, cell in condition.items())


def _equal(search: _Search, shown: Json, written: Json) -> bool:
    if search is _BOX:
        return bool(shown) == bool(written)
    if shown is None or written is None:
        return shown in (None, "", []) and written is None
    return search.shown(shown) == search.written(written)
