"""Columns of JSON: json and jsonb."""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Value
from syncer.fields.columns.empties import null
from syncer.fields.documents import Document, has_nul, parsed_json, spelled
from syncer.fields.forms import Kind


@dataclass(frozen=True, slots=True)
class JsonColumn:
    """A document as text in one spelling. JSON's ``null`` and NULL both say nothing.

    ``binary`` is jsonb, which keeps no order of keys and no NUL character; json keeps both. The order of arrays means
    something in either.
    """

    nullable: bool
    binary: bool
    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The document; the driver hands over its text, because a float would lose digits."""
        return None if held is None else self._spelled(parsed_json(held))

    def fit(self, value: Value) -> Value:
        """Any JSON that the type can hold."""
        document = parsed_json(value) if value else None
        if document is None:
            return null(nullable=self.nullable)
        text = self._spelled(document)
        if self.binary and text is not None and has_nul(text):
            raise Misfit("a text in the JSON contains a NUL character, which jsonb cannot hold; remove it")
        return text

    def bind(self, value: Value) -> object:
        """JSON text."""
        return value

    def scalar(self, raw: object) -> Value:
        """JSON as text, or an object or list as YAML spells it."""
        return self.fit(raw if raw is None or isinstance(raw, str) else spelled(raw))

    def _spelled(self, document: Document) -> str | None:
        return None if document is None else spelled(document, sort=self.binary)
