"""Columns of the time of day: time, as text like 08:30:00."""

import re
from dataclasses import dataclass
from datetime import time
from decimal import ROUND_HALF_EVEN, Decimal
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.columns.empties import null
from syncer.fields.forms import Kind, alien, excerpt
from syncer.fields.text import plain_text

SECOND = 1_000_000
_DAY = 24 * 3600 * SECOND
_CLOCK = re.compile(r"\s*([0-9]{1,2})[:：]([0-9]{2})(?:[:：]([0-9]{2}(?:\.[0-9]{1,30})?))?\s*")


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """A time of day without a zone, kept in steps of ``step`` microseconds; midnight at the end is 24:00:00."""

    nullable: bool
    step: int = 1
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """``HH:MM:SS``, with as many digits behind the point as there are."""
        if isinstance(held, time) and held.tzinfo is None:
            held = held.isoformat()
        return None if held is None else clock(int(_micros(held)))

    def fit(self, value: Value) -> Value:
        """Seconds may be left out, and the hour may have one digit; rounded half even to the column's precision."""
        if not value:
            return null(nullable=self.nullable)
        return clock(to_step(Decimal(_micros(value)), self.step))

    def bind(self, value: Value) -> object:
        """A string, because Python knows no 24:00:00."""
        return value

    def scalar(self, raw: object) -> Value:
        """A time like 08:30."""
        return self.fit(plain_text(raw))


def clock(micros: int) -> str:
    """Microseconds, none of them negative, as hours, minutes and seconds, the way PostgreSQL prints them."""
    minutes, rest = divmod(micros, 60 * SECOND)
    hours, minutes = divmod(minutes, 60)
    seconds, fraction = divmod(rest, SECOND)
    shown = f"{hours:02}:{minutes:02}:{seconds:02}"
    return f"{shown}.{fraction:06}".rstrip("0") if fraction else shown


def to_step(micros: Decimal, step: int) -> int:
    """The nearest multiple of ``step`` microseconds, half even."""
    return int((micros / step).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)) * step


def _micros(text: object) -> Decimal:
    found = _CLOCK.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise alien(text, "a time of day like 08:30 or 08:30:00.5")
    hours, minutes, seconds = int(found[1]), int(found[2]), Decimal(found[3] or 0)
    micros = (hours * 3600 + minutes * 60 + seconds) * SECOND
    if minutes > 59 or seconds >= 60 or micros > _DAY:
        raise Misfit(f"{excerpt(text)} is no time of day; it goes from 00:00:00 to 24:00:00")
    return micros
