"""A content that is listened to on its way, so that its length and digest are those of what really went by."""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from syncer.ports.files import Readable


class Heard:
    """Listens to a content on its way: how long it is, and its digest. Every try is heard from the beginning."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """From the beginning."""
        self.size, self.digest = 0, sha256()

    def hear(self, piece: bytes) -> bytes:
        """The same piece."""
        self.size += len(piece)
        self.digest.update(piece)
        return piece

    def listening(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """The same pieces."""
        self.begin()
        yield from map(self.hear, pieces)


@dataclass(frozen=True, slots=True)
class Overheard:
    """A content that is listened to while it is read."""

    source: Readable
    heard: Heard

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""
        return self.heard.hear(self.source.read(size))
