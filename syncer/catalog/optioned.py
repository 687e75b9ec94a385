"""The options that a mapping file names, remembered by id: one renamed in Bitable is still known. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TypeAlias

from syncer.core.mapping import PairSpec, SyncMapping
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.ports import FieldInfo, RecordTableInfo

Known: TypeAlias = "Mapping[str, Mapping[str, str]]"
"""By column: the id that each option had under the name in the file."""

_SELECTS = (3, 4, 24)


def read_known(stored: Json) -> Known:
    """What was remembered, from its stored form."""
    columns = stored if isinstance(stored, Mapping) else {}
    return {
        column: {label: str(id_) for label, id_ in ids.items()}
        for column, ids in columns.items()
        if isinstance(ids, Mapping)
    }


def named_options(
    mapping: SyncMapping, table: RecordTableInfo, fields: Mapping[str, str], known: Known, *, anew: bool = False
) -> dict[str, dict[str, str]]:
    """The ids of the options that a mapping names, those known before and those that are there by now.

    ``fields`` are the ids of the pairs' fields, by column. With ``anew`` a name is first looked for among the options
    as they are called now, because somebody has just written the file.
    """
    by_id = {field.id: field for field in table.fields}
    found: dict[str, dict[str, str]] = {}
    for spec in mapping.pairs:
        field = by_id.get(fields.get(spec.column, ""))
        if field is not None and field.type in _SELECTS:
            ids = dict(_ids(spec, field, known.get(spec.column, {}), anew=anew))
            found.update({spec.column: ids} if ids else {})
    return found


def with_options(mapping: SyncMapping, known: Known) -> SyncMapping:
    """The mapping whose pairs know their options by id."""
    return replace(mapping, pairs=tuple(_with(spec, known.get(spec.column)) for spec in mapping.pairs))


def _with(spec: PairSpec, ids: Mapping[str, str] | None) -> PairSpec:
    if not ids:
        return spec
    return replace(spec, manner=replace(spec.manner, option_ids=tuple(sorted(ids.items()))))


def _ids(spec: PairSpec, field: FieldInfo, known: Mapping[str, str], *, anew: bool) -> Iterator[tuple[str, str]]:
    by_name = dict(zip(reversed(field.options), reversed(field.option_ids), strict=True))
    for label in dict.fromkeys(_labels(spec)):
        kept = known.get(label) if known.get(label) in field.option_ids else None
        there = by_name.get(label)
        if id_ := (there or kept) if anew else (kept or there):
            yield label, id_


def _labels(spec: PairSpec) -> Iterator[str]:
    """Every option that the file names for a pair."""
    yield from spec.values or ()
    manner = spec.manner
    yield from (label for side, label in manner.otherwise if side is Side.FEISHU)
    if manner.instead:
        yield manner.instead
    default = spec.defaults.get(Side.FEISHU)
    yield from (label for label in (default if isinstance(default, list) else [default]) if isinstance(label, str))
