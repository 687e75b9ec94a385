"""Bitable's field types in words (bitable.md 3.1)."""

from collections.abc import Mapping

FIELD_TYPE_NAMES: Mapping[int, str] = {
    1: "text",
    2: "number",
    3: "single select",
    4: "multi select",
    5: "date",
    7: "checkbox",
    11: "person",
    13: "phone number",
    15: "URL",
    17: "attachment",
    18: "one-way link",
    19: "lookup",
    20: "formula",
    21: "two-way link",
    22: "location",
    23: "group chat",
    24: "stage",
    1001: "created time",
    1002: "modified time",
    1003: "created by",
    1004: "modified by",
    1005: "auto number",
    3001: "button",
    90001: "list",
    90002: "JSON document",
    90003: "list of people",
}

READ_ONLY = frozenset({19, 20, 24, 1001, 1002, 1003, 1004, 1005, 3001, 90001, 90002, 90003})
"""What Feishu alone writes."""


def type_name(number: int) -> str:
    """A field type in words, also one that is newer than this list."""
    return FIELD_TYPE_NAMES.get(number, str(number))


_VALUELESS = {3001: "a button has no value; leave it out"}


def why_never(number: int) -> str | None:
    """Why fields of a type can stand against no column at all, where there is more to say than that."""
    return _VALUELESS.get(number)
