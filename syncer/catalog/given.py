"""A value that a person gives for one field, in the form of both sides."""

from collections.abc import Mapping

from syncer.catalog.pairs import Tables, build_pair, zone_of
from syncer.core.mapping import Misfit, PairSpec, SyncMapping
from syncer.core.records import Side
from syncer.core.values import Json, Value
from syncer.errors import MendError
from syncer.fields import registry
from syncer.fields.linked import NO_LINES, Lines
from syncer.fields.people import NOBODY, Directory


def given_value(
    mapping: SyncMapping,
    column: str,
    tables: Tables,
    raw: Json,
    directory: Directory = NOBODY,
    lines: Lines = NO_LINES,
) -> Mapping[Side, Value]:
    """What both sides of a pair hold once they were given ``raw``, written as Bitable shows it, or as the column does.

    Raises ``MendError`` if it does not fit one of them, or the pair is not mapped any more.
    """
    spec = next((spec for spec in mapping.pairs if spec.column == column), None)
    if spec is None:
        raise MendError(f"{column} is no longer mapped by {mapping.name}")
    zone = zone_of(mapping, tables.records)
    pair = build_pair(mapping, spec, tables, zone, directory, lines)
    field, held_in = tables.field(spec.field), tables.column(spec.column)
    try:
        feishu = registry.default_value(raw, registry.field_form(field, zone, held_in, spec.manner))
        return {Side.FEISHU: feishu, Side.DATABASE: pair.carry(feishu, Side.DATABASE)}
    except Misfit as first:
        try:
            _demand_key(spec, raw)
            database = registry.default_value(raw, registry.column_form(held_in, zone, field, spec.manner))
            return {Side.DATABASE: database, Side.FEISHU: pair.carry(database, Side.FEISHU)}
        except Misfit as second:
            why = dict.fromkeys([first.reason, second.reason])
            raise MendError(f"the value does not fit {pair.field}: {'; '.join(why)}") from first


def _demand_key(spec: PairSpec, raw: Json) -> None:
    """A fraction names no row: rounded it would name one, and another than anybody meant."""
    if spec.manner.link is not None and isinstance(raw, float) and not raw.is_integer():
        raise Misfit(f"{raw} is no key of a row")
