"""What the engine relies on to carry the files of attachments: where they are kept, sent, and remembered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol


class Readable(Protocol):
    """A content while it is read."""

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""
        ...


@dataclass(frozen=True, slots=True)
class Found:
    """A file as it stands at its place now. ``stamp`` is another one whenever it was written since."""

    size: int
    stamp: str


@dataclass(frozen=True, slots=True)
class FileNote:
    """A file of a base that also stands at a place: its token, name and size in bytes, and the SHA-256 of its content.

    ``place`` is the text by which a column names it.
    """

    place: str
    token: str
    name: str
    size: int
    digest: str
    stamp: str = ""


class UnusableFileError(Exception):
    """One file cannot be carried; ``reason`` says why and how to mend it. Others may be good.

    ``final``: it is not worth another try until the value changes.
    """

    def __init__(self, reason: str, *, final: bool = False) -> None:
        self.reason, self.final = reason, final
        super().__init__(reason)


class Storage(Protocol):
    """Where files are kept beside Feishu. Every method raises ``UnusableFileError``."""

    def find(self, place: str) -> Found | None:
        """What stands at a place; ``None`` for nothing."""
        ...

    def open(self, place: str) -> AbstractContextManager[Readable]:
        """The content of a file, to be read once."""
        ...

    def put(self, place: str, pieces: Iterator[bytes]) -> None:
        """Write a file; it is there as a whole or not at all, also where the pieces break off."""
        ...


class Content(Readable, Protocol):
    """The bytes of one cell while they are read."""

    @property
    def size(self) -> int:
        """How many there are."""
        ...


class Contents(Protocol):
    """A table whose cells hold files."""

    def content(self, key: str, column: str) -> AbstractContextManager[Content]:
        """The bytes of a cell, of one snapshot. Raises ``UnusableFileError`` if there are none."""
        ...


class Media(Protocol):
    """The files of one base. Raises ``UnusableFileError`` for a file, and the errors of the Feishu door."""

    def upload(self, name: str, size: int, content: Callable[[], AbstractContextManager[Readable]]) -> str:
        """Upload a file; its token. ``content`` is opened anew for every try."""
        ...

    def download(self, token: str, take: Callable[[Iterator[bytes]], None]) -> None:
        """Download a file; ``take`` gets its pieces, from the beginning at every try."""
        ...


class Ledger(Protocol):
    """What is remembered of the files of one base."""

    def at(self, place: str) -> FileNote | None:
        """The file that was last seen at a place."""
        ...

    def of(self, token: str) -> FileNote | None:
        """Where a file stands, by its token: the place noted last."""
        ...

    def like(self, digest: str, name: str) -> FileNote | None:
        """A file of this content and name."""
        ...

    def note(self, notes: Sequence[FileNote]) -> None:
        """Remember files, at once."""
        ...

    def forget(self, places: Iterable[str]) -> None:
        """Remember nothing of these places any more."""
        ...
