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
from syncer.ports import RawRecord

Ask = Callable[[Mapping[str, str]], Answer]


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
        page = digest(orjson.dumps([item.get("record_id") or item for item in listed]))
        if not token:
            raise self._stopped("says that there is more, but not where")
        if not listed or page in self._seen:
            raise self._stopped("brings the same page again" if listed else "brings empty pages without end")
        self._seen.add(page)

    def _stopped(self, what: str) -> FeishuError:
        return FeishuError(f"Feishu's listing of {self._where} {what}; nothing of it can be trusted, read it again")


def raw_record(item: Mapping[str, Any], names: Sequence[str] | None = None) -> RawRecord:
    """A record of ``search`` or ``batch_get``; with ``names`` only those cells. The print covers the cells alone."""
    cells: dict[str, Any] = item.get("fields") or {}
    if names is not None:
        cells = {name: cells[name] for name in names if name in cells}
    if None in cells.values():
        cells = {name: cell for name, cell in cells.items() if cell is not None}
    changed = item.get("last_modified_time")
    return RawRecord(
        item["record_id"],
        cells,
        digest(orjson.dumps(cells, option=orjson.OPT_SORT_KEYS)),
        datetime.fromtimestamp(changed / 1000, UTC) if isinstance(changed, int) else None,
    )
