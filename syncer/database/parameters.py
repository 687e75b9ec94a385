"""Python objects as PostgreSQL reads them from text: staged as ``text[]``, cast to the column's type by the server."""

import json
from collections.abc import Sequence
from decimal import Decimal

import psycopg
from psycopg.adapt import PyFormat, Transformer

from syncer.database.schema import Column

_JSON = {"json", "jsonb"}

_transformer = Transformer()


def text_of(value: object, column: Column) -> str | None:
    """The text of a value for a column; a ``str`` for a JSON column is JSON already. Raises ``psycopg.DataError``."""
    if value is None:
        return None
    if isinstance(value, Decimal):
        return format(value, "f")  # an integer column does not read 1E+3
    if column.info.type in _JSON and isinstance(value, bool | int | float | list | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, set | frozenset):
        return _dump(sorted(value))
    return _dump(list(value) if isinstance(value, tuple) else value)


def texts_of(values: Sequence[object], columns: Sequence[Column]) -> tuple[str | None, ...] | None:
    """The texts of a line of values, or ``None`` if one of them is in no column of any database."""
    try:
        return tuple(map(text_of, values, columns))
    except psycopg.DataError:
        return None


def _dump(value: object) -> str | None:
    try:
        dumped = _transformer.get_dumper(value, PyFormat.TEXT).dump(value)
    except psycopg.ProgrammingError as error:
        raise psycopg.DataError(f"a {type(value).__name__} cannot be sent to a database") from error
    except UnicodeEncodeError as error:
        raise psycopg.DataError("half an emoji (a lone surrogate) is no text") from error
    return None if dumped is None else bytes(dumped).decode()
