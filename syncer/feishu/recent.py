"""Which records changed lately, by a field of their modified time: sorted by it, or, where that is refused, by days.

Whether ``search`` sorts by such a field nobody says, and its filters know whole days alone [doc: the record filter
guide of the Bitable pages]. So an answer is believed only as far as it proves itself; else there is none.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from syncer.errors import RefusedError
from syncer.feishu.calls import Answer
from syncer.feishu.listing import items, pages, raw_records
from syncer.feishu.unsortable import Unsortable
from syncer.ports import FieldInfo, Head

MODIFIED_TIME = 1002
DAYS_BACK = timedelta(days=2)
"""A day begins at another moment in every time zone, and "after" a day may include it or not."""
_TRIES = 3
_NEWEST = 2000
"""So many records of the last days are read, where sorting is refused, to know which of all was changed last."""
_NEVER = datetime.max.replace(tzinfo=UTC)

Ask = Callable[[Mapping[str, str], Mapping[str, Any]], Answer]
"""One page of ``search``: the query, and what is added to the body."""


def modified_field(fields: Mapping[str, FieldInfo]) -> str | None:
    """The field that tells when a record was changed, if there is one."""
    return next((field.name for field in fields.values() if field.type == MODIFIED_TIME), None)


class Recent:
    """Asks for what changed since a moment. ``size``: how many records make a page; ``where``: the table, in words.

    ``refusals`` knows, by the table's ``name``, whether it refused to be sorted lately.
    """

    def __init__(self, ask: Ask, field: str, size: int, where: str, refusals: tuple[Unsortable, str]) -> None:
        self._ask, self._field, self._size, self._where = ask, field, size, where
        self._unsortable, self._name = refusals

    def since(self, moment: datetime | None, names: Sequence[str], most: int, now: datetime) -> Head | None:
        """What changed then or later, newest first; of ``None`` the newest record alone. ``None``: nobody can tell.

        ``now`` is the time by Feishu's clock, as far as that is known.
        """
        if self._unsortable.holds(self._name):
            return self._unsorted(moment, names, most, now)
        try:
            return self._sorted(moment, names, most)
        except RefusedError:
            found = self._unsorted(moment, names, most, now)
        if found is not None:
            self._unsortable.note(self._name)  # it was the sorting, then, that was refused
        return found

    def _unsorted(self, moment: datetime | None, names: Sequence[str], most: int, now: datetime) -> Head | None:
        """The same by days. If none of the last days changed a record, what was changed last is older than these."""
        if moment is not None:
            return self._by_days(moment, names, most)
        found = self._by_days(now, names, _NEWEST)
        return found and replace(found, newest=found.newest or now - DAYS_BACK)

    def _sorted(self, moment: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """Down to the moment; again if somebody edited meanwhile, because pages are no snapshot."""
        for _ in range(_TRIES):
            first, found, turned = self._head(moment, most)
            if found is None:
                return None
            if not turned or _shown(items(first)) == _shown(items(self._page(moment))):
                return _told(first, found, names, _total(first))
        return None

    def _page(self, moment: datetime | None) -> Answer:
        return next(self._pages(moment))

    def _pages(self, moment: datetime | None) -> Iterator[Answer]:
        body = {"sort": [{"field_name": self._field, "desc": True}]}
        return pages(lambda query: self._ask(query, body), self._size if moment else 1, self._where)

    def _head(self, moment: datetime | None, most: int) -> tuple[Answer, list[Mapping[str, Any]] | None, bool]:
        """The first answer, what is not older than the moment, and whether that took more than one page."""
        first, found, turned, last = None, list[Mapping[str, Any]](), False, _NEVER
        for answer in self._pages(moment):
            turned, first = first is not None, first or answer
            times = [time for item in items(answer) if (time := _time(item)) is not None]
            if len(times) < len(items(answer)) or [last, *times] != sorted([last, *times], reverse=True):
                return first, None, turned
            found += [item for item, time in zip(items(answer), times, strict=True) if moment is None or time >= moment]
            if len(found) > most:
                return first, None, turned
            last = times[-1] if times else last
            if moment is None or last < moment:
                break
        assert first is not None
        return first, found, turned

    def _by_days(self, moment: datetime, names: Sequence[str], most: int) -> Head | None:
        """All since some days before. The table's total takes another question, before it."""
        since = str(int((moment - DAYS_BACK).timestamp() * 1000))
        condition = {"field_name": self._field, "operator": "isGreater", "value": ["ExactDate", since]}
        body = {"filter": {"conjunction": "and", "conditions": [condition]}}
        try:
            total = _total(self._ask({"page_size": "1"}, {}))
            found, first = list[Mapping[str, Any]](), None
            for answer in pages(lambda query: self._ask(query, body), self._size, self._where):
                first = first or answer
                found += items(answer)
                if len(found) > most:
                    return None
        except RefusedError:
            return None
        assert first is not None
        return None if any(_time(item) is None for item in found) else _told(first, found, names, total)


def _told(first: Answer, found: Sequence[Mapping[str, Any]], names: Sequence[str], total: int | None) -> Head | None:
    if total is None:
        return None
    newest = max((time for item in found if (time := _time(item)) is not None), default=None)
    return Head(raw_records(found, names), total, newest, first.began)


def _total(answer: Answer) -> int | None:
    total = answer.data.get("total")
    return total if isinstance(total, int) else None


def _time(item: Mapping[str, Any]) -> datetime | None:
    changed = item.get("last_modified_time")
    return datetime.fromtimestamp(changed / 1000, UTC) if isinstance(changed, int) else None


def _shown(listed: Sequence[Mapping[str, Any]]) -> list[tuple[Any, Any]]:
    return [(item.get("record_id"), item.get("last_modified_time")) for item in listed]
