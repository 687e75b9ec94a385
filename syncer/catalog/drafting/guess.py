"""Guesses which field belongs to which column, by names where they agree and by types alone where only two fit. Pure.

A guess is a beginning for a person to read: whatever is left out comes with the reason.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncer.core.mapping import Direction, Manner
from syncer.core.records import Side
from syncer.fields.columns.catalog import Columns, column_type, refused
from syncer.fields.linked import LINK_TYPES
from syncer.fields.names import type_name
from syncer.fields.registry import FIELDS, ImpossiblePair, translator, writable
from syncer.ports import ColumnInfo, FieldInfo, RecordTableInfo, RowTableInfo

Targets: TypeAlias = Mapping[str, str]

_UTC = ZoneInfo("UTC")
_NUMBERS = frozenset({Columns.INTEGER, Columns.NUMERIC, Columns.FLOAT})
_NATURAL: Mapping[int, frozenset[Columns]] = {
    2: _NUMBERS,
    3: frozenset({Columns.ENUM}),
    4: frozenset({Columns.ARRAY}),
    5: frozenset({Columns.DATE, Columns.TIMESTAMP}),
    7: frozenset({Columns.BOOLEAN}),
}
"""Field type -> the columns it is at home with, so that a lonely pair of the two says something. Texts say nothing."""
_INEXACT = frozenset({"float4", "float8"})
_ASIDE = re.compile(r"[:：(（,，;；。\n]")


class Why(Enum):
    """What a guess rests on."""

    NAME = "the same name"
    COMMENT = "the column's comment"
    TYPE = "its type alone"


@dataclass(frozen=True, slots=True)
class Guessed:
    """A field and a column that seem to belong together, and the way values can go between them."""

    field: FieldInfo
    column: ColumnInfo
    why: Why
    direction: Direction
    required: bool
    link: str = ""
    """The mapping whose records the field links."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A field or column that was paired with nothing, and why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class Guess:
    """All that was guessed of two tables; ``missing`` are columns that new rows need and nothing fills."""

    pairs: tuple[Guessed, ...]
    fields_left: tuple[LeftOut, ...]
    columns_left: tuple[LeftOut, ...]
    key: tuple[str, ...]
    match: tuple[str, ...]
    missing: tuple[str, ...]


def guess(records: RecordTableInfo, rows: RowTableInfo, targets: Targets = MappingProxyType({})) -> Guess:
    """Which fields and columns belong together, what identifies a row and what pairs lines.

    ``targets`` are the mappings of other Bitable tables, to which link fields may lead, by the table's id.
    """
    found = _paired(records.fields, rows.columns, targets)
    taken = {pair.field.name for pair in found}, {pair.column.name for pair in found}
    fields = [field for field in records.fields if field.name not in taken[0]]
    columns = [column for column in rows.columns if column.name not in taken[1]]
    key = rows.primary_key or next(iter(rows.unique), ())
    return Guess(
        pairs=tuple(found),
        fields_left=tuple(LeftOut(field.name, _why_no_column(field, rows.columns)) for field in fields),
        columns_left=tuple(LeftOut(column.name, _why_no_field(column, records.fields)) for column in columns),
        key=key,
        match=_match(found, rows, key),
        missing=tuple(column.name for column in columns if _needed(column)),
    )


def sayable(name: str) -> bool:
    """Whether a mapping file can name a field or column so: it would fill in ``${...}`` and takes no blanks around."""
    return "${" not in name and name == name.strip()


def _paired(fields: Sequence[FieldInfo], columns: Sequence[ColumnInfo], targets: Targets) -> list[Guessed]:
    """The pairs in the order of the columns."""
    found: dict[str, Guessed] = {}
    columns = [column for column in columns if sayable(column.name)]
    plain = [field for field in fields if field.target not in targets]
    for pair in [*_by_links(fields, columns, targets), *_by_names(plain, columns), *_by_types(plain, columns)]:
        if pair.column.name not in found and all(pair.field != other.field for other in found.values()):
            found[pair.column.name] = pair
    return [found[column.name] for column in columns if column.name in found]


def _by_links(fields: Sequence[FieldInfo], columns: Sequence[ColumnInfo], targets: Targets) -> Iterator[Guessed]:
    """Link fields and columns of the same name, an ``_id`` at the column's end or not, that can hold a key."""
    for field in fields:
        if field.type in LINK_TYPES and field.target in targets:
            wanted = _plain(field.name)
            for column in columns:
                called = {_plain(title(column)), _plain(column.name), _plain(column.name.removesuffix("_id"))}
                if wanted in called and (pair := _possible(field, column, Why.NAME, targets[field.target])):
                    yield pair


