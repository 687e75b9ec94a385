"""A first mapping from tables that are there: looks at both, makes the missing one if asked, writes the file."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from syncer.catalog.drafting import new_columns, new_fields
from syncer.catalog.drafting.guess import Guess, LeftOut, Why, guess
from syncer.catalog.drafting.text import Draft, draft_name, write_draft
from syncer.cli import console
from syncer.database.making import carry_out, quoted_table
from syncer.database.rows import PostgresRows
from syncer.errors import MendError
from syncer.fields.names import type_name
from syncer.ports import RecordTableInfo, RowTableInfo
from syncer.wiring import Syncer


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ``syncer init`` was asked for. ``base`` is an address or a token; no ``connection`` means the only one."""

    table: str
    base: str
    connection: str
    app: str
    name: str
    create_table: bool
    create_columns: bool
    agreed: bool
    dry: bool


def draft(living: Syncer, wanted: Wanted) -> None:
    """Write the mapping file of two tables. Raises ``MendError`` and the errors of both doors."""
    name = wanted.name or draft_name(wanted.table)
    path = living.settings.mappings / f"{name}.yaml"
    if path.exists() and not wanted.dry:
        raise MendError(f"{path} exists and is left as it is; name another with --name, or move it away")
    found = _Found.of(living, wanted)
    guessed = guess(found.records, found.rows, _targets(living, found.app_token))
    if not guessed.pairs:
        raise MendError(f"no field of {found.records.name} fits a column of {found.rows.name}; nothing was written")
    text = write_draft(_draft(found, wanted, name, guessed), guessed)
    if wanted.dry:
        console.say(text.rstrip("\n"))
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    _tell(path, guessed)


def _targets(living: Syncer, app_token: str) -> dict[str, str]:
    """The mappings of tables of a base, by the table's id."""
    found = {}
    for one in living.store.mappings():
        tables = one.document.get("tables") if isinstance(one.document, dict) else None
        if isinstance(tables, list) and tables[0] == app_token:
            found[str(tables[1])] = one.name
    return found


@dataclass(frozen=True, slots=True)
class _Found:
    """Both tables as they stand, the Bitable by its true token."""

    app_token: str
    table_id: str
    connection: str
    records: RecordTableInfo
    rows: RowTableInfo

    @staticmethod
    def of(living: Syncer, wanted: Wanted) -> "_Found":
        from syncer.feishu.bases import resolve_base  # noqa: PLC0415 - loads the SDK

        connection = wanted.connection or only_connection(living)
        address = resolve_base(living.client(wanted.app), wanted.base)
        token, table_id = address.app_token, address.table_id or ""
        if not table_id and not wanted.create_table:
            raise MendError("the address of the base names no table (?table=tbl...); or have one made: --create-table")
        if wanted.create_columns:
            _make_rows(living, wanted, connection, _records(living, wanted, token, table_id))
        rows = rows_of(living, connection, wanted.table)
        if wanted.create_table:
            table_id = _make_records(living, wanted, token, rows)
        return _Found(token, table_id, connection, _records(living, wanted, token, table_id), rows)


def only_connection(living: Syncer) -> str:
    """The one connection there is. Raises ``MendError`` if there are others."""
    names = sorted(living.settings.connections)
    if len(names) == 1:
        return names[0]
    which = f"--connection {' or '.join(names)}" if names else "set SYNCER_CONNECTIONS__<NAME> to its SQLAlchemy URL"
    raise MendError(f"which database holds the table? Say {which}" if names else f"no database is known: {which}")


def _records(living: Syncer, wanted: Wanted, token: str, table_id: str) -> RecordTableInfo:
    from syncer.feishu.bitable import BitableRecords  # noqa: PLC0415 - loads the SDK

    return BitableRecords(living.client(wanted.app), token, table_id, living.shared.writer("init")).info()


def rows_of(living: Syncer, connection: str, table: str) -> RowTableInfo:
    """A table of a connection as it stands. Raises the errors of the door."""
    engine = living.engine(connection)
    return PostgresRows(engine, table, key=(), columns=(), clock=living.clock, mapping="init").info()


def _make_records(living: Syncer, wanted: Wanted, token: str, rows: RowTableInfo) -> str:
    """A Bitable table for a database table; its id."""
    from syncer.feishu.making import make_table  # noqa: PLC0415 - loads the SDK

    fields, left = new_fields.new_fields(rows)
    if not fields:
        raise MendError(f"{rows.name} has no column that a field could show; nothing was made")
    console.say(f"a new Bitable table for {rows.name}:")
    shown = [(field.name, type_name(field.type), field.column) for field in fields]
    console.table(("field", "type", "column"), shown)
    _tell_left(left)
    agree(wanted)
    comment = rows.name.rpartition(".")[2]
    return make_table(living.client(wanted.app), token, comment, [field.body() for field in fields])


def _make_rows(living: Syncer, wanted: Wanted, connection: str, records: RecordTableInfo) -> None:
    """A database table for a Bitable table."""
    columns, left = new_columns.new_columns(records)
    primary = next((field.name for field in records.fields if field.is_primary), None)
    lead = next((column.name for column in columns if column.field == primary), None)
    made = new_columns.statements(quoted_table(wanted.table), columns, primary=lead)
    console.say(";\n".join(made) + ";")
    _tell_left(left)
    agree(wanted)
    carry_out(living.engine(connection), made)


def agree(wanted: Wanted) -> None:
    """Go on only if a person said so. Raises ``MendError``."""
    if wanted.dry:
        raise MendError("nothing was made: a mapping can only be shown once both tables are there")
    if wanted.agreed:
        return
    if not (sys.stdin.isatty() and os.isatty(1)):
        raise MendError("nothing was made: look at it, and say --yes to have it made")
    if not typer.confirm("Make it?"):
        raise MendError("nothing was made")


def _draft(found: _Found, wanted: Wanted, name: str, guessed: Guess) -> Draft:
    return Draft(
        name=name,
        app=wanted.app,
        app_token=found.app_token,
        table_id=found.table_id,
        table_name=found.records.name,
        connection=found.connection,
        table=wanted.table,
        only_to_feishu=_hindrance(found.rows, guessed),
    )


def _hindrance(rows: RowTableInfo, guessed: Guess) -> str:
    """Why rows cannot be written, with what would help."""
    if rows.is_view:
        return "it is a view; name its table to write rows too"
    if rows.row_security:
        return "row security hides rows from this role; give it BYPASSRLS to write rows too"
    if guessed.missing:
        needed = ", ".join(guessed.missing)
        return f"new rows need {needed}; fill them by on_insert: to carry both ways"
    return ""


def _tell(path: Path, guessed: Guess) -> None:
    console.say(f"{path} written: {len(guessed.pairs)} pairs")
    doubtful = [pair.field.name for pair in guessed.pairs if pair.why is Why.TYPE]
    if doubtful:
        console.hint(f"guessed by type alone, please look at them: {', '.join(doubtful)}")
    _tell_left([*guessed.fields_left, *guessed.columns_left])
    console.say(f"read it, then: syncer check {path}, syncer apply {path}, syncer plan {path.stem}")


def _tell_left(left: Sequence[LeftOut]) -> None:
    for one in left:
        console.hint(f"left out: {one.name} ({one.reason})")
