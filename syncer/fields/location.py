"""Location (type 22): a place, written as ``longitude,latitude`` and read with the address a map service found.

Only the two numbers can be written, so a text column carries them both ways; the address goes to JSON, one way.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.decimals import of_double, parsed, written
from syncer.fields.documents import spelled
from syncer.fields.forms import Kind, alien, excerpt, nothing
from syncer.fields.readonly import ReceivesNothing

_PAIR = re.compile(r"\s*([^,\s]+)\s*[,\uff0c]\s*([^,\s]+)\s*")
_EDGES = (("longitude", 180), ("latitude", 90))
_PARTS = ("pname", "cityname", "adname", "address", "name", "full_address")
"""Of the address: province, city, district, street, name of the place, and all of it (bitable.md 4.1)."""


@dataclass(frozen=True, slots=True)
class LocationField:
    """Longitude and latitude in degrees, as text: ``116.397755,39.903179``."""

    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The two numbers, without the address."""
        place = _place(cell)
        return _spelled(place) if place else None

    def fit(self, value: Value) -> Value:
        """Two numbers in their ranges, 15 digits each."""
        if not value:
            return None
        return _spelled(value)

    def write(self, value: Value) -> Json:
        """The text."""
        return value if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """Longitude and latitude, in quotation marks."""
        if raw is not None and not isinstance(raw, str):
            raise alien(raw, 'a place like "116.397755,39.903179"')
        return self.fit(raw)


@dataclass(frozen=True, slots=True)
class AddressField(ReceivesNothing):
    """The place with its address, as JSON; parts that Feishu does not know are left out."""

    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """``location`` and the parts of the address."""
        place = _place(cell)
        if not place:
            return None
        parts = cell if isinstance(cell, Mapping) else {}
        address = {name: sound(part) for name in _PARTS if (part := parts.get(name))}
        return spelled({"location": _spelled(place), **address}, sort=True)


def _place(cell: Json) -> object:
    if isinstance(cell, Mapping) and "location" in cell:
        return cell["location"]
    if isinstance(cell, str):
        return cell
    nothing(cell, "a place")
    return None


def _spelled(place: object) -> str:
    found = _PAIR.fullmatch(place) if isinstance(place, str) else None
    if found is None:
        raise Misfit(f'{excerpt(place)} is no place; write longitude and latitude like "116.397755,39.903179"')
    degrees = [_degrees(text, *edge) for text, edge in zip(found.groups(), _EDGES, strict=True)]
    return ",".join(map(written, degrees))


def _degrees(text: str, what: str, most: int) -> Decimal:
    number = parsed(text)
    if abs(number) > most:
        raise Misfit(f"the {what} {excerpt(text)} is out of range; it goes from -{most} to {most} degrees")
    return of_double(float(number))
