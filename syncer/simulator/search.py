"""Search: which records a query means, in which order, as one page."""

from dataclasses import dataclass
from typing import Any

import orjson

from syncer.simulator import filters, sorting
from syncer.simulator.cells.kind import Reading
from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.found import Found
from syncer.simulator.model import Field, Record, Role
from syncer.simulator.paging import Page, cut_records
from syncer.simulator.rendering import Renderer

MOST_FIELD_NAMES = 200


@dataclass(slots=True)
class Search:
    """One query of one caller."""

    reading: Reading
    body: dict[str, Any]
    role: Role | None
    found: Found

    def page(self, query: dict[str, str]) -> Page:
        """Return the page of the query; an app that may see nothing gets an empty success. [doc]"""
        fields = self._fields()
        records = self._records()
        shown, token = cut_records(records, query, self.reading.world, by_position=not self.body.get("sort"))
        renderer = Renderer(self.reading, fields, self._automatic())
        return Page([renderer.fragment(each) for each in shown], len(records), bool(token), token)

    def _hidden(self) -> frozenset[str]:
        return self.role.hidden_fields if self.role else frozenset()

    def _automatic(self) -> bool:
        given = self.body.get("automatic_fields", False)
        if not isinstance(given, bool | None):
            raise invalid("automatic_fields", "must be a boolean", given)
        return bool(given)

    def _fields(self) -> list[Field]:
        names = self.body.get("field_names") or []
        if not isinstance(names, list) or len(names) > MOST_FIELD_NAMES:
            raise invalid("field_names", f"the max len is {MOST_FIELD_NAMES}", len(names))
        table, hidden = self.reading.table, self._hidden()
        if any(not isinstance(name, str) or name not in table.by_name or name in hidden for name in names):
            raise Refusal(1254024)
        return [each for each in table.fields.values() if each.name not in hidden and (not names or each.name in names)]

    def _records(self) -> list[Record]:
        key = self._key()
        kept = self.found.get(key)
        return self.found.put(key, self._looked_up()) if kept is None else kept

    def _key(self) -> tuple[Any, ...]:
        world, table = self.reading.world, self.reading.table
        asked = {name: self.body.get(name) for name in ("filter", "sort", "view_id")}
        text = orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)
        stale = table.shadow_until >= world.clock.now()
        role = (self.role.visible, self.role.forbidden_records, self.role.hidden_fields) if self.role else None
        day = world.clock.now_ms() // 60_000 if self.body.get("filter") else 0
        stamp = self.reading.base.stamp() if self.body.get("filter") or self.body.get("sort") else table.stamp
        return table.table_id, stamp, text, stale, role, day, self.reading.user_id_type, world.switches

    def _looked_up(self) -> list[Record]:
        reading = self.reading
        test, keys = self._filter(), sorting.parse(self.body.get("sort"), reading, self._hidden())
        records = self._visible()
        if test:
            records = [record for record in records if test(record)]
        return sorting.ordered(records, keys, reading) if keys else records

    def _filter(self) -> filters.Test | None:
        given, sort, view_id = (self.body.get(name) for name in ("filter", "sort", "view_id"))
        if not filters.is_empty(given):
            return filters.parse(given, self.reading, self._hidden())
        if given and not isinstance(given, dict):
            raise Refusal(1254018)
        return None if sort or not view_id else self._view_filter(view_id)

    def _view_filter(self, view_id: object) -> filters.Test | None:
        if not isinstance(view_id, str) or not view_id.startswith("vew") or len(view_id) > 50:
            raise Refusal(1254005)
        view = self.reading.table.views.get(view_id)
        if view is None:
            raise Refusal(1254042)
        info = view.property.get("filter_info")
        return filters.parse(by_name(info, self.reading), self.reading) if info and info.get("conditions") else None

    def _visible(self) -> list[Record]:
        if self.role and not self.role.visible:
            return []
        records = self._present()
        forbidden = self.role.forbidden_records if self.role else None
        return [each for each in records if each.record_id not in forbidden] if forbidden else records

    def _present(self) -> list[Record]:
        return present(self.reading)


def present(reading: Reading) -> list[Record]:
    """Return the table's records as a read sees them now: possibly still those before a recent write."""
    table = reading.table
    if table.shadow_until < reading.world.clock.now():
        return table.in_order()
    now = [table.shadow.get(each.record_id, each) for each in table.in_order()]
    gone = [old for record_id, old in table.shadow.items() if record_id not in table.records]
    return [each for each in (*now, *gone) if each is not None]


def by_name(info: dict[str, Any], reading: Reading) -> dict[str, Any]:
    """Return a view's filter, which speaks of field ids and JSON-encoded values, as a filter of search."""
    conditions = [
        {
            "field_name": reading.table.fields[each["field_id"]].name,
            "operator": each["operator"],
            "value": orjson.loads(each.get("value") or "[]"),
        }
        for each in info["conditions"]
        if each["field_id"] in reading.table.fields
    ]
    return {"conjunction": info.get("conjunction") or "and", "conditions": conditions}
