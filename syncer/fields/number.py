"""Number, and its looks Currency, Progress and Rating (type 2): an IEEE float64; the formatter is for the eye."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from math import isfinite
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value, plain
from syncer.fields.decimals import EXACT, is_short, is_whole, of_double, parsed, whole, written
from syncer.fields.forms import Kind, alien, excerpt, nothing


@dataclass(frozen=True, slots=True)
class NumberField:
    """A number field: exact to 2^53 in whole numbers, else 15 digits; a rating keeps to its range."""

    lowest: Decimal | None = None
    highest: Decimal | None = None
    kind: ClassVar[Kind] = Kind.NUMBER
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """A JSON number; 1 and 1.0 are the same (bitable.md 4.3)."""
        if type(cell) is int:
            return whole(cell) if -EXACT <= cell <= EXACT else _beyond(cell)
        if type(cell) is float:
            return of_double(cell) if -EXACT <= cell <= EXACT else _beyond(cell)
        nothing(cell, "a number")
        return None

    def fit(self, value: Value) -> Value:
        """Round to what a float64 holds for sure; beyond 2^53 digits would be lost unseen."""
        if value is None:
            return None
        if not isinstance(value, Decimal):
            raise alien(value, "a number")
        if is_short(value):
            return self._ranged(value)
        if not -EXACT <= value <= EXACT:
            return _beyond(value)
        return self._ranged(value if is_whole(value) else of_double(float(value)))

    def _ranged(self, value: Decimal) -> Decimal:
        low, high = self.lowest, self.highest
        if (low is None or value >= low) and (high is None or value <= high):
            return value
        edges = f"{'' if low is None else f' from {written(low)}'}{'' if high is None else f' to {written(high)}'}"
        raise Misfit(f"{excerpt(written(value))} is out of range; the field goes{edges}")

    def write(self, value: Value) -> Json:
        """An int where nothing is behind the point, else a float."""
        if not isinstance(value, Decimal):
            return None
        return int(value) if is_whole(value) else float(value)

    def scalar(self, raw: object) -> Value:
        """A number, or one in quotation marks."""
        return self.fit(plain_number(raw))


def number_field(lowest: float | None, highest: float | None) -> NumberField:
    """The form of a number field whose property names a range, or half of one, or none."""
    return NumberField(plain_number(lowest), plain_number(highest))


def _beyond(value: Decimal | float) -> Value:
    if not isfinite(value):
        raise Misfit(f"{value} is not a number that a field or column can share")
    raise Misfit(f"{excerpt(value)} is beyond 2^53, where a number field loses digits; use a text field for it")


def plain_number(raw: object) -> Decimal | None:
    """What a person wrote in a mapping file where a number is wanted. Raises ``Misfit``."""
    if raw is None:
        return None
    if isinstance(raw, str):
        return parsed(raw)
    if isinstance(raw, int | float | Decimal) and not isinstance(raw, bool):
        return _finite(raw)
    raise alien(raw, "a number")


def _finite(raw: float | Decimal) -> Decimal:
    try:
        value = Decimal(str(raw))
    except InvalidOperation:
        raise alien(raw, "a number") from None
    if not value.is_finite():
        raise alien(raw, "a number")
    return plain(value)
