"""Text, and its looks Email and Barcode (type 1): segments are read, a string is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from syncer.core.mapping import Misfit
from syncer.core.series import Series, in_one_go, kinds
from syncer.core.values import Json, Value
from syncer.fields.characters import longest, sound, surely_sound
from syncer.fields.forms import Kind, alien, excerpt, nothing

MOST_CHARACTERS = 100_000
"""Of a text cell; above, Feishu answers 1254130 (bitable.md 2.7)."""

_SEGMENTS = {list, type(None)}


@dataclass(frozen=True, slots=True)
class TextField:
    """A text field: its value is the plain text of all segments, mentions and links included."""

    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def _read_all(self, cells: Sequence[Any]) -> Series | None:
        if not kinds(cells) <= _SEGMENTS or longest(cells) > 1:
            return None
        try:
            texts = [None if cell is None else cell[0]["text"] for cell in cells]
        except (TypeError, KeyError, IndexError):
            return None
        return [text or None for text in texts] if surely_sound(texts) else None

    @in_one_go(_read_all)
    def read(self, cell: Json) -> Value:
        """Join the segments; a plain string is taken too, as older endpoints and formulas show it."""
        if cell is None:
            return None
        return sound(joined(cell)) or None

    def _fit_all(self, values: Series) -> Series | None:
        if surely_sound(values) and longest(values) <= MOST_CHARACTERS:
            return [value or None for value in values] if "" in values else values
        return None

    @in_one_go(_fit_all)
    def fit(self, value: Value) -> Value:
        """Feishu keeps text as it is, up to 100,000 characters."""
        if not value:
            return None
        if not isinstance(value, str):
            raise alien(value, "a text")
        if len(value) > MOST_CHARACTERS:
            raise Misfit(f"the text has {len(value)} characters; a text field holds at most {MOST_CHARACTERS}")
        return sound(value)

    def write(self, value: Value) -> Json:
        """A string."""
        return value if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """A string, or a number as written."""
        return self.fit(plain_text(raw))


def joined(cell: Json) -> object:
    """The plain text of a text cell, yet unchecked. Raises ``Misfit`` for what is no list of segments."""
    if type(cell) is list:
        try:
            return cell[0]["text"] if len(cell) == 1 else "".join([part["text"] for part in cell])
        except (TypeError, KeyError):
            raise Misfit(f"the cell holds {excerpt(cell)} where segments of text are expected") from None
    if type(cell) is str:
        return cell
    nothing(cell, "text")
    return ""


def plain_text(raw: object) -> str | None:
    """What a person wrote in a mapping file where a text is wanted. Raises ``Misfit``."""
    if raw is None or isinstance(raw, str):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return str(raw)
    raise Misfit(f"{excerpt(raw)} is not a text; put it in quotation marks")
