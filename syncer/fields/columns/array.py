"""Arrays: as sets of labels for a multi select, or with order and repetition, as JSON, for a text."""

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.decimals import parsed, written
from syncer.fields.documents import Document, parsed_json, spelled
from syncer.fields.forms import ColumnForm, Kind, alien, excerpt
from syncer.fields.select import plain_choices


@dataclass(frozen=True, slots=True)
class ArrayColumn:
    """A set: neither order nor repetition means anything. Numbers are labels written as digits.

    The empty array is another value than NULL, but both say nothing.
    """

    nullable: bool
    element: ColumnForm
    kind: ClassVar[Kind] = Kind.CHOICES
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The set of elements."""
        return None if held is None else frozenset([_label(self.element.read(item)) for item in _flat(held)])

    def fit(self, value: Value) -> Value:
        """Nothing selected becomes NULL, or the empty array where no NULL is taken."""
        if not value:
            return None if self.nullable else frozenset()
        if not isinstance(value, frozenset):
            raise alien(value, "a list of texts")
        return frozenset([_label(self.element.fit(self._named(label))) for label in value])

    def bind(self, value: Value) -> object:
        """A list, in an order that is the same every time."""
        if not isinstance(value, frozenset):
            return None
        return [self.element.bind(self._named(label)) for label in sorted(value)]

    def scalar(self, raw: object) -> Value:
        """A list of texts, or one text."""
        return self.fit(plain_choices(raw))

    def _named(self, label: str) -> Value:
        return parsed(label) if self.element.kind is Kind.NUMBER else label


@dataclass(frozen=True, slots=True)
class ListColumn:
    """A flat JSON list: order, repetition and NULL among the elements all mean something."""

    nullable: bool
    element: ColumnForm
    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The list as JSON."""
        if held is None:
            return None
        return spelled([None if item is None else self.element.read(item) for item in _flat(held, nulls=True)])

    def fit(self, value: Value) -> Value:
        """A flat list whose elements all fit; nothing is NULL, or the empty array where no NULL is taken."""
        if not value:
            return None if self.nullable else "[]"
        return spelled([None if item is None else self.element.fit(self._own(item)) for item in _listed(value)])

    def bind(self, value: Value) -> object:
        """A list."""
        if value is None:
            return None
        return [None if item is None else self.element.bind(self._own(item)) for item in _listed(value)]

    def scalar(self, raw: object) -> Value:
        """JSON as text, or a list."""
        return self.fit(raw if raw is None or isinstance(raw, str) else spelled(raw))

    def _own(self, item: Document) -> Value:
        wanted = Decimal if self.element.kind is Kind.NUMBER else str
        if isinstance(item, wanted):
            return item
        raise Misfit(f"{excerpt(item)} in the list is not a {self.element.kind.value}, as the column's elements are")


def _flat(held: object, *, nulls: bool = False) -> list[object]:
    if not isinstance(held, list) or any(isinstance(item, list) or (item is None and not nulls) for item in held):
        wanted = "a flat array" if nulls else "a flat array without NULL"
        raise Misfit(f"the column holds {excerpt(held)} where {wanted} is expected")
    return held


def _label(value: Value) -> str:
    if isinstance(value, Decimal):
        return written(value)
    assert isinstance(value, str)
    return value


def _listed(value: Value) -> list[Document]:
    document = parsed_json(value)
    if not isinstance(document, list):
        raise alien(value, 'a list like ["a", "b"] or [1, 2]')
    return document
