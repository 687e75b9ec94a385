"""Builds the mapping the engine works with from the document of its file."""

from datetime import date
from typing import Any

from syncer.catalog.conditions import names_in
from syncer.catalog.document import Deletes, Document, FieldPair, FromDatabase, FromFeishu
from syncer.catalog.manners import manner_of
from syncer.catalog.sides import Feishu, Fill
from syncer.core.mapping import (
    ColumnFill,
    DeleteGuard,
    DeletePolicy,
    DeleteRule,
    Direction,
    JoinTable,
    Merge,
    Pairing,
    PairSpec,
    Policy,
    SyncMapping,
    WhereSpec,
)
from syncer.core.records import Side
from syncer.core.sources import ApprovalSource, ContactsSource, Source, place_of


def build_mapping(document: Document) -> SyncMapping:
    """The mapping of a document."""
    database, source, way = document.database, source_of(document.feishu), way_of(document)
    app_token, table_id = _place(document.feishu)
    return SyncMapping(
        name=document.name,
        description=document.description,
        app=document.feishu.app,
        app_token=app_token,
        table_id=table_id,
        connection=database.connection,
        table=database.table,
        key=database.key or (),
        capture=database.capture,
        watermark=database.watermark,
        notify=database.notify,
        computed=document.computed,
        weight=document.weight,
        on_insert={column: _fill(fill) for column, fill in database.on_insert.items()},
        on_update={column: _fill(fill) for column, fill in database.on_update.items()},
        direction=Direction(way),
        pairs=tuple(_pair(pair, way) for pair in document.fields),
        source=source,
        match=match_columns(document),
        pairing=Pairing(document.pairing),
        timezone=document.timezone,
        where=_where(document),
        **_conflicts(document),
        **_deletes(document.deletes),
    )


def way_of(document: Document) -> str:
    """Which way a mapping goes; a source that is only read goes to the database."""
    return document.direction if document.feishu.bitable is not None else Direction.TO_DATABASE


def source_of(feishu: Feishu) -> Source | None:
    """What is read in place of a Bitable table."""
    if feishu.approval is not None:
        given = feishu.approval
        since = date.fromisoformat(given.since) if given.since else None
        return ApprovalSource(given.approval_code, since, given.part or "")
    if feishu.contacts is not None:
        return ContactsSource(feishu.contacts.kind, feishu.contacts.department, feishu.contacts.private)
    return None


def _place(feishu: Feishu) -> tuple[str, str]:
    if feishu.bitable is not None:
        return feishu.bitable.ids()
    source = source_of(feishu)
    assert source is not None
    return place_of(source)


def match_columns(document: Document) -> tuple[str, ...]:
    """What pairs unlinked lines, in an order always the same: as named, else the mapped columns of a named key."""
    if document.match:
        return tuple(sorted(document.match))
    mapped = {pair.column for pair in document.fields}
    return tuple(sorted(column for column in document.database.key or () if column in mapped))


def _pair(pair: FieldPair, direction: str) -> PairSpec:
    return PairSpec(
        field=pair.field,
        column=pair.column,
        direction=Direction(pair.direction or direction),
        required=pair.required,
        conflict=Policy(pair.conflict) if pair.conflict else None,
        merge=Merge(pair.merge) if pair.merge else Merge.REGISTER,
        values=pair.values,
        manner=manner_of(pair),
        columns=pair.columns or (),
        through=JoinTable(pair.through.table, pair.through.here, pair.through.there) if pair.through else None,
        defaults={Side(side): value for side, value in pair.default.items()},
    )


def _where(document: Document) -> dict[Side, WhereSpec]:
    given = {
        Side.FEISHU: (document.feishu.where, document.feishu.on_leave),
        Side.DATABASE: (document.database.where, document.database.on_leave),
    }
    return {
        side: WhereSpec(where, names_in(where, side), on_leave)
        for side, (where, on_leave) in given.items()
        if where is not None
    }


def _fill(fill: Fill) -> ColumnFill:
    if fill.sequence is not None:
        return ColumnFill("sequence", fill.sequence)
    return ColumnFill("now") if fill.now else ColumnFill("value", fill.value)


def _conflicts(document: Document) -> dict[str, Any]:
    conflicts = document.conflicts
    return {
        "policy": Policy(conflicts.default),
        "tie": Policy(conflicts.tie),
        "tolerance": conflicts.tolerance,
        "delete_policy": DeletePolicy(conflicts.deletes),
    }


def _deletes(deletes: Deletes) -> dict[str, Any]:
    return {
        "from_feishu": _rule(deletes.from_feishu),
        "from_database": _rule(deletes.from_database),
        "guard": DeleteGuard(deletes.guard.lines, deletes.guard.share),
    }


def _rule(deletion: FromFeishu | FromDatabase) -> DeleteRule:
    if deletion.mark is None:
        return DeleteRule(deletion.action)
    target = deletion.mark.column if isinstance(deletion, FromFeishu) else deletion.mark.field
    return DeleteRule("mark", target, deletion.mark.value)
