"""Lines and what is remembered of them: sides, versions, bases, links.

A *pair* is a field and a column that are kept equal; it is named by its column. Values stand in the form of the side
that holds them; a ``Translator`` (see ``core.mapping``) carries them over.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

import orjson

from syncer.core.values import Json, Value, dump, load

RecordId: TypeAlias = str


class Side(StrEnum):
    """One of the two ends of a mapping."""

    FEISHU = "feishu"
    DATABASE = "database"

    @property
    def other(self) -> "Side":
        """The opposite side."""
        return Side.DATABASE if self is Side.FEISHU else Side.FEISHU


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A cell whose content does not fit what its type promises; the field fails, the line goes on."""

    reason: str


Held: TypeAlias = "Value | Unreadable"


@dataclass(frozen=True, slots=True)
class Told:
    """When one field got the value it holds, by its side's clock, as the event or log entry that names it says.

    ``who`` names the one who did it, in the side's own words; empty where the side does not say.
    """

    at: datetime
    who: str = ""


@dataclass(frozen=True, slots=True)
class Version:
    """What one line looked like on one side.

    ``line`` is a record id or a row key in its stored form (``key_text``). ``values`` maps a pair's name to what the
    line holds, or is ``None`` when the line is absent. ``read_at`` is when its reading began, in the syncer's clock;
    ``modified_at`` the side's own estimate of the line's last change. ``told`` says of some fields when they were
    changed; ``None`` as long as nobody asked.
    """

    side: Side
    line: str
    values: Mapping[str, Held] | None
    read_at: datetime
    modified_at: datetime | None = None
    told: Mapping[str, Told] | None = None

    @property
    def absent(self) -> bool:
        """Whether the side holds no such line."""
        return self.values is None


@dataclass(frozen=True, slots=True)
class Owed:
    """A value, in the form of ``side``, that ``side`` must still receive; ``since`` is when it was decided."""

    side: Side
    value: Value
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Base:
    """What each side held in one pair, in its own form, when the two last agreed; and what one of them is still owed.

    The value of a side that is owed something is the one the merge saw there: only a later edit counts as a change.
    """

    feishu: Value
    database: Value
    owed: Owed | None = None

    def of(self, side: Side) -> Value:
        """The value the given side held."""
        return self.feishu if side is Side.FEISHU else self.database


@dataclass(frozen=True, slots=True)
class Link:
    """The tie between one record and one row, with the base of every pair.

    ``severed`` names the side whose half is gone while the other is remembered. ``bases`` lacks a pair that is not
    confirmed yet (a new pair, or one whose rules changed): it is paired anew. ``moved_at`` is when a base last moved;
    versions read before that are stale. ``predicted`` names the sides whose part of the bases is what the codec
    expects, not yet what a reading showed.
    """

    id: int | None
    record: RecordId | None
    key: str | None
    bases: Mapping[str, Base] = field(default_factory=dict)
    severed: Side | None = None
    moved_at: datetime | None = None
    predicted: frozenset[Side] = frozenset()

    def line(self, side: Side) -> str | None:
        """The id of this link's line on one side."""
        return self.record if side is Side.FEISHU else self.key


def key_text(values: tuple[Value, ...]) -> str:
    """The stored form of a row's key: a JSON array of the key columns' values, equal for equal keys."""
    return orjson.dumps([dump(value) for value in values]).decode()


def key_values(text: str) -> tuple[Value, ...]:
    """The key columns' values from their stored form."""
    return tuple(load(item) for item in orjson.loads(text))


def dump_bases(bases: Mapping[str, Base]) -> dict[str, Json]:
    """The stored form of a link's bases: ``[feishu, database]`` per pair, one item where both are equal, owed last."""
    return {name: _dump_base(base) for name, base in bases.items()}


def _dump_base(base: Base) -> Json:
    return [dump(item) for item in base_items(base)]


def base_items(base: Base) -> list[Value]:
    """What is stored of a base, as ``core.values.pack`` takes it."""
    feishu, database, owed = base.feishu, base.database, base.owed
    if owed is None:
        return [feishu] if feishu == database and type(feishu) is type(database) else [feishu, database]
    return [feishu, database, owed.side.value, owed.value, owed.since.isoformat() if owed.since else None]


def load_bases(form: Mapping[str, list[Json]]) -> dict[str, Base]:
    """The bases of a stored form."""
    return {name: _load_base(items) for name, items in form.items()}


def _load_base(items: list[Json]) -> Base:
    if len(items) == 1:
        both = load(items[0])
        return Base(both, both)
    feishu, database = load(items[0]), load(items[1])
    if len(items) == 2:
        return Base(feishu, database)
    since = datetime.fromisoformat(str(items[4])) if items[4] else None
    return Base(feishu, database, Owed(Side(str(items[2])), load(items[3]), since))
