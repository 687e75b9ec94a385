"""Decimals as floats and text hold them."""

import re
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from struct import pack, unpack

from syncer.core.mapping import Misfit
from syncer.core.values import plain
from syncer.fields.forms import excerpt

EXACT = 2**53
"""Whole numbers up to here have a float64 of their own."""

_ALL_DIGITS_EXACT = 10**15
_SURELY_SHORT = 16
"""A float with a fraction that is spelled in so few characters has at most 15 digits, none of them a trailing zero."""

_UNBOUNDED = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN, rounding=ROUND_HALF_EVEN)
_LONGEST_NUMBER = 1000
_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)\s*", re.ASCII)


def whole(number: int) -> Decimal:
    """An integer as a normalised decimal."""
    return Decimal(number) if number % 10 else plain(Decimal(number))


def rounded(value: Decimal, quantum: Decimal) -> Decimal:
    """``value`` to the nearest multiple of a power of ten, half even."""
    return plain(_UNBOUNDED.quantize(value, quantum))


def of_double(number: float) -> Decimal:
    """A finite float64 without its noise: whole numbers to 2^53 exactly, everything else at 15 digits.

    The float nearest to the answer gives the same answer again.
    """
    size = abs(number)
    if size <= EXACT and (size >= _ALL_DIGITS_EXACT or number.is_integer()):
        return whole(round(number))
    shortest = repr(number)
    return Decimal(shortest) if len(shortest) <= _SURELY_SHORT else plain(Decimal(f"{number:.15g}"))


def is_short(value: Decimal) -> bool:
    """Whether a number has so few digits that it surely is a float64's; if not, that must be looked at more closely."""
    text = str(value)
    if len(text) >= _SURELY_SHORT or "E" in text or not value.is_finite():
        return False
    return not ("." in text and text.endswith("0"))


def of_single(number: float) -> Decimal:
    """A finite float32, however the driver widened it: of six to nine digits, as few as tell it from its neighbours."""
    single = nearest_single(number)
    texts = (f"{single:.{digits}g}" for digits in range(6, 10))
    return plain(Decimal(next(text for text in texts if nearest_single(float(text)) == single)))


def nearest_single(number: float) -> float:
    """The float32 nearest to a float64. Raises ``OverflowError`` beyond its range."""
    nearest: float = unpack("f", pack("f", number))[0]
    return nearest


def is_whole(value: Decimal) -> bool:
    """Whether there is nothing behind the point."""
    return value == value.to_integral_value()


def parsed(text: str) -> Decimal:
    """The number written in a text: at most 1000 digits, a sign and a point. Raises ``Misfit``."""
    if len(text) > _LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise Misfit(f"{excerpt(text)} is not a number; write digits with at most a sign and a decimal point")
    return plain(Decimal(text.strip()))


def written(value: Decimal) -> str:
    """A number as text that ``parsed`` reads back, never with an exponent."""
    return f"{value:f}"
