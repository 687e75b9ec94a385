"""Times as texts: ``format:`` and ``parse:`` of a mapping file, for dates that stand in columns of text.

``%Y %m %d %H %M %S %f`` are known, each with all its digits (``%f``: six of them). A text is written by ``format`` and
read by it or, digit by digit less strictly, by one of ``parse``. What the format leaves out is cut off.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.date import from_zone, to_zone
from syncer.fields.forms import Bridge, ImpossiblePair, alien, excerpt

_PARTS = {
    "Y": ("year", 4),
    "m": ("month", 2),
    "d": ("day", 2),
    "H": ("hour", 2),
    "M": ("minute", 2),
    "S": ("second", 2),
    "f": ("microsecond", 6),
}
_NEEDS = {"M": "H", "S": "M", "f": "S"}
_DIRECTIVE = re.compile("%(.?)")


@dataclass(frozen=True, slots=True)
class Wording:
    """One format: its pieces, and what reads it."""

    format: str
    reads: re.Pattern[str]
    parts: tuple[str, ...]

    def written(self, wall: datetime) -> str:
        """A wall clock's time in this wording."""

        def part(found: re.Match[str]) -> str:
            if found[1] == "%":
                return "%"
            name, digits = _PARTS[found[1]]
            return f"{getattr(wall, name):0{digits}d}"

        return _DIRECTIVE.sub(part, self.format)

    def read(self, text: str) -> datetime | None:
        """The wall clock's time that a text says in this wording, if it does."""
        found = self.reads.fullmatch(text)
        if found is None:
            return None
        part = {name: int(found[name]) for name in self.parts}
        hour, minute, second, rest = (part.get(name, 0) for name in ("hour", "minute", "second", "microsecond"))
        try:
            return datetime.combine(date(part["year"], part["month"], part["day"]), time(hour, minute, second, rest))
        except ValueError:
            return None


def wording(format_: str, *, strict: bool = True) -> Wording:
    """The wording of a format. Raises ``ImpossiblePair`` for one that does not tell a time for sure."""
    letters = [found[1] for found in _DIRECTIVE.finditer(format_) if found[1] != "%"]
    unknown = next((letter for letter in letters if letter not in _PARTS), None)
    if unknown is not None:
        raise ImpossiblePair(f"`%{unknown}` in {excerpt(format_)} is not known; there are %Y %m %d %H %M %S %f and %%")
    if len(set(letters)) < len(letters) or not {"Y", "m", "d"} <= set(letters):
        raise ImpossiblePair(f"{excerpt(format_)} needs %Y, %m and %d, and each part once")
    for letter in letters:
        if letter in _NEEDS and _NEEDS[letter] not in letters:
            raise ImpossiblePair(f"{excerpt(format_)} has %{letter} without %{_NEEDS[letter]}")
    return Wording(
        format_, re.compile(_pattern(format_, strict=strict)), tuple(_PARTS[letter][0] for letter in letters)
    )


def _pattern(format_: str, *, strict: bool) -> str:
    pieces = _DIRECTIVE.split(format_)
    found = [re.escape(pieces[0])]
    for letter, rest in zip(pieces[1::2], pieces[2::2], strict=True):
        if letter == "%":
            found.append("%")
        else:
            name, digits = _PARTS[letter]
            count = f"{digits}" if strict or letter in "Yf" else f"1,{digits}"
            found.append(f"(?P<{name}>[0-9]{{{count}}})")
        found.append(re.escape(rest))
    return "".join(found)


def worded(format_: str, others: Sequence[str], zone: ZoneInfo) -> Bridge:
    """The way between a moment and its text in a time zone. Raises ``ImpossiblePair``."""
    own = wording(format_)
    known = [own, *(wording(other, strict=False) for other in others)]

    def over(value: Value) -> Value:
        if not isinstance(value, datetime):
            raise alien(value, "a time")
        return own.written(to_zone(value, zone))

    def back(value: Value) -> Value:
        if not isinstance(value, str):
            raise alien(value, "a text")
        text = value.strip()
        if not text:
            return None
        wall = next((wall for each in known if (wall := each.read(text)) is not None), None)
        if wall is None:
            raise Misfit(f"{excerpt(value)} is no time as `format:` or `parse:` write it ({format_})")
        return from_zone(wall, zone)

    return Bridge(over, back)
