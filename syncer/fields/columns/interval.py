"""Columns of spans: interval, as text like 1 mon 2 days 03:04:05.

PostgreSQL keeps months, days and time apart, because a month is no number of days and a day no number of hours; so do
we, and Python's ``timedelta`` is of no use.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.columns.clock import SECOND, clock, to_step
from syncer.fields.columns.empties import null
from syncer.fields.forms import Kind, alien, excerpt
from syncer.fields.text import plain_text

_UNITS: Mapping[str, tuple[str, int]] = {
    **dict.fromkeys(("year", "years", "yr", "yrs"), ("months", 12)),
    **dict.fromkeys(("month", "months", "mon", "mons"), ("months", 1)),
    **dict.fromkeys(("week", "weeks"), ("days", 7)),
    **dict.fromkeys(("day", "days"), ("days", 1)),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), ("seconds", 3600)),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), ("seconds", 60)),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), ("seconds", 1)),
}
_LARGEST = {"months": 2**31 - 1, "days": 2**31 - 1, "seconds": (2**31 - 1) * 3600}
_TIME = r"(?P<sign>[+-]?)(?P<hours>[0-9]{1,20}):(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9](?:\.[0-9]{1,30})?))?"
_PART = re.compile(rf"{_TIME}|(?P<amount>[+-]?[0-9]{{1,20}}(?:\.[0-9]{{1,30}})?)\s*(?P<unit>[a-z]+)")
_LONGEST = 200
_WHOLE = r"[+-]?[0-9]{1,20}"
_ISO = re.compile(
    rf"p(?=[0-9t+-])(?:(?P<year>{_WHOLE})y)?(?:(?P<month>{_WHOLE})m)?(?:(?P<week>{_WHOLE})w)?(?:(?P<day>{_WHOLE})d)?"
    rf"(?:t(?=[0-9+-])(?:(?P<hour>{_WHOLE})h)?(?:(?P<min>{_WHOLE})m)?(?:(?P<sec>{_WHOLE}(?:\.[0-9]{{1,30}})?)s)?)?"
)


@dataclass(frozen=True, slots=True)
class IntervalColumn:
    """A span in PostgreSQL's own spelling, its time in steps of ``step`` microseconds."""

    nullable: bool
    step: int = 1
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The span; the driver hands over its text, because a ``timedelta`` knows no months."""
        return None if held is None else _spelled(held, 1)

    def fit(self, value: Value) -> Value:
        """Amounts with units, a time, or an ISO 8601 duration; rounded half even to the column's precision."""
        if not value:
            return null(nullable=self.nullable)
        return _spelled(value, self.step)

    def bind(self, value: Value) -> object:
        """A string."""
        return value

    def scalar(self, raw: object) -> Value:
        """A span like 2 days."""
        return self.fit(plain_text(raw))


def _spelled(text: object, step: int) -> str:
    """A span the way PostgreSQL prints it, so that what is predicted is what is read. Raises ``Misfit``."""
    if not isinstance(text, str):
        raise alien(text, "a span of time")
    totals = dict.fromkeys(_LARGEST, Decimal(0))
    for name, amount in _parts(text.strip().lower()):
        totals[name] += amount
    if any(abs(totals[name]) > largest for name, largest in _LARGEST.items()):
        raise Misfit(f"{excerpt(text)} is longer than an interval can be")
    return _printed(int(totals["months"]), int(totals["days"]), to_step(totals["seconds"] * SECOND, step))


def _parts(text: str) -> Iterator[tuple[str, Decimal]]:
    """The amounts named in a span, in months, days and seconds. Raises ``Misfit``."""
    if not text or len(text) > _LONGEST:
        raise _no_span(text)
    if iso := _ISO.fullmatch(text):
        yield from (_in_units(amount, unit, text) for unit, amount in iso.groupdict().items() if amount)
        return
    if _PART.sub("", text).strip():
        raise _no_span(text)
    for part in _PART.finditer(text):
        yield _clock_time(part) if part["unit"] is None else _in_units(part["amount"], part["unit"], text)


def _clock_time(part: re.Match[str]) -> tuple[str, Decimal]:
    seconds = int(part["hours"]) * 3600 + int(part["minutes"]) * 60 + Decimal(part["seconds"] or 0)
    return "seconds", -seconds if part["sign"] == "-" else seconds


def _in_units(amount: str, unit: str, text: str) -> tuple[str, Decimal]:
    name, size = _UNITS.get(unit, ("", 0))
    if not name or ("." in amount and (name, size) != ("seconds", 1)):
        raise _no_span(text)
    return name, Decimal(amount) * size


def _no_span(text: str) -> Misfit:
    return alien(text, "a span of time like 2 days, 1 year 3 mons, 01:30:00 or P2DT1H (fractions: of seconds only)")


def _printed(months: int, days: int, micros: int) -> str:
    sign = -1 if months < 0 else 1
    years, months = (sign * part for part in divmod(abs(months), 12))
    shown, before = [], False
    for amount, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if amount:
            shown.append(f"{'+' if before and amount > 0 else ''}{amount} {unit}{'' if amount == 1 else 's'}")
            before = amount < 0
    if micros or not shown:
        shown.append(("-" if micros < 0 else "+" if before else "") + clock(abs(micros)))
    return " ".join(shown)
