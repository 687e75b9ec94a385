"""Are both sides equal? Told by looking at the stored truth of both, with none of the syncer's own code.

Each side's lines become plain comparable values by the few rules below; then every field of every line is compared.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Line = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field of one line that the sides do not agree on; an empty ``column`` stands for the whole line."""

    key: object
    column: str
    feishu: object
    database: object

    def __str__(self) -> str:
        if not self.column:
            return f"{self.key}: {self.feishu} in Bitable, {self.database} in PostgreSQL"
        return f"{self.key}, {self.column}: Bitable holds {self.feishu!r}, PostgreSQL {self.database!r}"


@dataclass(frozen=True, slots=True)
class Column:
    """A field of Bitable and the column it must equal. ``values`` translates options; ``kind`` is a key of KINDS."""

    field: str
    column: str
    kind: str = "text"
    values: Mapping[str, str] | None = None

    def of_cell(self, cell: Any) -> object:
        """The comparable value of a cell."""
        return self.values.get(cell, cell) if self.values else KINDS[self.kind][0](cell)

    def of_column(self, stored: Any) -> object:
        """The comparable value of what a column holds."""
        return KINDS[self.kind][1](stored)


def differences(feishu: Iterable[Line], database: Iterable[Line], key: str) -> list[Difference]:
    """Everything that is not equal between two sets of lines whose ``key`` must be unique on each side."""
    records, rows = list(feishu), list(database)
    counts = [Counter(line[key] for line in side) for side in (records, rows)]
    found = [
        Difference(one, "", _times(counts[0][one]), _times(counts[1][one]))
        for one in dict.fromkeys([*counts[0], *counts[1]])
        if counts[0][one] != 1 or counts[1][one] != 1
    ]
    by_key = {row[key]: row for row in rows}
    for record in records:
        row = by_key.get(record[key], record)
        found += [
            Difference(record[key], name, record[name], row[name]) for name in record if record[name] != row[name]
        ]
    return found


def _times(count: int) -> str:
    return {0: "absent", 1: "there once"}.get(count, f"there {count} times")


def _same(value: Any) -> object:
    return value


def _text(value: str | None) -> object:
    return value or None


def _number(value: float | Decimal | None) -> object:
    return None if value is None else Decimal(str(value)).normalize()


def _day(milliseconds: int | None) -> object:
    return None if milliseconds is None else (_EPOCH + timedelta(milliseconds=milliseconds)).astimezone(ZONE).date()


def _milliseconds(moment: datetime | None) -> object:
    return None if moment is None else (moment - _EPOCH) // timedelta(milliseconds=1)


def _set(values: Iterable[str] | None) -> object:
    return frozenset(values or ())


KINDS: Mapping[str, tuple[Callable[[Any], object], Callable[[Any], object]]] = {
    "text": (_text, _text),
    "number": (_number, _number),
    "day": (_day, _same),
    "moment": (_same, _milliseconds),
    "set": (_set, _set),
    "yes": (bool, bool),
}


def cell_of_day(day: date) -> int:
    """What a date field holds for a day: milliseconds of its midnight in the base's zone."""
    return int(datetime(day.year, day.month, day.day, tzinfo=ZONE).timestamp() * 1000)
