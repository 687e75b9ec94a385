"""Says in our words what pydantic found: which key, what is wrong, what would be right.

What is shown of a value is the text as written in the file, never what the environment put in its place.
"""

import json
import re
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from syncer.catalog.document import Document
from syncer.catalog.faults import Key, Place, did_you_mean
from syncer.catalog.model import Part
from syncer.catalog.reading import Sheet

_WANTED = {
    "string_type": "must be text; put it in quotes if it looks like a number",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "bool_type": "must be true or false",
    "tuple_type": "must be a list, such as [a, b]",
    "dict_type": "must hold keys and values, such as {a: b}",
    "too_short": "must not be empty; fill it in or leave the key out",
}
_BOUNDS = {"greater_than_equal": "at least", "less_than_equal": "at most"}


def faults_of(error: ValidationError, sheet: Sheet) -> Iterator[tuple[Key, str]]:
    """The key and the sentence for everything pydantic found."""
    for detail in error.errors(include_url=False, include_input=False):
        key = tuple(detail["loc"])
        if detail["type"] == "missing":
            yield key, f"is missing{_asks_for(key)}"
        elif detail["type"] == "too_short" and (*key, 0) in sheet.places.by_key:
            continue  # its items are there, and have faults of their own
        else:
            place = Place(0, str(key[-2])) if key[-1:] == ("[key]",) else None
            key = sheet.places.nearest(key)
            yield key, _sentence(detail, key, place or sheet.places.by_key[key])


def _sentence(detail: ErrorDetails, key: Key, place: Place) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    shown = f"{_excerpt(place.text)!r} " if place.text is not None else ""
    if kind == "extra_forbidden":
        return f"is no key here{did_you_mean(str(key[-1]), known_keys(key[:-1]))}"
    if kind == "literal_error":
        choices = re.findall(r"'?([^', ]+)'?(?:,| or |$)", context["expected"])
        near = did_you_mean(place.text, choices) if place.text else ""
        return f"{shown}is none of {', '.join(choices)}{near if 'mean' in near else ''}"
    if kind == "value_error":
        return f"{shown}{context['error']}"
    if kind in _BOUNDS:
        return f"{shown}must be {_BOUNDS[kind]} {next(iter(context.values())):g}"
    if kind == "model_type":
        return f"must hold keys; there is {', '.join(known_keys(key))}"
    return _WANTED.get(kind) or f"{shown}is not right ({detail['msg']})"


def _excerpt(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."


def _asks_for(key: Key) -> str:
    field = model_at(key[:-1]).model_fields.get(str(key[-1]))
    if field is None or not field.description:
        return ""
    example = f" ({_shown(field.examples[0])})" if field.examples else ""
    return f"; write {key[-1]}: {field.description[0].lower()}{field.description[1:].rstrip('.')}{example}"


def _shown(example: object) -> str:
    return example if isinstance(example, str) else json.dumps(example, ensure_ascii=False)


def known_keys(key: Key) -> list[str]:
    """The keys that may stand inside a key."""
    return [name for name in model_at(key).model_fields if name != "action"]


def model_at(key: Key) -> type[Part]:
    """The model of the mapping that stands at a key; for a scalar, of the one around it."""
    model: type[Part] = Document
    for part in key:
        field = model.model_fields.get(str(part))
        model = (_model_in(field.annotation) if field else None) or model
    return model


def _model_in(annotation: Any) -> type[Part] | None:
    if isinstance(annotation, type) and issubclass(annotation, Part):
        return annotation
    return next((model for item in get_args(annotation) if (model := _model_in(item))), None)
