"""What sources that are only read have in common: they give lines as a Bitable table does, and take none.

A line is made of a body (what Feishu last told of it) by the fields of the source; bodies are kept on a shelf.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeVar

from syncer.batching.askers import ANYONE, Asker, as_urgent_as_now
from syncer.core.values import Json
from syncer.errors import RefusedError
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.listing import ListedRecord, made_records
from syncer.feishu.scopes import granted_scopes, lacking_of
from syncer.ports import Fetched, FieldInfo, Head, RawRecord, RecordPage, RecordTableInfo, RecordWrite
from syncer.ports.shelf import Kept, Shelf

AT_ONCE = 8
"""Calls under way at a time: more than this the quota does not let pass."""
ZONE = "Asia/Shanghai"
"""The time zone of a source, which tells none; a mapping may name another."""
TEXT, NUMBER, MOMENT, FLAG, LIST, DOCUMENT, MEMBERS = 1, 2, 5, 7, 90001, 90002, 90003
"""Types of fields: Bitable's where it has one, and those of sources (``fields.told``)."""

Take = Callable[[Mapping[str, Any]], Json]
Item = TypeVar("Item")
Found = TypeVar("Found")


@dataclass(frozen=True, slots=True)
class SourceField:
    """One field of a source: how its cell is taken from a body, and the scopes of which any one opens it."""

    info: FieldInfo
    take: Take
    scopes: tuple[str, ...] = ()


def field(name: str, type_: int, take: Take | None = None, *scopes: str, identity: str = "") -> SourceField:
    """A field called ``name``; left out, its cell is what the body holds under that name."""
    info = FieldInfo(identity or name, name, type_, "")
    return SourceField(info, take or (lambda body: body.get(name)), scopes)


