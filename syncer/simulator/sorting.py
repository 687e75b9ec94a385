"""The sort of search: by one or more real fields; lines whose cell is empty come last either way."""

from typing import Any

from syncer.simulator.cells.kind import Reading
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Field, Record

MOST_KEYS = 100
_LONGEST_NAME = 1000
_TIMES = {1001, 1002}
_UNSORTABLE = {17, 3001}

SortKey = tuple[Field, bool]


def parse(given: Any, reading: Reading, hidden: frozenset[str] = frozenset()) -> list[SortKey]:
    """Return (field, descending) per key; the refusal of a name that is no field is a switch, 1254016 or 1254000."""
    if given is None:
        return []
    if not isinstance(given, list) or len(given) > MOST_KEYS:
        raise Refusal(reading.world.switches.bad_sort_code)
    return [_key(each, reading, hidden) for each in given]


def _key(given: Any, reading: Reading, hidden: frozenset[str]) -> SortKey:
    code = reading.world.switches.bad_sort_code
    name = given.get("field_name") if isinstance(given, dict) else None
    if not isinstance(name, str) or len(name) > _LONGEST_NAME or not isinstance(given.get("desc", False), bool):
        raise Refusal(code)
    of = reading.table.by_name.get(name)
    if of is None or name in hidden or of.type in _UNSORTABLE:
        raise Refusal(code)
    if of.type in _TIMES and not reading.world.switches.sortable_times:
        raise Refusal(code)
    return of, bool(given.get("desc", False))


def ordered(records: list[Record], keys: list[SortKey], reading: Reading) -> list[Record]:
    """Return the records in the order of the keys."""
    for of, descending in reversed(keys):
        filled = [each for each in records if of.kind.stored(each, of, reading) is not None]
        empty = [each for each in records if of.kind.stored(each, of, reading) is None]

        def key(record: Record, of: Field = of) -> Any:
            return of.kind.order(of.kind.stored(record, of, reading), of, reading)

        records = sorted(filled, key=key, reverse=descending) + empty
    return records
