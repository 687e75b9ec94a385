"""A row's key as a person writes it."""

from collections.abc import Sequence

import orjson

from syncer.core.mapping import Misfit
from syncer.core.records import key_text
from syncer.errors import MendError
from syncer.fields.keys import key_value


def stored_key(text: str | None, columns: Sequence[str]) -> str | None:
    """The stored form of a key given as a JSON object. Raises ``MendError``."""
    if text is None:
        return None
    try:
        given = orjson.loads(text)
        return key_text(tuple(key_value(given[column]) for column in columns))
    except (orjson.JSONDecodeError, KeyError, TypeError, Misfit) as error:
        wanted = ", ".join(f'"{column}": ...' for column in columns)
        raise MendError(f"--key wants a JSON object such as {{{wanted}}}, not {text}") from error
