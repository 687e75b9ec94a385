"""Arrays of text, as sets: neither order nor repetition means anything."""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.characters import sound
from syncer.fields.columns.text import cut
from syncer.fields.forms import Kind, alien, excerpt
from syncer.fields.select import plain_choices


@dataclass(frozen=True, slots=True)
class ArrayColumn:
    """text[] or varchar(n)[]. The empty array is another value than NULL, but both say nothing."""

    nullable: bool
    length: int | None = None
    kind: ClassVar[Kind] = Kind.CHOICES
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The set of elements."""
        if held is None:
            return None
        if not isinstance(held, list) or not all(isinstance(item, str) for item in held):
            raise Misfit(f"the column holds {excerpt(held)} where a flat array of texts without NULL is expected")
        return frozenset(held)

    def fit(self, value: Value) -> Value:
        """Nothing selected becomes NULL, or the empty array where no NULL is taken."""
        if not value:
            return None if self.nullable else frozenset()
        if not isinstance(value, frozenset):
            raise alien(value, "a list of texts")
        return frozenset([self._element(sound(text)) for text in value])

    def _element(self, text: str) -> str:
        return text if self.length is None or len(text) <= self.length else cut(text, self.length)

    def bind(self, value: Value) -> object:
        """A list, in an order that is the same every time."""
        return sorted(value) if isinstance(value, frozenset) else None

    def scalar(self, raw: object) -> Value:
        """A list of texts, or one text."""
        return self.fit(plain_choices(raw))
