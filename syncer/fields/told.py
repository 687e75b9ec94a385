"""What sources tell that no Bitable field holds, read only: lists of texts (90001) and of people (90003), and JSON
documents (90002).

The column decides the form: a list goes into an array, as JSON, or joined by commas; a document as JSON or its text.
"""

from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.documents import has_nul, spelled
from syncer.fields.forms import Kind, excerpt
from syncer.fields.readonly import ReceivesNothing

LIST, DOCUMENT, MEMBERS = 90001, 90002, 90003


@dataclass(frozen=True, slots=True)
class ListField(ReceivesNothing):
    """A list of texts, wanted as ``kind``."""

    kind: Kind
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The list; an empty one says nothing."""
        if not isinstance(cell, list | tuple):
            if cell is None or cell == "":
                return None
            raise Misfit(f"{excerpt(cell)} is not a list")
        texts = [sound(str(each)) for each in cell]
        if not texts:
            return None
        if self.kind is Kind.CHOICES:
            return frozenset(texts)
        return spelled(texts) if self.kind is Kind.JSON else ",".join(texts)


@dataclass(frozen=True, slots=True)
class DocumentField(ReceivesNothing):
    """Whatever stands there, as JSON (``kind`` says in which column: keys are sorted, so that equal is equal)."""

    kind: Kind
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The document in one spelling."""
        if cell is None:
            return None
        text = spelled(cell, sort=True)
        if has_nul(text):
            raise Misfit("the JSON holds a NUL character, which PostgreSQL cannot store")
        return text
