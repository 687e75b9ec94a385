"""The contents of files: on disk, in a folder that goes with the process, so that memory does not grow with them."""

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp, mkstemp
from weakref import finalize

PIECE = 1 << 18


@dataclass(slots=True)
class Upload:
    """An upload in parts: what was announced, and which parts came. `begun` is seconds since the epoch."""

    app_id: str
    app_token: str
    name: str
    size: int
    block: int
    begun: float
    parts: dict[int, Path] = field(default_factory=dict)

    @property
    def blocks(self) -> int:
        """Return how many parts there must be; a file without content has one."""
        return max(1, -(-self.size // self.block))

    def size_of(self, seq: int) -> int:
        """Return how long one part must be."""
        return min(self.block, self.size - seq * self.block)


@dataclass(frozen=True, slots=True)
class Content:
    """What a download answers with instead of JSON."""

    path: Path
    name: str
    mime: str


class Vault:
    """Keeps contents by file token. Files that were only described hold as many NUL bytes as they are long."""

    def __init__(self) -> None:
        self._folder: Path | None = None
        self.uploads: dict[str, Upload] = {}

    def _home(self) -> Path:
        if self._folder is None:
            self._folder = Path(mkdtemp(prefix="simulator-files-"))
            finalize(self, rmtree, self._folder, ignore_errors=True)
        return self._folder

    def spool(self) -> Path:
        """Return a new empty file to be filled."""
        handle, name = mkstemp(dir=self._home())
        os.close(handle)
        return Path(name)

    def keep(self, file_token: str, content: Path) -> None:
        """Take over a file that was filled."""
        content.rename(self._home() / file_token)

    def join(self, file_token: str, parts: Iterator[Path]) -> None:
        """Make one file of parts; they are gone afterwards."""
        with (self._home() / file_token).open("wb") as whole:
            for part in parts:
                with part.open("rb") as source:
                    while piece := source.read(PIECE):
                        whole.write(piece)
                part.unlink()

    def write(self, file_token: str, content: bytes) -> None:
        """Keep a small content."""
        (self._home() / file_token).write_bytes(content)

    def path(self, file_token: str, size: int) -> Path:
        """Return where a content is; of a file that was only described it is made now, and takes no room."""
        found = self._home() / file_token
        if not found.exists():
            with found.open("wb") as empty:
                empty.truncate(size)
        return found