class SourceRecords:
    """A source as a table of records. Subclasses say what its fields are, list it, and read lines by id."""

    app_token: str
    table_id: str
    identity: str
    """The field that holds a line's id."""
    scopes_matter = False

    def __init__(self, client: FeishuClient, shelf: Shelf, who: Asker = ANYONE) -> None:
        self._client, self._shelf, self._who = client, shelf, who
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._known: Mapping[str, SourceField] = {}
        self._granted: frozenset[str] | None = None

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.table_id!r})"

    # What a source has to say.

    def _name(self) -> str:
        raise AssertionError

    def _fields(self) -> Sequence[SourceField]:
        raise AssertionError

    def _list(self) -> Iterator[Sequence[Kept]]:
        """All lines, some at a time."""
        raise AssertionError

    def _read(self, ids: Sequence[str]) -> Sequence[Kept]:
        """The named lines as they are now; those that are gone are left out."""
        raise AssertionError(ids)

    def _lines(self, kept: Kept) -> Iterable[tuple[str, Mapping[str, Any]]]:
        """The lines one body makes, with what their fields are taken from."""
        yield kept.line, kept.body

    def _asked_for(self, ids: Sequence[str]) -> Sequence[str]:
        """The bodies to read for some lines."""
        return list(ids)

    # Looking.

    def info(self) -> RecordTableInfo:
        """The source, its fields as they are now, and which of them the app may not see."""
        fields = self._fields()
        self._known = {each.info.name: each for each in fields}
        self._granted = granted_scopes(self._client, self._count) if self.scopes_matter else None
        lacking = lacking_of({each.info.name: each.scopes for each in fields}, self._granted)
        infos = tuple(each.info for each in fields)
        return RecordTableInfo(self._name(), infos, self.revision(), ZONE, whole=True, lacking=lacking)

    def fields(self) -> Sequence[FieldInfo]:
        """The fields alone, as they are now."""
        return tuple(each.info for each in self._fields())

    def revision(self) -> int | None:
        """What moves with every change, where there is such a thing."""
        return None

    def read(self, names: Sequence[str]) -> Iterator[RecordPage]:
        """All lines, as they are read; the last page is empty and tells how many there were."""
        self._demand_fields()
        count, began = 0, self._client.clock.now()
        for kept in self._list():
            records = self._records(kept, names)
            count += len(records)
            yield RecordPage(records, began, None, last=False)
        yield RecordPage((), began, count, last=True)

    def fetch(self, ids: Sequence[str], names: Sequence[str]) -> Fetched:
        """The named lines as they are now, with all lines of what they belong to."""
        self._demand_fields()
        began = self._client.clock.now()
        records = self._records(self._read(self._asked_for(ids)), names) if ids else []
        found = {record.id for record in records}
        absent = frozenset(line for line in ids if line not in found)
        return Fetched(records, absent, frozenset(), began)

    def find(self, conditions: Sequence[Mapping[str, Json]], names: Sequence[str]) -> Sequence[RawRecord]:
        """Lines for which all cells of one condition hold: by id where that is named, else among those known."""
        self._demand_fields()
        by_id = [condition.get(self.identity) for condition in conditions]
        if all(isinstance(line, str) for line in by_id):
            return self.fetch([str(line) for line in by_id], names).records
        return [raw for raw in self._of_shelf(names, conditions) if raw is not None]

    def _of_shelf(self, names: Sequence[str], conditions: Sequence[Mapping[str, Json]]) -> Iterator[ListedRecord]:
        wanted = sorted({name for condition in conditions for name in condition})
        for lines in chunks(sorted(self._shelf.standing()), 500):
            kept = list(self._shelf.get(lines).values())
            for raw, probe in zip(self._records(kept, names), self._records(kept, wanted), strict=True):
                if any(all(probe.cells.get(name) == cell for name, cell in one.items()) for one in conditions):
                    yield raw

    def recent(self, since: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """Nothing beside what events tell of: what they did not tell is found by the next full run."""
        del since, names, most
        return Head((), None, self._client.clock.now(), self._client.clock.now())

    @property
    def skew(self) -> timedelta | None:
        """How much later it is by Feishu's clock than by ours, as far as an answer has told."""
        return self._client.skew

    def calls(self) -> Mapping[str, int]:
        """How many calls this object made so far, by api name."""
        with self._lock:
            return dict(self._counts)

    # Never writing.

    def room(self) -> int:
        """One line: none is ever written."""
        return 1

    def too_large(self, lines: int) -> None:
        """Nothing is ever written."""
        del lines

    def create(self, records: Sequence[Mapping[str, Json]], token: str) -> Sequence[str]:
        """Never. Raises ``RefusedError``."""
        del records, token
        self._refuse()

    def update(self, writes: Sequence[RecordWrite], *, only_at: Collection[int] | None = None) -> None:
        """Never. Raises ``RefusedError``."""
        del writes, only_at
        self._refuse()

    def delete(self, ids: Sequence[str], *, only_at: Collection[int] | None = None) -> None:
        """Never. Raises ``RefusedError``."""
        del ids, only_at
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise RefusedError(f"{self._name()} is only read; nothing was sent. Write direction: to_database")

    # What subclasses use.

    def _demand_fields(self) -> None:
        if not self._known:
            self.info()

    def _records(self, kept: Iterable[Kept], names: Sequence[str]) -> list[ListedRecord]:
        takes = [(name, self._known[name].take) for name in names]
        lines = [(line, body, each.moved) for each in kept for line, body in self._lines(each)]
        return made_records(
            [
                {
                    "record_id": line,
                    "fields": {name: cell for name, take in takes if (cell := take(body)) is not None},
                    "last_modified_time": moved or None,
                }
                for line, body, moved in lines
            ]
        )

    def _call(self, api: str, path: str, query: Mapping[str, str | Sequence[str]] | None = None) -> Answer:
        return self._sent(api, path, query or {}, as_urgent_as_now(self._who))

    def _sent(self, api: str, path: str, query: Mapping[str, str | Sequence[str]], who: Asker) -> Answer:
        call = Call(api, "GET", f"/open-apis/{path}", query=query, where=self._name(), who=who)
        return self._client.call(call, count=self._count)

    def _side_by_side(self, ask: Callable[[Item], Found], items: Sequence[Item]) -> Iterator[Found]:
        """Ask about many things at a time; the answers in order. Urgency goes along."""
        if len(items) < 2:
            yield from map(ask, items)
            return
        pool = ThreadPoolExecutor(max_workers=AT_ONCE, thread_name_prefix="source")
        try:
            asked = [pool.submit(copy_context().run, ask, item) for item in items]
            yield from (each.result() for each in asked)
        finally:
            pool.shutdown(cancel_futures=True)

    def _count(self, api: str) -> None:
        with self._lock:
            self._counts[api] += 1

    def _now_ms(self) -> int:
        """Now by Feishu's clock, as far as that is known."""
        now = self._client.clock.now() + (self._client.skew or timedelta(0))
        return int(now.timestamp() * 1000)


def chunks(items: Sequence[Item], size: int) -> Iterator[Sequence[Item]]:
    """Some items at a time, in their order."""
    return (items[start : start + size] for start in range(0, len(items), size))


def with_flag(kept: Kept, name: str, *, on: bool) -> Kept:
    """A kept line with one more thing known of it."""
    return kept if kept.body.get(name, False) is on else replace(kept, body={**kept.body, name: on})


def to_moment(milliseconds: int) -> datetime:
    """A UTC moment of Unix milliseconds."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
