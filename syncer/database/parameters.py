"""Python objects as PostgreSQL reads them from text: staged as ``text[]``, cast to the column's type by the server."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import psycopg
from psycopg.adapt import PyFormat, Transformer

from syncer.database.schema import Column

_JSON = {"json", "jsonb"}

_transformer = Transformer()


def text_of(value: object, column: Column) -> str | None:
    """The text of a value for a column; a ``str`` for a JSON column is JSON already. Raises ``psycopg.DataError``."""
    if value is None:
        return None
    if column.info.type in _JSON and isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False)
    if (write := _PLAIN.get(type(value))) is not None:
        return write(value)
    if isinstance(value, Decimal):
        return _digits(value)
    if isinstance(value, set | frozenset):
        return _listed(sorted(value))
    return _listed(list(value)) if isinstance(value, tuple) else _dump(value)


def texts_of(values: Sequence[object], columns: Sequence[Column]) -> tuple[str | None, ...] | None:
    """The texts of a line of values, or ``None`` if one of them is in no column of any database."""
    try:
        return tuple(map(text_of, values, columns))
    except psycopg.DataError:
        return None


def array_text(texts: Iterable[str | None]) -> str:
    """An array literal. psycopg's own is made value by value, which for a thousand rows is most of a write."""
    return "{" + ",".join(["NULL" if text is None else _quoted(text) for text in texts]) + "}"


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _digits(value: Decimal) -> str:
    return format(value, "f")  # an integer column does not read 1E+3


def _sound(value: str) -> str:
    if "\0" in value:
        raise psycopg.DataError("a text for PostgreSQL cannot contain NUL (0x00) bytes")
    if not value.isascii():
        _encoded(value)
    return value


def _encoded(value: str) -> bytes:
    try:
        return value.encode()
    except UnicodeEncodeError as error:
        raise psycopg.DataError("half an emoji (a lone surrogate) is no text") from error


def _listed(value: list[Any]) -> str | None:
    if value and all(type(item) is str for item in value):
        return array_text(map(_sound, value))
    return _dump(value)


def _dump(value: object) -> str | None:
    try:
        dumped = _transformer.get_dumper(value, PyFormat.TEXT).dump(value)
    except psycopg.ProgrammingError as error:
        raise psycopg.DataError(f"a {type(value).__name__} cannot be sent to a database") from error
    except UnicodeEncodeError as error:
        raise psycopg.DataError("half an emoji (a lone surrogate) is no text") from error
    return None if dumped is None else bytes(dumped).decode()


_PLAIN: Mapping[type, Callable[[Any], str | None]] = {
    str: _sound,
    bool: lambda value: "t" if value else "f",
    int: str,
    Decimal: _digits,
    datetime: str,
    date: str,
    list: _listed,
}
"""What is written often: asking psycopg for each value costs more than writing it."""
