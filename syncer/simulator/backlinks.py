"""The other half of links: a two-way link is written back into the table it points at, a deleted record is unlinked."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from syncer.simulator.commit import Change
from syncer.simulator.model import Base, Field, Record, Table

if TYPE_CHECKING:
    from syncer.simulator.world import World

_DUPLEX = 21


def write_back(world: "World", base: Base, table: Table, changes: Iterable[Change]) -> None:
    """Bring the peers of every changed two-way link in line. Whether peers count as changed is a switch."""
    duplex = table.of_kind(_DUPLEX)
    if not duplex:
        return
    for change in changes:
        for of in duplex:
            before, after = set(change.before.get(of.field_id) or ()), set(change.after.get(of.field_id) or ())
            _adjust(world, base, of, change.record.record_id, (before - after, after - before))


def _adjust(world: "World", base: Base, of: Field, record_id: str, moved: tuple[set[str], set[str]]) -> None:
    peer = base.tables.get(of.property["table_id"])
    back = peer.fields.get(of.property.get("back_field_id", "")) if peer else None
    if peer is None or back is None or not any(moved):
        return
    for each in sorted(moved[0] & peer.records.keys()):
        _set_links(peer.records[each], back, [one for one in _links(peer.records[each], back) if one != record_id])
    for each in sorted(moved[1] & peer.records.keys()):
        present = _links(peer.records[each], back)
        _set_links(peer.records[each], back, present if record_id in present else [*present, record_id])
    _count(world, peer, [peer.records[each] for each in (moved[0] | moved[1]) & peer.records.keys()])


def _links(record: Record, of: Field) -> list[str]:
    return list(record.cells.get(of.field_id, ()))


def _set_links(record: Record, of: Field, ids: list[str]) -> None:
    if ids:
        record.cells[of.field_id] = ids
    else:
        record.cells.pop(of.field_id, None)
    record.rendered = None


def _count(world: "World", peer: Table, touched: list[Record]) -> None:
    peer.stamp += 1
    if world.switches.back_writes_bump_revision:
        peer.revision += 1
    if world.switches.back_writes_bump_modified:
        for record in touched:
            record.modified_ms = world.clock.now_ms(world.switches.automatic_time_step_ms)


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
