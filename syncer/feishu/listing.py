"""Listings: page after page until Feishu says that there is no more, never round and round.

Feishu documents no snapshot and no life time of a ``page_token``; one that is not understood brings the first page
again and again. Whether a listing is whole is for the engine to prove.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import orjson

from syncer.core.values import digest
from syncer.errors import FeishuError, TooLargeError
from syncer.feishu.calls import Answer
from syncer.feishu.listed import cells_of, texts_of

Ask = Callable[[Mapping[str, str]], Answer]

_NEWLINE: Any = orjson.Fragment(b"\n")


def pages(ask: Ask, size: int, where: str) -> Iterator[Answer]:
    """All answers of a paged api; the size is halved when an answer would be too large. Raises ``FeishuError``."""
    token: str | None = None
    progress = _Progress(where)
    while True:
        answer, size = _page(ask, token, size)
        yield answer
        if not answer.data.get("has_more"):
            return
        token = answer.data.get("page_token")
        progress.check(items(answer), token)


def items(answer: Answer) -> Sequence[Mapping[str, Any]]:
    """What one page lists; an empty page may leave the key out or hold null."""
    return answer.data.get("items") or ()


def _page(ask: Ask, token: str | None, size: int) -> tuple[Answer, int]:
    place = {"page_token": token} if token else {}
    while True:
        try:
            return ask({"page_size": str(size), **place}), size
        except TooLargeError:
            if size == 1:
                raise
            size //= 2


class _Progress:
    """Remembers 16 bytes of every page: one that comes twice would come for ever."""

    def __init__(self, where: str) -> None:
        self._where, self._seen = where, set[bytes]()

    def check(self, listed: Sequence[Mapping[str, Any]], token: object) -> None:
        page = digest(orjson.dumps([item.get("record_id") or item for item in listed], default=_sent))
        if not token:
            raise self._stopped("says that there is more, but not where")
        if not listed or page in self._seen:
            raise self._stopped("brings the same page again" if listed else "brings empty pages without end")
        self._seen.add(page)

    def _stopped(self, what: str) -> FeishuError:
        return FeishuError(f"Feishu's listing of {self._where} {what}; nothing of it can be trusted, read it again")


def _sent(cell: Any) -> str:
    """A cell that nobody has read yet."""
    return bytes(cell).decode(errors="replace")


class ListedRecord:
    """A record of ``search`` or ``batch_get``; a ``ports.RawRecord``. Made by the thousand: what can wait, waits."""

    __slots__ = ("_cells", "_changed", "_print", "id", "text")

    def __init__(self, id_: str, cells: Mapping[str, Any] | None, text: bytes, changed: object) -> None:
        self.id, self.text = id_, text
        self._cells, self._changed = cells, changed
        self._print: bytes | None = None

    def __repr__(self) -> str:
        return f"ListedRecord({self.id!r}, {self.cells!r})"

    @property
    def cells(self) -> Mapping[str, Any]:
        """The cells by field name, without empty ones."""
        if self._cells is None:
            self._cells = cells_of(self.text)
        return self._cells

    @property
    def print(self) -> bytes:
        """A 16-byte fingerprint of the cells alone."""
        if self._print is None:
            self._print = digest(self.text)
        return self._print

    @property
    def modified_at(self) -> datetime | None:
        """When the record was last changed."""
        return datetime.fromtimestamp(self._changed / 1000, UTC) if isinstance(self._changed, int) else None


def raw_records(items: Sequence[Mapping[str, Any]], names: Sequence[str] | None = None) -> list[ListedRecord]:
    """Records of an answer that was read as a listing; with ``names`` only those cells."""
    return [
        ListedRecord(item["record_id"], None, text, item.get("last_modified_time"))
        for item, text in zip(items, texts_of(items, names), strict=True)
    ]


def made_records(items: Sequence[Mapping[str, Any]]) -> list[ListedRecord]:
    """Records whose cells we made ourselves. Their texts have sorted keys, so that equal cells are equal."""
    cells: list[dict[str, Any]] = [item.get("fields") or {} for item in items]
    texts = _texts(cells)
    if any(b"null" in text for text in texts):
        cells = [{name: cell for name, cell in each.items() if cell is not None} for each in cells]
        texts = _texts(cells)
    return [
        ListedRecord(item["record_id"], each, text, item.get("last_modified_time"))
        for item, each, text in zip(items, cells, texts, strict=True)
    ]


def _texts(cells: Sequence[Mapping[str, Any]]) -> list[bytes]:
    """All in one go, which takes half the time; a newline stands nowhere else in what ``orjson`` writes."""
    if not cells:
        return []
    parted = [_NEWLINE] * (2 * len(cells) - 1)
    parted[::2] = cells
    return orjson.dumps(parted, option=orjson.OPT_SORT_KEYS)[1:-1].split(b",\n,")
