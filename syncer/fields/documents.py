"""JSON as text in one spelling, so that equal documents are equal texts; numbers keep all their digits.

Compact, characters as they are (not as escapes), numbers without an exponent and without trailing zeros. Of a key that
stands twice in an object the last one counts, as ``jsonb`` has it.
"""

import json
import re
from decimal import Decimal, InvalidOperation
from typing import TypeAlias

import orjson

from syncer.core.mapping import Misfit
from syncer.core.values import plain
from syncer.fields.decimals import written
from syncer.fields.forms import alien, excerpt

Document: TypeAlias = "None | str | bool | Decimal | list[Document] | dict[str, Document]"

_MOST_DIGITS = 1000
_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")


def parsed_json(text: object) -> Document:
    """The document of a JSON text. Raises ``Misfit``."""
    if not isinstance(text, str):
        raise alien(text, "JSON")
    try:
        document: Document = json.loads(text, parse_float=_number, parse_int=_number, parse_constant=_no_number)
    except ValueError as error:
        raise Misfit(f"{excerpt(text)} is not JSON ({error})") from None
    except RecursionError:
        raise Misfit("the JSON is nested too deeply to be kept equal") from None
    return document


def spelled(document: object, *, sort: bool = False) -> str:
    """The one spelling of a document; ``sort`` where the order of keys means nothing. Raises ``Misfit``."""
    order = orjson.OPT_SORT_KEYS if sort else 0
    try:
        return orjson.dumps(document, default=_digits, option=order).decode()
    except orjson.JSONEncodeError as error:
        raise Misfit(f"{excerpt(document)} cannot be written as JSON ({error})") from None


def has_nul(spelling: str) -> bool:
    """Whether a text in a document, as ``spelled``, holds a NUL character."""
    return "\\u0000" in spelling and _NUL.search(spelling) is not None


def _number(text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _too_long(text) from None
    if number and (len(text) > _MOST_DIGITS or not number.is_finite() or abs(number.adjusted()) >= _MOST_DIGITS):
        raise _too_long(text)
    return plain(number)


def _too_long(text: str) -> Misfit:
    return Misfit(f"the number {excerpt(text)} in the JSON has more than {_MOST_DIGITS} digits")


def _no_number(name: str) -> Document:
    raise Misfit(f"{name} is in the JSON, which knows no such number")


def _digits(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(written(value))
    raise TypeError(f"a {type(value).__name__} is not JSON")
