"""Follows what a mapping was applied to through later changes of its tables: renamed fields, other types."""

from collections.abc import Mapping
from dataclasses import replace

from syncer.catalog.conditions import names_in, renamed
from syncer.catalog.pairs import Tables
from syncer.core.mapping import AS_IT_IS, Pair, Rules, SyncMapping
from syncer.core.records import Side


def follow_renames(mapping: SyncMapping, ids: Mapping[str, str]) -> SyncMapping:
    """The mapping with every field named by the id it had when the mapping was applied."""
    pairs = tuple(replace(pair, field=ids.get(pair.column, pair.field)) for pair in mapping.pairs)
    spec = mapping.where.get(Side.FEISHU)
    if spec is None:
        return replace(mapping, pairs=pairs)
    known = {pair.field: ids[pair.column] for pair in mapping.pairs if pair.column in ids}
    return follow_scope(replace(mapping, pairs=pairs), known)


def follow_scope(mapping: SyncMapping, ids: Mapping[str, str]) -> SyncMapping:
    """The mapping with the fields that its scope is about named by the ids they had, as far as those are known."""
    spec = mapping.where.get(Side.FEISHU)
    if spec is None or not ids:
        return mapping
    conditions = renamed(spec.conditions, Side.FEISHU, ids)
    followed = replace(spec, conditions=conditions, names=names_in(conditions, Side.FEISHU))
    return replace(mapping, where={**mapping.where, Side.FEISHU: followed})


def layout_of(mapping: SyncMapping, tables: Tables, rules: Rules) -> list[tuple[str, str]]:
    """The name and signature of every pair; a base under another signature is confirmed anew."""
    return [(pair.name, _signature(mapping, tables, pair)) for pair in rules.pairs]


def _signature(mapping: SyncMapping, tables: Tables, pair: Pair) -> str:
    spec = next(spec for spec in mapping.pairs if spec.column == pair.name)
    cell, held = tables.field(spec.field), tables.column(pair.name)
    values = sorted(spec.values.items()) if spec.values else ""
    shape = f"{held.type}({held.length},{held.precision},{held.scale})#{held.number}"
    plain = f"{cell.id}:{cell.type}:{cell.ui_type}:{shape}:{pair.translator.version}:{values}:{mapping.timezone}"
    manner = replace(spec.manner, option_ids=())
    return plain if manner == AS_IT_IS else f"{plain}:{manner}"
