"""The other half of links: a two-way link is written back into the table it points at, a deleted record is unlinked."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from syncer.simulator.commit import Change
from syncer.simulator.model import Base, Field, Record, Stored, Table

if TYPE_CHECKING:
    from syncer.simulator.world import World

_DUPLEX = 21


Touched = dict[str, dict[str, dict[str, Stored | None]]]
"""What cells held before, by table_id, record_id and field_id."""


def write_back(
    world: "World", base: Base, table: Table, changes: Iterable[Change]
) -> list[tuple[Table, tuple[Change, ...]]]:
    """Bring the peers of every changed two-way link in line; returns what that changed in which tables.

    Whether peers count as changed is a switch.
    """
    touched: Touched = {}
    duplex = table.of_kind(_DUPLEX)
    for change in changes if duplex else ():
        for of in duplex:
            before, after = set(change.before.get(of.field_id) or ()), set(change.after.get(of.field_id) or ())
            _adjust(base, of, change.record.record_id, (before - after, after - before), touched)
    return [(base.tables[table_id], _count(world, base.tables[table_id], cells)) for table_id, cells in touched.items()]


def _adjust(base: Base, of: Field, record_id: str, moved: tuple[set[str], set[str]], touched: Touched) -> None:
    peer = base.tables.get(of.property["table_id"])
    back = peer.fields.get(of.property.get("back_field_id", "")) if peer else None
    if peer is None or back is None or not any(moved):
        return
    for each in sorted((moved[0] | moved[1]) & peer.records.keys()):
        record = peer.records[each]
        present = _links(record, back)
        before = touched.setdefault(peer.table_id, {}).setdefault(each, {})
        before.setdefault(back.field_id, record.cells.get(back.field_id))
        others = [one for one in present if one != record_id]
        _set_links(
            record, back, others if each in moved[0] else present if record_id in present else [*present, record_id]
        )


def _links(record: Record, of: Field) -> list[str]:
    return list(record.cells.get(of.field_id, ()))


def _set_links(record: Record, of: Field, ids: list[str]) -> None:
    if ids:
        record.cells[of.field_id] = ids
    else:
        record.cells.pop(of.field_id, None)
    record.rendered = None


def _count(world: "World", peer: Table, cells: dict[str, dict[str, Stored | None]]) -> tuple[Change, ...]:
    switches = world.switches
    peer.stamp += 1
    if switches.back_writes_bump_revision:
        peer.revision += len(cells) if switches.revision_step == "record" else 1
    changes = []
    for record_id, before in cells.items():
        record = peer.records[record_id]
        after = {field_id: record.cells.get(field_id) for field_id in before}
        changes.append(Change("record_edited", record, before, after, (record.modified_ms, record.modified_by)))
        if switches.back_writes_bump_modified:
            record.modified_ms = world.clock.now_ms(switches.automatic_time_step_ms)
    return tuple(each for each in changes if each.before != each.after)


def unlink_deleted(base: Base, table: Table, gone: set[str]) -> None:
    """Take deleted records out of every link that pointed at them."""
    if not gone:
        return
    for other, of in base.linking_fields(table.table_id):
        for record in other.records.values():
            present = record.cells.get(of.field_id)
            if present and not gone.isdisjoint(present):
                _set_links(record, of, [each for each in present if each not in gone])
                other.stamp += 1
