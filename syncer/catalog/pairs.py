"""Readies a mapping for the planner: finds fields and columns in the real tables, and gives pairs their translators."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from syncer.catalog.conditions import build_where
from syncer.catalog.faults import did_you_mean
from syncer.core.mapping import DeleteRule, Mark, Misfit, Pair, PairSpec, Rules, SyncMapping, Translator
from syncer.core.records import Side
from syncer.core.values import Json, Value
from syncer.errors import MendError, SchemaError
from syncer.fields import registry
from syncer.fields.forms import ColumnForm, FieldForm, ImpossiblePair
from syncer.fields.linked import NO_LINES, Lines
from syncer.fields.people import NOBODY, Directory
from syncer.fields.timezones import zone
from syncer.ports import ColumnInfo, FieldInfo, RecordTableInfo, RowTableInfo


@dataclass(frozen=True, slots=True)
class Tables:
    """The two tables of a mapping as they stand now."""

    records: RecordTableInfo
    rows: RowTableInfo

    def field(self, name: str) -> FieldInfo:
        """The field of a name or field id. Raises ``MendError``."""
        fields = self.records.fields
        found = next((field for field in fields if field.name == name), None)
        found = found or next((field for field in fields if field.id == name), None)
        if found is None:
            near = did_you_mean(name, [field.name for field in fields])
            raise MendError(f"the table {self.records.name} has no field {name}{near}")
        return found

    def column(self, name: str) -> ColumnInfo:
        """The column of a name. Raises ``MendError``."""
        found = next((column for column in self.rows.columns if column.name == name), None)
        if found is None:
            near = did_you_mean(name, [column.name for column in self.rows.columns])
            raise MendError(f"the table {self.rows.name} has no column {name}{near}")
        return found


def build_rules(
    mapping: SyncMapping,
    record_table: RecordTableInfo,
    row_table: RowTableInfo,
    directory: Directory = NOBODY,
    lines: Lines = NO_LINES,
) -> Rules:
    """What the planner needs of a mapping. Raises ``SchemaError`` with all faults if the tables do not carry it."""
    return Rules(
        name=mapping.name,
        pairs=build_pairs(mapping, record_table, row_table, directory, lines),
        match=match_columns(mapping, row_table),
        key=key_columns(mapping, row_table),
        direction=mapping.direction,
        pairing=mapping.pairing,
        tie=mapping.tie,
        tolerance=mapping.tolerance,
        delete_policy=mapping.delete_policy,
        on_deleted=_on_deleted(mapping, Tables(record_table, row_table)),
        guard=mapping.guard,
        marks=_marks(mapping, Tables(record_table, row_table), zone_of(mapping, record_table)),
        where=build_where(mapping, Tables(record_table, row_table), zone_of(mapping, record_table)),
    )


def build_pairs(
    mapping: SyncMapping,
    record_table: RecordTableInfo,
    row_table: RowTableInfo,
    directory: Directory = NOBODY,
    lines: Lines = NO_LINES,
) -> tuple[Pair, ...]:
    """The pairs of a mapping, by the fields' present names. Raises ``SchemaError`` with all faults."""
    tables, time_zone = Tables(record_table, row_table), zone_of(mapping, record_table)
    pairs: list[Pair] = []
    faults: list[str] = []
    for spec in mapping.pairs:
        try:
            pairs.append(build_pair(mapping, spec, tables, time_zone, directory, lines))
        except MendError as error:
            faults.append(f"mapping {mapping.name}: fields.{spec.field}: {error}")
    if faults:
        raise SchemaError(faults)
    return tuple(pairs)


def build_pair(
    mapping: SyncMapping,
    spec: PairSpec,
    tables: Tables,
    time_zone: ZoneInfo,
    directory: Directory = NOBODY,
    lines: Lines = NO_LINES,
) -> Pair:
    """One pair. Raises ``MendError`` for an unknown field or column, impossible types, or a default that misfits."""
    field, column = tables.field(spec.field), _column(spec, tables)
    translator = _translator(spec, field, column, time_zone, directory, lines)
    return Pair(
        name=column.name,
        field=field.name,
        direction=spec.direction,
        policy=spec.conflict or mapping.policy,
        translator=translator,
        merge=spec.merge,
        required=spec.required,
        defaults=_defaults(spec, field, column, time_zone),
        writable=registry.writable(field, column, spec.manner),
        fills_itself=spec.own_columns == (column.name,) and (column.has_default or column.name in mapping.on_insert),
        meet=registry.acquaintance(field, column, spec.manner, directory, lines, time_zone),
    )


