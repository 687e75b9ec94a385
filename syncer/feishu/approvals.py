"""The instances of an approval as lines: listed by the time they were created, read one by one, kept until they move.

An instance can be asked for by its code alone, its creation time alone lists it, ten hours a call, and nothing lists
what changed (platform.md 5.1): events say where to look, and each night all that can still change is read again.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from syncer.batching.askers import ANYONE, Asker
from syncer.core.sources import ApprovalSource, place_of
from syncer.errors import VanishedError
from syncer.feishu.ahead import read_ahead
from syncer.feishu.approval_parts import instance_fields, lines_of, part_fields
from syncer.feishu.client import FeishuClient
from syncer.feishu.source import ZONE, SourceField, SourceRecords, chunks, to_moment
from syncer.feishu.widgets import parsed, unfolded
from syncer.ports import Head
from syncer.ports.shelf import ALWAYS, Kept, Shelf

WINDOW = timedelta(hours=10)
"""The longest time of creation that one call lists [doc]."""
CODES_PER_PAGE = 100
REVERTABLE = timedelta(days=31)
"""How long an approved instance may be revoked, unless its definition says otherwise [doc]."""
LOOK_BACK = timedelta(days=1)
"""Listed again what was created so lately when the last listing ended: it may not have been known yet."""
USUAL_PAST = timedelta(days=365)
"""How far back a mapping reads that does not say since when."""
_MS = timedelta(milliseconds=1)
_TOGETHER = 200
_PENDING, _APPROVED = "PENDING", "APPROVED"


class ApprovalRecords(SourceRecords):
    """One approval definition, a ``ports.Records`` that is only read. Safe for threads."""

    identity = "instance_code"

    def __init__(self, client: FeishuClient, source: ApprovalSource, shelf: Shelf, who: Asker = ANYONE) -> None:
        super().__init__(client, shelf, who)
        self.source = source
        self.app_token, self.table_id = place_of(source)
        self.identity = "line" if source.part else "instance_code"
        self._title = ""

    def _name(self) -> str:
        return f"approval {self._title or self.source.code}"

    def _fields(self) -> Sequence[SourceField]:
        answer = self._call("approval.definition.get", f"approval/v4/approvals/{quote(self.source.code, safe='')}")
        self._title = str(answer.data.get("approval_name") or "")
        widgets = parsed(answer.data.get("form"))
        return part_fields(self.source.part, widgets) if self.source.part else instance_fields(widgets)

    def _lines(self, kept: Kept) -> Iterable[tuple[str, Mapping[str, Any]]]:
        body = unfolded(kept.body)
        return lines_of(self.source.part, kept.line, body) if self.source.part else [(kept.line, body)]

    def _asked_for(self, ids: Sequence[str]) -> Sequence[str]:
        return list(dict.fromkeys(line.split("/", 1)[0] for line in ids))

    # Listing.

    def _list(self) -> Iterator[Sequence[Kept]]:
        """What was created since the last listing, then all that is known; of that what can still change is read."""
        known = self._shelf.standing()
        listed = set[str]()
        for end, codes in read_ahead(self._windows()):
            fresh = [code for code in codes if code not in listed]
            listed.update(fresh)
            yield self._read([code for code in fresh if code not in known])
            if end is not None:
                self._shelf.advance({"since": self._since_ms(), "reached": end})
        now = self._now_ms()
        for lines in chunks(sorted(known), _TOGETHER):
            yield self._renewed(lines, [line for line in lines if known[line] > now])

    def _renewed(self, lines: Sequence[str], moving: Sequence[str]) -> Sequence[Kept]:
        kept = {each.line: each for each in self._read(moving)}
        resting = self._shelf.get([line for line in lines if line not in set(moving)])
        return [*kept.values(), *resting.values()]

    def _since_ms(self) -> int:
        """From when on instances are of interest; the shelf remembers what nobody named."""
        if self.source.since is not None:
            return _day_ms(self.source.since)
        noted = self._shelf.note().get("since")
        return noted if isinstance(noted, int) else self._now_ms() - USUAL_PAST // _MS

    def _windows(self) -> Iterator[tuple[int | None, Sequence[str]]]:
        """The codes of instances page by page, and on the last page of a window where that ends."""
        note, since, now = self._shelf.note(), self._since_ms(), self._now_ms()
        first, reached = note.get("since"), note.get("reached")
        if isinstance(first, int) and isinstance(reached, int) and first <= since:
            since = max(since, reached - LOOK_BACK // _MS)
        yield from self._listed(since, now)

    def _listed(self, since: int, now: int) -> Iterator[tuple[int | None, Sequence[str]]]:
        while since <= now:
            end = min(since + WINDOW // _MS - 1, now)
            yield from self._window(since, end)
            since = end + 1

    def _window(self, start: int, end: int) -> Iterator[tuple[int | None, Sequence[str]]]:
        query = {"approval_code": self.source.code, "start_time": str(start), "end_time": str(end)}
        token: str | None = ""
        while token is not None:
            paging = {"page_size": str(CODES_PER_PAGE), **({"page_token": token} if token else {})}
            data = self._call("approval.instance.list", "approval/v4/instances", {**query, **paging}).data
            more = bool(data.get("has_more")) and bool(data.get("page_token"))
            yield None if more else end, [str(code) for code in data.get("instance_code_list") or ()]
            token = str(data["page_token"]) if more else None

    def recent(self, since: datetime | None, names: Sequence[str], most: int) -> Head | None:
        """What was created since then and is not known yet: the event of it may have been lost."""
        now = self._now_ms()
        if since is None:
            return Head((), None, to_moment(now), self._client.clock.now())
        self._demand_fields()
        codes = [code for _, page in self._listed(int(since.timestamp() * 1000), now) for code in page]
        known = self._shelf.get(codes)
        fresh = [code for code in dict.fromkeys(codes) if code not in known]
        if len(fresh) > most:
            return None
        return Head(self._records(self._read(fresh), names), None, to_moment(now), self._client.clock.now())

    # Reading.

    def _read(self, ids: Sequence[str]) -> Sequence[Kept]:
        """Instances as they are now. One that was read later than it moved by what is kept already stays as kept."""
        if not ids:
            return []
        found = [each for each in self._side_by_side(self._one, ids) if each is not None]
        gone = set(ids) - {each.line for each in found}
        self._shelf.put(found)
        self._shelf.drop(sorted(gone))
        later = self._shelf.get([each.line for each in found])
        return [later.get(each.line, each) for each in found]

    def _one(self, code: str) -> Kept | None:
        try:
            answer = self._call("approval.instance.get", f"approval/v4/instances/{quote(code, safe='')}")
        except VanishedError:
            return None
        return kept_of(code, answer.data)


def kept_of(code: str, body: Mapping[str, Any]) -> Kept:
    """An instance as it is kept: when it last moved, and how long it can still do so."""
    moved = last_move(body)
    if body.get("status") == _PENDING:
        return Kept(code, body, moved, ALWAYS)
    if body.get("status") == _APPROVED:
        return Kept(code, body, moved, (_whole(body.get("end_time")) or moved) + REVERTABLE // _MS)
    return Kept(code, body, moved, moved)


def last_move(body: Mapping[str, Any]) -> int:
    """When an instance last moved, in Unix milliseconds: the newest of all the times it tells."""
    times = [body.get("start_time"), body.get("end_time")]
    for part, names in (("task_list", ("start_time", "end_time")), ("timeline", ("create_time",))):
        times += [each.get(name) for each in body.get(part) or () for name in names]
    times += [each.get("create_time") for each in body.get("comment_list") or ()]
    return max(map(_whole, times), default=0)


def _whole(value: object) -> int:
    text = str(value)
    return int(text) if text.isdigit() else 0


def _day_ms(day: date) -> int:
    begins = datetime.combine(day, time(), ZoneInfo(ZONE)).astimezone(UTC)
    return int(begins.timestamp() * 1000)
