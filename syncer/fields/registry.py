"""Which field may be kept equal with which column, and by what translator. A new field type is a row in ``FIELDS``.

``docs/field-types.md`` is this table for people, with what each pair loses or normalises; a test keeps both equal.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncer.core.mapping import AS_IT_IS, Direction, Manner, Translator
from syncer.core.records import Side
from syncer.core.values import Value
from syncer.fields.attachment import AttachmentField
from syncer.fields.bytes import held_as_bytes
from syncer.fields.checkbox import CheckboxField
from syncer.fields.columns.catalog import Columns, ColumnType, column_type, refused
from syncer.fields.columns.phone import PhoneColumn
from syncer.fields.computed import AutoNumberField, ComputedField
from syncer.fields.date import DateField
from syncer.fields.filed import ATTACHMENT, filed
from syncer.fields.forms import ColumnForm, FieldForm, ImpossiblePair, Kind, join
from syncer.fields.ids import GROUPS, PEOPLE, RECORDS, Family, ids_field
from syncer.fields.linked import NO_LINES, KeyColumn, Lines, meeting_links
from syncer.fields.location import AddressField, LocationField
from syncer.fields.manners import bears, wanted, way, with_options
from syncer.fields.names import FIELD_TYPE_NAMES, READ_ONLY, type_name, why_never
from syncer.fields.number import number_field
from syncer.fields.people import NOBODY, Directory, Meet, meeting
from syncer.fields.phone import PhoneField
from syncer.fields.readonly import ReadOnly
from syncer.fields.segments import SegmentsField
from syncer.fields.select import MultiSelectField, SingleSelectField
from syncer.fields.text import TextField
from syncer.fields.told import DOCUMENT, LIST, MEMBERS, DocumentField, ListField
from syncer.fields.url import UrlField, WholeUrlField
from syncer.ports import ColumnInfo, FieldInfo

__all__ = [
    "FIELDS",
    "FIELD_TYPE_NAMES",
    "ImpossiblePair",
    "column_form",
    "default_value",
    "field_form",
    "translator",
    "writable",
]

Maker: TypeAlias = Callable[[FieldInfo, Kind, ZoneInfo], FieldForm]


@dataclass(frozen=True, slots=True)
class FieldType:
    """A row of the table: how the form is made (for a column of some kind), and the columns it may stand against.

    ``keeps_order`` is for fields that hold a whole list: an array is carried with order and repetition. ``dress`` makes
    the column's form over for this field. Against ``shown_in`` the field is read only.
    """

    make: Maker
    columns: tuple[Columns, ...]
    shown_in: tuple[Columns, ...] = ()
    takes_values: bool = False
    keeps_order: bool = False
    dress: Callable[[ColumnForm], ColumnForm] | None = None


_TIMES = (Columns.DATE, Columns.TIMESTAMP)
_RESULTS = (
    Columns.TEXT,
    Columns.INTEGER,
    Columns.NUMERIC,
    Columns.FLOAT,
    Columns.BOOLEAN,
    *_TIMES,
    Columns.ARRAY,
    Columns.ENUMS,
    Columns.JSON,
)
_IDS = (Columns.TEXT, Columns.ARRAY, Columns.JSON)


def _ids(family: Family) -> Maker:
    return lambda field, kind, _: ids_field(family, kind, multiple=field.multiple)


def _whoever(_: FieldInfo, kind: Kind, __: ZoneInfo) -> FieldForm:
    """Who made or changed a record: nobody else writes that."""
    return ReadOnly(ids_field(PEOPLE, kind))


_TEXTS = (
    *(Columns.TEXT, Columns.ENUM, Columns.UUID, Columns.INTEGER, Columns.NUMERIC),
    *(Columns.TIME, Columns.INTERVAL, Columns.JSON, Columns.ARRAY, Columns.ENUMS, Columns.NUMBERS),
)

FIELDS: Mapping[int, FieldType] = {
    1: FieldType(lambda *_: TextField(), _TEXTS, takes_values=True, keeps_order=True),
    2: FieldType(
        lambda field, *_: number_field(field.lowest, field.highest), (Columns.INTEGER, Columns.NUMERIC, Columns.FLOAT)
    ),
    3: FieldType(lambda *_: SingleSelectField(), (Columns.TEXT, Columns.ENUM, Columns.INTEGER), takes_values=True),
    4: FieldType(lambda *_: MultiSelectField(), (Columns.ARRAY, Columns.ENUMS, Columns.NUMBERS), takes_values=True),
    5: FieldType(lambda _, __, zone: DateField(zone), _TIMES),
    7: FieldType(lambda *_: CheckboxField(), (Columns.BOOLEAN,)),
    11: FieldType(_ids(PEOPLE), _IDS),
    13: FieldType(lambda *_: PhoneField(), (Columns.TEXT,), dress=PhoneColumn),
    15: FieldType(
        lambda _, kind, __: WholeUrlField() if kind is Kind.JSON else UrlField(), (Columns.TEXT, Columns.JSON)
    ),
    17: FieldType(lambda *_: AttachmentField(), (Columns.JSON,), shown_in=(Columns.JSON,)),
    18: FieldType(_ids(RECORDS), _IDS),
    19: FieldType(lambda _, kind, __: ComputedField(_result(kind), glue=","), _RESULTS),
    20: FieldType(lambda _, kind, __: ComputedField(_result(kind)), _RESULTS),
    21: FieldType(_ids(RECORDS), _IDS),
    22: FieldType(
        lambda _, kind, __: AddressField() if kind is Kind.JSON else LocationField(),
        (Columns.TEXT, Columns.JSON),
        shown_in=(Columns.JSON,),
    ),
    23: FieldType(_ids(GROUPS), _IDS),
    24: FieldType(lambda *_: SingleSelectField(), (Columns.TEXT, Columns.ENUM), takes_values=True),
    1001: FieldType(lambda _, __, zone: DateField(zone), _TIMES),
    1002: FieldType(lambda _, __, zone: DateField(zone), _TIMES),
    1003: FieldType(_whoever, _IDS),
    1004: FieldType(_whoever, _IDS),
    1005: FieldType(lambda *_: AutoNumberField(), (Columns.TEXT, Columns.INTEGER, Columns.NUMERIC)),
}


OF_SOURCES: Mapping[int, FieldType] = {
    **dict.fromkeys(
        (LIST, MEMBERS),
        FieldType(lambda _, kind, __: ListField(kind), (Columns.TEXT, Columns.ARRAY, Columns.JSON)),
    ),
    DOCUMENT: FieldType(lambda _, kind, __: DocumentField(kind), (Columns.JSON, Columns.TEXT)),
}
"""What approvals and contacts give beside fields of Bitable's own types."""

