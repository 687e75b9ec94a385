"""Which column types there are, in families, and the form of each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncer.fields.columns.array import ArrayColumn
from syncer.fields.columns.boolean import BooleanColumn
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
    ARRAY = "text[] or varchar[]"


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A column type: its family, and how its form is made."""

    family: Columns
    make: Maker


_ENUM = ColumnType(Columns.ENUM, lambda column, _: EnumColumn(column.nullable, column.enum))
_TEXT = ColumnType(Columns.TEXT, lambda column, _: TextColumn(column.nullable, column.length))
_ARRAY = ColumnType(Columns.ARRAY, lambda column, _: ArrayColumn(column.nullable, column.length))

_TYPES: Mapping[str, ColumnType] = {
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
    "text[]": _ARRAY,
    "varchar[]": _ARRAY,
}

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
    "_text": "text[]",
    "_varchar": "varchar[]",
    "character varying[]": "varchar[]",
}


def column_type(column: ColumnInfo) -> ColumnType | None:
    """The type of a column, by any of its SQL names; ``None`` for one that no field can be kept equal with."""
    if column.enum and not column.type.endswith("[]"):
        return _ENUM
    return _TYPES.get(_ALIASES.get(column.type, column.type))
