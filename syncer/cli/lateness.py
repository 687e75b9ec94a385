"""What ``latest`` can and cannot know of one mapping: said before anybody relies on it."""

from collections.abc import Iterator

from syncer.catalog.pairs import Tables
from syncer.core.mapping import Policy, SyncMapping
from syncer.core.records import Side
from syncer.errors import FeishuError
from syncer.feishu.recent import MODIFIED_TIME
from syncer.fields.event_cells import TOLD_TYPES
from syncer.jobs import Sides, clocks_of
from syncer.wiring import Syncer


def what_latest_knows(living: Syncer, sides: Sides) -> Iterator[str]:
    """One sentence each; none for a mapping no field of which is decided by ``latest``. Changes nothing."""
    names = _asking(sides.mapping)
    if not names:
        return
    yield f"latest decides {len(names)} of {len(sides.mapping.pairs)} fields; {_clocks(sides)}"
    yield from _of_rows(living, sides)
    yield from _of_records(living, sides, names)


def _asking(mapping: SyncMapping) -> frozenset[str]:
    """The fields of pairs that both sides may write, and that ask who was later."""
    both = (pair for pair in mapping.pairs if all(pair.direction.carries_from(side) for side in Side))
    return frozenset(pair.field for pair in both if (pair.conflict or mapping.policy) is Policy.LATEST)


def _clocks(sides: Sides) -> str:
    skew, mapping = clocks_of(sides), sides.mapping
    told = ", ".join(f"{side} {by.total_seconds():+.1f} s" for side, by in skew.items())
    if len(skew) < len(Side):
        return f"but Feishu's clock could not be measured, so `tie: {mapping.tie}` decides"
    nearest = max(mapping.tolerance.total_seconds(), 1.6)
    return f"closer than {nearest:g} s, or unknown: `tie: {mapping.tie}`; clocks, against this machine: {told}"


def _of_rows(living: Syncer, sides: Sides) -> Iterator[str]:
    way, stamp = living.watch(sides.mapping, sides.row_table).way, sides.mapping.watermark
    line = f"the row's time in {stamp} is an estimate" if stamp else "there is no time (name a `watermark:` column)"
    if way == "trigger":
        yield f"the database: the log tells when each column was changed; where it names rows alone, {line}"
    else:
        yield f"the database: capture {way} names no columns; {line}"


def _of_records(living: Syncer, sides: Sides, names: frozenset[str]) -> Iterator[str]:
    if not _is_told(living, sides):
        yield "Bitable: no events of the base, so that the record's own modified time is all there is, an estimate"
    else:
        yield "Bitable: events tell when each field was changed, for 8 hours; if one was lost, the record's time"
        tables = Tables(sides.record_table, sides.row_table)
        untold = sorted(field.name for field in map(tables.field, names) if field.type not in TOLD_TYPES)
        if untold:
            yield f"Bitable: of {', '.join(untold)} events tell nothing legible: the record's time, an estimate"
    if not any(field.type == MODIFIED_TIME for field in sides.record_table.fields):
        yield "Bitable: without a Modified time field a change that no event told is found only by reading everything"


def _is_told(living: Syncer, sides: Sides) -> bool:
    from syncer.feishu.subscriptions import is_subscribed  # noqa: PLC0415 - loads the SDK

    try:
        return is_subscribed(living.client(sides.mapping.app), sides.records.app_token)
    except FeishuError:  # who may not even ask about a subscription has none
        return False
