"""Ways between values of different kinds."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from syncer.core.values import Value
from syncer.fields.date import midnight, to_zone
from syncer.fields.decimals import parsed, written
from syncer.fields.forms import Bridge, Kind, alien


def bridge(field: Kind, column: Kind, zone: ZoneInfo) -> Bridge | None:
    """The way from a field's kind to a column's; ``None`` where they are the same. Raises ``KeyError`` for no way."""
    if field is column:
        return None
    return {
        (Kind.TEXT, Kind.NUMBER): Bridge(_number, _numeral),
        (Kind.TEXT, Kind.JSON): Bridge(_same, _same),
        (Kind.MOMENT, Kind.DAY): _day_of(zone),
    }[field, column]


def _same(value: Value) -> Value:
    """A document is a text already; the column's form spells it its own way."""
    return value


def _number(value: Value) -> Value:
    if not isinstance(value, str):
        raise alien(value, "a text")
    return parsed(value)


def _numeral(value: Value) -> Value:
    if not isinstance(value, Decimal):
        raise alien(value, "a number")
    return written(value)


def _day_of(zone: ZoneInfo) -> Bridge:
    def day(value: Value) -> Value:
        if not isinstance(value, datetime):
            raise alien(value, "a time")
        return to_zone(value, zone).date()

    def moment(value: Value) -> Value:
        if not isinstance(value, date):
            raise alien(value, "a date")
        return midnight(value, zone)

    return Bridge(day, moment)
