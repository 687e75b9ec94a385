"""Series: the values of one pair over many lines, in the order of the lines.

Where thousands of lines are dealt with alike, each step is made along a whole series instead of once a line. What comes
of it is what ``core.values`` and ``core.records`` say of each value alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from syncer.core.values import Json, Value, dump, microseconds

Series: TypeAlias = Sequence[Value]
Forms: TypeAlias = Sequence[Json]
"""The stored forms (``core.values.dump``) of a series, or other JSON of as many lines."""

_NOTHING = type(None)
_AS_THEY_ARE = {str, bool, _NOTHING}
_SURELY_EXACT = 15
"""Digits of a whole number that surely is below 2^53."""


def kinds(series: Sequence[object]) -> set[type]:
    """The types in a series."""
    return set(map(type, series))


def same(one: Series, other: Series) -> bool:
    """Whether two series hold the same values, of one type."""
    return one is other or (one == other and len((kinds(one) | kinds(other)) - {_NOTHING}) <= 1)


def forms(series: Series) -> Forms:
    """The stored forms of a series; the series itself where its values are stored as they are."""
    found = kinds(series)
    if found <= _AS_THEY_ARE:
        return series  # type: ignore[return-value]  # texts, flags and nothing are their own forms
    only = found - {_NOTHING}
    form = _FORMS.get(only.pop(), dump) if len(only) == 1 else dump
    return [None if value is None else form(value) for value in series]


def short_bases(feishu: Series, database: Series, feishu_forms: Forms, database_forms: Forms) -> Forms:
    """The bases of one pair without anything owed, in short form: ``[feishu, database]``, or the one value of both.

    ``items_of`` reads them.
    """
    if feishu_forms is database_forms and same(feishu, database):
        return feishu_forms if tuple not in kinds(feishu) else list(map(_both, feishu_forms))
    return [
        _both(form) if one is other or (one == other and type(one) is type(other)) else [form, other_form]
        for one, other, form, other_form in zip(feishu, database, feishu_forms, database_forms, strict=True)
    ]


def items_of(short: Json) -> list[Json]:
    """The items (``core.records.base_items``, in stored form) of a base in short form."""
    return short if isinstance(short, list) else [short]


def _both(form: Json) -> Json:
    """The value of both sides, unless it is itself a list and would be taken for two."""
    return [form] if type(form) is list else form


def _number(value: Decimal) -> Json:
    text = str(value)
    if len(text) <= _SURELY_EXACT and "E" not in text:
        return {"n": text} if "." in text else int(text)
    return dump(value)


def _moment(value: datetime) -> Json:
    return {"t": microseconds(value)}


_FORMS: Mapping[type, Callable[[Any], Json]] = {Decimal: _number, datetime: _moment}
"""What is stored often, spared the question what it is."""
