"""What a mapping file may have done to values on their way: ``trim``, ``case``, ``scale``, ``split`` and ``join``.

Each is a way there and a way back, inverse to each other on what either of them yields: a value that was carried once
is carried back and forth without changing again. What would not come back is a misfit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeAlias

from syncer.core.mapping import Manner, Misfit
from syncer.core.values import Value, plain
from syncer.fields.documents import parsed_json, spelled
from syncer.fields.forms import Bridge, ImpossiblePair, Kind, alien, excerpt

Tidy: TypeAlias = Callable[[str], str]
_CASES: dict[str, Tidy] = {"lower": str.lower, "upper": str.upper}


def scaled(factor: Decimal) -> Bridge:
    """The column holds the field's number times a power of ten: only the point moves, so no digit is ever lost."""

    def over(value: Value) -> Value:
        return plain(_number(value) * factor)

    def back(value: Value) -> Value:
        return plain(_number(value) / factor)

    return Bridge(over, back)


def power_of_ten(scale: str) -> Decimal:
    """The factor of ``scale:``. Raises ``ImpossiblePair`` for what is no power of ten."""
    factor = plain(Decimal(scale))
    if factor.as_tuple().digits != (1,) or factor <= 0 or abs(factor.adjusted()) > 15:
        raise ImpossiblePair(f"`scale: {scale}` is no power of ten such as 100 or 0.001, and others lose digits")
    return factor


def split_by(separator: str) -> Bridge:
    """A text column holds what the field has several of, in an order that is the same every time."""

    def over(value: Value) -> Value:
        if not isinstance(value, frozenset):
            raise alien(value, "a list of texts")
        return _joined(sorted(value), separator)

    def back(value: Value) -> Value:
        return frozenset(_parts(value, separator)) or None

    return Bridge(over, back)


def joined_by(separator: str) -> Bridge:
    """A text field shows what an array holds, in its order."""

    def over(value: Value) -> Value:
        parts = _parts(value, separator)
        return spelled(parts) if parts else None

    def back(value: Value) -> Value:
        items = parsed_json(value)
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise Misfit(f"{excerpt(value)} is no list of texts alone, so it cannot be joined")
        return _joined([str(item) for item in items], separator) or None

    return Bridge(over, back)


@dataclass(frozen=True, slots=True)
class Tidied:
    """``trim`` and ``case``: how the texts of each side are tidied, before they are carried and after."""

    feishu: Tidy
    database: Tidy

    @classmethod
    def of(cls, manner: Manner) -> "Tidied | None":
        """What a manner asks for, if anything."""
        if not (manner.trim or manner.case_feishu or manner.case_database):
            return None
        cases = {manner.case_feishu, manner.case_database}
        strict = cases == {"lower", "upper"}
        here, there = (
            _tidy(case, trim=manner.trim, strict=strict) for case in (manner.case_feishu, manner.case_database)
        )
        return cls(here, there)

    def around(self, inner: Bridge | None) -> Bridge:
        """The bridge with its ends tidied."""

        def over(value: Value) -> Value:
            tidy = _text(value, self.feishu)
            return _text(inner.over(tidy) if inner and tidy else tidy, self.database)

        def back(value: Value) -> Value:
            tidy = _text(value, self.database)
            return _text(inner.back(tidy) if inner and tidy else tidy, self.feishu)

        return Bridge(over, back)


def _tidy(case: str | None, *, trim: bool, strict: bool) -> Tidy:
    def tidy(text: str) -> str:
        text = text.strip() if trim else text
        if strict:
            _demand_both_cases(text)
        return _CASES[case](text) if case else text

    return tidy


def _demand_both_cases(text: str) -> None:
    """Raises ``Misfit`` for letters that are not the same again in the other case and back."""
    low, high = text.lower(), text.upper()
    if low.upper().lower() != low or high.lower().upper() != high:
        raise Misfit(f"{excerpt(text)} has letters without a counterpart in the other case; give `case:` one side only")


def _text(value: Value, tidy: Tidy) -> Value:
    return tidy(value) if isinstance(value, str) else value


def _number(value: Value) -> Decimal:
    if not isinstance(value, Decimal):
        raise alien(value, "a number")
    return value


def _parts(value: Value, separator: str) -> list[str]:
    if not isinstance(value, str):
        raise alien(value, "a text")
    return [part for piece in value.split(separator) if (part := piece.strip())]


def _joined(parts: list[str], separator: str) -> str:
    for part in parts:
        if separator in part or part != part.strip() or not part:
            raise Misfit(f"{excerpt(part)} is blank at an end, empty, or holds {separator!r}, which divides the list")
    text = separator.join(parts)
    if _parts(text, separator) != parts:
        raise Misfit(f"{excerpt(text)} would not be divided again as it was")
    return text


def demand_texts(here: Kind, there: Kind) -> None:
    """Raises ``ImpossiblePair`` unless both sides hold texts."""
    if here is not Kind.TEXT or there is not Kind.TEXT:
        raise ImpossiblePair("`trim:` and `case:` are for texts on both sides; leave them out")
