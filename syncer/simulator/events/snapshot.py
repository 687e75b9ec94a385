"""What a write did, held fast: the table goes on changing while its events are still to be written."""

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.simulator.cells.kind import Reading
from syncer.simulator.commit import Change, Commit
from syncer.simulator.model import Base, Field, Stored, Table
from syncer.simulator.switches import Switches

if TYPE_CHECKING:
    from syncer.simulator.world import World

_AUTOMATIC = (1001, 1002, 1003, 1004, 1005)
_MODIFIED_TIME, _MODIFIED_BY = 1002, 1004


@dataclass(frozen=True, slots=True)
class Line:
    """One record's change: stored cells by field id, automatic ones too, and the table's revision after it."""

    action: str
    record_id: str
    before: dict[str, Stored | None]
    after: dict[str, Stored | None]
    revision: int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One committed write: its lines, and the fields and switches of that moment."""

    base: Base
    table: Table
    actor: str
    at_ms: int
    switches: Switches
    fields: dict[str, Field]
    lines: list[Line]


def taken(world: "World", commit: Commit) -> Snapshot:
    """Return a commit held fast. Stored cells are never changed in place, so copies of their dicts are enough."""
    fields = {each.field_id: copy.copy(each) for each in commit.table.fields.values()}
    reading = Reading(world, commit.base, commit.table)
    automatic = [each for each in fields.values() if each.type in _AUTOMATIC]
    told = world.switches.event_modified_fields
    numbered = zip(_revisions(commit, world.switches), commit.changes, strict=True)
    lines = [_line(change, revision, automatic, reading, told=told) for revision, change in numbered]
    return Snapshot(commit.base, commit.table, commit.actor, commit.at_ms, world.switches, fields, lines)


def _revisions(commit: Commit, switches: Switches) -> Iterator[int]:
    count, last = len(commit.changes), commit.revision
    return iter(range(last - count + 1, last + 1) if switches.revision_step == "record" else [last] * count)


def _line(change: Change, revision: int, automatic: list[Field], reading: Reading, *, told: bool) -> Line:
    record = change.record
    if change.action == "record_edited":
        before, after = change.before, change.after
        if told and change.was:
            before, after = _with_modified(change, automatic)
        return Line(change.action, record.record_id, before, after, revision)
    whole = {**record.cells, **{each.field_id: each.kind.stored(record, each, reading) for each in automatic}}
    deleted = change.action == "record_deleted"
    return Line(change.action, record.record_id, whole if deleted else {}, {} if deleted else whole, revision)


def _with_modified(change: Change, automatic: list[Field]) -> tuple[dict[str, Stored], dict[str, Stored]]:
    assert change.was is not None
    before, after, record = dict(change.before), dict(change.after), change.record
    (time, person), now = change.was, (record.modified_ms, record.modified_by)
    for each in automatic:
        if each.type == _MODIFIED_TIME and time != now[0]:
            before[each.field_id], after[each.field_id] = time, now[0]
        if each.type == _MODIFIED_BY and person != now[1]:
            before[each.field_id], after[each.field_id] = [person], [now[1]]
    return before, after
