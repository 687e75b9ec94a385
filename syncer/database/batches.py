"""A batch as one transaction: its id, its deletes, updates and inserts, and the keys they wrote."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from tenacity import Retrying, retry_if_exception, stop_after_attempt

from syncer.core.mapping import ColumnFill
from syncer.database import applied
from syncer.database.connections import is_lost, is_transient
from syncer.database.staging import Staged
from syncer.database.writing import Outcomes, Writer
from syncer.ports import RowDelete, RowInsert, RowUpdate, Written

STATEMENT_TIMEOUT = "120s"
ATTEMPTS = 5
_SETTINGS = "SELECT set_config('statement_timeout', %s, true), set_config('syncer.batch', %s, true)"
_ROLLED_BACK = "40"  # serialization, deadlock: the same transaction again is the cure


class DeferredError(Exception):
    """A deferred constraint refused the whole at its end; its cause says why."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is written together. ``on_insert`` and ``on_update`` fill columns that the operations do not name.

    ``writer`` is who writes, for those who note changes: see ``capture``.
    """

    id: str
    writer: str
    inserts: Sequence[RowInsert]
    updates: Sequence[RowUpdate]
    deletes: Sequence[RowDelete]
    on_insert: Mapping[str, ColumnFill]
    on_update: Mapping[str, ColumnFill]


def commit(connection: psycopg.Connection, batch: Batch, writer: Writer) -> Outcomes:
    """Write the batch and commit. A deadlock or a failed serialization begins it again.

    Deferred constraints are checked at the end, as their makers meant; if one fails there, all is done again with every
    constraint checked at once, which shows the row to blame.
    """
    again = Retrying(retry=retry_if_exception(_is_rolled_back), stop=stop_after_attempt(ATTEMPTS), reraise=True)
    try:
        return again(_transaction, connection, batch, writer, strict=False)
    except DeferredError:
        return again(_transaction, connection, batch, writer, strict=True)


def say_who_writes(connection: psycopg.Connection, writer: str, batch: str) -> None:
    """Have what this transaction writes noted as ours, and none of its statements last for ever."""
    connection.execute(_SETTINGS, (STATEMENT_TIMEOUT, f"{writer}/{batch}"))


def _is_rolled_back(error: BaseException) -> bool:
    return isinstance(error, psycopg.Error) and (error.sqlstate or "").startswith(_ROLLED_BACK)


def _transaction(connection: psycopg.Connection, batch: Batch, writer: Writer, *, strict: bool) -> Outcomes:
    with connection.transaction():
        say_who_writes(connection, batch.writer, batch.id)
        if strict:
            connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        applied.begin(connection, batch.id)
        outcomes = _write(batch, writer)
        applied.record(connection, batch.id, _keys(batch, outcomes))
        _settle_constraints(connection)
    return outcomes


def _write(batch: Batch, writer: Writer) -> Outcomes:
    """Deletes first: they make room for unique values that move to other rows."""
    outcomes: Outcomes = {}
    staging = writer.staging()
    _groups(staging.deletes(batch.deletes), writer.delete, outcomes)
    _groups(staging.updates(batch.updates), lambda group: writer.update(group, batch.on_update), outcomes)
    _groups(staging.inserts(batch.inserts), lambda group: writer.insert(group, batch.on_insert), outcomes)
    return outcomes | staging.outcomes


def _groups(
    groups: Sequence[Sequence[Staged]], write: Callable[[Sequence[Staged]], Outcomes], outcomes: Outcomes
) -> None:
    for group in groups:
        outcomes.update(write(group))


def _keys(batch: Batch, outcomes: Outcomes) -> dict[str, str]:
    deleted = {operation.id: operation.key for operation in batch.deletes}
    return {
        id_: outcome.row.key if outcome.row else deleted[id_]
        for id_, outcome in outcomes.items()
        if isinstance(outcome, Written)
    }


def _settle_constraints(connection: psycopg.Connection) -> None:
    try:
        connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except psycopg.Error as error:
        if is_lost(error) or is_transient(error):
            raise
        raise DeferredError(str(error)) from error