def _column(spec: PairSpec, tables: Tables) -> ColumnInfo:
    """The column of a pair. Raises ``MendError``; of columns that stand for others it names these."""
    missing = all(column.name != spec.column for column in tables.rows.columns)
    if missing and spec.through is not None:
        join = spec.through
        raise MendError(f"the join table {join.table} is not there, or has no column {join.here} or {join.there}")
    for name in spec.columns if missing else ():
        tables.column(name)
    return tables.column(spec.column)


def zone_of(mapping: SyncMapping, record_table: RecordTableInfo) -> ZoneInfo:
    """The time zone for columns without one: the mapping's, else the base's. Raises ``MendError``."""
    return zone(mapping.timezone or record_table.time_zone)


def key_columns(mapping: SyncMapping, row_table: RowTableInfo) -> tuple[str, ...]:
    """What identifies a row: the mapping's key, else the table's primary key."""
    return mapping.key or row_table.primary_key


def match_columns(mapping: SyncMapping, row_table: RowTableInfo) -> tuple[str, ...]:
    """What pairs lines that are not linked yet: as named, else the mapped columns of the key; may be nothing."""
    mapped = {spec.column for spec in mapping.pairs}
    return mapping.match or tuple(column for column in key_columns(mapping, row_table) if column in mapped)


def _translator(
    spec: PairSpec, field: FieldInfo, column: ColumnInfo, time_zone: ZoneInfo, directory: Directory, lines: Lines
) -> Translator:
    try:
        return registry.translator(
            field,
            column,
            values=spec.values,
            manner=spec.manner,
            directory=directory,
            lines=lines,
            timezone=time_zone,
            direction=spec.direction,
        )
    except ImpossiblePair as impossible:
        raise MendError(impossible.reason) from impossible


def _defaults(spec: PairSpec, field: FieldInfo, column: ColumnInfo, time_zone: ZoneInfo) -> Mapping[Side, Value]:
    forms: dict[Side, FieldForm | ColumnForm] = {}
    if Side.FEISHU in spec.defaults:
        forms[Side.FEISHU] = registry.field_form(field, time_zone, column, spec.manner)
    if Side.DATABASE in spec.defaults:
        forms[Side.DATABASE] = registry.column_form(column, time_zone, field, spec.manner)
    return {side: _default(spec.defaults[side], form, side) for side, form in forms.items()}


def _default(raw: Json, form: FieldForm | ColumnForm, side: Side) -> Value:
    try:
        return registry.default_value(raw, form)
    except Misfit as misfit:
        raise MendError(f"default.{side} does not fit: {misfit.reason}") from misfit


def _marks(mapping: SyncMapping, tables: Tables, time_zone: ZoneInfo) -> Mapping[Side, Mark]:
    """How deletions are marked, by the side whose lines bear the mark. Raises ``MendError``."""
    marks: dict[Side, Mark] = {}
    if mapping.from_feishu.target is not None:
        column = tables.column(mapping.from_feishu.target)
        form = registry.column_form(column, time_zone)
        value = _default(mapping.from_feishu.value, form, Side.DATABASE)
        marks[Side.DATABASE] = Mark(column.name, value, form.read, form.bind)
    if mapping.from_database.target is not None:
        field = tables.field(mapping.from_database.target)
        shape = registry.field_form(field, time_zone)
        value = _default(mapping.from_database.value, shape, Side.FEISHU)
        marks[Side.FEISHU] = Mark(field.name, value, shape.read, shape.write)
    return marks


def _on_deleted(mapping: SyncMapping, tables: Tables) -> Mapping[Side, DeleteRule]:
    """What a deletion on each side does to the other, a marked field by its present name. Raises ``SchemaError``."""
    from_database = mapping.from_database
    if from_database.target is None:
        return {Side.FEISHU: mapping.from_feishu, Side.DATABASE: from_database}
    try:
        marked = replace(from_database, target=tables.field(from_database.target).name)
    except MendError as error:
        raise SchemaError([f"mapping {mapping.name}: deletes.from_database.mark.field: {error}"]) from error
    return {Side.FEISHU: mapping.from_feishu, Side.DATABASE: marked}
