"""Dates, and the automatic times of creation and last change: ms since the epoch, UTC."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import Kind, Reading
from syncer.simulator.model import Field, Record, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

_FARTHEST_MS = 8_640_000_000_000_000
DATE_OPERATORS = frozenset({"is", "isGreater", "isLess", "isEmpty", "isNotEmpty"})


class Date(Kind):
    """An instant as int ms; a string is 1254064."""

    code = 1254064
    operators = DATE_OPERATORS
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take int ms."""
        if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _FARTHEST_MS:
            raise self.refuse()
        if value < 0 and not draft.world.switches.dates_before_1970:
            raise self.refuse()
        return value // 60_000 * 60_000 if draft.world.switches.dates_keep == "minute" else value

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Sort by time."""
        return stored


class CreatedTime(Date):
    """When the record was created."""

    writable = False

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the record's own time."""
        return record.created_ms


class ModifiedTime(Date):
    """When the record was last changed."""

    writable = False

    def stored(self, record: Record, of: Field, reading: Reading) -> Stored | None:
        """Return the record's own time."""
        return record.modified_ms
