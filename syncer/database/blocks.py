"""Many new rows as one block: texts by column on the way in, and on the way back only what is not what was sent.

A value that comes back as the very text that was sent is the value that was sent: it need not be read. So each is
written as PostgreSQL itself writes it, as far as that is simple.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cached_property, partial
from typing import Any

import psycopg

from syncer.core.values import digest
from syncer.database.asking import Raw
from syncer.database.lines import NULL, Layout, LineRow, escaped, stored_key
from syncer.database.parameters import text_of
from syncer.database.schema import Column

Texts = Sequence[str | None]

_PLAIN_ELEMENT = re.compile(r'[^\s{}",\\]+')
_SPECIAL = b"\b\f\n\r\t\v\\"
_NOTHING = type(None)


def block_texts(series: Sequence[object], column: Column) -> Texts:
    """The texts of one column's values. Raises ``psycopg.DataError`` if no database can hold one of them."""
    found = set(map(type, series)) - {_NOTHING}
    if found == {str}:
        _demand_sound("".join([text for text in series if text is not None]))  # type: ignore[misc]  # all are texts
        return series  # type: ignore[return-value]
    write = _writer(found.pop(), column) if len(found) == 1 else None
    if write is None:
        return [text_of(value, column) for value in series]
    return [None if value is None else write(value) for value in series]


def _demand_sound(text: str) -> None:
    if "\0" in text:
        raise psycopg.DataError("a text for PostgreSQL cannot contain NUL (0x00) bytes")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise psycopg.DataError("half an emoji (a lone surrogate) is no text") from error


def _writer(kind: type, column: Column) -> Callable[[Any], str | None] | None:
    """How values of one type are written for a column, where that is simpler than asking for each."""
    if column.info.type in ("json", "jsonb"):
        return None
    if kind is Decimal:
        return partial(_digits, places=column.info.scale or 0)
    if kind is list:
        return partial(_listed, column=column)
    return _WRITERS.get(kind)


def _digits(value: Decimal, places: int) -> str:
    """A number with as many places as its column shows."""
    text = format(value, "f")
    if places <= 0:
        return text
    before, point, after = text.partition(".")
    return text + "0" * (places - len(after)) if point else f"{before}.{'0' * places}"


def _float(value: float) -> str:
    text = repr(value)
    return text.removesuffix(".0")


def _moment(value: datetime) -> str:
    text = str(value) if value.tzinfo is not UTC else str(value).removesuffix(":00")
    if not value.microsecond:
        return text
    zone = "+00" if value.tzinfo is UTC else ""
    return text.removesuffix(zone).rstrip("0") + zone if value.tzinfo in (UTC, None) else text


def _listed(value: list[Any], column: Column) -> str | None:
    if not value or not all(type(item) is str for item in value):
        return text_of(value, column)
    _demand_sound("".join(value))
    return "{" + ",".join(map(_element, value)) + "}"


def _element(text: str) -> str:
    if _PLAIN_ELEMENT.fullmatch(text) and text.upper() != "NULL":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_WRITERS: Mapping[type, Callable[[Any], str | None]] = {
    bool: lambda value: "t" if value else "f",
    int: str,
    float: _float,
    datetime: _moment,
    date: str,
}


class Block:
    """Rows just inserted, in the order they were given; keeps the promises of ``ports.Inserted``.

    ``read`` are the columns that came back: those of the key, those of the mapping, and the one that says when the row
    was modified, if there is one.
    """

    def __init__(self, read: Sequence[str], rows: Sequence[Raw], sent: Mapping[str, Texts], layout: Layout) -> None:
        self._names, self._layout, self._sent = list(read), layout, sent
        self._series: list[list[bytes | None]] = [list(series) for series in zip(*rows, strict=True)]

    @property
    def _width(self) -> int:
        """How many columns a fingerprint covers: all but the time of the last change."""
        return len(self._names) - (self._layout.modified is not None)

    @cached_property
    def keys(self) -> Sequence[str]:
        """Their keys in stored form."""
        load = self._layout.key.load
        return [stored_key(load(values)) for values in zip(*self._series[: self._layout.key_width], strict=True)]

    @cached_property
    def _lines(self) -> Sequence[bytes]:
        """The rows as lines of COPY, without the time of their last change."""
        return list(map(b"\t".join, zip(*map(as_in_a_line, self._series[: self._width]), strict=True)))

    @cached_property
    def prints(self) -> Sequence[bytes]:
        """Their fingerprints."""
        return list(map(digest, self._lines))

    @cached_property
    def otherwise(self) -> Mapping[str, Mapping[int, object]]:
        """What stands in the rows but is not, letter by letter, what was sent: by column, place -> what psycopg
        returns.
        """
        found = {}
        start = self._layout.key_width
        for place, name in enumerate(self._names[start : self._width]):
            if cells := self._differing(name, self._series[start + place]):
                load = self._layout.columns.only(place).load
                found[name] = {row: load([cell])[0] for row, cell in cells.items()}
        return found

    def _differing(self, name: str, came: Sequence[bytes | None]) -> dict[int, bytes | None]:
        sent = self._sent.get(name)
        went = [None] * len(came) if sent is None else [None if text is None else text.encode() for text in sent]
        if went == came:
            return {}
        return {row: cell for row, (cell, text) in enumerate(zip(came, went, strict=True)) if cell != text}

    def row(self, place: int) -> LineRow:
        """One of the rows."""
        line = self._lines[place]
        if self._layout.modified is not None:
            modified = self._series[-1][place]
            line += b"\t" + (NULL if modified is None else escaped(modified))
        return self._layout.row(line)


def as_in_a_line(series: Sequence[bytes | None]) -> Sequence[bytes]:
    """One column as COPY writes it."""
    filled = series if None not in series else [b"" if value is None else value for value in series]
    joined = b"".join(filled)  # type: ignore[arg-type]  # nothing is missing
    if len(joined.translate(None, _SPECIAL)) != len(joined):
        return [NULL if value is None else escaped(value) for value in series]
    return filled if filled is series else [NULL if value is None else value for value in series]  # type: ignore[return-value]