_ALL: Mapping[int, FieldType] = {**FIELDS, **OF_SOURCES}


def _result(wanted: Kind) -> Kind:
    return Kind.MOMENT if wanted is Kind.DAY else wanted


def translator(  # noqa: PLR0913 - all that a pair is made of, given by name
    field: FieldInfo,
    column: ColumnInfo,
    *,
    values: Mapping[str, str] | None = None,
    manner: Manner = AS_IT_IS,
    directory: Directory = NOBODY,
    lines: Lines = NO_LINES,
    timezone: ZoneInfo,
    direction: Direction = Direction.BOTH,
) -> Translator:
    """What carries values between a field and a column. Raises ``ImpossiblePair``.

    ``values`` maps labels of a select to texts of the column; ``directory`` knows people, ``lines`` the lines of other
    mappings. A pair that goes both ways and has one side that takes no writes is carried to the other side only (see
    ``writable``).
    """
    try:
        if manner.files is not None or manner.file_name is not None:
            return _filed(field, column, timezone, manner, direction)
        here, there = _forms(field, column, timezone, manner)
        _demand_a_pair(field, column, manner, here)
        _refuse_dead_ends(field, column, direction)
        _refuse_values(field, column, values)
        return join(here, there, way(here, there, values, manner, timezone, directory, lines))
    except ImpossiblePair as impossible:
        raise _named(impossible, field, column) from None


def _demand_a_pair(field: FieldInfo, column: ColumnInfo, manner: Manner, here: FieldForm) -> None:
    field_type, column_type_ = _known(field, column)
    borne = bears(manner, column_type_.family, here.kind)
    if column_type_.family not in field_type.columns and not borne:
        raise ImpossiblePair(_mismatch(field, column, field_type))


def _refuse_values(field: FieldInfo, column: ColumnInfo, values: Mapping[str, str] | None) -> None:
    if values is not None and not _known(field, column)[0].takes_values:
        raise ImpossiblePair("`values:` is for select fields and texts; leave it out")


def acquaintance(
    field: FieldInfo, column: ColumnInfo, manner: Manner, directory: Directory, lines: Lines, timezone: ZoneInfo
) -> Meet | None:
    """What has those looked up together whom many values of a pair name; ``None`` where nobody need be."""
    if manner.link is None:
        return meeting(manner, directory)
    return meeting_links(manner, _forms(field, column, timezone, manner)[1], lines)


def _filed(
    field: FieldInfo, column: ColumnInfo, timezone: ZoneInfo, manner: Manner, direction: Direction
) -> Translator:
    """What carries files; nothing else may be asked of such a pair."""
    if manner != Manner(files=manner.files, file_sources=manner.file_sources, file_name=manner.file_name):
        raise ImpossiblePair("files are carried as they are; leave out what would change them beside `files:`")
    if direction is Direction.TO_DATABASE and column.generated:
        raise ImpossiblePair(f"{_column(column)} and generated by the database; write `direction: to_feishu`")
    if manner.file_name is None:
        return filed(field, column, timezone, str(manner.files), manner.file_sources)
    if direction is not Direction.TO_FEISHU:
        raise ImpossiblePair("a column of bytes is carried to Feishu alone; write `direction: to_feishu`")
    return held_as_bytes(field, column, manner.file_name)


