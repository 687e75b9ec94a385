"""Which Bitable fields a database table asks for: names, types and properties as the field API takes them. Pure.

Names come from the columns' comments where these are short, so that people read words and not column names.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, count

from syncer.catalog.drafting.guess import LeftOut, title
from syncer.core.values import Json
from syncer.fields.columns.catalog import Columns, column_type, refused
from syncer.ports import ColumnInfo, RowTableInfo

TEXT, NUMBER, SINGLE, MULTI, DATE, CHECKBOX = 1, 2, 3, 4, 5, 7
_MAY_LEAD = frozenset({TEXT, NUMBER, DATE})
"""Of these types, those that a table's first field may have (bitable.md 3: 1254012 for others)."""
_FLOAT64_DIGITS = 15
_MOST_DECIMALS = 4
_LONGEST_NAME = 60
_MOST_OPTIONS = 200

_SIMPLE: Mapping[Columns, int] = {
    Columns.INTEGER: NUMBER,
    Columns.FLOAT: NUMBER,
    Columns.BOOLEAN: CHECKBOX,
    Columns.DATE: DATE,
    Columns.TIMESTAMP: DATE,
    Columns.ENUM: SINGLE,
    Columns.ARRAY: MULTI,
    Columns.NUMBERS: MULTI,
}


@dataclass(frozen=True, slots=True)
class NewField:
    """A field to create for a column; ``property`` as in the field API, nothing where the type wants none."""

    column: str
    name: str
    type: int
    property: Mapping[str, Json] = field(default_factory=dict)

    def body(self) -> dict[str, Json]:
        """What the field API takes."""
        plain: dict[str, Json] = {"field_name": self.name, "type": self.type}
        return plain | ({"property": dict(self.property)} if self.property else {})


def new_fields(rows: RowTableInfo) -> tuple[tuple[NewField, ...], tuple[LeftOut, ...]]:
    """The fields for a table, one that may lead first, and the columns that no field can show."""
    left, made = [], []
    names = _names(rows.columns)
    for column in rows.columns:
        if column_type(column) is None:
            why = refused(column) or f"columns of type {column.type} cannot be synced"
            left.append(LeftOut(column.name, why))
        else:
            made.append(_field(column, names[column.name]))
    lead = _lead(rows, made)
    return tuple([lead, *(one for one in made if one is not lead)] if lead else made), tuple(left)


def _lead(rows: RowTableInfo, made: Sequence[NewField]) -> NewField | None:
    """The field that names a record: people's own key before a counted one, else whatever may lead."""
    defaults = {column.name: column.has_default or column.generated for column in rows.columns}
    wanted = [column for columns in rows.unique for column in columns if not defaults.get(column, True)]
    able = [one for one in made if one.type in _MAY_LEAD]
    return next((one for name in wanted for one in able if one.column == name), next(iter(able), None))


def _names(columns: Sequence[ColumnInfo]) -> dict[str, str]:
    """A name for each column's field, no two alike."""
    names: dict[str, str] = {}
    for column in columns:
        wanted = chain((_short(column), column.name), (f"{column.name} {n}" for n in count(2)))
        names[column.name] = next(name for name in wanted if name not in names.values())
    return names


def _short(column: ColumnInfo) -> str:
    words = title(column)
    return words if 0 < len(words) <= _LONGEST_NAME else column.name


def _field(column: ColumnInfo, name: str) -> NewField:
    known = column_type(column)
    assert known is not None
    kind = SINGLE if column.choices and known.family is Columns.TEXT else _SIMPLE.get(known.family, TEXT)
    if known.family is Columns.NUMERIC:
        kind = NUMBER if (column.precision or 0) <= _FLOAT64_DIGITS else TEXT
    return NewField(column.name, name, kind, dict(_property(column, kind)))


def _property(column: ColumnInfo, kind: int) -> Iterator[tuple[str, Json]]:
    if kind == NUMBER:
        yield "formatter", _formatter(column)
    if kind == DATE:
        yield "date_formatter", "yyyy/MM/dd" if column.type == "date" else "yyyy/MM/dd HH:mm"
    if kind in (SINGLE, MULTI) and (options := (column.enum or column.choices)[:_MOST_OPTIONS]):
        yield "options", [{"name": option} for option in options]


def _formatter(column: ColumnInfo) -> str:
    """How a number is shown; what is stored keeps all its digits."""
    known = column_type(column)
    assert known is not None
    if known.family is Columns.INTEGER:
        return "0"
    decimals = 2 if column.scale is None else min(max(column.scale, 0), _MOST_DECIMALS)
    return "0." + "0" * decimals if decimals else "0"
