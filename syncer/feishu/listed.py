"""Answers that list records, taken apart only as far as everybody needs them: their cells stay the text that was sent.

A cell is read when somebody asks for it. A record that is as it was is never read at all: most of a listing. What is
no cell of ours (who made a record, when) is passed over.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter
from typing import Any, TypedDict

import msgspec
import orjson
from msgspec import Raw

from syncer.feishu.calls import read_body

_NULL = b"null"


class _Item(TypedDict, total=False):
    record_id: str
    fields: dict[str, Raw] | None
    last_modified_time: Any


class _Data(TypedDict, total=False):
    items: list[_Item] | None
    records: list[_Item] | None
    has_more: Any
    page_token: Any
    total: Any
    absent_record_ids: Any
    forbidden_record_ids: Any


class _Body(TypedDict, total=False):
    code: Any
    msg: Any
    error: Any
    data: _Data


_BODY: Any = msgspec.json.Decoder(_Body)


def read_listing(content: bytes) -> Mapping[str, Any]:
    """The body of an answer that lists records; the cells in it are ``Raw``. Never raises, as ``read_body``."""
    try:
        body: Mapping[str, Any] = _BODY.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _with_raw_cells(read_body(content))
    return body


def _with_raw_cells(body: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same of a body that is not quite as expected."""
    data = body.get("data")
    for item in _all_items(data) if isinstance(data, Mapping) else ():
        cells = item.get("fields")
        if isinstance(cells, dict):
            item["fields"] = {name: Raw(orjson.dumps(cell)) for name, cell in cells.items()}
    return body


def _all_items(data: Mapping[str, Any]) -> Iterable[Any]:
    lists = [data.get(name) for name in ("items", "records")]
    return [item for listed in lists if isinstance(listed, list) for item in listed if isinstance(item, dict)]


class _Shapes(dict[tuple[str, ...], tuple[bytes, Any]]):
    """How the cells of records with these fields, in this order, make one text with sorted keys."""

    def __missing__(self, names: tuple[str, ...]) -> tuple[bytes, Any]:
        if len(self) > _MOST_SHAPES:
            self.clear()
        ordered = sorted(names)
        cells = b",".join(orjson.dumps(name).replace(b"%", b"%%") + b":%b" for name in ordered)
        chosen = tuple if list(names) == ordered else itemgetter(*map(names.index, ordered))
        self[names] = b"{%b}" % cells, chosen
        return self[names]


_MOST_SHAPES = 10_000
_shapes = _Shapes()


def text_of(cells: Mapping[str, Raw]) -> bytes:
    """Cells as one JSON object with sorted keys; what is null is left out."""
    form, chosen = _shapes[tuple(cells)]
    text: bytes = form % chosen(tuple(cells.values()))
    if b":null" in text:
        held = {name: cell for name, cell in cells.items() if bytes(cell) != _NULL}
        return text if len(held) == len(cells) else text_of(held)
    return text


def texts_of(items: Sequence[Mapping[str, Any]], names: Sequence[str] | None) -> list[bytes]:
    """The same of each of these items; with ``names`` only those cells."""
    listed: list[dict[str, Raw]] = [item.get("fields") or {} for item in items]
    if names is not None:
        listed = [{name: cells[name] for name in names if name in cells} for cells in listed]
    return [text_of(cells) for cells in listed]


def cells_of(text: bytes) -> Mapping[str, Any]:
    """The cells of such a text. Half of an emoji in one of them becomes ``?``."""
    try:
        found: Mapping[str, Any] = orjson.loads(text)
    except orjson.JSONDecodeError:
        whole = json.dumps(json.loads(text.decode(errors="replace")), ensure_ascii=False)
        found = orjson.loads(whole.encode("utf-8", "replace"))
    return found
