"""Which column types there are, in families, and the form of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncer.fields.columns.array import ArrayColumn, ListColumn
from syncer.fields.columns.boolean import BooleanColumn
from syncer.fields.columns.clock import TimeColumn
from syncer.fields.columns.document import JsonColumn
from syncer.fields.columns.interval import IntervalColumn
from syncer.fields.columns.number import double, integer, numeric, single
from syncer.fields.columns.text import EnumColumn, PaddedColumn, TextColumn, UuidColumn
from syncer.fields.columns.time import DateColumn, MomentColumn, WallClockColumn, step
from syncer.fields.forms import ColumnForm
from syncer.ports import ColumnInfo

Maker: TypeAlias = Callable[[ColumnInfo, ZoneInfo], ColumnForm]


class Columns(Enum):
    """A family of column types, in words."""

    TEXT = "text, varchar or char"
    ENUM = "enum"
    UUID = "uuid"
    INTEGER = "smallint, integer or bigint"
    NUMERIC = "numeric"
    FLOAT = "real or double precision"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp or timestamptz"
    TIME = "time"
    INTERVAL = "interval"
    JSON = "json or jsonb"
    ARRAY = "text[], varchar[] or char[]"
    ENUMS = "an array of an enum"
    NUMBERS = "smallint[], integer[], bigint[], numeric[], real[] or double precision[]"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column type: its family, and how its form is made; ``listed`` for a field that keeps order and repetition."""

    family: Columns
    make: Maker
    listed: Maker | None = None


def _array(family: Columns, element: Maker) -> ColumnType:
    """An array by the form of its elements, which takes no NULL: an empty text is an element like others."""

    def of(column: ColumnInfo, zone: ZoneInfo) -> ColumnForm:
        return element(replace(column, nullable=False), zone)

    return ColumnType(
        family,
        lambda column, zone: ArrayColumn(column.nullable, of(column, zone)),
        lambda column, zone: ListColumn(column.nullable, of(column, zone)),
    )


_ENUM = ColumnType(Columns.ENUM, lambda column, _: EnumColumn(column.nullable, column.enum))
_TEXT = ColumnType(Columns.TEXT, lambda column, _: TextColumn(column.nullable, column.length))

_SIMPLE: Mapping[str, ColumnType] = {
    "text": _TEXT,
    "varchar": _TEXT,
    "citext": _TEXT,
    "bpchar": ColumnType(Columns.TEXT, lambda column, _: PaddedColumn(column.nullable, column.length)),
    "uuid": ColumnType(Columns.UUID, lambda column, _: UuidColumn(column.nullable)),
    "int2": ColumnType(Columns.INTEGER, lambda column, _: integer(2, nullable=column.nullable)),
    "int4": ColumnType(Columns.INTEGER, lambda column, _: integer(4, nullable=column.nullable)),
    "int8": ColumnType(Columns.INTEGER, lambda column, _: integer(8, nullable=column.nullable)),
    "numeric": ColumnType(
        Columns.NUMERIC, lambda column, _: numeric(column.precision, column.scale, nullable=column.nullable)
    ),
    "float4": ColumnType(Columns.FLOAT, lambda column, _: single(nullable=column.nullable)),
    "float8": ColumnType(Columns.FLOAT, lambda column, _: double(nullable=column.nullable)),
    "bool": ColumnType(Columns.BOOLEAN, lambda _, __: BooleanColumn()),
    "date": ColumnType(Columns.DATE, lambda column, zone: DateColumn(column.nullable, zone)),
    "timestamptz": ColumnType(
        Columns.TIMESTAMP, lambda column, zone: MomentColumn(column.nullable, zone, step(column.precision))
    ),
    "timestamp": ColumnType(
        Columns.TIMESTAMP, lambda column, zone: WallClockColumn(column.nullable, zone, step(column.precision))
    ),
    "time": ColumnType(Columns.TIME, lambda column, _: TimeColumn(column.nullable, step(column.precision))),
    "interval": ColumnType(Columns.INTERVAL, lambda column, _: IntervalColumn(column.nullable, step(column.precision))),
    "json": ColumnType(Columns.JSON, lambda column, _: JsonColumn(column.nullable, binary=False)),
    "jsonb": ColumnType(Columns.JSON, lambda column, _: JsonColumn(column.nullable, binary=True)),
}

_ENUMS = _array(Columns.ENUMS, _ENUM.make)
_TYPES: Mapping[str, ColumnType] = {
    **_SIMPLE,
    **{f"{name}[]": _array(Columns.ARRAY, _SIMPLE[name].make) for name in ("text", "varchar", "bpchar")},
    **{
        f"{name}[]": _array(Columns.NUMBERS, _SIMPLE[name].make)
        for name in ("int2", "int4", "int8", "numeric", "float4", "float8")
    },
}

REFUSED: Mapping[str, str] = {
    "bytea": "it holds bytes, and no field can show them; leave it out, or map a column with their base64 or hex text",
    "timetz": "a time of day whose day is unknown has no fixed zone; use time or timestamptz",
    "money": "what it holds depends on the server's language; use numeric",
    "hstore": "use jsonb",
}
"""Why some types stand against no field, and what to do."""

_ALIASES = {
    "character varying": "varchar",
    "character": "bpchar",
    "char": "bpchar",
    "smallint": "int2",
    "integer": "int4",
    "int": "int4",
    "bigint": "int8",
    "decimal": "numeric",
    "real": "float4",
    "double precision": "float8",
    "boolean": "bool",
    "timestamp with time zone": "timestamptz",
    "timestamp without time zone": "timestamp",
    "time without time zone": "time",
    "time with time zone": "timetz",
}


def _known_name(name: str) -> str:
    """The name of a type in the catalog, for any of its SQL names."""
    if name.startswith("_"):
        name = f"{name[1:]}[]"
    base = name.removesuffix("[]")
    return _ALIASES.get(base, base) + name[len(base) :]


def column_type(column: ColumnInfo) -> ColumnType | None:
    """The type of a column, by any of its SQL names; ``None`` for one that no field can be kept equal with."""
    if column.enum:
        return _ENUMS if column.type.endswith("[]") else _ENUM
    return _TYPES.get(_known_name(column.type))


def refused(column: ColumnInfo) -> str | None:
    """Why no field can be kept equal with a column of this type, where there is more to say than that."""
    return REFUSED.get(_known_name(column.type).removesuffix("[]"))
