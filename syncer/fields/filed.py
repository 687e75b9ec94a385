"""Attachments against a column that says where the files are: ``files:`` in a mapping file.

Feishu's side is the list of a cell's files; the database's side is text: the places of the files, in the same order.
Which file stands where, somebody else remembers (``Whereabouts``). A file that still has to be uploaded is told of by
its place alone; nothing of that kind may be sent.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import ClassVar, Protocol
from zoneinfo import ZoneInfo

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.columns.catalog import Columns, column_type
from syncer.fields.documents import Document, parsed_json, spelled
from syncer.fields.forms import ColumnForm, ImpossiblePair, excerpt, nothing
from syncer.ports.sides import ColumnInfo, FieldInfo

MOST_FILES = 100
"""Files a cell can hold (bitable.md 2)."""
ATTACHMENT = 17
_LONGEST_NAME = 255
"""Bytes of a file's name, as most file systems have it."""
_UNSAFE = re.compile(r"[/\\\x00-\x1f\x7f-\x9f\u2028\u2029]")
_END = re.compile(r"[\s.]+\Z")
_URL = re.compile(r"[a-z][a-z0-9+.-]+://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CellFile:
    """A file as a cell tells of it."""

    token: str
    name: str
    size: int

    def told(self) -> dict[str, Json]:
        """The same as a document."""
        return {"file_token": self.token, "name": self.name, "size": self.size}


class Whereabouts(Protocol):
    """Which file of the base stands at which place. Both raise ``Misfit`` for a file that could not be carried."""

    def place_of(self, token: str) -> str | None:
        """Where a file stands, if that is remembered."""
        ...

    def file_at(self, place: str) -> CellFile | None:
        """The file of this base that stands at a place, if it was uploaded or fetched."""
        ...


class Nowhere:
    """Nothing is remembered: what only looks at types needs no more."""

    def place_of(self, _token: str) -> str | None:
        """Nowhere."""
        return None

    def file_at(self, _place: str) -> CellFile | None:
        """None."""
        return None


NOWHERE = Nowhere()


class Shape(Enum):
    """How a column lists places."""

    LINES = "one a line"
    LIST = "a list"


@dataclass(frozen=True, slots=True)
class FiledCodec:
    """The translator of such a pair (``core.mapping.Translator``). ``folder`` is where fetched files go.

    ``sources`` are the other folders from which files are uploaded.
    """

    form: ColumnForm
    shape: Shape
    folder: str
    sources: tuple[str, ...]
    whereabouts: Whereabouts = NOWHERE
    version: ClassVar[int] = 1

    def knowing(self, whereabouts: Whereabouts) -> "FiledCodec":
        """The same that asks somebody."""
        return replace(self, whereabouts=whereabouts)

    def to_database(self, value: Value) -> Value:
        """The places of a cell's files: where they came from, else where they are fetched to."""
        if value is None:
            return self.form.fit(None)
        places = [self._place(file) for file in files_in(value)]
        return self.form.fit("\n".join(places) if self.shape is Shape.LINES else spelled(places))

    def to_feishu(self, value: Value) -> Value:
        """The files at these places; of those not uploaded yet, the place."""
        places = self.places(value)
        if len(places) > MOST_FILES:
            raise Misfit(f"the column names {len(places)} files, and a cell holds {MOST_FILES}; name fewer")
        return spelled([self._file(place) for place in places]) if places else None

    def from_cell(self, cell: Json) -> Value:
        """The files of a cell, without the addresses, which are others at every reading."""
        return read_cell(cell)

    def from_column(self, held: object) -> Value:
        """As the column's form has it."""
        return self.form.read(held)

    def cell(self, value: Value) -> Json:
        """The tokens."""
        return cell_of(value)

    def column(self, value: Value) -> object:
        """As the column's form has it."""
        return self.form.bind(value)

    def places(self, value: Value) -> list[str]:
        """The places that a column names, each in full. Raises ``Misfit`` for one that may not be read."""
        if not isinstance(value, str) or not value.strip():
            return []
        if self.shape is Shape.LINES:
            named: Sequence[Document] = [line.strip() for line in value.splitlines() if line.strip()]
        else:
            found = parsed_json(value)
            named = found if isinstance(found, list) else []
            if not isinstance(found, list) or not all(isinstance(one, str) and one for one in named):
                raise Misfit(f'{excerpt(value)} is no list of places such as ["a/b.pdf"]')
        return [self.full(str(one)) for one in named]

    def full(self, place: str) -> str:
        """A place in full: one that is no address stands in the folder. Raises ``Misfit`` for one outside of all."""
        whole = place if _URL.match(place) or place.startswith("/") else f"{self.folder}/{place}"
        for root in (self.folder, *self.sources):
            if whole.startswith(f"{root}/") and _is_tame(whole[len(root) + 1 :]):
                return whole
        allowed = ", ".join((self.folder, *self.sources))
        raise Misfit(
            f"{excerpt(place)} is not below {allowed}; put the file there, or name its folder in `files.sources`"
        )

    def default_place(self, file: CellFile) -> str:
        """Where a file is fetched to: a folder of its own, by its token, so that equal names do not meet."""
        return f"{self.folder}/{safe_name(file.token)}/{safe_name(file.name)}"

    def _place(self, file: CellFile) -> str:
        return self.whereabouts.place_of(file.token) or self.default_place(file)

    def _file(self, place: str) -> dict[str, Json]:
        known = self.whereabouts.file_at(place)
        return {"path": place} if known is None else known.told()


def filed(field: FieldInfo, column: ColumnInfo, zone: ZoneInfo, folder: str, sources: tuple[str, ...]) -> FiledCodec:
    """The translator of an attachment field and a column of places. Raises ``ImpossiblePair``."""
    if field.type != ATTACHMENT:
        raise ImpossiblePair("`files:` is for attachment fields; leave it out")
    known = column_type(column)
    if known is None or known.family not in (Columns.TEXT, Columns.ARRAY, Columns.JSON):
        raise ImpossiblePair(
            f'column "{column.name}" is of type {column.type}; with `files:` an attachment field goes with a column of '
            f"type {Columns.TEXT.value}, {Columns.ARRAY.value}, {Columns.JSON.value}"
        )
    form = (known.listed or known.make)(column, zone)
    return FiledCodec(form, Shape.LINES if known.family is Columns.TEXT else Shape.LIST, folder, sources)


def read_cell(cell: Json) -> Value:
    """The files of a cell, in its order. Raises ``Misfit``."""
    if type(cell) is not list or not cell:
        nothing(cell, "a list of files")
        return None
    return spelled([_told(file) for file in cell])


def cell_of(value: Value) -> Json:
    """The cell to send for files that are all uploaded."""
    assert not awaited_in(value), "a file that was not uploaded cannot be written"
    return None if value is None else [{"file_token": file.token} for file in files_in(value)]


def files_in(value: Value) -> list[CellFile]:
    """The files that a Feishu-side value tells of; those that are still to be uploaded are no files yet."""
    found = parsed_json(value) if value else []
    assert isinstance(found, list)
    return [_file(file) for file in found if isinstance(file, dict) and "file_token" in file]


def _file(told: Mapping[str, Document]) -> CellFile:
    size = told.get("size")
    return CellFile(str(told["file_token"]), str(told.get("name") or ""), int(size) if isinstance(size, Decimal) else 0)


def awaited_in(value: Value) -> list[str]:
    """The places of the files of a Feishu-side value that are still to be uploaded."""
    found = parsed_json(value) if value else []
    assert isinstance(found, list)
    return [str(file["path"]) for file in found if isinstance(file, dict) and "path" in file]


def safe_name(name: str) -> str:
    """A name that is one part of a path on every file system: no slash, no line break, at most 255 bytes."""
    plain = _END.sub("", _UNSAFE.sub("_", unicodedata.normalize("NFC", name)).strip())
    if not plain:
        return "file"
    stem, dot, ending = plain.rpartition(".")
    kept = f".{ending}" if dot and stem and len(ending.encode()) <= 16 else ""
    whole = plain[: len(plain) - len(kept)] if kept else plain
    short = _cut(whole, _LONGEST_NAME - len(kept.encode()))
    return short + kept if kept else _END.sub("", short)


def _cut(text: str, most: int) -> str:
    return text.encode()[:most].decode(errors="ignore")


def _is_tame(path: str) -> bool:
    parts = path.split("/")
    return not any(part in ("", ".", "..") for part in parts) and not _UNSAFE.search(path.replace("/", ""))


def _told(file: Json) -> dict[str, Json]:
    if not isinstance(file, Mapping) or not isinstance(file.get("file_token"), str):
        raise Misfit(f"the cell holds {excerpt(file)} where a file is expected")
    size = file.get("size")
    name = sound(str(file.get("name") or ""))
    return {"file_token": file["file_token"], "name": name, "size": size if isinstance(size, int) else 0}
