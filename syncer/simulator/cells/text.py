"""Text, e-mail and barcode: a string is written, a list of segments is read."""
# ruff: noqa: ARG002 - every kind is asked in the same words, whether it needs all of them or not

from typing import TYPE_CHECKING, Any

from syncer.simulator.cells.kind import EMPTY, Kind, Reading
from syncer.simulator.errors import Refusal
from syncer.simulator.model import Field, Stored

if TYPE_CHECKING:
    from syncer.simulator.draft import Draft

MOST_CHARACTERS = 100_000
Segments = list[dict[str, Any]]


class Text(Kind):
    """A string. A person's edit may also leave segments: mentions of people and documents, and links."""

    code = 1254060

    def take(self, value: Any, to: Field, draft: "Draft") -> Stored:
        """Take a string (from a person also segments); 1254130 above 100,000 characters."""
        if draft.human and isinstance(value, list):
            return value or EMPTY
        if not isinstance(value, str):
            raise self.refuse()
        if len(value) > MOST_CHARACTERS:
            raise Refusal(1254130)
        if not value and draft.world.switches.empty_text_clears:
            return EMPTY
        return value

    def show(self, stored: Stored, of: Field, reading: Reading) -> Any:
        """Return the list of segments."""
        if isinstance(stored, list):
            return stored
        if not stored and reading.world.switches.cleared_text == "string":
            return ""
        return self.segments(stored) if stored else []

    def segments(self, text: str) -> Segments:
        """Return a string as segments."""
        return [{"type": "text", "text": text}]

    def plain(self, stored: Stored, of: Field, reading: Reading) -> str:
        """Return the text of all segments joined."""
        return stored if isinstance(stored, str) else "".join(part["text"] for part in stored)


class Email(Text):
    """An address, read as a link to itself."""

    def segments(self, text: str) -> Segments:
        """Return the mailto link."""
        return [{"type": "url", "text": text, "link": f"mailto:{text}"}]
