"""What Feishu works out or numbers by itself, read only: formula and lookup (20, 19) and auto number (1005).

A formula's cell is ``{"type": <base type>, "value": ...}``; the value of a number or date comes in a list or bare
(bitable.md 4.2), a text's is its segments. What a formula yields is not known before a cell is read, so the column of
the pair decides what is wanted, and a result of another type is a misfit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.checkbox import CheckboxField
from syncer.fields.date import instant
from syncer.fields.decimals import parsed, written
from syncer.fields.documents import spelled
from syncer.fields.forms import Kind, alien, nothing
from syncer.fields.number import NumberField
from syncer.fields.readonly import ReceivesNothing
from syncer.fields.text import TextField

_DATES = frozenset({5, 1001, 1002})
_NAMES = ("text", "name", "full_address", "location", "link_record_ids", "id")
"""What tells a result of several parts in words: texts and URLs, people and files, places, links."""
_FLEETING = frozenset({"url", "tmp_url", "avatar_url"})
"""Addresses that are made anew at every reading."""
_TEXT, _NUMBER, _CHECKBOX = TextField(), NumberField(), CheckboxField()


@dataclass(frozen=True, slots=True)
class ComputedField(ReceivesNothing):
    """A formula or lookup whose result is wanted as ``kind``; ``glue`` joins several results into one text."""

    kind: Kind
    glue: str = ""
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The result, in either shape. An empty one is a missing key, null or an empty list."""
        base, items = _opened(cell)
        if not items:
            return False if self.kind is Kind.FLAG else None
        if self.kind is Kind.JSON:
            return spelled([_told(item) for item in items], sort=True)
        if self.kind is Kind.TEXT:
            return sound(self.glue.join([_words(item, base) for item in items])) or None
        if self.kind is Kind.CHOICES:
            return frozenset([sound(_words(item, base)) for item in items if item]) or None
        if len(items) > 1 and type(items[0]) is not dict:
            raise Misfit(f"the result has {len(items)} values; the column holds one (a text column holds them all)")
        return self._single(items, base)

    def _single(self, items: list[Json], base: int | None) -> Value:
        if self.kind is Kind.NUMBER:
            return _numeral(items, base)
        if self.kind is Kind.FLAG:
            return _CHECKBOX.read(items[0])
        return _instant(items[0], base)


@dataclass(frozen=True, slots=True)
class AutoNumberField(ReceivesNothing):
    """A serial number, as text because it may carry letters and zeros."""

    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """A string (bitable.md 4.1)."""
        if type(cell) is str:
            return sound(cell) or None
        if type(cell) is int:
            return str(cell)
        nothing(cell, "an automatic number")
        return None


def _opened(cell: Json) -> tuple[int | None, list[Json]]:
    """The base type and the list of results of a cell in any of its shapes."""
    base: Json = None
    if isinstance(cell, Mapping):
        base, cell = cell.get("type"), cell.get("value", cell)
    if cell is None or cell == "":
        return None, []
    return base if type(base) is int else None, cell if isinstance(cell, list) else [cell]


def _words(item: Json, base: int | None) -> str:
    if type(item) is str:
        return item
    if isinstance(item, Mapping):
        words = next((item[name] for name in _NAMES if item.get(name)), "" if "text" in item else None)
        if type(words) is str:
            return words
        if isinstance(words, list):
            return ",".join(map(str, words))
    if type(item) is bool:
        return "true" if item else "false"
    if type(item) in (int, float) and base not in _DATES:
        number = _NUMBER.read(item)
        return written(number) if isinstance(number, Decimal) else ""
    raise alien(item, "a text; pair such a result with a column of its own type")


def _told(item: Json) -> Json:
    """A result as JSON: plain text as a text, everything else as Feishu shows it."""
    if isinstance(item, Mapping):
        if item.keys() == {"type", "text"} and item["type"] == "text":
            return item["text"]
        return {name: part for name, part in item.items() if name not in _FLEETING}
    return item


def _numeral(items: list[Json], base: int | None) -> Value:
    if base in _DATES:
        raise alien(items[0], "a number but a time; pair it with a date or timestamp column")
    if type(items[0]) in (int, float):
        return _NUMBER.read(items[0])
    text = _TEXT.read(items)
    return parsed(text) if isinstance(text, str) else None


def _instant(item: Json, base: int | None) -> Value:
    if base not in _DATES and base is not None:
        raise alien(item, "a time")
    if type(item) is not int and type(item) is not float:
        raise alien(item, "a time")
    return instant(round(item))
