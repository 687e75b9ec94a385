"""A text column as a phone field's partner."""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.values import Value
from syncer.fields.forms import ColumnForm, Kind
from syncer.fields.phone import ungrouped


@dataclass(frozen=True, slots=True)
class PhoneColumn:
    """Blanks and dashes mean nothing here either: 021-555 pairs with 021555, and stays as it is written."""

    text: ColumnForm
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The number without blanks and dashes."""
        value = self.text.read(held)
        return ungrouped(value) if isinstance(value, str) else value

    def fit(self, value: Value) -> Value:
        """As the column takes a text."""
        return self.text.fit(ungrouped(value) if isinstance(value, str) else value)

    def bind(self, value: Value) -> object:
        """A string."""
        return self.text.bind(value)

    def scalar(self, raw: object) -> Value:
        """A phone number, best in quotation marks."""
        return self.fit(self.text.scalar(raw))
