"""Folders of files: on this machine, or behind any address that fsspec knows (``s3://``, ``https://``, ``memory://``).

A place is a folder's address and a path below it; which folders there are is said once, so that nothing that stands in
a column is ever taken for an address. A local path is followed to its end: no link leads out of its folder.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from syncer.errors import MendError
from syncer.ports.files import Found, Readable, UnusableFileError


@dataclass(frozen=True, slots=True)
class _Root:
    """One folder: how a mapping names it, what speaks to it, and its path there."""

    named: str
    speaker: Any
    path: str

    @property
    def is_local(self) -> bool:
        return "file" in _protocols(self.speaker)

    def move(self, part: str, path: str) -> None:
        """Give a file its name, in one step where that can be done."""
        if self.is_local:
            Path(part).replace(path)
        else:
            self.speaker.mv(part, path)


@dataclass(frozen=True, slots=True)
class _Reading:
    """A content whose faults are told as those of one file."""

    place: str
    file: Any

    def read(self, size: int = -1, /) -> bytes:
        """So many bytes, or fewer at the end."""
        with _told(self.place):
            return bytes(self.file.read(size))


class Folders:
    """Files below some folders; the first one is where new files go."""

    def __init__(self, folder: str, sources: tuple[str, ...] = ()) -> None:
        self._roots = [_root(named) for named in (folder, *sources)]

    def find(self, place: str) -> Found | None:
        """What stands at a place; ``None`` for nothing."""
        root, path = self._at(place)
        with _told(place):
            try:
                info = root.speaker.info(path)
            except FileNotFoundError:
                return None
        if info.get("type") == "directory":
            raise UnusableFileError(f"{place} is a folder, not a file")
        if info.get("size") is None:
            raise UnusableFileError(f"{place} does not say how large it is; use an address that does")
        stamp = next((str(info[name]) for name in _STAMPS if info.get(name) is not None), "")
        return Found(int(info["size"]), stamp)

    @contextmanager
    def open(self, place: str) -> Iterator[Readable]:
        """The content of a file, to be read once."""
        root, path = self._at(place)
        with _told(place):
            file = root.speaker.open(path, "rb")
        with closing(file):
            yield _Reading(place, file)

    def put(self, place: str, pieces: Iterator[bytes]) -> None:
        """Write a file; it is there as a whole or not at all, also where the pieces break off."""
        root, path = self._at(place)
        above = path.rsplit("/", 1)[0]
        part = f"{above}/.{uuid4().hex}.part"
        with _told(place):
            root.speaker.makedirs(above, exist_ok=True)
            file = root.speaker.open(part, "wb")
        try:
            for piece in pieces:
                with _told(place):
                    file.write(piece)
            with _told(place):
                file.close()
                root.move(part, path)
        except BaseException:
            _drop(root.speaker, part, file)
            raise

    def demand_writable(self) -> None:
        """Raises ``MendError`` if no file can be put into the folder."""
        root = self._roots[0]
        probe = f"{root.path}/.{uuid4().hex}.probe"
        try:
            root.speaker.makedirs(root.path, exist_ok=True)
            root.speaker.pipe_file(probe, b"")
            root.speaker.rm_file(probe)
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise MendError(
                f"no file can be written to {root.named} ({why}); mend its rights or name another"
            ) from error

    def _at(self, place: str) -> tuple[_Root, str]:
        for root in self._roots:
            if place.startswith(f"{root.named}/"):
                path = f"{root.path}/{place[len(root.named) + 1 :]}"
                if root.is_local and not _below(path, root.path):
                    break
                return root, path
        raise UnusableFileError(f"{place} is not below {', '.join(root.named for root in self._roots)}")


_STAMPS = ("ETag", "etag", "mtime", "LastModified", "last_modified", "created")


def _root(named: str) -> _Root:
    """Raises ``MendError`` for an address that cannot be spoken to."""
    import fsspec  # noqa: PLC0415 - only where files are carried

    try:
        speaker, path = fsspec.core.url_to_fs(named)
    except (ImportError, ValueError) as error:
        raise MendError(f"files.folder {named} cannot be used ({error}); install what fsspec needs for it") from error
    return _Root(named, speaker, str(path).rstrip("/"))


def _protocols(speaker: Any) -> tuple[str, ...]:
    found = speaker.protocol
    return (found,) if isinstance(found, str) else tuple(found)


def _below(path: str, root: str) -> bool:
    return os.path.realpath(path).startswith(os.path.realpath(root) + os.sep)


def _drop(speaker: Any, path: str, file: Any) -> None:
    """Take away what was begun; whoever could not write it may be unable to do that as well."""
    with suppress(Exception):  # the first error is the one to be told
        file.close()
    with suppress(Exception):
        speaker.rm_file(path)


@contextmanager
def _told(place: str) -> Iterator[None]:
    """What a file system says, as words about one file."""
    try:
        yield
    except FileNotFoundError:
        raise UnusableFileError(f"there is no file {place}; put it there, or correct the column") from None
    except PermissionError:
        raise UnusableFileError(f"{place} may not be read or written; mend the rights of its folder") from None
    except Exception as error:  # every file system has errors of its own
        why = f"{type(error).__name__}: {error}"
        raise UnusableFileError(f"{place} could not be read or written ({why}); look at its folder") from error
