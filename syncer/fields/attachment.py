"""Attachment (type 17): files, told of as JSON in the order in which they stand in the cell.

Addresses to download from are left out: they are made anew at every reading.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.documents import spelled
from syncer.fields.forms import Kind, excerpt, nothing
from syncer.fields.readonly import ReceivesNothing

_TOLD = ("file_token", "name", "size", "type")


@dataclass(frozen=True, slots=True)
class AttachmentField(ReceivesNothing):
    """What is known of each file: its token, name, size in bytes and type (MIME)."""

    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """A list of objects (bitable.md 4.1)."""
        if type(cell) is not list or not cell:
            nothing(cell, "a list of files")
            return None
        return spelled([_told(file) for file in cell])


def _told(file: Json) -> dict[str, Json]:
    if not isinstance(file, Mapping) or not isinstance(file.get("file_token"), str):
        raise Misfit(f"the cell holds {excerpt(file)} where a file is expected")
    known = {name: file[name] for name in _TOLD if file.get(name) is not None}
    return {name: sound(part) if isinstance(part, str) else part for name, part in known.items()}
