"""A first mapping of an approval, of people or departments: looks at it, makes the table if asked, writes the file."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from syncer.catalog.drafting.guess import guess
from syncer.catalog.drafting.sources import (
    SourceDraft,
    source_columns,
    source_statements,
    worth_having,
    write_source_draft,
)
from syncer.catalog.drafting.text import draft_name
from syncer.cli import console
from syncer.cli.drafting import Wanted, agree, only_connection, rows_of
from syncer.core.mapping import SyncMapping
from syncer.core.sources import Source, place_of
from syncer.database.making import carry_out, quoted_table
from syncer.errors import MendError
from syncer.ports import RecordTableInfo
from syncer.wiring import Syncer

if TYPE_CHECKING:
    from syncer.feishu.source import SourceRecords


@dataclass(frozen=True, slots=True)
class _Looked:
    """A source as it stands: its fields and the one that holds a line's id."""

    table: RecordTableInfo
    identity: str


def draft_source(living: Syncer, wanted: Wanted, source: Source) -> None:
    """Write the mapping file of a source and a table. Raises ``MendError`` and the errors of both doors."""
    name = wanted.name or draft_name(wanted.table)
    path = living.settings.mappings / f"{name}.yaml"
    if path.exists() and not wanted.dry:
        raise MendError(f"{path} exists and is left as it is; name another with --name, or move it away")
    connection = wanted.connection or only_connection(living)
    looked = _look(living, wanted, source, connection)
    for field, scope in looked.table.lacking.items():
        console.hint(f"left out: {field} (the app lacks the scope {scope})")
    pairs = _made(living, wanted, connection, looked) if wanted.create_columns else _found(living, wanted, looked)
    key = next((column for field, column in pairs if field == looked.identity), None)
    if key is None:
        raise MendError(f"{wanted.table} has no column for {looked.identity}, which tells lines apart; add one")
    draft = SourceDraft(name, wanted.app, source, looked.table.name, connection, wanted.table, key, pairs)
    text = write_source_draft(draft)
    if wanted.dry:
        console.say(text.rstrip("\n"))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    console.say(f"{path} written: {len(pairs)} pairs")
    console.say(f"read it, then: syncer check {path}, syncer apply {path}, syncer plan {path.stem}")


def _look(living: Syncer, wanted: Wanted, source: Source, connection: str) -> _Looked:
    app_token, table_id = place_of(source)
    mapping = SyncMapping("init", wanted.app, app_token, table_id, connection, wanted.table, (), source=source)
    records: SourceRecords = living.source(mapping, source)
    return _Looked(records.info(), records.identity)


def _made(living: Syncer, wanted: Wanted, connection: str, looked: _Looked) -> list[tuple[str, str]]:
    """A table for the source, shown before it is made."""
    columns = source_columns(looked.table)
    made = source_statements(quoted_table(wanted.table), columns, looked.identity)
    console.say(";\n".join(made) + ";")
    agree(wanted)
    carry_out(living.engine(connection), made)
    return [(column.field, column.name) for column in columns]


def _found(living: Syncer, wanted: Wanted, looked: _Looked) -> list[tuple[str, str]]:
    """The columns of the table that is there, by their names and types."""
    rows = rows_of(living, wanted.connection or only_connection(living), wanted.table)
    seen = RecordTableInfo(looked.table.name, worth_having(looked.table), None, looked.table.time_zone, whole=True)
    return [(pair.field.name, pair.column.name) for pair in guess(seen, rows).pairs]
