"""Checkbox (type 7): absent, null and false are the same."""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.values import Json, Value
from syncer.fields.forms import Kind, alien, nothing


@dataclass(frozen=True, slots=True)
class CheckboxField:
    """A checkbox: never empty, because a box that was never touched cannot be told from an unchecked one."""

    kind: ClassVar[Kind] = Kind.FLAG
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """``True`` or ``False``."""
        if cell is True:
            return True
        if cell is not False:
            nothing(cell, "true or false")
        return False

    def fit(self, value: Value) -> Value:
        """What it gets; nothing is unchecked."""
        return plain_flag(value)

    def write(self, value: Value) -> Json:
        """A bool; clearing unchecks."""
        return value is True

    def scalar(self, raw: object) -> Value:
        """True or false."""
        return plain_flag(raw)


def plain_flag(raw: object) -> bool:
    """A bool as it is, nothing as ``False``. Raises ``Misfit`` for everything else."""
    if raw is True:
        return True
    if raw is None or raw is False:
        return False
    raise alien(raw, "true or false")
