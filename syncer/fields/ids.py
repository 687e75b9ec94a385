"""Fields that hold ids of other things: people (11), group chats (23), records by links of one or two ways (18, 21).

Neither order nor repetition means anything in them. Against an array or JSON such a field holds a set of ids, against a
text one id at most: several of them do not fit, and are never cut down to one.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.documents import parsed_json, spelled
from syncer.fields.forms import Kind, alien, excerpt, nothing
from syncer.fields.select import plain_choices


@dataclass(frozen=True, slots=True)
class Family:
    """What a field's ids name. ``most`` stand in one cell (bitable.md 2.7), each begins with ``prefix``.

    ``key`` is where an element of a written or read cell keeps its id; links are written as bare ids.
    """

    one: str
    several: str
    most: int
    prefix: str = ""
    key: str | None = "id"


PEOPLE = Family("a person", "people", 1000, "ou_")
GROUPS = Family("a group chat", "group chats", 10, "oc_")
RECORDS = Family("a linked record", "linked records", 500, "rec", key=None)


@dataclass(frozen=True, slots=True)
class IdsField:
    """A field of ids, as a set (``CHOICES``), a JSON list (``JSON``) or one id (``TEXT``)."""

    family: Family
    kind: Kind
    multiple: bool = True
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The ids in any of the shapes seen: a list of objects, one object, a list of ids."""
        return self._value(frozenset([sound(id_) for id_ in self._ids(cell)]))

    def fit(self, value: Value) -> Value:
        """Ids of the right look, no more than the field takes."""
        ids = self._held(value)
        if len(ids) > (self.family.most if self.multiple else 1):
            most = self.family.most if self.multiple else "one"
            raise Misfit(f"there are {len(ids)} {self.family.several}; the field takes at most {most}")
        for id_ in ids:
            if not sound(id_) or not id_.startswith(self.family.prefix):
                raise Misfit(f"{excerpt(id_)} is no id of {self.family.one}; it begins with {self.family.prefix}")
        return self._value(ids)

    def write(self, value: Value) -> Json:
        """The ids in an order that is the same every time, in objects where Feishu wants it."""
        ids, key = sorted(self._held(value)), self.family.key
        if not ids:
            return None
        return ids if key is None else [{key: id_} for id_ in ids]

    def scalar(self, raw: object) -> Value:
        """A list of ids, or one id."""
        return self.fit(self._value(plain_choices(raw) or frozenset()))

    def _ids(self, cell: Json) -> Iterable[str]:
        if isinstance(cell, Mapping):
            cell = cell.get("link_record_ids", [cell]) if self.family.key is None else [cell]
        if not isinstance(cell, list):
            nothing(cell, f"a list of {self.family.several}")
            return []
        return [self._id(item) for item in cell]

    def _id(self, item: Json) -> str:
        found = item.get(self.family.key) if isinstance(item, Mapping) and self.family.key else item
        if isinstance(found, str) and found:
            return found
        raise Misfit(f"the cell holds {excerpt(item)} where {self.family.one} is expected")

    def _held(self, value: Value) -> frozenset[str]:
        if not value:
            return frozenset()
        if self.kind is Kind.TEXT and isinstance(value, str):
            return frozenset([value])
        if self.kind is Kind.CHOICES and isinstance(value, frozenset):
            return value
        found = parsed_json(value) if self.kind is Kind.JSON else value
        if isinstance(found, list) and all(isinstance(item, str) for item in found):
            return frozenset([str(item) for item in found])
        raise alien(value, f"a list of ids of {self.family.several}")

    def _value(self, ids: frozenset[str]) -> Value:
        if not ids:
            return None
        if self.kind is Kind.JSON:
            return spelled(sorted(ids))
        if self.kind is Kind.CHOICES:
            return ids
        if len(ids) > 1:
            raise Misfit(f"there are {len(ids)} {self.family.several}, and a text holds one; use an array or json")
        (only,) = ids
        return only


def ids_field(family: Family, kind: Kind, *, multiple: bool = True) -> IdsField:
    """The form of a field of ids against a column of some kind."""
    return IdsField(family, kind if kind in (Kind.CHOICES, Kind.JSON) else Kind.TEXT, multiple)
