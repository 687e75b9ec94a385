"""What a form of one side promises, and how two of them make a translator."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol, TypeAlias

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value

Carry: TypeAlias = Callable[[Value], Value]


class ImpossiblePair(Exception):  # noqa: N818 - told to the author of a mapping file among other faults
    """A field and a column that cannot be kept equal; ``reason`` names both, their types, and what would fit."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Kind(Enum):
    """Which type of ``Value`` a form holds when it is not empty."""

    TEXT = "text"  # str
    NUMBER = "number"  # Decimal
    CHOICES = "choices"  # frozenset[str]
    MOMENT = "moment"  # datetime, UTC
    DAY = "day"  # date
    FLAG = "flag"  # bool
    JSON = "JSON"  # str, as ``documents.spelled`` spells it


class FieldForm(Protocol):
    """The Feishu side of a pair. Every method takes and gives values of this form's kind, or ``None`` for empty."""

    @property
    def kind(self) -> Kind:
        """What its values are."""
        ...

    @property
    def version(self) -> int:
        """Rises when the same cell is read differently."""
        ...

    def read(self, cell: Json) -> Value:
        """The value of a cell as ``search`` returns it. Raises ``Misfit`` for an unknown shape."""
        ...

    def fit(self, value: Value) -> Value:
        """What ``search`` will show after the field received ``value``. Raises ``Misfit``."""
        ...

    def write(self, value: Value) -> Json:
        """The cell to send for a value that fits; ``None`` clears."""
        ...

    def scalar(self, raw: object) -> Value:
        """The value a person wrote in a mapping file. Raises ``Misfit``."""
        ...


class ColumnForm(Protocol):
    """The database side of a pair. Every method takes and gives values of this form's kind, or ``None`` for empty."""

    @property
    def kind(self) -> Kind:
        """What its values are."""
        ...

    @property
    def version(self) -> int:
        """Rises when the same content is read differently."""
        ...

    def read(self, held: object) -> Value:
        """The value of what the driver returns. Raises ``Misfit`` for what no value can be."""
        ...

    def fit(self, value: Value) -> Value:
        """What the column will return after receiving ``value``. Raises ``Misfit``."""
        ...

    def bind(self, value: Value) -> object:
        """The parameter to bind for a value that fits."""
        ...

    def scalar(self, raw: object) -> Value:
        """The value a person wrote in a mapping file. Raises ``Misfit``."""
        ...


@dataclass(frozen=True, slots=True)
class Bridge:
    """Carries values that are not empty between the kinds of two forms. Both may raise ``Misfit``."""

    over: Carry
    """From the field's kind to the column's."""
    back: Carry
    """From the column's kind to the field's; may answer ``None`` for a value that says nothing."""


def one_after_the_other(first: Bridge, second: Bridge | None) -> Bridge:
    """The way over both bridges; what the first makes nothing of stays nothing."""
    if second is None:
        return first

    def over(value: Value) -> Value:
        there = first.over(value)
        return None if there is None else second.over(there)

    def back(value: Value) -> Value:
        there = second.back(value)
        return None if there is None else first.back(there)

    return Bridge(over, back)


@dataclass(frozen=True, slots=True)
class Codec:
    """A translator put together from two forms: each entry is the form's own method, so that no call is in between."""

    version: int
    to_database: Carry
    to_feishu: Carry
    from_cell: Callable[[Json], Value]
    from_column: Callable[[object], Value]
    cell: Callable[[Value], Json]
    column: Callable[[Value], object]


def join(field: FieldForm, column: ColumnForm, bridge: Bridge | None) -> Codec:
    """The translator of a pair; without a bridge both forms hold the same kind."""
    over, back = (column.fit, field.fit) if bridge is None else _crossing(field, column, bridge)
    return Codec(
        version=field.version + column.version - 1,
        to_database=over,
        to_feishu=back,
        from_cell=field.read,
        from_column=column.read,
        cell=field.write,
        column=column.bind,
    )


def _crossing(field: FieldForm, column: ColumnForm, bridge: Bridge) -> tuple[Carry, Carry]:
    def over(value: Value) -> Value:
        return column.fit(None if value is None else bridge.over(value))

    def back(value: Value) -> Value:
        return field.fit(None if value is None else bridge.back(value))

    return over, back


def nothing(cell: Json, expected: str) -> None:
    """The value of an empty cell in any of the shapes seen for it. Raises ``Misfit`` for every other cell."""
    if cell is not None and cell != "" and cell != []:
        raise Misfit(f"the cell holds {excerpt(cell)} where {expected} is expected")


def alien(value: object, expected: str) -> Misfit:
    """The misfit of a value of another kind than its form holds."""
    return Misfit(f"{excerpt(value)} is not {expected}")


def excerpt(value: object) -> str:
    """A value as shown in a message: short, whatever it is."""
    shown = repr(value) if not isinstance(value, str) else f'"{value}"'
    return shown if len(shown) <= 60 else f"{shown[:57]}..."
