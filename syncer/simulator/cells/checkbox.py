"""Checkboxes: true or false; the key is absent when the box was never touched."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft


class Checkbox(Kind):
    """A boolean; filters know only `is`."""

    code = 1254065
    operators = frozenset({"is"})
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take true or false."""
        if not isinstance(value, bool):
            raise self.refuse()
        return value if value or draft.world.switches.unchecked_shown else EMPTY

    def words(self, stored: Stored, of: Field, reading: Reading) -> list[str]:
        """Compare as `true` or `false`."""
        return ["true" if stored else "false"]
