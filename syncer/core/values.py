"""Neutral values: what a field holds, comparable and storable, whichever side it came from.

A ``Value`` is ``None`` (empty), ``str``, ``bool``, ``Decimal`` (normalised, finite), ``datetime`` (UTC, aware),
``date``, ``frozenset[str]`` (order without meaning) or ``tuple[str, ...]`` (order with meaning). Numbers are always
``Decimal``; a checkbox is never compared with a number.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import MAX_EMAX, MAX_PREC, MIN_EMIN, ROUND_HALF_EVEN, Context, Decimal
from hashlib import blake2b
from typing import TypeAlias

import orjson

Value: TypeAlias = "None | str | bool | Decimal | datetime | date | frozenset[str] | tuple[str, ...]"
Json: TypeAlias = "None | str | bool | int | float | Sequence[Json] | Mapping[str, Json]"

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EXACT = 2**53
_EXACT_DIGITS = 16  # of 2**53
_UNBOUNDED = Context(prec=MAX_PREC, Emax=MAX_EMAX, Emin=MIN_EMIN)


def number(text: str | float | Decimal) -> Decimal:
    """A normalised decimal: ``1.50`` and ``1.5`` are the same value, ``-0`` is ``0``.

    A float is taken at the 15 digits that IEEE 754 promises, so that float noise is not a difference.
    """
    raw = Decimal(f"{text:.15g}") if isinstance(text, float) else Decimal(text)
    return plain(raw)


def plain(raw: Decimal) -> Decimal:
    """The same number without trailing zeros and without a negative zero, at any precision."""
    return _UNBOUNDED.normalize(raw) if raw else Decimal(0)


def milliseconds(moment: datetime) -> int:
    """Unix milliseconds of a UTC moment, rounded half even."""
    return int((Decimal(microseconds(moment)) / 1000).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def microseconds(moment: datetime) -> int:
    """Unix microseconds of an aware moment, exactly."""
    since = moment - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def moment(unix_microseconds: int) -> datetime:
    """The UTC moment of Unix microseconds. Raises ``OverflowError`` outside the years 1 to 9999."""
    return _EPOCH + timedelta(microseconds=unix_microseconds)


def dump(value: Value) -> Json:
    """A JSON form that ``load`` turns back into the same value; short, because a million of them are stored."""
    if isinstance(value, Decimal):
        return _dump_number(value)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, datetime):
        return {"t": microseconds(value)}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    if isinstance(value, frozenset):
        return {"s": sorted(value)}
    return list(value)


def _dump_number(value: Decimal) -> Json:
    if value.adjusted() < _EXACT_DIGITS and (whole := int(value)) == value and -_EXACT < whole < _EXACT:
        return whole
    return {"n": str(value)}


def pack(content: object) -> bytes:
    """JSON text of nested lists and dicts with values among them, each in its ``dump`` form; the fast way to store."""
    return orjson.dumps(content, default=dump, option=orjson.OPT_PASSTHROUGH_DATETIME)


def load(form: Json) -> Value:
    """The value of a form made by ``dump``."""
    if form is None or isinstance(form, str | bool):
        return form
    if isinstance(form, int):
        return plain(Decimal(form))
    if isinstance(form, Mapping):
        return _load_tagged(form)
    if isinstance(form, Sequence):
        return tuple(str(item) for item in form)
    raise ValueError(f"{form!r} is not the stored form of a value")


def _load_tagged(form: Mapping[str, Json]) -> Value:
    (tag, body), *_ = form.items()
    if tag == "n":
        return Decimal(str(body))
    if tag == "t" and isinstance(body, int):
        return moment(body)
    if tag == "d":
        return date.fromisoformat(str(body))
    if tag == "s" and isinstance(body, list):
        return frozenset(body)
    raise ValueError(f"{form!r} is not the stored form of a value")


def is_empty(value: Value) -> bool:
    """Whether a value says nothing: NULL, empty text, an empty selection."""
    return value is None or (not value and isinstance(value, str | frozenset | tuple))


def digest(*parts: bytes) -> bytes:
    """A 16-byte fingerprint. Parts are length-prefixed, so that ``ab, c`` and ``a, bc`` differ."""
    if len(parts) == 1:  # as below, in one call
        return blake2b(len(parts[0]).to_bytes(8, "big") + parts[0], digest_size=16).digest()
    hashed = blake2b(digest_size=16)
    for part in parts:
        hashed.update(len(part).to_bytes(8, "big"))
        hashed.update(part)
    return hashed.digest()


def match_digest(values: Sequence[Value]) -> bytes | None:
    """What pairs two lines: equal for equal values, ``None`` as soon as one of them is empty (empty never matches)."""
    if not values or any(map(is_empty, values)):
        return None
    return digest(orjson.dumps(list(map(dump, values))))
