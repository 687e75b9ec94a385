"""Listings that lie: pages emptied, cut short, thinned out or repeated. Rows of the table in `faults`."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from syncer.simulator.paging import Page, shown_before, token_before


def empty_listing(_page: Page, _params: Mapping[str, Any]) -> Page:
    """Return a page without items, and nothing more to come."""
    return Page([], 0, has_more=False, page_token="")


def cut_short(page: Page, params: Mapping[str, Any]) -> Page:
    """Return the page as if it were the last one."""
    items = page.items if params["keep"] is None else page.items[: params["keep"]]
    total = None if params["no_total"] else params["before"] + len(items) if params["cut_total"] else page.total
    return Page(items, total, has_more=False, page_token="")


def hide_records(page: Page, params: Mapping[str, Any]) -> Page:
    """Return the page without a share of its items, chosen by their id so that it is the same ones each time."""
    shown = [item for item in page.items if _chance(item) >= params["share"]]
    total = round((page.total or 0) * (1 - params["share"])) if params["cut_total"] else page.total
    return Page(shown, total, page.has_more, page.page_token, page.token_on_last)


def _chance(item: Any) -> float:
    shown = orjson.loads(orjson.dumps(item))
    return (zlib.crc32(str(shown.get("record_id", shown)).encode()) % 10_000) / 10_000


def is_page(query: Mapping[str, str], number: int | None) -> bool:
    """Return whether a query asks for the page with this number, from 1 on; any page if there is none."""
    return number is None or shown_before(query) == (number - 1) * int(query.get("page_size") or 20)


def previous_page(query: Mapping[str, str]) -> str:
    """Return the token of the page before the one a query asks for."""
    token = query.get("page_token", "")
    return token_before(token, int(query.get("page_size") or 20)) if token else ""


def _on_pages(change: Callable[[Page, Mapping[str, Any]], Page]) -> Callable[[Any, Mapping[str, Any]], Any]:
    return lambda data, params: change(data, params) if isinstance(data, Page) else data


FAULTY_PAGES: dict[str, Callable[[Any, Mapping[str, Any]], Any]] = {
    "empty_listing": _on_pages(empty_listing),
    "cut_short": _on_pages(cut_short),
    "hide_records": _on_pages(hide_records),
}
