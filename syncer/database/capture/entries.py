"""What one statement left in the log, and the rows it names. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from syncer.core.records import Told
from syncer.database.capture.source import changed_columns
from syncer.database.lines import Decoder, split_line, stored_key
from syncer.ports.capture import CapturedKey

_ACTIONS = {"i": "insert", "u": "update", "k": "update", "d": "delete"}
_SIGNS = {b"+": "insert", b"-": "delete"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the log, see ``log.CREATE``.

    ``action``: ``i`` insert, ``d`` delete, ``u`` update with the columns of each row, ``k`` update by keys alone, ``t``
    truncate, ``w`` rows that nobody can name (too many, or ``fault`` says why).
    """

    id: int
    xid: int
    lines: int
    at: datetime
    action: str
    batch: str | None
    keys: str | None
    fault: str | None

    @property
    def is_whole(self) -> bool:
        """Whether it names no rows."""
        return self.action not in _ACTIONS

    def reason(self, table: str) -> str:
        """Why it names none."""
        if self.action == "t":
            return f"{table} was truncated"
        if self.fault:
            return f"the triggers of {table} could not tell its rows ({self.fault}); run `syncer apply`"
        return f"one statement wrote very many rows of {table}"

    def changes(self, watched: Sequence[str]) -> Iterator[tuple[bytes, str, frozenset[str] | None]]:
        """Key, action and columns of each line."""
        for line in (self.keys or "").encode().split(b"\n"):
            if self.action != "u":
                yield line, _ACTIONS[self.action], None
                continue
            mask, _, key = line.partition(b"\t")
            sign = _SIGNS.get(mask)
            yield key, sign or "update", None if sign else changed_columns(int(mask), watched)


class Kept:
    """Rows as they are gathered from entries, each once. ``reader`` is whose batches are our own."""

    def __init__(self, decoder: Decoder, watched: Sequence[str], reader: str) -> None:
        self._decoder, self._watched, self._ours = decoder, watched, f"{reader}/"
        self._found: dict[bytes, CapturedKey] = {}

    def take(self, entry: Entry, first: int = 0, end: int | None = None) -> None:
        """The lines of an entry, or some of them."""
        ours = (entry.batch or "").startswith(self._ours)
        batch = (entry.batch or "").removeprefix(self._ours) if ours else None
        for line, action, columns in list(entry.changes(self._watched))[first:end]:
            change = CapturedKey("", columns, entry.at.astimezone(UTC), action, batch)
            before = self._found.get(line)
            self._found[line] = before.followed_by(change) if before else change

    def __iter__(self) -> Iterator[tuple[str, CapturedKey]]:
        for line, found in self._found.items():
            yield stored_key(self._decoder.load(split_line(line))), found


def told(kept: Kept) -> list[CapturedKey]:
    """The rows gathered, by their stored keys."""
    return [CapturedKey(key, one.columns, one.at, one.action, one.batch) for key, one in kept]


def dated(
    entries: Sequence[Entry], keys: Collection[str], decoder: Decoder, watched: Sequence[str], reader: str
) -> Mapping[str, Mapping[str, Told]]:
    """When columns of these rows got the values they hold, by key and column; see ``ports.capture.Capture.told``."""
    found: dict[str, dict[str, Told]] = {key: {} for key in keys}
    names: dict[bytes, str] = {}
    for entry in sorted(entries, key=lambda one: one.at):
        if entry.is_whole:
            found = {key: {} for key in keys}
            continue
        ours = (entry.batch or "").startswith(f"{reader}/")
        for line, action, columns in entry.changes(watched):
            if line not in names:
                names[line] = stored_key(decoder.load(split_line(line)))
            if (row := found.get(names[line])) is not None:
                written = columns if action == "update" else None
                _date(row, watched if entry.action == "i" else written, entry, ours=ours)
    return found


def _date(row: dict[str, Told], columns: Collection[str] | None, entry: Entry, *, ours: bool) -> None:
    """One change more of a row; after one that does not name its columns nothing is known of any."""
    if columns is None:
        row.clear()
    for column in columns or ():
        row.pop(column, None)
        if not ours:
            row[column] = Told(entry.at.astimezone(UTC))
