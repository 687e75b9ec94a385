"""Compares a mapping with its two real tables before anything is written: what cannot work, what is unwise. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias
from zoneinfo import ZoneInfo

from syncer.catalog.conditions import forgotten, wrong_where
from syncer.catalog.faults import Fault, Key, Places
from syncer.catalog.pairs import Tables, build_pair, key_columns, match_columns, zone_of
from syncer.catalog.scalars import duration_text
from syncer.core.cursors import COMPUTED, FOLLOWS_AFTER
from syncer.core.mapping import Direction, Merge, Pair, SyncMapping
from syncer.core.records import Side
from syncer.errors import MendError
from syncer.fields.forms import Kind
from syncer.fields.registry import column_form, field_form
from syncer.ports import ColumnInfo, RecordTableInfo, RowTableInfo

Finding: TypeAlias = "tuple[Key, str]"
_SELECTS = {3, 4}  # single and multi select (Feishu's field types)
_INEXACT = {"float4", "float8", "real", "double", "double precision", "float"}
_ADDS = {Merge.SET: (Kind.CHOICES, "multi selects and arrays"), Merge.COUNTER: (Kind.NUMBER, "numbers")}
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Findings:
    """What a mapping and its tables do not agree about. With faults it cannot run; warnings are advice.

    ``notes`` say what is to be expected of it.
    """

    faults: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def check_against(
    mapping: SyncMapping,
    record_table: RecordTableInfo,
    row_table: RowTableInfo,
    places: Places,
    *,
    running: bool = False,
) -> Findings:
    """Everything wrong or unwise between a mapping and its tables. ``places`` tells the lines of the mapping's file.

    ``running`` leaves out what a run can go on with (see ``catalog.surviving``).
    """
    case = _Case.of(mapping, Tables(record_table, row_table))
    rules = [rule for rule in FAULTS if not (running and rule is _new_rows_are_complete)]
    faults = [*case.wrong, *(finding for rule in rules for finding in rule(case))]
    warnings = [finding for rule in WARNINGS for finding in rule(case)]
    notes = list(_computed_fields_are_late(case))
    return Findings(_told(mapping, faults, places), _told(mapping, warnings, places), _told(mapping, notes, places))


def computes(mapping: SyncMapping, record_table: RecordTableInfo) -> list[str]:
    """The fields of a mapping that are formulas or lookups: they change without an event."""
    names = {spec.field for spec in mapping.pairs}
    return [one.name for one in record_table.fields if one.type in COMPUTED and {one.name, one.id} & names]


def _told(mapping: SyncMapping, findings: list[Finding], places: Places) -> tuple[str, ...]:
    faults = [_fault(mapping, key, message, places) for key, message in findings]
    return tuple(dict.fromkeys(str(fault) for fault in sorted(faults)))


def _fault(mapping: SyncMapping, key: Key, message: str, places: Places) -> Fault:
    at = key[1] if key[:1] == ("fields",) and len(key) > 1 else None
    name = mapping.pairs[at].field if isinstance(at, int) else ""
    spoken = f"mapping {mapping.name}: {places.dotted(key, name)}"
    return Fault(places.path, places.line(*key), spoken, message)


@dataclass(frozen=True, slots=True)
class _Case:
    """A mapping, its tables, and those of its pairs that can be built, by their place in ``fields``."""

    mapping: SyncMapping
    tables: Tables
    pairs: dict[int, Pair]
    wrong: tuple[Finding, ...]

    @staticmethod
    def of(mapping: SyncMapping, tables: Tables) -> "_Case":
        try:
            time_zone = zone_of(mapping, tables.records)
        except MendError as error:
            return _Case(mapping, tables, {}, ((("timezone",), f"{error}; name the time zone in the mapping"),))
        pairs: dict[int, Pair] = {}
        wrong: list[Finding] = []
        for at, spec in enumerate(mapping.pairs):
            try:
                pairs[at] = build_pair(mapping, spec, tables, time_zone)
            except MendError as error:
                wrong.append((("fields", at), str(error)))
        return _Case(mapping, tables, pairs, tuple(wrong))

    def writes(self, side: Side) -> bool:
        """Whether lines of a side are created and changed."""
        return self.mapping.direction.carries_from(side.other)

    def columns(self, names: tuple[str, ...]) -> list[ColumnInfo]:
        """Those of the named columns that exist."""
        return [column for column in self.tables.rows.columns if column.name in names]

    def lacks_column(self, key: Key, name: str) -> Iterator[Finding]:
        """The fault that a named column does not exist."""
        try:
            self.tables.column(name)
        except MendError as error:
            yield key, str(error)


def _fields_once(case: _Case) -> Iterator[Finding]:
    first: dict[str, int] = {}
    for at, pair in case.pairs.items():
        if first.setdefault(pair.field, at) != at:
            yield ("fields", at), f"is the field {pair.field}, which an earlier pair carries; keep one of them"


def _written_sides_take_it(case: _Case) -> Iterator[Finding]:
    for at, pair in case.pairs.items():
        for side in Side:
            if pair.direction.carries_from(side.other) and side not in pair.writable:
                what = f"the field {pair.field}" if side is Side.FEISHU else f"the column {pair.name}"
                way = "to_database" if side is Side.FEISHU else "to_feishu"
                yield (
                    ("fields", at),
                    f"{what} is computed there and cannot be written; write direction: {way} for this pair",
                )


def _merges_have_something_to_add(case: _Case) -> Iterator[Finding]:
    for at, pair in case.pairs.items():
        if pair.merge not in _ADDS:
            continue
        wanted, what = _ADDS[pair.merge]
        field, column = case.tables.field(pair.field), case.tables.column(pair.name)
        kinds = {field_form(field, _UTC, column).kind, column_form(column, _UTC, field).kind}
        if kinds != {wanted}:
            yield ("fields", at, "merge"), f"{pair.merge} is for {what} on both sides; leave it out for this pair"


def _key_identifies(case: _Case) -> Iterator[Finding]:
    key, rows = key_columns(case.mapping, case.tables.rows), case.tables.rows
    if not key:
        yield (
            ("database",),
            f"the table {rows.name} has no primary key; name the columns that identify a row: key: [...]",
        )
    for at, name in enumerate(case.mapping.key):
        yield from case.lacks_column(("database", "key", at), name)
    known = len(case.columns(key)) == len(key)
    if key and known and not rows.is_view and not any(set(key) == set(columns) for columns in rows.unique):
        choices = " or ".join(f"[{', '.join(columns)}]" for columns in rows.unique) or "add a unique index, not null"
        yield ("database", "key"), f"[{', '.join(key)}] is not unique and not null in {rows.name}; use {choices}"


def _named_columns_exist(case: _Case) -> Iterator[Finding]:
    mapping = case.mapping
    if mapping.watermark:
        yield from case.lacks_column(("database", "watermark"), mapping.watermark)
    for what, fills in (("on_insert", mapping.on_insert), ("on_update", mapping.on_update)):
        for name in fills:
            yield from case.lacks_column(("database", what, name), name)
            if any(column.generated for column in case.columns((name,))):
                yield ("database", what, name), f"the database alone writes {name}; leave it out"


def _marks_have_a_target(case: _Case) -> Iterator[Finding]:
    mapping = case.mapping
    if mapping.from_feishu.target:
        yield from case.lacks_column(("deletes", "from_feishu", "mark", "column"), mapping.from_feishu.target)
    if mapping.from_database.target:
        try:
            case.tables.field(mapping.from_database.target)
        except MendError as error:
            yield ("deletes", "from_database", "mark", "field"), str(error)


def _scope_can_be_told(case: _Case) -> Iterator[Finding]:
    if ("timezone",) not in [key for key, _ in case.wrong]:
        zone = zone_of(case.mapping, case.tables.records)
        yield from wrong_where(case.mapping, case.tables, zone)
        yield from forgotten(case.mapping, case.tables, zone)


def _new_rows_are_complete(case: _Case) -> Iterator[Finding]:
    for name in lacking_columns(case.mapping, case.tables.rows):
        fill = f"{{{name}: {{value: ...}}}}"
        yield (
            ("database",),
            f"new rows need the column {name} (NOT NULL, no default); map a field, or add on_insert: {fill}",
        )


def lacking_columns(mapping: SyncMapping, rows: RowTableInfo) -> list[str]:
    """The columns that new rows need and neither the mapping nor the database fills."""
    if not mapping.direction.carries_from(Side.FEISHU):
        return []
    written = [pair for pair in mapping.pairs if pair.direction.carries_from(Side.FEISHU)]
    given = {column for pair in written for column in pair.own_columns} | set(mapping.on_insert)
    return [
        column.name
        for column in rows.columns
        if not (column.nullable or column.has_default or column.generated or column.name in given)
    ]


def _rows_can_be_written(case: _Case) -> Iterator[Finding]:
    rows = case.tables.rows
    if not case.writes(Side.DATABASE):
        return
    if rows.is_view:
        yield ("database", "table"), f"{rows.name} is a view; name its table, or write direction: to_feishu"
    if rows.row_security:
        yield (
            ("database", "table"),
            f"row security hides rows of {rows.name}; give the role BYPASSRLS, or name another connection",
        )


def _records_are_all_seen(case: _Case) -> Iterator[Finding]:
    if not case.tables.records.whole:
        yield (
            ("feishu", "bitable"),
            "the base has advanced permissions and may hide records from the app; make the app a manager of the base",
        )


def _match_is_unique(case: _Case) -> Iterator[Finding]:
    match, rows = match_columns(case.mapping, case.tables.rows), case.tables.rows
    if not match:
        yield ("match",), "nothing pairs lines that are on both sides already, they would be doubled; name match: [...]"
    elif len(case.columns(match)) == len(match) and not any(set(columns) <= set(match) for columns in rows.unique):
        named = f"[{', '.join(match)}]"
        yield (
            ("match",),
            f"{named} is not known to be unique and not null in {rows.name}; lines that repeat or lack it do not pair",
        )


def _match_reaches_new_lines(case: _Case) -> Iterator[Finding]:
    if case.mapping.direction is not Direction.BOTH:
        return
    match = match_columns(case.mapping, case.tables.rows)
    for at, pair in case.pairs.items():
        if pair.name in match and pair.direction is not Direction.BOTH and not _fills_itself(case, pair):
            what = "records" if pair.direction is Direction.TO_DATABASE else "rows"
            yield (
                ("fields", at),
                f"new {what} get no {pair.name}, by which lines are paired; let this pair go both ways",
            )


def _fills_itself(case: _Case, pair: Pair) -> bool:
    """Whether the side a one-way pair never writes to gives new lines a value by itself."""
    if pair.direction is Direction.TO_DATABASE:
        return Side.FEISHU not in pair.writable
    column = case.tables.column(pair.name)
    return column.generated or column.has_default or column.name in case.mapping.on_insert


def _match_is_exact(case: _Case) -> Iterator[Finding]:
    for column in case.columns(match_columns(case.mapping, case.tables.rows)):
        if column.type in _INEXACT:
            yield ("match",), f"{column.name} is a {column.type}, which is not exact; match by a text or a whole number"


def _values_are_options(case: _Case) -> Iterator[Finding]:
    for at, pair in case.pairs.items():
        field, spec = case.tables.field(pair.field), case.mapping.pairs[at]
        for label in spec.values or {}:
            if field.type in _SELECTS and label not in field.options:
                yield (
                    ("fields", at, "values", label),
                    f"{label} is no option of {pair.field} yet ({', '.join(field.options) or 'it has none'})",
                )


def _fields_are_seen(case: _Case) -> Iterator[Finding]:
    reasons = unseen(case.mapping, case.tables.records)
    yield from (
        (("fields", at), reasons[spec.column]) for at, spec in enumerate(case.mapping.pairs) if spec.column in reasons
    )


def unseen(mapping: SyncMapping, record_table: RecordTableInfo) -> dict[str, str]:
    """The columns whose field the app may not see, and why."""
    lacking = record_table.lacking
    return {spec.column: _out_of_sight(lacking[spec.field]) for spec in mapping.pairs if spec.field in lacking}


def _out_of_sight(scope: str) -> str:
    return (
        f"the app lacks the scope {scope}, so the field is neither read nor written; add it in the developer console "
        "(Permissions), publish a version and have it approved"
    )


def _hidden_rows_are_known(case: _Case) -> Iterator[Finding]:
    rows = case.tables.rows
    if rows.row_security and not case.writes(Side.DATABASE):
        yield ("database", "table"), f"row security may hide rows of {rows.name}; a hidden row looks like a deleted one"
    if rows.is_view and case.mapping.key:
        yield ("database", "key"), f"{rows.name} is a view: that its key is unique and not null cannot be seen"


def _computed_fields_are_late(case: _Case) -> Iterator[Finding]:
    if names := computes(case.mapping, case.tables.records):
        soon, late = duration_text(FOLLOWS_AFTER), duration_text(case.mapping.computed)
        told = (
            f"Feishu tells of no change of {', '.join(names)}: it is seen {soon} after the record is edited or written"
        )
        yield ("computed",), f"{told}, else by the first poll (schedule: every) after {late}"


FAULTS: tuple[Callable[[_Case], Iterator[Finding]], ...] = (
    _fields_once,
    _written_sides_take_it,
    _merges_have_something_to_add,
    _key_identifies,
    _named_columns_exist,
    _marks_have_a_target,
    _scope_can_be_told,
    _new_rows_are_complete,
    _rows_can_be_written,
    _records_are_all_seen,
)
WARNINGS: tuple[Callable[[_Case], Iterator[Finding]], ...] = (
    _match_is_unique,
    _match_reaches_new_lines,
    _match_is_exact,
    _values_are_options,
    _hidden_rows_are_known,
    _fields_are_seen,
)
