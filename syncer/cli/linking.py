"""Link fields of mapping files, compared with the mappings they name: among the same files, or applied before."""

from collections.abc import Iterator, Mapping, Sequence

from syncer.catalog.files import Loaded
from syncer.catalog.linked_tables import Target, link_findings
from syncer.catalog.linking import links_of
from syncer.catalog.pairs import Tables, key_columns
from syncer.cli import console
from syncer.core.mapping import SyncMapping
from syncer.errors import MappingError, MendError
from syncer.jobs import Sides
from syncer.ports import RowTableInfo
from syncer.wiring import Syncer


def check_links(living: Syncer, loaded: Sequence[Loaded], found: Sequence[Sides]) -> None:
    """Tell what is unwise about the link fields of these mappings. Raises ``MappingError`` with what is wrong."""
    wanted = {name for one in loaded for name in links_of(one.mapping)}
    if not wanted:
        return
    targets = {one.mapping.name: _of_file(sides) for one, sides in zip(loaded, found, strict=True)}
    targets |= {target.mapping.name: target for target in _applied(living, wanted - targets.keys())}
    faults: list[str] = []
    for one, sides in zip(loaded, found, strict=True):
        tables = Tables(sides.record_table, sides.row_table)
        wrong, unwise = link_findings(one.mapping, tables, targets, one.places)
        faults += wrong
        for warning in unwise:
            console.hint(f"warning: {warning}")
    if faults:
        raise MappingError(faults)


def _of_file(sides: Sides) -> Target:
    field = Tables(sides.record_table, sides.row_table).field
    ids = {pair.column: field(pair.field).id for pair in sides.mapping.pairs}
    return _target(sides.mapping, sides.records.table_id, sides.row_table, ids)


def _applied(living: Syncer, names: set[str]) -> Iterator[Target]:
    """Those of these mappings that were applied; one whose table is gone has no key any more."""
    for one in living.store.mappings():
        if one.name not in names:
            continue
        _, mapping, ids = living.applied(one.name)
        tables = one.document.get("tables") if isinstance(one.document, Mapping) else None
        table_id = str(tables[1]) if isinstance(tables, list) else mapping.table_id
        try:
            yield _target(mapping, table_id, living.rows(mapping).info(), ids)
        except MendError as error:
            console.hint(f"warning: mapping {one.name}: {error}")
            yield Target(mapping, table_id, (), ids)


def _target(mapping: SyncMapping, table_id: str, rows: RowTableInfo, ids: Mapping[str, str]) -> Target:
    by_name = {column.name: column for column in rows.columns}
    key = tuple(by_name[name] for name in key_columns(mapping, rows) if name in by_name)
    return Target(mapping, table_id, key, ids)
