"""Compares link fields with the mapping their records belong to: what cannot work, what is unwise. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syncer.catalog.faults import Key, Places, did_you_mean
from syncer.catalog.pairs import Tables
from syncer.core.mapping import Direction, PairSpec, SyncMapping
from syncer.core.records import Side
from syncer.errors import MendError
from syncer.fields.columns.catalog import Columns, column_type
from syncer.fields.linked import LINK_TYPES
from syncer.ports import ColumnInfo, FieldInfo

_KINDS = {
    **dict.fromkeys((Columns.INTEGER, Columns.NUMERIC, Columns.NUMBERS), "numbers"),
    **dict.fromkeys((Columns.TEXT, Columns.ENUM, Columns.ARRAY, Columns.UUID), "texts"),
    Columns.DATE: "dates",
}
_SEVERAL = {Columns.ARRAY, Columns.NUMBERS}


@dataclass(frozen=True, slots=True)
class Target:
    """A mapping that others may link to: its Bitable table, the columns that identify its rows, its fields' ids."""

    mapping: SyncMapping
    table_id: str
    key: tuple[ColumnInfo, ...]
    ids: Mapping[str, str]
    """By column."""


def link_findings(
    mapping: SyncMapping, tables: Tables, targets: Mapping[str, Target], places: Places
) -> tuple[list[str], list[str]]:
    """The faults and the warnings of a mapping's link fields. ``targets`` are all mappings there are, by name."""
    told: dict[bool, list[str]] = {True: [], False: []}
    for at, spec in enumerate(mapping.pairs):
        if spec.manner.link is not None:
            for is_fault, message in _of_pair(mapping, spec, tables, targets):
                key: Key = ("fields", at, "link")
                spoken = places.fault(key, message, name=spec.field)
                told[is_fault].append(f"{spoken}")
    return told[True], told[False]


def _of_pair(
    mapping: SyncMapping, spec: PairSpec, tables: Tables, targets: Mapping[str, Target]
) -> Iterator[tuple[bool, str]]:
    target = targets.get(str(spec.manner.link))
    if target is None:
        near = did_you_mean(str(spec.manner.link), sorted(targets))
        yield True, f"there is no mapping {spec.manner.link}, among these files or applied before{near}"
        return
    try:
        field, column = tables.field(spec.field), tables.column(spec.column)
    except MendError:
        return  # told with everything else about this pair
    if field.type in LINK_TYPES:
        yield from _of_field(field, target)
        yield from _of_column(field, spec, tables, column, target)
        yield from _of_other_end(mapping, spec, field, targets)


def _of_field(field: FieldInfo, target: Target) -> Iterator[tuple[bool, str]]:
    name = target.mapping.name
    if target.mapping.source is not None:
        yield True, f"mapping {name} reads no Bitable table, so there are no records to link"
    elif field.target != target.table_id:
        yield (
            True,
            (
                f"the field {field.name} links the table {field.target or 'unknown'}, and mapping {name} is about "
                f"{target.table_id}; name the mapping of {field.target or 'that table'}"
            ),
        )


def _of_column(
    field: FieldInfo, spec: PairSpec, tables: Tables, column: ColumnInfo, target: Target
) -> Iterator[tuple[bool, str]]:
    name, key = target.mapping.name, target.key
    held = [tables.column(one) for one in spec.columns] or [column]
    if len(key) != len(held):
        named = ", ".join(one.name for one in key) or "nothing"
        what = f"[{column.name}] are {len(held)}" if spec.columns else f"the column {column.name} holds one value"
        yield True, f"a row of {name} is identified by [{named}], and {what}; name as many columns: [...]"
        return
    for one, wanted in zip(held, key, strict=True):
        if _kind(one) != _kind(wanted):
            yield (
                True,
                (
                    f"the column {one.name} is of type {one.type}, and {name} is identified by {wanted.name} of type "
                    f"{wanted.type}; keys are compared as they are"
                ),
            )
    found = column_type(column)
    if field.multiple and found is not None and found.family not in _SEVERAL:
        yield (
            False,
            (
                f"a cell of {field.name} may link several records, and {column.name} holds one: a cell with two is a "
                "failure until one is taken out; let the field take one record alone"
            ),
        )


def _of_other_end(
    mapping: SyncMapping, spec: PairSpec, field: FieldInfo, targets: Mapping[str, Target]
) -> Iterator[tuple[bool, str]]:
    """Both ends of a two-way link say the same: written from both they would be written twice."""
    target = targets[str(spec.manner.link)]
    if not field.back or not _writes(mapping.direction, spec):
        return
    for other in target.mapping.pairs:
        mine = other.manner.link == mapping.name and target.ids.get(other.column) == field.back
        if mine and _writes(target.mapping.direction, other):
            yield (
                True,
                (
                    f"mapping {target.mapping.name} carries {other.field}, the other end of this two-way link; keep "
                    "one of the two, or write direction: to_database for one"
                ),
            )


def _writes(direction: Direction, spec: PairSpec) -> bool:
    return direction.carries_from(Side.DATABASE) and spec.direction.carries_from(Side.DATABASE)


def _kind(column: ColumnInfo) -> str:
    found = column_type(column)
    return _KINDS.get(found.family, column.type) if found is not None else column.type
