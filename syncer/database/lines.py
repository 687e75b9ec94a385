"""Rows as lines of PostgreSQL's COPY text format: fingerprinted as they come, decoded only where somebody asks.

Every way of reading a row (COPY, SELECT, RETURNING) ends in the same line, so that equal content has an equal
fingerprint. A line holds the key's columns, the columns of the mapping, and last the column that says when the row was
modified (which is no part of the fingerprint).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import partial
from typing import Final

import orjson
import psycopg
from psycopg.adapt import AdaptersMap, Transformer
from psycopg.pq import Format
from psycopg.types import TypeInfo
from psycopg.types.string import TextLoader

from syncer.core.records import key_text
from syncer.core.values import digest
from syncer.fields.keys import key_value

_ESCAPES = {b"\b": b"\\b", b"\f": b"\\f", b"\n": b"\\n", b"\r": b"\\r", b"\t": b"\\t", b"\v": b"\\v", b"\\": b"\\\\"}
_PLAIN = {escape: raw for raw, escape in _ESCAPES.items()}
escaped: Final = partial(re.compile(rb"[\b\f\n\r\t\v\\]").sub, lambda found: _ESCAPES[found[0]])
_unescaped: Final = partial(re.compile(rb"\\[bfnrtv\\]").sub, lambda found: _PLAIN[found[0]])

NULL = b"\\N"
_TEXTS, _WHOLE = frozenset({25, 1043}), frozenset({20, 21, 23})  # text and varchar; int8, int2 and int4
_MOST_DIGITS = 16  # fewer than these, sign included, are within 2**53

KEPT_AS_TEXT = ("json", "jsonb", "interval")


def make_line(values: Sequence[bytes | None]) -> bytes:
    """The line COPY would send for these values in text form, without its newline."""
    return b"\t".join([NULL if value is None else escaped(value) for value in values])


def split_line(line: bytes) -> list[bytes | None]:
    """The values of a line in text form."""
    parts = line.split(b"\t")
    if b"\\" not in line:
        return [*parts]
    return [part if b"\\" not in part else None if part == NULL else _unescaped(part) for part in parts]


@dataclass(frozen=True, slots=True)
class ValueType:
    """How psycopg knows a column's type. ``element`` is given for arrays."""

    oid: int
    element: int | None = None
    delimiter: str = ","


class _Context:
    """Adapters of our own: arrays of types that psycopg does not know (enums, extensions) are read as lists too.

    What Python's own objects would blur stays text: the digits of JSON's numbers, an interval's months.
    """

    connection = None  # without one, times are read as ISO in UTC, which is what our sessions speak

    def __init__(self, types: Sequence[ValueType]) -> None:
        self.adapters = AdaptersMap(psycopg.adapters)
        for name in KEPT_AS_TEXT:
            self.adapters.register_loader(name, TextLoader)
        for type_ in types:
            if type_.element is not None and self.adapters.types.get(type_.oid) is None:
                TypeInfo("", type_.element, type_.oid, delimiter=type_.delimiter).register(self)


class Decoder:
    """Turns text values into the objects psycopg returns for their types."""

    def __init__(self, types: Sequence[ValueType]) -> None:
        self._types = types
        self._transformer = Transformer(_Context(types))
        self._oids = [type_.oid for type_ in types]
        self._transformer.set_loader_types(self._oids, Format.TEXT)

    def only(self, place: int) -> "Decoder":
        """A decoder of one of the values alone."""
        return Decoder(self._types[place : place + 1])

    def load(self, values: Sequence[bytes | None]) -> tuple[object, ...]:
        """The objects; a value that Python cannot hold (the date ``infinity``, the year 10000) stays its text."""
        try:
            return self._transformer.load_sequence(values)
        except (psycopg.Error, ValueError, OverflowError):
            return tuple(map(self._load_alone, self._oids, values))

    def _load_alone(self, oid: int, value: bytes | None) -> object:
        if value is None:
            return None
        try:
            return self._transformer.get_loader(oid, Format.TEXT).load(value)
        except (psycopg.Error, ValueError, OverflowError):
            return value.decode(errors="backslashreplace")


class Layout:
    """What stands where in a line."""

    def __init__(
        self, key: Sequence[ValueType], columns: Sequence[ValueType], modified: ValueType | None, zone: tzinfo = UTC
    ) -> None:
        self.key_width, self._key_type = len(key), key[0].oid if key else 0
        self.key, self.columns = Decoder(key), Decoder(columns)
        self.modified = Decoder([modified]) if modified else None
        self.zone = zone

    def row(self, line: bytes) -> "LineRow":
        """A row on this layout."""
        return LineRow(line, self)

    def key_of(self, line: bytes) -> str:
        """The stored form of a line's key. A single text, or a whole number that JSON holds, needs no decoding."""
        width = self.key_width
        parts = line.split(b"\t", width)[:width]
        if width == 1 and b"\\" not in parts[0]:
            if self._key_type in _TEXTS:
                return orjson.dumps([parts[0].decode()]).decode()
            if self._key_type in _WHOLE and len(parts[0]) < _MOST_DIGITS:
                return f"[{parts[0].decode()}]"
        return stored_key(self.key.load(split_line(b"\t".join(parts))))


class LineRow:
    """One row as a line; a ``ports.RawRow``."""

    __slots__ = ("_key", "_layout", "_line", "_modified", "_print")

    def __init__(self, line: bytes, layout: Layout) -> None:
        self._layout = layout
        self._line, self._modified = line, b""
        if layout.modified is not None:
            self._line, _, self._modified = line.rpartition(b"\t")
        self._key: str | None = None
        self._print: bytes | None = None

    @property
    def key(self) -> str:
        """The row's key in its stored form."""
        if self._key is None:
            self._key = self._layout.key_of(self._line)
        return self._key

    @property
    def print(self) -> bytes:
        """A 16-byte fingerprint of the key and the columns."""
        if self._print is None:
            self._print = digest(self._line)
        return self._print

    @property
    def columns(self) -> tuple[object, ...]:
        """What psycopg returns for the columns."""
        return self._layout.columns.load(split_line(self._line)[self._layout.key_width :])

    @property
    def modified_at(self) -> datetime | None:
        """When the row was last changed; a time without a zone is read in the mapping's."""
        if self._layout.modified is None:
            return None
        (moment,) = self._layout.modified.load(split_line(self._modified))
        if not isinstance(moment, datetime):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=self._layout.zone)).astimezone(UTC)


def stored_key(values: Sequence[object]) -> str:
    """The stored form of a key as psycopg returned it."""
    return key_text(tuple([key_value(value) for value in values]))
