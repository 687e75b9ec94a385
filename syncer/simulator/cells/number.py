"""Numbers, progress, currency, rating: IEEE float64, stored as sent; the formatter is for the eye only."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import LIST_OPERATORS, SPAN_OPERATORS, Kind, Reading
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

_EXACT = 2**53


class Number(Kind):
    """A JSON number; anything else, a string of digits too, is 1254061."""

    code = 1254061
    operators = (LIST_OPERATORS - {"contains", "doesNotContain"}) | SPAN_OPERATORS
    empty_string_clears = True

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take a number, losing digits beyond 2^53 as a float64 does."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refuse()
        return float(value) if abs(value) > _EXACT else value

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the JSON number; whether 1 or 1.0 is a switch."""
        if reading.world.switches.whole_numbers == "float":
            return float(stored)
        return int(stored) if isinstance(stored, float) and stored.is_integer() and abs(stored) < _EXACT else stored

    def order(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Sort by size."""
        return float(stored)