def writable(field: FieldInfo, column: ColumnInfo, manner: Manner = AS_IT_IS) -> frozenset[Side]:
    """The sides of a pair that take writes at all: no computed field, no generated column."""
    if manner.file_name is not None:
        return frozenset({Side.FEISHU})
    sides = [(Side.FEISHU, manner.files is not None or _takes(field, column)), (Side.DATABASE, not column.generated)]
    return frozenset(side for side, takes in sides if takes)


def _takes(field: FieldInfo, column: ColumnInfo) -> bool:
    """Whether a field can be written from a column."""
    if field.type in READ_ONLY:
        return False
    known, other = FIELDS.get(field.type), column_type(column)
    return known is None or other is None or other.family not in known.shown_in


def field_form(
    field: FieldInfo, timezone: ZoneInfo, column: ColumnInfo | None = None, manner: Manner = AS_IT_IS
) -> FieldForm:
    """The form of a field, as it is against a column or alone (for values that come from no column).

    Raises ``ImpossiblePair``.
    """
    if column is not None:
        return _forms(field, column, timezone, manner)[0]
    if field.type not in _ALL:
        raise _never(field)
    return _ALL[field.type].make(field, Kind.TEXT, timezone)


def column_form(
    column: ColumnInfo, timezone: ZoneInfo, field: FieldInfo | None = None, manner: Manner = AS_IT_IS
) -> ColumnForm:
    """The form of a column, as it is against a field or alone. Raises ``ImpossiblePair``."""
    if field is not None:
        return _forms(field, column, timezone, manner)[1]
    known = column_type(column)
    if known is None:
        why = refused(column) or f"such columns cannot be synced; columns that can: {_families()}"
        raise ImpossiblePair(f"{_column(column)}, and {why}")
    return known.make(column, timezone)


def default_value(raw: object, form: FieldForm | ColumnForm) -> Value:
    """The value of a YAML scalar or list in the form of one side. Raises ``Misfit``."""
    return form.scalar(raw)


def _forms(field: FieldInfo, column: ColumnInfo, timezone: ZoneInfo, manner: Manner) -> tuple[FieldForm, ColumnForm]:
    field_type, column_type_ = _known(field, column)
    if manner.segments:
        if field.type != 1 or field.ui_type in ("Email", "Barcode") or column_type_.family is not Columns.JSON:
            raise ImpossiblePair(f"`text: segments` is for a text against json or jsonb, but {_field(field)}")
        return SegmentsField(), column_type_.make(column, timezone)
    make = (column_type_.listed if field_type.keeps_order else None) or column_type_.make
    there = make(column, timezone)
    if manner.link is not None:
        there = KeyColumn(there, column.nullable)
    here = with_options(field_type.make(field, wanted(manner, there.kind), timezone), field, manner)
    return here, field_type.dress(there) if field_type.dress else there


def _known(field: FieldInfo, column: ColumnInfo) -> tuple[FieldType, ColumnType]:
    known = column_type(column)
    if field.type not in _ALL:
        raise _never(field)
    if known is None:
        raise ImpossiblePair(_mismatch(field, column, _ALL[field.type]))
    return _ALL[field.type], known


def _mismatch(field: FieldInfo, column: ColumnInfo, field_type: FieldType) -> str:
    if why := refused(column):
        return f"{_column(column)}: {why}"
    fitting = ", ".join(family.value for family in field_type.columns)
    else_ = "; `files: {folder: ...}` puts its files' places into a text" if field.type == ATTACHMENT else ""
    return f"{_field(field)}, but {_column(column)}; such a field goes with a column of type {fitting}{else_}"


def _refuse_dead_ends(field: FieldInfo, column: ColumnInfo, direction: Direction) -> None:
    takes = writable(field, column)
    if direction is Direction.TO_FEISHU and Side.FEISHU not in takes:
        why = "which Feishu alone writes" if field.type in READ_ONLY else f"which cannot be written from {column.type}"
        raise ImpossiblePair(f"{_field(field)}, {why}; write `direction: to_database`")
    if direction is Direction.TO_DATABASE and Side.DATABASE not in takes:
        raise ImpossiblePair(f"{_column(column)} and generated by the database; write `direction: to_feishu`")
    if not takes:
        raise ImpossiblePair(f"{_field(field)}, which Feishu alone writes, and {_column(column)} and generated")


def _named(impossible: ImpossiblePair, field: FieldInfo, column: ColumnInfo) -> ImpossiblePair:
    """What is impossible, with the field and the column it is about."""
    if _field(field) in impossible.reason or _column(column) in impossible.reason:
        return impossible
    return ImpossiblePair(f"{_field(field)} and {_column(column)}: {impossible.reason}")


def _never(field: FieldInfo) -> ImpossiblePair:
    why = why_never(field.type) or f"such fields cannot be synced; fields that can: {_known_fields()}"
    return ImpossiblePair(f"{_field(field)}, and {why}")


def _field(field: FieldInfo) -> str:
    return f'field "{field.name}" is of type {type_name(field.type)}'


def _column(column: ColumnInfo) -> str:
    return f'column "{column.name}" is of type {column.type}'


def _known_fields() -> str:
    return ", ".join(type_name(number) for number in FIELDS)


def _families() -> str:
    return ", ".join(family.value for family in Columns)
