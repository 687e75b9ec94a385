"""Date (type 5), and the times Feishu notes by itself (1001, 1002): Unix milliseconds of an instant."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from math import isfinite
from typing import ClassVar
from zoneinfo import ZoneInfo

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value, moment
from syncer.fields.forms import Kind, alien, excerpt, nothing

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WALL_EPOCH = _EPOCH.replace(tzinfo=None)
_NO_TIME = timedelta()
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class DateField:
    """A date field: its value is a moment in UTC, in whole milliseconds. ``zone`` reads dates in mapping files."""

    zone: ZoneInfo
    kind: ClassVar[Kind] = Kind.MOMENT
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """Milliseconds since 1970, negative ones too (bitable.md 4.3)."""
        if type(cell) is int:
            return instant(cell)
        if type(cell) is float and isfinite(cell):
            return instant(round(cell))
        nothing(cell, "a time in milliseconds")
        return None

    def fit(self, value: Value) -> Value:
        """Round to milliseconds."""
        if value is None:
            return None
        if not isinstance(value, datetime):
            raise alien(value, "a time")
        return rounded_moment(value, 1000)

    def write(self, value: Value) -> Json:
        """Milliseconds, never seconds: Feishu would take them for a day in 1970."""
        return (value - _EPOCH) // _MILLISECOND if isinstance(value, datetime) else None

    def scalar(self, raw: object) -> Value:
        """A date or time in ISO 8601, read in ``zone`` where it names none."""
        return self.fit(plain_moment(raw, self.zone))


def instant(unix_milliseconds: int) -> datetime:
    """The moment of Unix milliseconds. Raises ``Misfit`` outside the years 1 to 9999."""
    try:
        return moment(unix_milliseconds * 1000)
    except OverflowError:
        raise Misfit(f"{excerpt(unix_milliseconds)} milliseconds are outside the years 1 to 9999") from None


def rounded_moment(value: datetime, step: int) -> datetime:
    """A time to the nearest multiple of ``step`` microseconds (a divisor of a second), half even. Raises ``Misfit``."""
    over = value.microsecond % step
    if not over:
        return value
    steps = value.microsecond // step
    up = over * 2 > step or (over * 2 == step and (steps + value.second * (1_000_000 // step)) % 2)
    try:
        return value + timedelta(microseconds=step - over if up else -over)
    except OverflowError:
        raise Misfit(f"{value} is outside the years 1 to 9999") from None


def to_zone(value: datetime, zone: ZoneInfo) -> datetime:
    """The wall clock's time at a moment. Raises ``Misfit`` outside the years 1 to 9999."""
    try:
        return value.astimezone(zone)
    except OverflowError:
        raise Misfit(f"{value} is outside the years 1 to 9999 in {zone}") from None


def from_zone(value: datetime, zone: ZoneInfo) -> datetime:
    """The moment a wall clock shows ``value``, in UTC. Raises ``Misfit`` outside the years 1 to 9999.

    A time the clock shows twice is the first of them; one it skips counts on with the offset before the gap.
    """
    wall = value.replace(fold=0) if value.fold else value
    try:
        return _EPOCH + (wall - _WALL_EPOCH - (zone.utcoffset(wall) or _NO_TIME))
    except OverflowError:
        raise Misfit(f"{value} in {zone} is outside the years 1 to 9999") from None


@lru_cache(maxsize=4096)  # a table's days repeat
def midnight(day: date, zone: ZoneInfo) -> datetime:
    """When a day begins in a time zone. Raises ``Misfit`` outside the years 1 to 9999."""
    return from_zone(datetime.combine(day, time()), zone)


def plain_moment(raw: object, zone: ZoneInfo) -> datetime | None:
    """What a person wrote in a mapping file where a time is wanted. Raises ``Misfit``."""
    if raw is None:
        return None
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            raise alien(raw, "a date or time like 2026-01-31 or 2026-01-31T08:00:00+08:00") from None
    if isinstance(raw, datetime):
        return from_zone(raw, zone) if raw.tzinfo is None else raw.astimezone(UTC)
    if isinstance(raw, date):
        return midnight(raw, zone)
    raise alien(raw, "a date or time like 2026-01-31 or 2026-01-31T08:00:00+08:00")
