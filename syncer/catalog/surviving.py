"""What of a mapping still stands after its tables changed: a pair that lost its field, its column, its type or a right
is paused alone, and the rest goes on. Pure.

Nothing is guessed and nothing is cleared: a paused pair is neither read nor written, and what was agreed of it is kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from zoneinfo import ZoneInfo

from syncer.catalog.check import lacking_columns
from syncer.catalog.following import follow_renames
from syncer.catalog.pairs import Tables, build_pair, key_columns, match_columns, zone_of
from syncer.core.mapping import PairSpec, SyncMapping
from syncer.core.records import Side
from syncer.errors import MendError, SchemaError


@dataclass(frozen=True, slots=True)
class Paused:
    """A pair that cannot be carried as the tables stand, and how to mend it."""

    column: str
    field: str
    reason: str

    @property
    def sentence(self) -> str:
        """It in words."""
        return f"the field {self.field} (column {self.column}) is paused alone: {self.reason}"


@dataclass(frozen=True, slots=True)
class Surviving:
    """The mapping without the pairs that cannot be carried, and what new lines of a side cannot do without."""

    mapping: SyncMapping
    paused: tuple[Paused, ...] = ()
    lacking: Mapping[Side, tuple[str, ...]] = field(default_factory=dict)
    renamed: tuple[str, ...] = ()
    """Fields that are called otherwise by now, one sentence each: they are followed."""

    @property
    def sentences(self) -> list[str]:
        """What no longer stands, in words."""
        return [one.sentence for one in self.paused] + [
            f"new {_LINES[side]} wait: they need {', '.join(names)}; {_MEND[side]}"
            for side, names in self.lacking.items()
        ]


def surviving(mapping: SyncMapping, tables: Tables, ids: Mapping[str, str], forbidden: Mapping[str, str]) -> Surviving:
    """What still stands. ``ids`` are the fields' ids when the mapping was applied, ``forbidden`` columns and why.

    Raises ``SchemaError`` where the pairs that tell lines apart do not stand, or none does.
    """
    zone, followed = zone_of(mapping, tables.records), follow_renames(mapping, ids)
    faults = {spec.column: _fault(followed, spec, tables, ids, zone) for spec in followed.pairs}
    faults |= {column: why for column, why in forbidden.items() if not faults[column]}
    paused = tuple(Paused(spec.column, spec.field, why) for spec in mapping.pairs if (why := faults[spec.column]))
    alive = tuple(spec for spec in followed.pairs if not faults[spec.column])
    needed = {*key_columns(mapping, tables.rows), *match_columns(mapping, tables.rows)}
    vital = [one for one in paused if one.column in needed or not alive]
    if vital:
        raise SchemaError([_stopped(mapping, one) for one in vital])
    rest = replace(followed, pairs=alive)
    lacking = _lacking(rest, tables, [spec for spec in mapping.pairs if faults[spec.column]])
    told = tuple(_renamed(mapping.pairs, followed.pairs, tables))
    return Surviving(rest, tuple(map(partial(_remade, tables=tables), paused)), lacking, told)


def _renamed(written: Iterable[PairSpec], followed: Iterable[PairSpec], tables: Tables) -> Iterator[str]:
    names = {one.id: one.name for one in tables.records.fields}
    for before, after in zip(written, followed, strict=True):
        now = names.get(after.field, before.field)
        if before.field not in (now, after.field):
            yield f"the field {before.field} is called {now} now, and is followed; write that into the file too"


def _remade(one: Paused, tables: Tables) -> Paused:
    """The same; of a field that was deleted, whether there is one of its name again."""
    if one.reason == _GONE and any(field.name == one.field for field in tables.records.fields):
        return replace(one, reason=_ANEW)
    return one


_GONE = "it was deleted, or is hidden from the app; restore it, or take it out of the mapping and run `syncer apply`"
_ANEW = "it was deleted and made anew; run `syncer apply` to pair the new field"


def _stopped(mapping: SyncMapping, one: Paused) -> str:
    return (
        f"mapping {mapping.name}: field {one.field!r} (column {one.column!r}) tells which lines belong together; "
        f"nothing goes on without it: {one.reason}; nothing was changed on either side"
    )


def _fault(mapping: SyncMapping, spec: PairSpec, tables: Tables, ids: Mapping[str, str], zone: ZoneInfo) -> str:
    """Why a pair cannot be carried, or nothing."""
    if spec.column in ids and all(one.id != ids[spec.column] for one in tables.records.fields):
        return _GONE
    try:
        pair = build_pair(mapping, spec, tables, zone)
    except MendError as error:
        return f"{error}; change it back, or mend the mapping and run `syncer apply`"
    for side in Side:
        if pair.direction.carries_from(side.other) and side not in pair.writable:
            return f"{_WHAT[side]} is computed now and takes no writes; change it back, or let the pair go one way"
    return ""


_LINES = {Side.FEISHU: "records", Side.DATABASE: "rows"}
_MEND = {
    Side.FEISHU: "mend the pair and run `syncer apply`",
    Side.DATABASE: "map a field, fill it by on_insert: or give the column a default",
}
_WHAT = {Side.FEISHU: "the field", Side.DATABASE: "the column"}


def _lacking(rest: SyncMapping, tables: Tables, gone: Iterable[PairSpec]) -> dict[Side, tuple[str, ...]]:
    """What new lines wait for: columns that nothing fills, and pairs without which no line is to be created."""
    required = [spec for spec in gone if spec.required]
    found = {side: [spec.column for spec in required if spec.direction.carries_from(side.other)] for side in Side}
    found[Side.DATABASE] += lacking_columns(rest, tables.rows)
    return {side: tuple(dict.fromkeys(names)) for side, names in found.items() if names}
