"""URL (type 15): a text that is shown and the link behind it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.values import Json, Value
from syncer.fields.characters import sound
from syncer.fields.documents import parsed_json, spelled
from syncer.fields.forms import Kind, alien, nothing
from syncer.fields.text import MOST_CHARACTERS, plain_text


@dataclass(frozen=True, slots=True)
class UrlField:
    """The link alone, for columns of text.

    A text that differs from the link is neither carried nor a difference. It stays until the column brings another
    link: only then is the cell written, and shows the new link itself.
    """

    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """The link; what has none is read as its text."""
        text, link = _opened(cell)
        return link or text or None

    def fit(self, value: Value) -> Value:
        """Any text can be a link."""
        if not value:
            return None
        return _short(sound(value))

    def write(self, value: Value) -> Json:
        """Both halves: a string alone is refused with 1254068 (bitable.md 4.1)."""
        return {"text": value, "link": value} if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """A link."""
        return self.fit(plain_text(raw))


@dataclass(frozen=True, slots=True)
class WholeUrlField:
    """Text and link, for columns of JSON: ``{"link": ..., "text": ...}``."""

    kind: ClassVar[Kind] = Kind.JSON
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """Both halves; a half that is missing is like the other."""
        text, link = _opened(cell)
        return _whole(text or link, link or text) if text or link else None

    def fit(self, value: Value) -> Value:
        """An object with ``link`` and at most ``text`` beside it; Feishu shows the link where no text is given."""
        if value is None:
            return None
        document = parsed_json(value)
        if not isinstance(document, dict) or not document.get("link") or document.keys() - {"link", "text"}:
            raise alien(value, 'a URL like {"link": "https://...", "text": "..."}, with nothing beside the two')
        return _whole(sound(document.get("text") or document["link"]), sound(document["link"]))

    def write(self, value: Value) -> Json:
        """Both halves."""
        if value is None:
            return None
        document = parsed_json(value)
        assert isinstance(document, dict)
        return {"text": str(document["text"]), "link": str(document["link"])}

    def scalar(self, raw: object) -> Value:
        """A link, or both halves."""
        if isinstance(raw, Mapping):
            return self.fit(spelled(dict(raw)))
        link = plain_text(raw)
        return self.fit(spelled({"link": link})) if link else None


def _opened(cell: Json) -> tuple[str, str]:
    """Text and link of a cell; empty texts where there are none."""
    if isinstance(cell, Mapping) and ("link" in cell or "text" in cell):
        return sound(cell.get("text") or ""), sound(cell.get("link") or "")
    if isinstance(cell, str):
        return sound(cell), sound(cell)
    nothing(cell, "a URL")
    return "", ""


def _whole(text: str, link: str) -> str:
    return spelled({"link": _short(link), "text": _short(text)})


def _short(text: str) -> str:
    if len(text) > MOST_CHARACTERS:
        raise Misfit(f"the URL has {len(text)} characters; a cell holds at most {MOST_CHARACTERS}")
    return text
