"""Versions of lines as bytes, for the time of one survey: by the page, pair after pair.

A form is a JSON array: the number of the version's shape (the names of its pairs, in order), when it was read, when it
was changed, and its values.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from syncer.core.records import Held, Side, Unreadable, Version
from syncer.core.series import Forms, along_held, forms, kinds, texts
from syncer.core.values import Json, dump, load, microseconds, moment, plain

_UNREADABLE = "u"  # beside the tags n, t, d and s of core.values
_AS_THEY_ARE = {str, bool, type(None)}
_HEAD = 3  # what stands before the values

Shape = tuple[str, ...] | None
Times = Sequence[tuple[datetime, datetime | None]]


@dataclass(frozen=True, slots=True)
class Spread:
    """Versions of one shape, series by series; as in ``core.survey.Newcomers``."""

    times: Times
    held: Mapping[str, Sequence[Held]]
    forms: Mapping[str, Forms]


class VersionForms:
    """Turns versions into forms and back; remembers the shapes it met."""

    def __init__(self) -> None:
        self._shapes: list[Shape] = []

    def dump(self, versions: Sequence[Version]) -> list[bytes]:
        """The stored forms of versions, without their sides and lines, which stand beside them."""
        found = [b""] * len(versions)
        shapes = [None if version.values is None else tuple(version.values) for version in versions]
        for shape, places in _alike(shapes):
            for place, form in zip(places, self._dump(shape, [versions[place] for place in places]), strict=True):
                found[place] = form
        return found

    def _dump(self, shape: Shape, versions: Sequence[Version]) -> list[bytes]:
        times = [(version.read_at, version.modified_at) for version in versions]
        held = zip(*[(version.values or {}).values() for version in versions], strict=True)
        return self._rows(shape, times, list(map(_forms, held)))

    def dump_series(self, times: Times, held: Mapping[str, Sequence[Held]], known: Mapping[str, Forms]) -> list[bytes]:
        """The same of versions series by series; ``times`` and what is ``known`` as in ``core.survey.Newcomers``."""
        stored = [
            known[name] if name in known and Unreadable not in kinds(one) else _forms(one) for name, one in held.items()
        ]
        return self._rows(tuple(held), times, stored)

    def _rows(self, shape: Shape, times: Times, stored: Sequence[Forms]) -> list[bytes]:
        if shape not in self._shapes:
            self._shapes.append(shape)
        number = [self._shapes.index(shape)] * len(times)
        known = {at: microseconds(at) for at in {read_at for read_at, _ in times}}
        read = [known[read_at] for read_at, _ in times]
        modified = [None if at is None else microseconds(at) for _, at in times]
        return texts(list(zip(number, read, modified, *stored, strict=True)))

    def spread(self, given: Sequence[bytes]) -> Iterator[tuple[Sequence[int], Spread]]:
        """The versions of forms made by ``dump``, series by series, and the places of those that are of one shape."""
        parsed = orjson.loads(b"[%b]" % b",".join(given))
        for number, places in _alike([form[0] for form in parsed]):
            shape = self._shapes[number] or ()
            _, read, modified, *columns = zip(*[parsed[place] for place in places], strict=True)
            known = {one: moment(one) for one in set(read)}
            times = [
                (known[one], None if other is None else moment(other))
                for one, other in zip(read, modified, strict=True)
            ]
            held = {name: _loaded(series) for name, series in zip(shape, columns, strict=True)}
            yield places, Spread(times, held, dict(zip(shape, columns, strict=True)))

    def load(self, lines: Sequence[tuple[Side, str]], given: Sequence[bytes]) -> list[Version]:
        """The versions of these lines, of forms made by ``dump``."""
        parsed = orjson.loads(b"[%b]" % b",".join(given))
        found: list[Version | None] = [None] * len(parsed)
        for number, places in _alike([form[0] for form in parsed]):
            some = [parsed[place] for place in places]
            read = {one: moment(one) for one in {form[1] for form in some}}
            for place, held, form in zip(places, _values(self._shapes[number], some), some, strict=True):
                modified = None if form[2] is None else moment(form[2])
                found[place] = Version(*lines[place], held, read[form[1]], modified)
        return [version for version in found if version is not None]


def _alike(marks: Sequence[Any]) -> Iterator[tuple[Any, Sequence[int]]]:
    """Each mark with its places; mostly there is only one."""
    places: dict[Any, list[int]] = {}
    for place, mark in enumerate(marks):
        places.setdefault(mark, []).append(place)
    return iter(places.items())


def _forms(series: Sequence[Held]) -> Forms:
    if Unreadable in kinds(series):
        return [{_UNREADABLE: held.reason} if isinstance(held, Unreadable) else dump(held) for held in series]
    return forms(series)  # type: ignore[arg-type]  # nothing unreadable is among them


def _values(shape: Shape, parsed: Sequence[Sequence[Json]]) -> list[Mapping[str, Held] | None]:
    if shape is None:
        return [None] * len(parsed)
    if not shape:
        return [{} for _ in parsed]
    columns = list(zip(*parsed, strict=True))[_HEAD:]
    return [dict(zip(shape, held, strict=True)) for held in zip(*map(_loaded, columns), strict=True)]


def _loaded(series: Forms) -> Sequence[Held]:
    found = kinds(series)
    if found <= _AS_THEY_ARE:
        return series  # type: ignore[return-value]  # their forms are the values
    if found <= {int, type(None)}:
        return along_held(_load, series)
    return [form if type(form) in _AS_THEY_ARE else _load(form) for form in series]  # type: ignore[misc]  # as above


def _load(form: Any) -> Held:
    """What ``core.values.load`` says; asked first for what is stored often."""
    if type(form) is int:
        return Decimal(form) if form % 10 else plain(Decimal(form))
    if type(form) is dict:
        if "n" in form:
            return Decimal(form["n"])
        if "t" in form:
            return moment(form["t"])
        if _UNREADABLE in form:
            return Unreadable(form[_UNREADABLE])
    return load(form)
