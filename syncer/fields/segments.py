"""Text as JSON segments (``text: segments`` in a mapping file): mentions and links are carried with all they say.

Feishu's API shows segments and takes plain text alone, so only segments of plain text can be carried back.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.documents import Document, parsed_json, spelled
from syncer.fields.forms import Kind, alien, excerpt, nothing
from syncer.fields.text import TextField

_TEXT = TextField()
Segment: TypeAlias = Mapping[str, Document]


@dataclass(frozen=True, slots=True)
class SegmentsField:
    """A text field as a JSON list of its segments; neighbours that are plain text are one."""

    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The segments of a cell."""
        if isinstance(cell, str) and cell:
            return _spelled([_plain(cell)])
        if not isinstance(cell, list) or not cell:
            nothing(cell, "segments of text")
            return None
        return _spelled([_segment(part) for part in cell])

    def fit(self, value: Value) -> Value:
        """Segments of plain text, or a text alone."""
        if not value:
            return None
        document = parsed_json(value)
        if isinstance(document, str):
            return _spelled([_plain(document)])
        if not isinstance(document, list):
            raise alien(value, 'a list of segments like [{"type": "text", "text": "..."}]')
        return _spelled([_writable(part) for part in document])

    def write(self, value: Value) -> Json:
        """The text of all segments."""
        document = parsed_json(value) if value else []
        assert isinstance(document, list)
        return "".join(str(part["text"]) for part in document if isinstance(part, dict)) or None

    def scalar(self, raw: object) -> Value:
        """A text, or a list of segments."""
        return self.fit(None if raw is None else spelled(raw))


def _plain(text: str) -> Segment:
    return {"text": text, "type": "text"}


def _segment(part: object) -> Segment:
    if isinstance(part, Mapping) and isinstance(part.get("text"), str):
        return part if part.get("type") else {**part, "type": "text"}
    raise Misfit(f"{excerpt(part)} is no segment of a text; it has a type and a text")


def _writable(part: object) -> Segment:
    segment = _segment(part)
    if segment["type"] != "text":
        what = segment["type"]
        raise Misfit(f"Feishu takes plain text alone from programs, so a segment of type {what} cannot be written")
    return _plain(str(segment["text"]))


def _spelled(segments: Sequence[Segment]) -> str | None:
    """The one spelling: keys in order, plain neighbours joined, empty segments left out."""
    joined: list[Segment] = []
    for segment in segments:
        if joined and _is_plain(segment) and _is_plain(joined[-1]):
            joined[-1] = _plain(f"{joined[-1]['text']}{segment['text']}")
        elif segment["text"]:
            joined.append(segment)
    if not joined:
        return None
    _TEXT.fit("".join(str(segment["text"]) for segment in joined))
    return sound(spelled(joined, sort=True))


def _is_plain(segment: Segment) -> bool:
    return segment.keys() == {"type", "text"} and segment["type"] == "text"
