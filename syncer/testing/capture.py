"""The log of changes of a table in memory, and a reader of it; what triggers are to a real table."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from syncer.core.records import Told
from syncer.core.values import Json
from syncer.ports.capture import Captured, CapturedKey


@dataclass(slots=True)
class ChangeLog:
    """Changes in their order, numbered from ``first`` on; ``None`` stands for "everything"."""

    entries: list[CapturedKey | None] = field(default_factory=list)
    first: int = 0
    readers: dict[str, int] = field(default_factory=dict)
    batch: str | None = None

    @property
    def end(self) -> int:
        """The number of the next change."""
        return self.first + len(self.entries)

    def note(self, key: str, action: str, columns: frozenset[str] | None = None) -> None:
        """A row changed; nothing is noted where no column did."""
        if columns is None or columns:
            self.entries.append(CapturedKey(key, columns, None, action, self.batch))

    def note_everything(self) -> None:
        """The table was truncated."""
        self.entries.append(None)

    @contextmanager
    def written_by(self, batch: str) -> Iterator[None]:
        """What is noted inside was written by a batch of ours."""
        self.batch = batch
        try:
            yield
        finally:
            self.batch = None

    def prune(self) -> None:
        """Drop what all readers have read."""
        gone = min(self.readers.values(), default=self.first) - self.first
        if gone > 0:
            del self.entries[:gone]
            self.first += gone


class InMemoryCapture:
    """The changes of a table in memory as one reader sees them (``ports.capture.Capture``)."""

    def __init__(self, log: ChangeLog, reader: str = "") -> None:
        self._log, self._reader = log, reader

    def start(self) -> Mapping[str, Json]:
        """A cursor for all that changes from now on."""
        self._log.readers.setdefault(self._reader, self._log.end)
        return {"number": self._log.end}

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:
        """What changed since the cursor, at most so many changes."""
        number = cursor.get("number")
        if not isinstance(number, int) or not self._log.first <= number <= self._log.end:
            return Captured(whole=True, reason="the log was cleared of changes that were not read yet")
        since = self._log.entries[number - self._log.first :]
        found: dict[str, CapturedKey] = {}
        for entry in since[:limit]:
            if entry is None:
                return Captured(whole=True, reason="the table was truncated")
            found[entry.key] = found[entry.key].followed_by(entry) if entry.key in found else entry
        waiting = max(0, len(since) - limit)
        further: dict[str, Json] = {"number": number + min(limit, len(since))}
        return Captured(tuple(found.values()), further, more=waiting > 0, waiting=waiting)

    def told(self, cursor: Mapping[str, Json], keys: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """When columns of these rows got the values they hold."""
        found: dict[str, dict[str, Told]] = {key: {} for key in keys}
        number = cursor.get("number")
        start = number - self._log.first if isinstance(number, int) else 0
        for entry in self._log.entries[max(0, start) :]:
            if entry is None or entry.columns is None or entry.action != "update":
                found.update({key: {} for key in found if entry is None or key == entry.key})
                continue
            row = found.get(entry.key, {})
            for column in entry.columns:
                row.pop(column, None)
                if entry.at is not None and entry.batch is None:
                    row[column] = Told(entry.at)
        return found

    def read(self, cursor: Mapping[str, Json]) -> None:
        """All before this cursor is dealt with."""
        number = cursor.get("number")
        if isinstance(number, int):
            self._log.readers[self._reader] = number
            self._log.prune()
