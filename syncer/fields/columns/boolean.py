"""Boolean columns: NULL and false are the same."""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.values import Value
from syncer.fields.checkbox import plain_flag
from syncer.fields.forms import Kind


@dataclass(frozen=True, slots=True)
class BooleanColumn:
    """A bool, never empty, as its partner the checkbox."""

    kind: ClassVar[Kind] = Kind.FLAG
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """``True`` or ``False``."""
        return plain_flag(held)

    def fit(self, value: Value) -> Value:
        """What it gets; nothing is ``False``."""
        return plain_flag(value)

    def bind(self, value: Value) -> object:
        """A bool."""
        return value is True

    def scalar(self, raw: object) -> Value:
        """True or false."""
        return plain_flag(raw)
