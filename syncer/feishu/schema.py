"""What a base says about its tables: names, revisions, fields, and whether a listing shows everything."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from syncer.errors import FeishuSetupError, StaleNameError
from syncer.feishu.calls import Answer
from syncer.feishu.listing import items, pages
from syncer.feishu.quotas import ITEMS_PER_PAGE
from syncer.ports import FieldInfo

Get = Callable[[str, str, Mapping[str, str] | None], Answer]


def table(get: Get, base_path: str, table_id: str, where: str) -> Mapping[str, Any]:
    """A table's entry in the list of tables: ``name``, ``revision``. Raises ``FeishuSetupError`` if there is none."""
    for answer in pages(lambda query: get("bitable.table.list", f"{base_path}/tables", query), ITEMS_PER_PAGE, where):
        for entry in items(answer):
            if entry.get("table_id") == table_id:
                return entry
    raise FeishuSetupError(f"{where} does not exist; check table_id in the mapping", api="bitable.table.list")


def revision(entry: Mapping[str, Any]) -> int | None:
    """The revision in a table's entry."""
    found = entry.get("revision")
    return found if isinstance(found, int) else None


def fields(get: Get, table_path: str, where: str) -> dict[str, FieldInfo]:
    """All fields of a table by name, in its order."""
    ask = lambda query: get("bitable.field.list", f"{table_path}/fields", query)  # noqa: E731 - passed on, not kept
    found = [_field(entry) for answer in pages(ask, ITEMS_PER_PAGE, where) for entry in items(answer)]
    return {field.name: field for field in found}


def _field(entry: Mapping[str, Any]) -> FieldInfo:
    details = entry.get("property") or {}
    return FieldInfo(
        id=str(entry["field_id"]),
        name=str(entry["field_name"]),
        type=int(entry["type"]),
        ui_type=str(entry.get("ui_type") or ""),
        options=tuple(str(option.get("name")) for option in details.get("options") or ()),
        option_ids=tuple(str(option.get("id")) for option in details.get("options") or ()),
        is_primary=bool(entry.get("is_primary")),
        multiple=details.get("multiple") is not False,
        target=str(details.get("table_id") or ""),
        back=str(details.get("back_field_id") or ""),
        formatter=details.get("formatter") or details.get("date_formatter"),
        **_range(str(entry.get("ui_type") or ""), details),
    )


def _range(ui_type: str, details: Mapping[str, Any]) -> dict[str, float]:
    """The range that a field's property fixes: a rating's, and a progress's where it was chosen (bitable.md 3.1)."""
    if ui_type != "Rating" and not (ui_type == "Progress" and details.get("range_customize")):
        return {}
    edges = {"lowest": details.get("min"), "highest": details.get("max")}
    return {name: edge for name, edge in edges.items() if isinstance(edge, int | float)}


def demand(known: Mapping[str, FieldInfo], names: Iterable[str], where: str) -> None:
    """Raises ``StaleNameError`` for names that are no fields."""
    missing = [name for name in names if name not in known]
    if missing:
        raise StaleNameError(f"{where} has no field {', '.join(map(repr, missing))}; it was renamed, removed or hidden")


def manages(get: Get, base_path: str) -> bool:
    """Whether the app manages a base with advanced permissions, and so sees every record.

    Listing roles takes the right to manage (1254302, 1254304 without it).
    """
    try:
        get("bitable.role.list", f"{base_path}/roles", {"page_size": "1"})
    except FeishuSetupError:
        return False
    return True
