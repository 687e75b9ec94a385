"""Key columns: a row's identity, whatever the columns' types, without a mapping."""

from datetime import UTC, date, datetime
from decimal import Decimal
from math import isfinite
from uuid import UUID

from syncer.core.mapping import Misfit
from syncer.core.values import Value, plain
from syncer.fields.decimals import whole
from syncer.fields.forms import excerpt


def key_value(raw: object) -> Value:
    """The value of a key column as the driver returns it, equal for equal keys. Raises ``Misfit`` for other types.

    Numbers are exact: unlike in a field, every digit tells rows apart. A time without a zone is taken for UTC, the
    same every time.
    """
    if isinstance(raw, int) and not isinstance(raw, bool):
        return whole(raw)
    if raw is None or isinstance(raw, str | bool):
        return raw
    if isinstance(raw, UUID):
        return str(raw)
    if isinstance(raw, Decimal | float):
        return _exact(raw)
    return _moment(raw)


def _moment(raw: object) -> Value:
    if isinstance(raw, datetime):
        return raw.replace(tzinfo=UTC) if raw.tzinfo is None else raw.astimezone(UTC)
    if isinstance(raw, date):
        return raw
    raise Misfit(f"{excerpt(raw)} cannot be part of a key; use columns of numbers, texts, UUIDs, dates or times")


def _exact(raw: Decimal | float) -> Decimal:
    if not isfinite(raw):
        raise Misfit(f"{raw} cannot be part of a key")
    return plain(Decimal(repr(raw)) if isinstance(raw, float) else Decimal(raw))
