"""Columns of numbers: integers, numeric(p,s), float4 and float8."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value, plain
from syncer.fields.columns.empties import null
from syncer.fields.decimals import is_whole, of_double, of_single, rounded, whole
from syncer.fields.forms import Kind, alien, excerpt
from syncer.fields.number import plain_number

_ONE = Decimal(1)
_MOST_DIGITS = 131072
"""Before the point, where PostgreSQL's numeric has no declared precision."""


@dataclass(frozen=True, slots=True)
class IntegerColumn:
    """int2, int4 or int8: nothing behind the point, between ``lowest`` and ``highest``."""

    nullable: bool
    lowest: int
    highest: int
    kind: ClassVar[Kind] = Kind.NUMBER
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The number."""
        if held is None:
            return None
        if isinstance(held, int) and held is not True and held is not False:
            return whole(held)
        raise alien(held, "a whole number")

    def fit(self, value: Value) -> Value:
        """Round half even to a whole number in range."""
        if value is None:
            return null(nullable=self.nullable)
        if not isinstance(value, Decimal):
            raise alien(value, "a number")
        if not is_whole(value):
            value = rounded(value, _ONE)
        if not self.lowest <= value <= self.highest:
            raise Misfit(f"{excerpt(value)} is out of range; the column holds {self.lowest} to {self.highest}")
        return value

    def bind(self, value: Value) -> object:
        """An int."""
        return int(value) if isinstance(value, Decimal) else None

    def scalar(self, raw: object) -> Value:
        """A number."""
        return self.fit(plain_number(raw))


@dataclass(frozen=True, slots=True)
class NumericColumn:
    """numeric(p,s): rounded half even to multiples of ``quantum``, less than ``bound`` in size."""

    nullable: bool
    quantum: Decimal | None
    bound: Decimal
    kind: ClassVar[Kind] = Kind.NUMBER
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The number, without trailing zeros."""
        if held is None:
            return None
        if isinstance(held, Decimal):
            return plain(held) if held.is_finite() else _endless(held)
        if isinstance(held, int) and not isinstance(held, bool):
            return whole(held)
        raise alien(held, "a number")

    def fit(self, value: Value) -> Value:
        """Round before the database does, because it rounds a half away from zero."""
        if value is None:
            return null(nullable=self.nullable)
        if not isinstance(value, Decimal):
            raise alien(value, "a number")
        if self.quantum is not None:
            value = rounded(value, self.quantum)
        if not -self.bound < value < self.bound:
            raise Misfit(f"{excerpt(value)} is out of range; the column holds less than {self.bound}")
        return value

    def bind(self, value: Value) -> object:
        """A ``Decimal``."""
        return value

    def scalar(self, raw: object) -> Value:
        """A number."""
        return self.fit(plain_number(raw))


@dataclass(frozen=True, slots=True)
class FloatColumn:
    """float4 or float8: ``shown`` is a float as the decimal it stands for, without its noise."""

    nullable: bool
    shown: Callable[[float], Decimal]
    kind: ClassVar[Kind] = Kind.NUMBER
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The number; NaN and infinity are none."""
        if held is None:
            return None
        if isinstance(held, float):
            return self.shown(held) if isfinite(held) else _endless(held)
        raise alien(held, "a number")

    def fit(self, value: Value) -> Value:
        """The nearest float's decimal."""
        if value is None:
            return null(nullable=self.nullable)
        if not isinstance(value, Decimal):
            raise alien(value, "a number")
        nearest = self._nearest(value)
        if nearest is None:
            raise Misfit(f"{excerpt(value)} is out of the range of the column's type")
        return nearest

    def _nearest(self, value: Decimal) -> Decimal | None:
        nearest = float(value)
        try:
            return self.shown(nearest) if isfinite(nearest) else None
        except OverflowError:  # of a float32
            return None

    def bind(self, value: Value) -> object:
        """A float."""
        return float(value) if isinstance(value, Decimal) else None

    def scalar(self, raw: object) -> Value:
        """A number."""
        return self.fit(plain_number(raw))


def integer(size: int, *, nullable: bool) -> IntegerColumn:
    """The form of an integer column of ``size`` bytes."""
    edge: int = 2 ** (8 * size - 1)
    return IntegerColumn(nullable, -edge, edge - 1)


def numeric(precision: int | None, scale: int | None, *, nullable: bool) -> NumericColumn:
    """The form of a numeric column; without a precision it holds whatever PostgreSQL can."""
    if precision is None:
        return NumericColumn(nullable, None, _ONE.scaleb(_MOST_DIGITS))
    places = scale or 0
    return NumericColumn(nullable, _ONE.scaleb(-places), _ONE.scaleb(precision - places))


def single(*, nullable: bool) -> FloatColumn:
    """The form of a float4 column."""
    return FloatColumn(nullable, of_single)


def double(*, nullable: bool) -> FloatColumn:
    """The form of a float8 column."""
    return FloatColumn(nullable, of_double)


def _endless(held: object) -> Value:
    raise Misfit(f"the column holds {held}, which no field can hold")
