"""Series: the values of one pair over many lines, in the order of the lines.

Where thousands of lines are dealt with alike, each step is made along a whole series instead of once a line. What comes
of it is what ``core.values`` and ``core.records`` say of each value alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

import orjson

from syncer.core.values import Json, Value, digest, dump, is_empty, microseconds

Series: TypeAlias = Sequence[Value]
Forms: TypeAlias = Sequence[Json]
"""The stored forms (``core.values.dump``) of a series, or other JSON of as many lines."""

T = TypeVar("T")
Step = TypeVar("Step", bound=Callable[..., Any])

_NOTHING = type(None)
AS_THEY_ARE = {str, bool, _NOTHING}
"""Types whose values are their own forms."""
_SOME = 200
"""So many of a series tell whether the same comes again and again."""
_NEWLINE = orjson.Fragment(b"\n")
_SURELY_EXACT = 15
"""Digits of a whole number that surely is below 2^53."""


def kinds(series: Sequence[object]) -> set[type]:
    """The types in a series."""
    return set(map(type, series))


def same(one: Series, other: Series) -> bool:
    """Whether two series hold the same values, of one type."""
    return one is other or (one == other and len((kinds(one) | kinds(other)) - {_NOTHING}) <= 1)


def in_one_go(whole: Callable[[Any, Sequence[Any]], Sequence[Any] | None]) -> Callable[[Step], Step]:
    """Marks a method that can often be made along a whole series at once.

    ``whole``, a method of the same class, tells what comes of each, or ``None`` where each must be looked at by itself.
    """

    def marked(step: Step) -> Step:
        step.in_one_go = whole  # type: ignore[attr-defined]
        return step

    return marked


def at_once(step: Callable[[Any], T], series: Sequence[Any]) -> Sequence[T] | None:
    """What a step so marked makes of each of a series, if it can be told in one go."""
    whole = getattr(step, "in_one_go", None)
    return None if whole is None or not series else whole(step.__self__, series)  # type: ignore[attr-defined]


def along(step: Callable[[Any], T], series: Sequence[Any]) -> Sequence[T]:
    """What a step makes of each of a series; made once where the same comes again and again."""
    if (made := at_once(step, series)) is not None:
        return made
    some = series[:_SOME]
    if 2 * len(set(some)) > len(some) or 2 * len(distinct := set(series)) > len(series):
        return list(map(step, series))
    by_value = {one: step(one) for one in distinct}
    return [by_value[one] for one in series]


def along_held(step: Callable[[Any], T], series: Sequence[Any]) -> Sequence[T | None]:
    """The same where nothing is left as it is."""
    if None not in series:
        return along(step, series)
    return along(lambda one: None if one is None else step(one), series)


def texts(rows: Sequence[object]) -> list[bytes]:
    """Each as JSON, made in one go: a newline stands nowhere else in what ``orjson`` writes."""
    if not rows:
        return []
    parted: list[object] = [_NEWLINE] * (2 * len(rows) - 1)
    parted[::2] = rows
    return orjson.dumps(parted)[1:-1].split(b",\n,")


def forms(series: Series, found: set[type] | None = None) -> Forms:
    """The stored forms of a series; the series itself where its values are stored as they are.

    ``found`` are the types in it, where somebody knows them.
    """
    found = kinds(series) if found is None else found
    if found <= AS_THEY_ARE:
        return series  # type: ignore[return-value]  # texts, flags and nothing are their own forms
    only = found - {_NOTHING}
    return along_held(_FORMS.get(only.pop(), dump) if len(only) == 1 else dump, series)


def match_digests(series: Sequence[Series]) -> list[bytes | None]:
    """What ``core.values.match_digest`` says of each line; the series are those of the match pairs."""
    rows = texts(list(zip(*map(forms, series), strict=True)))
    says = [not any(map(is_empty, values)) for values in zip(*series, strict=True)]
    return [digest(row) if all_say else None for row, all_say in zip(rows, says, strict=True)]


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


def firsts(shorts: Forms) -> Forms:
    """The Feishu side's items of a pair's bases in short form."""
    if list not in kinds(shorts):
        return shorts
    return [short[0] if type(short) is list else short for short in shorts]


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
