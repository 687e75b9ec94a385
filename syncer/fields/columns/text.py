"""Columns of text: text, varchar(n), char(n), enumerations, UUIDs."""

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from syncer.core.mapping import Misfit
from syncer.core.series import Series, in_one_go
from syncer.core.values import Value
from syncer.fields.characters import sound, surely_sound
from syncer.fields.columns.empties import null
from syncer.fields.forms import Kind, alien, excerpt
from syncer.fields.text import plain_text


@dataclass(frozen=True, slots=True)
class TextColumn:
    """text and varchar(n). Blanks beyond ``length`` are cut off, as SQL wants it; anything else beyond does not fit."""

    nullable: bool
    length: int | None = None
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The text, ``''`` too."""
        return held if held is None or isinstance(held, str) else decoded(held)

    def _fit_all(self, values: Series) -> Series | None:
        if self.length is not None or not surely_sound(values):
            return None
        empty, other = (None, "") if self.nullable else ("", None)
        return [value or empty for value in values] if other in values else values

    @in_one_go(_fit_all)
    def fit(self, value: Value) -> Value:
        """Empty becomes NULL, or ``''`` where no NULL is taken."""
        if not value:
            return None if self.nullable else ""
        if not isinstance(value, str):
            raise alien(value, "a text")
        if self.length is not None and len(value) > self.length:
            value = cut(value, self.length)
        return sound(value)

    def bind(self, value: Value) -> object:
        """A string."""
        return value

    def scalar(self, raw: object) -> Value:
        """A string, or a number as written."""
        return self.fit(plain_text(raw))


@dataclass(frozen=True, slots=True)
class PaddedColumn:
    """char(n): the blanks at the end mean nothing, on either way."""

    nullable: bool
    length: int | None = None
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The text without its padding."""
        if held is None:
            return None
        return (held if isinstance(held, str) else decoded(held)).rstrip(" ")

    def fit(self, value: Value) -> Value:
        """Empty becomes NULL, or ``''`` where no NULL is taken; so does what is blank."""
        if value is not None and not isinstance(value, str):
            raise alien(value, "a text")
        text = value.rstrip(" ") if value else ""
        if not text:
            return None if self.nullable else ""
        if self.length is not None and len(text) > self.length:
            text = cut(text, self.length)
        return sound(text)

    def bind(self, value: Value) -> object:
        """A string; the database pads it."""
        return value

    def scalar(self, raw: object) -> Value:
        """A string, or a number as written."""
        return self.fit(plain_text(raw))


@dataclass(frozen=True, slots=True)
class EnumColumn:
    """An enumeration: one of its labels."""

    nullable: bool
    labels: tuple[str, ...]
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The label."""
        return held if held is None or isinstance(held, str) else decoded(held)

    def fit(self, value: Value) -> Value:
        """A label, exactly as the type spells it."""
        if value in self.labels:
            return value
        if not value:
            return null(nullable=self.nullable)
        raise Misfit(f"{excerpt(value)} is no label of the column's type; there are: {', '.join(self.labels)}")

    def bind(self, value: Value) -> object:
        """A string."""
        return value

    def scalar(self, raw: object) -> Value:
        """A label."""
        return self.fit(plain_text(raw))


@dataclass(frozen=True, slots=True)
class UuidColumn:
    """A UUID, as text in its usual spelling: lower case with dashes."""

    nullable: bool
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def read(self, held: object) -> Value:
        """The usual spelling."""
        if isinstance(held, UUID):
            return str(held)
        return self._spelled(held) if held is not None else None

    def fit(self, value: Value) -> Value:
        """Any spelling becomes the usual one."""
        return (
            self._spelled(value.strip() if isinstance(value, str) else value) if value else null(nullable=self.nullable)
        )

    def bind(self, value: Value) -> object:
        """A ``UUID``."""
        return UUID(value) if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """A string."""
        return self.fit(plain_text(raw))

    def _spelled(self, text: object) -> str:
        try:
            return str(UUID(str(text)))
        except ValueError:
            raise alien(text, "a UUID") from None


def decoded(held: object) -> str:
    """The text of a type the driver does not know (enumerations, citext), which its binary format leaves undecoded."""
    if isinstance(held, bytes):
        try:
            return held.decode()
        except UnicodeDecodeError:
            raise alien(held, "a text") from None
    raise alien(held, "a text")


def cut(text: str, length: int) -> str:
    """A text that is too long, cut where only blanks follow. Raises ``Misfit``."""
    if text[length:].strip(" "):
        raise Misfit(f"the text has {len(text)} characters; the column holds at most {length}")
    return text[:length]