def _by_names(fields: Sequence[FieldInfo], columns: Sequence[ColumnInfo]) -> Iterator[Guessed]:
    """Pairs whose names agree, those that agree to the letter first."""
    for why, called, spelled in _READINGS:
        known = {spelled(field.name): field for field in reversed(fields)}
        for column in columns:
            field = known.get(spelled(called(column)))
            if field and called(column) and (pair := _possible(field, column, why)):
                yield pair


def _by_types(fields: Sequence[FieldInfo], columns: Sequence[ColumnInfo]) -> Iterator[Guessed]:
    """Pairs of those that no name has tied, where each is the only one of its kind for the other."""
    tied = list(_by_names(fields, columns))
    lonely = [field for field in fields if all(pair.field != field for pair in tied)]
    single = [column for column in columns if all(pair.column != column for pair in tied)]
    for field in lonely:
        partners = [column for column in single if _at_home(field, column)]
        if len(partners) == 1 and sum(_at_home(other, partners[0]) for other in lonely) == 1:
            yield from filter(None, [_possible(field, partners[0], Why.TYPE)])


def _at_home(field: FieldInfo, column: ColumnInfo) -> bool:
    known = column_type(column)
    return known is not None and known.family in _NATURAL.get(field.type, frozenset())


def _possible(field: FieldInfo, column: ColumnInfo, why: Why, link: str = "") -> Guessed | None:
    takes = writable(field, column)
    direction = {
        frozenset({Side.FEISHU}): Direction.TO_FEISHU,
        frozenset({Side.DATABASE}): Direction.TO_DATABASE,
    }.get(takes, Direction.BOTH)
    try:
        translator(field, column, manner=Manner(link=link or None), timezone=_UTC, direction=direction)
    except ImpossiblePair:
        return None
    return Guessed(field, column, why, direction, _required(column, direction), link)


def _required(column: ColumnInfo, direction: Direction) -> bool:
    """Whether a row cannot be without it; an unchecked box is a value."""
    return _needed(column) and direction.carries_from(Side.FEISHU) and column.type != "bool"


def _needed(column: ColumnInfo) -> bool:
    return not (column.nullable or column.has_default or column.generated)


def _plain(name: str) -> str:
    """A name by its letters and digits alone, so that ``Order No`` is ``order_no``."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", name).casefold() if sign.isalnum())


def title(column: ColumnInfo) -> str:
    """What a column's comment calls it: the words before the first aside."""
    return _ASIDE.split(column.comment.strip(), maxsplit=1)[0].strip()


_READINGS: tuple[tuple[Why, Callable[[ColumnInfo], str], Callable[[str], str]], ...] = (
    (Why.COMMENT, lambda column: column.comment, str),
    (Why.COMMENT, title, str),
    (Why.NAME, lambda column: column.name, str),
    (Why.COMMENT, title, _plain),
    (Why.NAME, lambda column: column.name, _plain),
)
"""What a column may be called, and how closely a field's name must agree."""


def _match(pairs: Sequence[Guessed], rows: RowTableInfo, key: tuple[str, ...]) -> tuple[str, ...]:
    """What tells lines of both sides apart: people's own number before one that the database counts up."""
    usable = {pair.column.name: pair.column for pair in pairs if pair.column.type not in _INEXACT}
    sets = [columns for columns in (*rows.unique, key) if columns and all(name in usable for name in columns)]
    own = [columns for columns in sets if not any(_counted(usable[name]) for name in columns)]
    return next(iter([*own, *sets]), ())


def _counted(column: ColumnInfo) -> bool:
    return column.has_default or column.generated


def _why_no_column(field: FieldInfo, columns: Sequence[ColumnInfo]) -> str:
    if field.type not in FIELDS:
        return f"fields of type {type_name(field.type)} cannot be synced"
    if field.type in LINK_TYPES:
        return (
            f"links records of the table {field.target or 'it names'}; once that table has a mapping: "
            "{field: ..., column: <the foreign key>, link: <that mapping>}"
        )
    return _clash(field, columns) or "no column of this name, and none that alone fits its type"


def _clash(field: FieldInfo, columns: Sequence[ColumnInfo]) -> str:
    for column in columns:
        if _plain(field.name) in (_plain(column.name), _plain(title(column))):
            return f"column {column.name} has its name, but is of type {column.type}"
    return ""


def _why_no_field(column: ColumnInfo, fields: Sequence[FieldInfo]) -> str:
    if why := refused(column):
        return why
    if not sayable(column.name):
        return "a mapping file cannot name a column with blanks around it or ${ in it; rename it, or show it by a view"
    if column_type(column) is None:
        return f"columns of type {column.type} cannot be synced"
    alike = [field for field in fields if _clash(field, [column])]
    if alike and _possible(alike[0], column, Why.NAME) is None:
        return f"field {alike[0].name} has its name, but is of type {type_name(alike[0].type)}"
    return "no field of this name or comment, and none that alone fits its type"
