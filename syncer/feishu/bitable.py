"""A Bitable table that keeps the promises of ``ports.Records``.

Bodies are plain dicts: the SDK's models drop ``None``, and a cell could never be cleared. Answers are judged by their
order and count before anybody trusts them.
"""

import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from math import isfinite
from typing import Any, Literal
from urllib.parse import quote

from syncer.batching.askers import ANYONE, Asker, as_urgent_as_now
from syncer.batching.batches import halves
from syncer.batching.writer import Writer
from syncer.core.values import Json
from syncer.errors import FeishuSetupError, RefusedError, TableMovedError, TooLargeError, UnknownOutcomeError
from syncer.feishu import quotas, schema
from syncer.feishu.ahead import read_ahead
from syncer.feishu.bases import base_behind
from syncer.feishu.calls import Answer, Call
from syncer.feishu.client import FeishuClient
from syncer.feishu.errors import short
from syncer.feishu.filters import Condition, Filter, holds, searches
from syncer.feishu.listing import items, pages, raw_records
from syncer.feishu.media import BaseMedia
from syncer.feishu.recent import Recent, modified_field
from syncer.ports import Fetched, FieldInfo, Head, RawRecord, RecordPage, RecordTableInfo, RecordWrite

_AT_ONCE = 1.0
"""Seconds that take nothing from a lease worth asking for more: it lasts twice as long as a call may, and five more."""
_OPEN_IDS = {"user_id_type": "open_id"}
_ALL: Mapping[str, Any] = {}


