"""Columns of dates and times: date, timestamp, timestamptz."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import ClassVar
from zoneinfo import ZoneInfo

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.columns.empties import null
from syncer.fields.date import from_zone, plain_moment, rounded_moment, to_zone
from syncer.fields.forms import Kind, alien


@dataclass(frozen=True, slots=True)
class DateColumn:
    """A day; ``zone`` reads days in mapping files."""

    nullable: bool
    zone: ZoneInfo
    kind: ClassVar[Kind] = Kind.DAY
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The day."""
        if held is None or type(held) is date:
            return held
        raise alien(held, "a date")

    def fit(self, value: Value) -> Value:
        """The day as it is."""
        if value is None:
            return null(nullable=self.nullable)
        if type(value) is not date:
            raise alien(value, "a date")
        return value

    def bind(self, value: Value) -> object:
        """A ``date``."""
        return value

    def scalar(self, raw: object) -> Value:
        """A date in ISO 8601."""
        moment = plain_moment(raw, self.zone)
        return self.fit(to_zone(moment, self.zone).date() if moment else None)


@dataclass(frozen=True, slots=True)
class MomentColumn:
    """timestamptz: a moment, kept in steps of ``step`` microseconds."""

    nullable: bool
    zone: ZoneInfo
    step: int = 1
    kind: ClassVar[Kind] = Kind.MOMENT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The moment, in UTC whatever the connection's time zone is."""
        if held is None:
            return None
        if isinstance(held, datetime) and held.tzinfo is not None:
            return held if held.tzinfo is UTC else _utc(held)
        raise alien(held, "a time with a zone")

    def fit(self, value: Value) -> Value:
        """Round to the column's precision."""
        if value is None:
            return null(nullable=self.nullable)
        if not isinstance(value, datetime):
            raise alien(value, "a time")
        return value if self.step == 1 else rounded_moment(value, self.step)

    def bind(self, value: Value) -> object:
        """A ``datetime`` in UTC."""
        return value

    def scalar(self, raw: object) -> Value:
        """A date or time in ISO 8601, read in ``zone`` where it names none."""
        return self.fit(plain_moment(raw, self.zone))


@dataclass(frozen=True, slots=True)
class WallClockColumn:
    """timestamp without time zone: what the clock shows in ``zone``.

    Of an hour the clock shows twice only the first can be kept: a moment in the second is read back an hour earlier.
    """

    nullable: bool
    zone: ZoneInfo
    step: int = 1
    kind: ClassVar[Kind] = Kind.MOMENT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The moment the clock shows it, in UTC."""
        if held is None:
            return None
        if isinstance(held, datetime) and held.tzinfo is None:
            return from_zone(held, self.zone)
        raise alien(held, "a time without a zone")

    def fit(self, value: Value) -> Value:
        """What is read back after the clock's time was stored."""
        if value is None:
            return null(nullable=self.nullable)
        if not isinstance(value, datetime):
            raise alien(value, "a time")
        wall = to_zone(value, self.zone)
        if self.step == 1 and not wall.fold:
            return value
        return from_zone(rounded_moment(wall.replace(tzinfo=None), self.step), self.zone)

    def bind(self, value: Value) -> object:
        """A ``datetime`` without a zone."""
        return to_zone(value, self.zone).replace(tzinfo=None, fold=0) if isinstance(value, datetime) else None

    def scalar(self, raw: object) -> Value:
        """A date or time in ISO 8601, read in ``zone`` where it names none."""
        return self.fit(plain_moment(raw, self.zone))


def step(precision: int | None) -> int:
    """The microseconds that a column of a declared precision (digits of a second) keeps apart."""
    return 1 if precision is None or precision >= 6 else int(10 ** (6 - precision))


def _utc(held: datetime) -> datetime:
    try:
        return held.astimezone(UTC)
    except OverflowError:
        raise Misfit(f"{held} is outside the years 1 to 9999") from None
