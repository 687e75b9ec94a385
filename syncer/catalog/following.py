"""Follows what a mapping was applied to through later changes of its tables: renamed fields, other types."""

from collections.abc import Mapping
from dataclasses import replace

from syncer.catalog.pairs import Tables
from syncer.core.mapping import AS_IT_IS, Pair, Rules, SyncMapping
from syncer.errors import SchemaError
from syncer.ports import RecordTableInfo


def follow_renames(mapping: SyncMapping, table: RecordTableInfo, ids: Mapping[str, str]) -> SyncMapping:
    """The mapping with every field named by the id it had when the mapping was applied.

    Raises ``SchemaError`` for a field that is gone: nothing is guessed, nothing is cleared.
    """
    present = {field.id for field in table.fields}
    gone = [pair for pair in mapping.pairs if ids.get(pair.column, pair.field) not in present and pair.column in ids]
    if gone:
        raise SchemaError([_field_gone(mapping, pair.field, pair.column, table) for pair in gone])
    return replace(
        mapping, pairs=tuple(replace(pair, field=ids.get(pair.column, pair.field)) for pair in mapping.pairs)
    )


def _field_gone(mapping: SyncMapping, field: str, column: str, table: RecordTableInfo) -> str:
    again = any(other.name == field for other in table.fields)
    what = "was deleted and made anew" if again else "was deleted"
    mend = "Run" if again else "Restore it, or take it out of the mapping and run"
    return (
        f"mapping {mapping.name}: field {field!r} (column {column!r}) {what} in the table {table.name!r}; nothing was "
        f"changed on either side. {mend} `syncer apply`{' to pair the new field' if again else ''}"
    )


def layout_of(mapping: SyncMapping, tables: Tables, rules: Rules) -> list[tuple[str, str]]:
    """The name and signature of every pair; a base under another signature is confirmed anew."""
    return [(pair.name, _signature(mapping, tables, pair)) for pair in rules.pairs]


def _signature(mapping: SyncMapping, tables: Tables, pair: Pair) -> str:
    spec = next(spec for spec in mapping.pairs if spec.column == pair.name)
    cell, held = tables.field(spec.field), tables.column(pair.name)
    values = sorted(spec.values.items()) if spec.values else ""
    shape = f"{held.type}({held.length},{held.precision},{held.scale})"
    plain = f"{cell.id}:{cell.type}:{cell.ui_type}:{shape}:{pair.translator.version}:{values}:{mapping.timezone}"
    manner = replace(spec.manner, option_ids=())
    return plain if manner == AS_IT_IS else f"{plain}:{manner}"
