"""Stored values, keys and times as people and programs read them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from syncer.core.records import key_values
from syncer.core.values import Json, Value, load

_LARGEST = 2**63  # what JSON readers take as a whole number
_WORDS = {True: "yes", False: "no"}


def natural(value: Value) -> Any:
    """A value as plain JSON: times as RFC 3339, sets as sorted lists, numbers as numbers where none loses a digit."""
    if isinstance(value, Decimal):
        return _number(value)
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, frozenset):
        return sorted(value)
    return list(value) if isinstance(value, tuple) else value


def _number(value: Decimal) -> Any:
    if abs(value) < _LARGEST and value == value.to_integral_value():
        return int(value)
    near = float(value)
    return near if Decimal(repr(near)) == value else f"{value:f}"


def stored(form: Json) -> Any:
    """The stored form of a value as plain JSON; what is no stored form (an unreadable cell) as it is."""
    try:
        return natural(load(form))
    except ValueError:
        return form


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


def told(value: Any) -> str:
    """A value for people."""
    if value is None or value == "" or value == []:
        return "(empty)"
    if isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {told(held)}" for name, held in value.items())
    return ", ".join(map(told, value)) if isinstance(value, list) else str(value)


def cells(document: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """Some of an object's values as the cells of a table."""
    return ["" if document[name] is None else told(document[name]) for name in names]


def guard(found: Json, columns: Sequence[str]) -> Json:
    """What a guard stopped, its samples with keys as objects and values as plain JSON."""
    if not isinstance(found, Mapping):
        return None
    samples = found.get("samples")
    lines = samples if isinstance(samples, Sequence) and not isinstance(samples, str) else []
    return {**found, "samples": [_sample(item, columns) for item in lines if isinstance(item, Mapping)]}


def _sample(sample: Mapping[str, Any], columns: Sequence[str]) -> Json:
    row_key, fields = sample.get("key"), sample.get("fields") or {}
    values = {name: {side: stored(form) for side, form in sides.items()} for name, sides in fields.items()}
    return {**sample, "key": key(row_key, columns) if isinstance(row_key, str) else row_key, "fields": values}


def detail(found: Mapping[str, Any], columns: Sequence[str]) -> Json:
    """What a dry run would do to one line, its key as an object and its values as plain JSON."""
    operations = [
        {**one, "fields": {name: {when: stored(form) for when, form in held.items()} for name, held in fields.items()}}
        for one in found["operations"]
        if isinstance(fields := one["fields"], Mapping)
    ]
    conflicts = [{**one, **{side: stored(one[side]) for side in ("feishu", "database")}} for one in found["conflicts"]]
    named = key(found["key"], columns) if found["key"] else None
    return {**found, "key": named, "operations": operations, "conflicts": conflicts}


def moment(at: datetime | None) -> str | None:
    """RFC 3339, UTC."""
    return None if at is None else at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def key_columns(document: Json) -> Sequence[str]:
    """The key columns of a stored mapping."""
    if not isinstance(document, Mapping):
        return ()
    columns = document.get("key")
    return [str(column) for column in columns] if isinstance(columns, Sequence) else ()


def moments(form: Json) -> dict[str, Any] | None:
    """When each side changed a field: ``{side: {at, exact, who}}``, ``at`` in RFC 3339 by our clock."""
    if not isinstance(form, Mapping):
        return None
    known = {side: one for side, one in form.items() if isinstance(one, Mapping)}
    return {side: {**one, "at": moment(datetime.fromisoformat(str(one["at"])))} for side, one in known.items()}


def times(known: Mapping[str, Any] | None) -> str:
    """The same for people: what is only the time of the line says so."""
    told = [
        f"{side} at {one['at']}{'' if one['exact'] else ' (estimated: when the line was changed last)'}"
        f"{' by ' + one['who'] if one['who'] else ''}"
        for side, one in (known or {}).items()
    ]
    return "; ".join(told) or "not known"


def onward(guard: str, mapping: str, run: str) -> str:
    """What lets a mapping go on that a guard stopped. What could not be read nobody can approve."""
    if guard == "short_reading":
        return f"`syncer sync {mapping} --full` reads it once more, `syncer doctor` says what the app may not see"
    return f"`syncer approve {run}` lets it go on"