class BitableRecords:
    """One table of one base. Safe for threads.

    ``one_writer`` says what only one writer may touch at a time, the table or the whole base; ``who`` whose calls these
    are, where others wait for the same quota or table.
    """

    def __init__(
        self,
        client: FeishuClient,
        app_token: str,
        table_id: str,
        writer: Writer,
        *,
        one_writer: Literal["table", "base"] = "table",
        who: Asker = ANYONE,
    ) -> None:
        self.app_token, self.table_id = app_token, table_id
        self._client, self._writer, self._one_writer, self._who = client, writer, one_writer, who
        self._counts: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._fields: Mapping[str, FieldInfo] = {}

    def __repr__(self) -> str:
        return f"BitableRecords({short(self.app_token)}, {self.table_id})"

    # looking

    def info(self) -> RecordTableInfo:
        """The table, its fields and its revision, read now. A wiki node's token is replaced by the true one."""
        app = self._base()
        self.app_token = str(app.get("app_token") or self.app_token)
        table = self._table()
        fields = self._read_fields()
        return RecordTableInfo(
            name=str(table.get("name") or ""),
            fields=tuple(fields.values()),
            revision=schema.revision(table),
            time_zone=str(app.get("time_zone") or ""),
            whole=not app.get("is_advanced") or schema.manages(self._get, self._base_path()),
        )

    def fields(self) -> Sequence[FieldInfo]:
        """The table's fields alone, read now; one call (for every hundred of them)."""
        return tuple(self._read_fields().values())

    def revision(self) -> int | None:
        """The table's revision, read now; one call (for every hundred tables of the base)."""
        return schema.revision(self._table())

    def read(self, names: Sequence[str]) -> Iterator[RecordPage]:
        """All records, page by page, with the named fields only. Pages are read ahead."""
        asked = self._asked(names)
        keep = None if asked == list(names) else names
        answers = pages(lambda query: self._search_page(query, asked), quotas.RECORDS_PER_PAGE, self._where())
        for answer in read_ahead(answers):
            total = answer.data.get("total")
            yield RecordPage(
                records=raw_records(items(answer), keep),
                read_at=answer.began,
                total=total if isinstance(total, int) else None,
                last=not answer.data.get("has_more"),
            )

    def fetch(self, ids: Sequence[str], names: Sequence[str]) -> Fetched:
        """The named records as they are now, a hundred a call."""
        most = quotas.RECORDS_PER_GET
        answers = [
            answer for start in range(0, len(ids), most) for answer in self._batch_get(ids[start : start + most])
        ]
        return Fetched(
            records=raw_records([item for answer in answers for item in answer.data.get("records") or ()], names),
            absent=frozenset(_listed(answers, "absent_record_ids")),
            forbidden=frozenset(_listed(answers, "forbidden_record_ids")),
            read_at=min((answer.began for answer in answers), default=self._client.clock.now()),
        )

    def find(self, conditions: Sequence[Condition], names: Sequence[str]) -> Sequence[RawRecord]:
        """Records for which all cells (written shape, by field name) of one condition hold; 50 conditions a call."""
        fields = self._known({name for condition in conditions for name in condition})
        found: dict[str, Mapping[str, Any]] = {}
        for asked, chunk in searches(conditions, fields):
            items_ = list(self._search(asked, {*names, *(name for condition in chunk for name in condition)}))
            for item, raw in zip(items_, raw_records(items_), strict=True):
                if any(holds(condition, raw.cells, fields) for condition in chunk):
                    found[raw.id] = item
        return raw_records(list(found.values()), names)

    def recent(self, since: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """The records changed at that moment or later, if a field of their modified time tells; see the port."""
        field = modified_field(self._known(()))
        if field is None:
            return None
        asked = self._asked(names)
        ask = lambda query, body: self._search_page(query, asked, body)  # noqa: E731 - passed on, not kept
        refusals = (self._client.unsortable, self._name())
        now = self._client.clock.now() + (self._client.skew or timedelta())
        return Recent(ask, field, quotas.RECORDS_PER_PAGE, self._where(), refusals).since(since, names, most, now)

    @property
    def skew(self) -> timedelta | None:
        """How much later it is by Feishu's clock than by ours, as far as an answer has told."""
        return self._client.skew

    def media(self) -> BaseMedia:
        """The files of the base, asked for as those of this table."""
        return BaseMedia(self._client, self.app_token, self.table_id, self.revision, who=self._who, count=self._count)

    def calls(self) -> Mapping[str, int]:
        """How many calls this object made so far, by api name; every repetition counts."""
        with self._lock:
            return dict(self._counts)

    # writing

    def room(self) -> int:
        """How many lines one write should carry now: fewer than Feishu's limit where the table refused more."""
        return self._client.size_of(self._name())

    def too_large(self, lines: int) -> None:
        """A write of so many lines failed for its size, though Feishu did not say so."""
        self._client.too_large(self._name(), lines)

    def create(self, records: Sequence[Mapping[str, Json]], token: str) -> Sequence[str]:
        """Create records under an idempotency token; the new ids in the order given."""
        self._demand_finite(records)
        body = [{"fields": cells} for cells in records]
        answer = self._write("batch_create", body, quotas.RECORDS_PER_CREATE, {**_OPEN_IDS, "client_token": token})
        ids = _ids(answer)
        self._expect(answer, "batch_create", sane=len(ids) == len(records) == len(set(ids)) and all(ids))
        return ids

    def update(self, writes: Sequence[RecordWrite], *, only_at: Collection[int] | None = None) -> None:
        """Update the named cells of records; all other cells stay."""
        self._demand_finite([write.cells for write in writes])
        body = [{"record_id": write.id, "fields": write.cells} for write in writes]
        answer = self._write("batch_update", body, quotas.RECORDS_PER_UPDATE, _OPEN_IDS, only_at)
        self._expect(answer, "batch_update", sane=_ids(answer) == [write.id for write in writes])

    def delete(self, ids: Sequence[str], *, only_at: Collection[int] | None = None) -> None:
        """Delete records."""
        answer = self._write("batch_delete", list(ids), quotas.RECORDS_PER_DELETE, {}, only_at)
        done = [str(record.get("record_id")) for record in _records(answer) if record.get("deleted")]
        self._expect(answer, "batch_delete", sane=done == list(ids))

    def _write(
        self,
        verb: str,
        records: list[Any],
        most: int,
        query: Mapping[str, str],
        only_at: Collection[int] | None = None,
    ) -> Answer | None:
        """One write of a batch, by the one writer of the table; nothing is sent for an empty one."""
        call = Call(
            f"bitable.record.{verb}",
            "POST",
            f"{self._table_path()}/records/{verb}",
            query=query,
            body={"records": records},
            writes=True,
            where=self._where(),
            table=self._name(),
            who=self._who,
            lines=len(records),
        )
        if len(records) > most:
            raise TooLargeError(f"{call.place()} carries at most {most} records, not {len(records)}", api=call.api)
        gate = self._alone if only_at is None else partial(self._alone, look=partial(self._demand_at, only_at))
        return self._client.call(call, gate=gate, count=self._count) if records else None

    def _demand_at(self, revisions: Collection[int]) -> None:
        revision = self.revision()
        if revision not in revisions:
            raise TableMovedError(f"{self._where()} was edited since it was read; nothing was sent", revision)

    def _expect(self, answer: Answer | None, verb: str, *, sane: bool) -> None:
        """Links are made from the order of the answer: one that does not fit the question proves nothing."""
        if answer and not sane:
            raise UnknownOutcomeError(
                f"bitable.record.{verb} on {self._where()} was answered with success, but not for the records asked "
                "for in their order; the records are looked at before anything is written",
                code=answer.code,
                log_id=answer.log_id,
                api=f"bitable.record.{verb}",
            )

    def _demand_finite(self, records: Sequence[Mapping[str, Json]]) -> None:
        """JSON has no infinity: it would be sent as null, and clear the cell."""
        if all(map(isfinite, [cell for cells in records for cell in cells.values() if type(cell) is float])):
            return
        for name, cell in [item for cells in records for item in cells.items()]:
            if isinstance(cell, float) and not isfinite(cell):
                raise RefusedError(f"{cell} cannot be written to field {name!r} of {self._where()}; nothing was sent")

    @contextmanager
    def _alone(self, pace: Callable[[], None], look: Callable[[], None] = lambda: None) -> Iterator[None]:
        """The lease first, then quota and look; and a lease that outlasts the call even if these took long."""
        seconds, now = 2 * self._client.timeout + 5, self._client.clock.now
        key = self.app_token if self._one_writer == "base" else self._name()
        while True:
            with self._writer.hold(key, seconds, as_urgent_as_now(self._who)) as lease:
                began = now()
                pace()
                look()
                if abs((now() - began).total_seconds()) < _AT_ONCE or lease.prolong(seconds):
                    yield
                    return

    @contextmanager
    def _beside(self, pace: Callable[[], None]) -> Iterator[None]:
        """A read may overlap with writes, unless the table has answered a read with a write conflict."""
        if self._client.pace_of(self._name()).reads_alone:
            with self._alone(pace):
                yield
        else:
            pace()
            yield

    # asking

    def _asked(self, names: Sequence[str]) -> list[str]:
        """Field names to ask for. None at all would mean every field; more than 200 are not taken, so all are read."""
        if not names:
            return [field.name for field in self._known(()).values() if field.is_primary]
        return list(names) if len(names) <= quotas.FIELD_NAMES_PER_SEARCH else []

    def _search(self, asked: Filter, names: set[str]) -> Iterator[Mapping[str, Any]]:
        wanted = self._asked(sorted(names))
        ask = lambda query: self._search_page(query, wanted, {"filter": asked})  # noqa: E731 - one line of a loop
        for answer in pages(ask, quotas.RECORDS_PER_PAGE, self._where()):
            yield from items(answer)

    def _search_page(self, query: Mapping[str, str], names: Sequence[str], more: Mapping[str, Any] = _ALL) -> Answer:
        """One page. ``page_token`` belongs in the query, ``automatic_fields`` in the body; ``more``: filter or sort."""
        body: dict[str, Any] = {"automatic_fields": True, **more}
        if names:
            body["field_names"] = list(names)
        return self._post("search", body, {**_OPEN_IDS, **query})

    def _batch_get(self, ids: Sequence[str]) -> Sequence[Answer]:
        """Some records by id; in two calls if one answer would be too large."""
        try:
            return [self._post("batch_get", {"record_ids": list(ids), "automatic_fields": True, **_OPEN_IDS}, {})]
        except TooLargeError:
            if len(ids) == 1:
                raise
            first, second = halves(ids)
            return [*self._batch_get(first), *self._batch_get(second)]

    def _post(self, verb: str, body: Json, query: Mapping[str, str]) -> Answer:
        path = f"{self._table_path()}/records/{verb}"
        api, table = f"bitable.record.{verb}", self._name()
        call = Call(
            api, "POST", path, query=query, body=body, where=self._where(), table=table, who=self._who, listing=True
        )
        return self._client.call(call, gate=self._beside, count=self._count)

    def _get(self, api: str, path: str, query: Mapping[str, str] | None = None) -> Answer:
        call = Call(api, "GET", path, query=query or {}, where=self._where(), who=self._who)
        return self._client.call(call, count=self._count)

    def _base(self) -> Mapping[str, Any]:
        """The base; a wiki node's token that is not taken for one is looked up in the wiki."""
        try:
            answer = self._get("bitable.app.get", self._base_path())
        except FeishuSetupError as error:
            self.app_token = base_behind(self._client, self.app_token, error)
            answer = self._get("bitable.app.get", self._base_path())
        found: Mapping[str, Any] = answer.data.get("app", {})
        return found

    def _table(self) -> Mapping[str, Any]:
        return schema.table(self._get, self._base_path(), self.table_id, self._where())

    def _read_fields(self) -> Mapping[str, FieldInfo]:
        self._fields = schema.fields(self._get, self._table_path(), self._where())
        return self._fields

    def _known(self, names: set[str] | tuple[()]) -> Mapping[str, FieldInfo]:
        """The fields by name; read anew if one of ``names`` is not among them. Raises ``StaleNameError``."""
        if not self._fields or not self._fields.keys() >= set(names):
            self._read_fields()
        schema.demand(self._fields, names, self._where())
        return self._fields

    def _count(self, api: str) -> None:
        with self._lock:
            self._counts[api] += 1

    def _base_path(self) -> str:
        return f"/open-apis/bitable/v1/apps/{quote(self.app_token, safe='')}"

    def _table_path(self) -> str:
        return f"{self._base_path()}/tables/{quote(self.table_id, safe='')}"

    def _name(self) -> str:
        """What its writers and its pace are known by."""
        return f"{self.app_token}/{self.table_id}"

    def _where(self) -> str:
        return f"table {self.table_id} of base {short(self.app_token)}"


def _records(answer: Answer | None) -> Sequence[Mapping[str, Any]]:
    return (answer.data.get("records") or ()) if answer else ()


def _ids(answer: Answer | None) -> list[str]:
    return [str(record.get("record_id") or "") for record in _records(answer)]


def _listed(answers: Sequence[Answer], key: str) -> Iterator[str]:
    for answer in answers:
        yield from answer.data.get(key) or ()
