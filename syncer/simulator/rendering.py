"""Records as search and batch_get show them, kept as bytes per record until the record or its table's fields change."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from syncer.simulator.cells.computed import Computed
from syncer.simulator.cells.kind import Reading
from syncer.simulator.model import Field, Record

_MOST_SHAPES = 2


@dataclass(slots=True)
class Renderer:
    """Renders records of one table in one shape: which fields, which person ids, automatic fields or not."""

    reading: Reading
    fields: list[Field]
    automatic: bool
    _key: int = 0

    def __post_init__(self) -> None:
        table, world = self.reading.table, self.reading.world
        crossing = self.reading.base.stamp() if any(each.type == 19 or _looks_up(each) for each in self.fields) else 0
        names = tuple(each.field_id for each in self.fields)
        self._key = hash((table.schema, crossing, names, self.automatic, self.reading.user_id_type, world.switches))

    def fragment(self, record: Record) -> orjson.Fragment:
        """Return one record as ready JSON."""
        if any(until > self.reading.world.clock.now() for until, _ in record.held_back.values()):
            return orjson.Fragment(orjson.dumps(self.shown(record)))
        kept = record.rendered
        if kept is None or (len(kept) >= _MOST_SHAPES and self._key not in kept):
            kept = record.rendered = {}
        found = kept.get(self._key)
        if found is None:
            found = kept[self._key] = orjson.dumps(self.shown(record))
        return orjson.Fragment(found)

    def shown(self, record: Record) -> dict[str, Any]:
        """Return one record in NEW shape: empty cells are left out."""
        item: dict[str, Any] = {"fields": self._cells(record), "record_id": record.record_id}
        return item | self._automatic(record) if self.automatic else item

    def _cells(self, record: Record) -> dict[str, Any]:
        reading, shown = self.reading, {}
        empty = reading.world.switches.empty_formula
        for each in self.fields:
            stored = each.kind.stored(record, each, reading)
            if stored is not None:
                shown[each.name] = each.kind.show(stored, each, reading)
            elif empty != "omitted" and isinstance(each.kind, Computed):
                shown[each.name] = {"type": 1, "value": []} if empty == "list" else None
        return shown

    def _automatic(self, record: Record) -> dict[str, Any]:
        people, id_type = self.reading.world.people, self.reading.user_id_type
        return {
            "created_by": people.by_open_id(record.created_by).shown(id_type),
            "created_time": record.created_ms,
            "last_modified_by": people.by_open_id(record.modified_by).shown(id_type),
            "last_modified_time": record.modified_ms,
        }


def _looks_up(of: Field) -> bool:
    return bool(of.expression) and "lookup" in (of.expression or {})


def plain(record: Record, fields: Iterable[Field], reading: Reading) -> dict[str, Any]:
    """Return a record's cells by field name as simple Python values, empty ones left out."""
    found = ((each, each.kind.stored(record, each, reading)) for each in fields)
    return {each.name: each.kind.plain(stored, each, reading) for each, stored in found if stored is not None}
