"""Phone number (type 13): digits, possibly after a plus, 64 characters at most (bitable.md 2.7)."""

import re
from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.forms import Kind, alien, excerpt, nothing
from syncer.fields.text import plain_text

MOST_CHARACTERS = 64

_GROUPING = re.compile("[\\s\\-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
"""Blanks and dashes of all widths: how people group digits."""

_NUMBER = re.compile(r"\+?[0-9]*")


@dataclass(frozen=True, slots=True)
class PhoneField:
    """A phone number without blanks and dashes."""

    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """A string; blanks and dashes mean nothing."""
        if type(cell) is str:
            return ungrouped(sound(cell)) or None
        nothing(cell, "a phone number")
        return None

    def fit(self, value: Value) -> Value:
        """Digits after at most one plus; everything else Feishu refuses (1254072)."""
        if not value:
            return None
        if not isinstance(value, str):
            raise alien(value, "a phone number")
        number = ungrouped(value)
        if not _NUMBER.fullmatch(number):
            raise Misfit(f"{excerpt(value)} is no phone number; it has digits, with at most a + before them")
        if len(number) > MOST_CHARACTERS:
            raise Misfit(f"the phone number has {len(number)} characters; a phone field holds {MOST_CHARACTERS}")
        return number or None

    def write(self, value: Value) -> Json:
        """A string."""
        return value if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """A phone number, best in quotation marks."""
        return self.fit(plain_text(raw))


def ungrouped(text: str) -> str:
    """A phone number without the blanks and dashes that group its digits."""
    return _GROUPING.sub("", text)
