"""Links to lines of another mapping: a foreign key in the database, a link field in Bitable.

The field holds record ids, the column keys; which record belongs to which key, the other mapping's links say. What they
know is their own business: here they are only asked. A line that is not linked yet makes a value ``Pending``: it waits,
and is carried as soon as the line is linked.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol

from syncer.core.mapping import Manner, Misfit, Pending
from syncer.core.records import Side, key_text, key_values
from syncer.core.values import Value
from syncer.fields.columns.empties import null
from syncer.fields.decimals import written
from syncer.fields.documents import parsed_json, spelled
from syncer.fields.forms import Bridge, ColumnForm, Kind, alien
from syncer.fields.keys import key_value
from syncer.fields.people import Meet

LINK_TYPES = frozenset({18, 21})
"""One-way and two-way link."""
_SHOWN = 5


class Lines(Protocol):
    """Which record and which row are one line, in every mapping. Rows are named by their key in its stored form."""

    def key(self, mapping: str, record: str, /) -> str | None:
        """The row of a record; ``None`` as long as it is not linked."""
        ...

    def record(self, mapping: str, key: str, /) -> str | None:
        """The record of a row; ``None`` as long as it is not linked."""
        ...

    def meet(self, mapping: str, records: Iterable[str], keys: Iterable[str]) -> None:
        """Look up many lines at once."""
        ...


class NoLines:
    """Links that were not asked: what only looks at types needs none."""

    def key(self, _mapping: str, _record: str) -> str | None:
        """None."""
        return None

    def record(self, _mapping: str, _key: str) -> str | None:
        """None."""
        return None

    def meet(self, mapping: str, records: Iterable[str], keys: Iterable[str]) -> None:
        """Nothing to do."""


NO_LINES = NoLines()


@dataclass(frozen=True, slots=True)
class KeyColumn:
    """A column that holds a foreign key: empty is NULL, whatever its type makes of an empty value elsewhere."""

    form: ColumnForm
    nullable: bool

    @property
    def kind(self) -> Kind:
        """As the column's own."""
        return self.form.kind

    @property
    def version(self) -> int:
        """As the column's own."""
        return self.form.version

    def read(self, held: object) -> Value:
        """As the column reads it."""
        return self.form.read(held)

    def fit(self, value: Value) -> Value:
        """A key that fits, or NULL."""
        if value or isinstance(value, Decimal) or self.kind is Kind.CHOICES:
            return self.form.fit(value)
        return null(nullable=self.nullable)

    def bind(self, value: Value) -> object:
        """As the column binds it."""
        return self.form.bind(value)

    def scalar(self, raw: object) -> Value:
        """As the column takes it."""
        return self.form.scalar(raw)


@dataclass(frozen=True, slots=True)
class Keys:
    """What a column holds of another mapping's lines, as their keys in stored form: one, or a set of them.

    As JSON it holds one key of several parts, as a list.
    """

    form: ColumnForm

    def of(self, value: Value) -> dict[str, Value]:
        """The keys in a value that is not empty, each with the value it was."""
        if self.form.kind is Kind.JSON:
            parts = parsed_json(value)
            if not isinstance(parts, list) or not all(isinstance(part, str | Decimal) for part in parts):
                raise alien(value, "a list of the parts of a key")
            return {key_text(tuple(key_value(part) for part in parts)): value}
        if self.form.kind is not Kind.CHOICES:
            return {key_text((key_value(self.form.bind(value)),)): value}
        if not isinstance(value, frozenset):
            raise alien(value, "a list of keys")
        labels = sorted(value)
        bound = self.form.bind(value)
        assert isinstance(bound, list)
        return {key_text((key_value(raw),)): label for raw, label in zip(bound, labels, strict=True)}

    def value(self, keys: Sequence[str], mapping: str) -> Value:
        """The value for some keys. Raises ``Misfit`` for several where the column holds one."""
        if self.form.kind is Kind.JSON and len(keys) == 1:
            return spelled(list(key_values(keys[0])))
        found = [_only(key, mapping) for key in keys] if self.form.kind is not Kind.JSON else []
        if self.form.kind is Kind.CHOICES:
            return frozenset(written(one) if isinstance(one, Decimal) else str(one) for one in found)
        if len(keys) > 1:
            raise Misfit(
                f"the cell links {len(found)} records of {mapping} ({_named(keys)}), and the column holds one; "
                "take the others out"
            )
        return found[0]


def by_links(manner: Manner, column: ColumnForm, lines: Lines) -> Bridge:
    """The way between the records a cell links and the keys a column holds."""
    mapping, keys = str(manner.link), Keys(column)

    def over(value: Value) -> Value:
        records = sorted(value) if isinstance(value, frozenset) else []
        if not records:
            return None
        known = {record: lines.key(mapping, record) for record in records}
        if missing := [record for record, key in known.items() if key is None]:
            raise Pending(f"record {_named(missing)} is not linked in mapping {mapping} yet")
        return keys.value([key for key in known.values() if key is not None], mapping)

    def back(value: Value) -> Value:
        known = {key: lines.record(mapping, key) for key in keys.of(value)} if value or value == 0 else {}
        if missing := [key for key, record in known.items() if record is None]:
            raise Pending(f"row {_named(missing)} is not linked in mapping {mapping} yet")
        return frozenset(record for record in known.values() if record is not None) or None

    return Bridge(over, back)


def meeting_links(manner: Manner, column: ColumnForm, lines: Lines) -> Meet:
    """What has the lines looked up that many values name."""
    mapping, keys = str(manner.link), Keys(column)

    def meet(side: Side, values: Iterable[Value]) -> None:
        named = {name for value in set(values) if value is not None for name in _names(side, value)}
        if side is Side.FEISHU:
            lines.meet(mapping, named, ())
        else:
            lines.meet(mapping, (), named)

    def _names(side: Side, value: Value) -> Iterable[str]:
        if side is Side.DATABASE:
            return keys.of(value)
        return value if isinstance(value, frozenset) else ()

    return meet


def _only(key: str, mapping: str) -> Value:
    values = key_values(key)
    if len(values) != 1:
        raise Misfit(f"a row of mapping {mapping} is known by {len(values)} columns, and the column holds one value")
    return values[0]


def _named(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
