"""Links between tables of the records' twin: two-way ones are filled in at their other end, deleted records unlinked.

As Feishu does it: a record that is linked from the other side counts as changed (an event, the revision) without a new
modified time; a record that is unlinked because its partner was deleted tells nobody.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from syncer.core.values import Json
from syncer.errors import RefusedError
from syncer.ports import FieldInfo
from syncer.testing.cells import LINKING

if TYPE_CHECKING:
    from syncer.testing.records import BitableTable, Cells, Kept

_TWO_WAY = 21


def linked(cell: Json) -> tuple[str, ...]:
    """The records that a cell as ``search`` shows it links."""
    ids = cell.get("link_record_ids") if isinstance(cell, dict) else None
    return tuple(map(str, ids)) if isinstance(ids, list) else ()


def demand_there(table: "BitableTable", fields: Mapping[str, FieldInfo], cells: "Cells") -> None:
    """Raises ``RefusedError`` unless what is linked is there, and not more than the field takes."""
    for name, cell in cells.items():
        field, ids = fields[name], linked(cell)
        if field.type not in LINKING or not ids:
            continue
        target = table.neighbours.get(field.target)
        if target is None or not set(ids) <= target.records.keys() or (len(ids) > 1 and not field.multiple):
            code = LINKING[field.type]
            raise RefusedError(f"field {name!r}: {code} LinkFieldConvFail", code=code)


def follow(table: "BitableTable", before: "Mapping[str, Kept]", changed: Iterable[str]) -> None:
    """Bring the other ends of links in line after records of a table were changed or deleted."""
    changed = list(changed)
    gone = {record for record in changed if record not in table.records}
    for field in [one for one in table.fields if one.type == _TWO_WAY]:
        peer = table.neighbours.get(field.target)
        back = next((one.name for one in peer.fields if one.id == field.back), None) if peer else None
        if peer is not None and back is not None:
            _write_back(peer, back, {one: _moved(table, before, one, field.name) for one in changed if one not in gone})
    if gone:
        _unlink(table, gone)


def _moved(table: "BitableTable", before: "Mapping[str, Kept]", record: str, name: str) -> tuple[set[str], set[str]]:
    """Which records a cell links no more, and which it links now."""
    old = set(linked(before[record].cells.get(name))) if record in before else set[str]()
    new = set(linked(table.records[record].cells.get(name)))
    return old - new, new - old


def _write_back(peer: "BitableTable", back: str, moves: Mapping[str, tuple[set[str], set[str]]]) -> None:
    was = dict(peer.records)
    for record, (lost, won) in moves.items():
        for one in sorted((lost | won) & peer.records.keys()):
            others = [each for each in linked(peer.records[one].cells.get(back)) if each != record]
            _set(peer, one, back, others if one in lost else [*others, record])
    touched = [one for one in peer.records if peer.records[one] != was[one]]
    peer.revision += len(touched) if peer.step == "record" else bool(touched)
    for one in touched:
        peer.told(one, was[one].cells, peer.records[one].cells)


def _unlink(table: "BitableTable", gone: set[str]) -> None:
    for other in {id(one): one for one in (table, *table.neighbours.values())}.values():
        names = [one.name for one in other.fields if one.type in LINKING and other.neighbours.get(one.target) is table]
        for record, kept in list(other.records.items()):
            for name in [one for one in names if gone & set(linked(kept.cells.get(one)))]:
                _set(other, record, name, [one for one in linked(kept.cells[name]) if one not in gone])


def _set(table: "BitableTable", record: str, name: str, ids: list[str]) -> None:
    kept = table.records[record]
    cells = {one: cell for one, cell in kept.cells.items() if one != name}
    shown: dict[str, Json] = {name: {"link_record_ids": [*ids]}} if ids else {}
    table.records[record] = replace(kept, cells={**cells, **shown})
