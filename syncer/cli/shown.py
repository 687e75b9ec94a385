"""Stored values, keys and times as people and programs read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from syncer.core.records import key_values
from syncer.core.values import Json, Value, load


def natural(value: Value) -> Any:
    """A value as plain JSON: numbers as numbers, times as RFC 3339, sets as sorted lists."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and abs(value) < 2**53 else float(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def stored(form: Json) -> Any:
    """The stored form of a value as plain JSON."""
    return natural(load(form))


def base(form: Json) -> Any:
    """The base of a conflict: one value where both sides held the same, else both by side."""
    if not isinstance(form, Sequence) or isinstance(form, str):
        return None
    feishu, database = (stored(item) for item in form)
    return feishu if feishu == database else {"feishu": feishu, "database": database}


def key(text: str | None, columns: Sequence[str]) -> dict[str, Any] | None:
    """A row's key as an object ``{column: value}``."""
    if text is None:
        return None
    values = [natural(value) for value in key_values(text)]
    names = columns if len(columns) == len(values) else [f"key{number}" for number in range(1, len(values) + 1)]
    return dict(zip(names, values, strict=True))


def moment(at: datetime | None) -> str | None:
    """RFC 3339, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key_columns(document: Json) -> Sequence[str]:
    """The key columns of a stored mapping."""
    if not isinstance(document, Mapping):
        return ()
    columns = document.get("key")
    return [str(column) for column in columns] if isinstance(columns, Sequence) else ()
