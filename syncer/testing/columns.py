"""How PostgreSQL takes a value into a column, for the plain types: what the rows' twin keeps.

A value is taken as psycopg sends it and kept as psycopg returns it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import Any, TypeAlias

from syncer.ports import ColumnInfo

Taking: TypeAlias = Callable[[Any, ColumnInfo], object]

_WIDE = Context(prec=2000)


class WrongError(Exception):
    """A value that the column, or a rule of the table, refuses; ``code`` is the SQLSTATE."""

    def __init__(self, code: str, message: str, column: str | None = None) -> None:
        self.code, self.message, self.column = code, message, column
        super().__init__(message)


def taken(column: ColumnInfo, value: object) -> object:
    """What the column holds after it was given a value. Raises ``WrongError``."""
    if value is None:
        return None
    try:
        return _TAKES[column.type](value, column)
    except WrongError as wrong:
        raise WrongError(wrong.code, wrong.message, column.name) from None


def _text(value: Any, column: ColumnInfo) -> str:
    text = str(value)
    if "\0" in text:
        raise WrongError("22000", "PostgreSQL text holds no NUL")
    if column.length is not None and len(text) > column.length:
        if text[column.length :].strip(" "):
            raise WrongError("22001", f"value too long for type character varying({column.length})")
        text = text[: column.length]
    return text


def _padded(value: Any, column: ColumnInfo) -> str:
    return _text(value, column).ljust(column.length or 1)


def _whole(bits: int) -> Taking:
    edge = 1 << (bits - 1)

    def take(value: Any, _: ColumnInfo) -> int:
        number = int(value)
        if number != value:
            raise WrongError("22P02", f"invalid input syntax for an integer type: {value}")
        if not -edge <= number < edge:
            raise WrongError("22003", "value is out of range for an integer type")
        return number

    return take


def _numeric(value: Any, column: ColumnInfo) -> Decimal:
    number = Decimal(str(value))
    if column.precision is None:
        return number
    scale = column.scale or 0
    number = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _WIDE)
    if abs(number) >= Decimal(1).scaleb(column.precision - scale):
        raise WrongError("22003", "numeric field overflow")
    return number


def _double(value: Any, _: ColumnInfo) -> float:
    number = float(value)
    if not isfinite(number) and isinstance(value, Decimal) and value.is_finite():
        raise WrongError("22003", "value is out of range for type double precision")
    return number


def _flag(value: Any, _: ColumnInfo) -> bool:
    return bool(value)


def _moment(value: Any, _: ColumnInfo) -> object:
    if not isinstance(value, datetime):
        raise WrongError("22007", "invalid input syntax for type timestamp with time zone")
    return value.astimezone(UTC)


def _wall(value: Any, _: ColumnInfo) -> object:
    if not isinstance(value, datetime):
        raise WrongError("22007", "invalid input syntax for type timestamp")
    return value.replace(tzinfo=None, fold=0)


def _day(value: Any, _: ColumnInfo) -> object:
    if type(value) is not date:
        raise WrongError("22007", "invalid input syntax for type date")
    return value


def _array(value: Any, column: ColumnInfo) -> list[str]:
    return [_text(item, column) for item in value]


def _numbers(bits: int) -> Taking:
    take = _whole(bits)
    return lambda value, column: [take(item, column) for item in value]


_TAKES: Mapping[str, Taking] = {
    "text": _text,
    "varchar": _text,
    "bpchar": _padded,
    "int2": _whole(16),
    "int4": _whole(32),
    "int8": _whole(64),
    "numeric": _numeric,
    "float8": _double,
    "bool": _flag,
    "timestamptz": _moment,
    "timestamp": _wall,
    "date": _day,
    "text[]": _array,
    "int4[]": _numbers(32),
    "int8[]": _numbers(64),
}
