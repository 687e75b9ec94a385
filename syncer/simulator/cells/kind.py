"""What every field type can do: take a written value, show it, compare it.

Shapes: WRITE is what create and update take, NEW what search and batch_get return. Source: the record data structure
pages; refusal codes 1254060-1254074 per type.
"""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from syncer.simulator.errors import Refusal
from syncer.simulator.model import Base, Field, Record, Stored, Table

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft
    from syncer.simulator.world import World

EMPTY = object()
"""What `take` returns for a value that clears the cell."""


@dataclass(slots=True)
class Reading:
    """Who reads which table, and under which kind of person id."""

    world: "World"
    base: Base
    table: Table
    user_id_type: str = "open_id"
    deep: int = field(default=0)


LIST_OPERATORS = frozenset({"is", "isNot", "contains", "doesNotContain", "isEmpty", "isNotEmpty"})
SPAN_OPERATORS = frozenset({"isGreater", "isGreaterEqual", "isLess", "isLessEqual"})


class Kind:
    """One field type. Subclasses override what differs; the default is a value stored and shown as it is."""

    code = 1254060
    """Refusal of a value that does not convert."""
    writable = True
    operators: frozenset[str] = LIST_OPERATORS
    empty_string_clears = False
    in_events = True
    """Whether events carry its values; those of formulas never. [doc]"""

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Return the stored form of a written value, or EMPTY; Refusal when it does not fit."""
        return value

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the stored value of a record's cell, None when empty."""
        return record.cells.get(of.field_id)

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the NEW shape."""
        return stored

    def plain(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the value in the simplest Python form, for assertions."""
        return self.show(stored, of, reading)

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Return what a filter compares: one string per element."""
        return [str(self.plain(stored, of, reading))]

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the sort key."""
        return "".join(self.words(stored, of, reading))

    def told(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the internal form that events carry, as JSON in a string; as shown unless known better."""
        return self.show(stored, of, reading)

    def people(self, stored: Stored) -> list[str]:
        """Return the open_ids that an event names beside the value."""
        return []

    def refuse(self, why: str | None = None) -> Refusal:
        """Return the refusal of this kind."""
        return Refusal(self.code, f"{Refusal(self.code).text()}: {why}" if why else None)
