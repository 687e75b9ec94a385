"""Single and multi select (types 3, 4): names are read and written; one the field does not know makes an option."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from syncer.core.mapping import Misfit
from syncer.core.series import Series, in_one_go
from syncer.core.values import Json, Value
from syncer.fields.characters import sound, surely_sound
from syncer.fields.forms import Kind, alien, nothing
from syncer.fields.options import ANY, Options
from syncer.fields.text import plain_text

MOST_CHOICES = 1000
"""Of one cell (bitable.md 2.7)."""


@dataclass(frozen=True, slots=True)
class SingleSelectField:
    """A single select: its value is the option's name."""

    options: Options = ANY
    kind: ClassVar[Kind] = Kind.TEXT
    version: ClassVar[int] = 1

    def _read_all(self, cells: Sequence[Json]) -> Series | None:
        if not surely_sound(cells):
            return None
        names = {cell: self.read(cell) for cell in set(cells)}
        return [names[cell] for cell in cells]

    @in_one_go(_read_all)
    def read(self, cell: Json) -> Value:
        """A name."""
        if type(cell) is str:
            return (sound(cell) if self.options is ANY else self.options.read(sound(cell))) or None
        nothing(cell, "the name of an option")
        return None

    def fit(self, value: Value) -> Value:
        """Any text can be an option, because Feishu makes those it does not know; unless the mapping forbids it."""
        if not value:
            return None
        if not isinstance(value, str):
            raise alien(value, "the name of an option")
        return self.options.fit(value)

    def write(self, value: Value) -> Json:
        """A name."""
        return self.options.write(value) if isinstance(value, str) else None

    def scalar(self, raw: object) -> Value:
        """A name."""
        return self.fit(plain_text(raw))


@dataclass(frozen=True, slots=True)
class MultiSelectField:
    """A multi select: its value is the set of the options' names."""

    options: Options = ANY
    kind: ClassVar[Kind] = Kind.CHOICES
    version: ClassVar[int] = 1

    def read(self, cell: Json) -> Value:
        """A list of names, without order."""
        if type(cell) is list:
            names = [sound(name) for name in cell]
            return frozenset(names if self.options is ANY else map(self.options.read, names)) or None
        nothing(cell, "a list of options")
        return None

    def fit(self, value: Value) -> Value:
        """Any texts but the empty one, a thousand at most."""
        if not value:
            return None
        if not isinstance(value, frozenset):
            raise alien(value, "a list of options")
        if len(value) > MOST_CHOICES:
            raise Misfit(f"there are {len(value)} values; a multi select holds at most {MOST_CHOICES}")
        for name in value:
            if not sound(name):
                raise Misfit("an empty text is among the values; it cannot be an option")
        if self.options is ANY:
            return value
        return frozenset(fit for one in value if (fit := self.options.fit(one)) is not None) or None

    def write(self, value: Value) -> Json:
        """The names, each of them once, in an order that is the same every time."""
        if not value or not isinstance(value, frozenset):
            return None
        return sorted(value if self.options is ANY else set(map(self.options.write, value)))

    def scalar(self, raw: object) -> Value:
        """A list of names, or one name."""
        return self.fit(plain_choices(raw))


def plain_choices(raw: object) -> frozenset[str] | None:
    """What a person wrote in a mapping file where a list of texts is wanted. Raises ``Misfit``."""
    if raw is None:
        return None
    items: Iterable[object] = raw if isinstance(raw, list | tuple | frozenset) else [raw]
    return frozenset(text for item in items if (text := plain_text(item)) is not None)
