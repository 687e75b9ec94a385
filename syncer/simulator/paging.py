"""Pages: `page_size` and `page_token` of the query, and the page they cut. Not a snapshot: the next page is cut from
what is there when it is asked for.
"""

import base64
import binascii
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from syncer.simulator.errors import Refusal, invalid
from syncer.simulator.model import Record

if TYPE_CHECKING:
    from syncer.simulator.world import World


@dataclass(slots=True)
class Page:
    """One page of a listing, before it becomes the `data` of an answer."""

    items: list[Any]
    total: int | None
    has_more: bool
    page_token: str
    token_on_last: bool = False

    def data(self, empty_items: str) -> dict[str, Any]:
        """Return the `data` object; `page_token` stands there only when there is more, or lists are like that."""
        shown: dict[str, Any] = {"has_more": self.has_more}
        if self.total is not None:
            shown["total"] = self.total
        if self.items or empty_items == "list":
            shown["items"] = self.items
        elif empty_items == "null":
            shown["items"] = None
        if self.has_more or (self.token_on_last and self.page_token):
            shown["page_token"] = self.page_token
        return shown


def page_size(query: dict[str, str], most: int, world: "World") -> int:
    """Return the page size, 20 when not given; 1254011 below 1, above the maximum as the switch says."""
    given = query.get("page_size") or "20"
    if not given.lstrip("-").isdigit():
        raise invalid("page_size", "must be an integer", given)
    size = int(given)
    if size < 1:
        raise Refusal(1254011)
    if size > most and world.switches.oversize_page_code:
        raise too_large(world.switches.oversize_page_code, size, most)
    return min(size, most)


def too_large(code: int, size: int, most: int) -> Refusal:
    """Return the refusal of a page that is too large."""
    return invalid("page_size", f"the max value is {most}", size) if code == 99992402 else Refusal(code)


def cut_by_id(items: list[dict[str, Any]], key: str, query: dict[str, str], world: "World") -> Page:
    """Cut a page of tables, fields or views; their token is the id of the last item shown."""
    size, token = page_size(query, 100, world), query.get("page_token", "")
    ids = [item[key] for item in items]
    if token and token not in ids:
        raise Refusal(world.switches.bad_page_token_code)
    start = ids.index(token) + 1 if token else 0
    shown = items[start : start + size]
    last = shown[-1][key] if shown else ""
    return Page(shown, len(items), start + size < len(items), last, world.switches.page_token_on_last_page)


def cut_records(
    records: Sequence[Record], query: dict[str, str], world: "World", *, by_position: bool
) -> tuple[Sequence[Record], str]:
    """Return the records of one page and the token of the next one, empty when there is none.

    `by_position`: the records stand in the order they came to be, so that a token may remember a record.
    """
    size = page_size(query, 500, world)
    start = _start(records, query.get("page_token", ""), world, by_position=by_position)
    shown = records[start : start + size]
    if start + size >= len(records) or not shown:
        return shown, ""
    return shown, _token({"o": start + size, "k": shown[-1].position, "t": int(world.clock.now() * 1000)})


def _token(content: dict[str, int]) -> str:
    return base64.b64encode(orjson.dumps(content)).decode()


def shown_before(query: Mapping[str, str]) -> int:
    """Return how many records the pages before the one that a query asks for have shown."""
    token = query.get("page_token", "")
    return int(orjson.loads(base64.b64decode(token))["o"]) if token else 0


def token_before(token: str, size: int) -> str:
    """Return the token of the page before, empty for the first page."""
    content = orjson.loads(base64.b64decode(token))
    offset = max(0, content["o"] - size)
    return _token({**content, "o": offset}) if offset else ""


def _start(records: Sequence[Record], token: str, world: "World", *, by_position: bool) -> int:
    if not token:
        return 0
    switches = world.switches
    try:
        content = orjson.loads(base64.b64decode(token, validate=True))
        offset, position, at = content["o"], content["k"], content["t"]
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise Refusal(switches.bad_page_token_code) from None
    if switches.page_token_seconds and world.clock.now() - at / 1000 > switches.page_token_seconds:
        raise Refusal(switches.bad_page_token_code)
    if switches.paging == "key" and by_position:
        return bisect_right(records, int(position), key=lambda record: record.position)
    return int(offset)
