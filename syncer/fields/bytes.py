"""Attachments against a column that holds the file itself: ``files: {name: ...}`` in a mapping file.

The column's side is the digest of the bytes, which the database works out: the bytes themselves are read only when they
are uploaded. There is one file in the cell, or none; it goes to Feishu alone.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.documents import spelled
from syncer.fields.filed import ATTACHMENT, NOWHERE, FiledCodec, Whereabouts, cell_of, files_in, read_cell
from syncer.fields.forms import ImpossiblePair, alien
from syncer.ports import ColumnInfo, FieldInfo

_MARK = "sha256:"


@dataclass(frozen=True, slots=True)
class BytesCodec:
    """The translator of such a pair (``core.mapping.Translator``); ``name`` is what the file is called in Feishu."""

    name: str
    whereabouts: Whereabouts = NOWHERE
    version: ClassVar[int] = 1

    def knowing(self, whereabouts: Whereabouts) -> "BytesCodec":
        """The same that asks somebody."""
        return replace(self, whereabouts=whereabouts)

    def to_database(self, value: Value) -> Value:
        """The digest of the file that was uploaded. Raises ``Misfit`` for any other: bytes are not fetched."""
        if value is None:
            return None
        files = files_in(value)
        place = self.whereabouts.place_of(files[0].token) if len(files) == 1 else None
        if place is None or not place.startswith(_MARK):
            raise Misfit("a column of bytes is carried to Feishu alone; what is put into the cell there stays there")
        return place.partition("/")[0]

    def to_feishu(self, value: Value) -> Value:
        """The file of these bytes; of one not uploaded yet, the place."""
        found = [self.whereabouts.file_at(place) or place for place in self.places(value)]
        return spelled([{"path": one} if isinstance(one, str) else one.told() for one in found]) if found else None

    def from_cell(self, cell: Json) -> Value:
        """The files of a cell."""
        return read_cell(cell)

    def from_column(self, held: object) -> Value:
        """The digest."""
        if held is None:
            return None
        if not isinstance(held, bytes):
            raise alien(held, "a digest")
        return f"{_MARK}{held.hex()}"

    def cell(self, value: Value) -> Json:
        """The tokens."""
        return cell_of(value)

    def column(self, value: Value) -> object:
        """Nothing is ever written to such a column."""
        assert value is None
        return None

    def places(self, value: Value) -> list[str]:
        """What stands for the place: the digest and the name."""
        return [f"{value}/{self.name}"] if isinstance(value, str) and value else []


Codec = FiledCodec | BytesCodec


def held_as_bytes(field: FieldInfo, column: ColumnInfo, name: str) -> BytesCodec:
    """The translator of an attachment field and a column of bytes. Raises ``ImpossiblePair``."""
    if field.type != ATTACHMENT or column.type != "bytea":
        raise ImpossiblePair(
            f'`files: {{name: ...}}` is for attachments and columns of type bytea, and "{column.name}" is of type '
            f"{column.type}; write `files: {{folder: ...}}` for a column that says where the files are"
        )
    return BytesCodec(name)


def digest_of(place: str) -> str:
    """The digest in a place of ``BytesCodec``."""
    return place.partition("/")[0].removeprefix(_MARK)
