"""A first mapping of a source that is only read: which columns it asks for, and the text of the file. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from syncer.catalog.drafting.new_columns import NewColumn, declared, new_columns, quoted
from syncer.catalog.drafting.text import scalar
from syncer.core.sources import ApprovalSource, Source
from syncer.ports import FieldInfo, RecordTableInfo

_FORM = "form."
_FLEETING = ".urls"
"""What ends the names of fields that are other ones at each reading: addresses of files."""


@dataclass(frozen=True, slots=True)
class SourceDraft:
    """Where a mapping leads: ``pairs`` are fields and columns, ``key`` the column of the line's id."""

    name: str
    app: str
    source: Source
    title: str
    connection: str
    table: str
    key: str
    pairs: Sequence[tuple[str, str]]


def worth_having(records: RecordTableInfo) -> tuple[FieldInfo, ...]:
    """The fields a first mapping takes: those the app may see and that stay the same while nothing happens."""
    seen = (field for field in records.fields if field.name not in records.lacking)
    return tuple(field for field in seen if not field.name.endswith(_FLEETING))


def source_columns(records: RecordTableInfo) -> tuple[NewColumn, ...]:
    """The columns of a table for a source; what stands in a form is called as it is there."""
    fields = worth_having(records)
    plain = tuple(replace(field, name=field.name.removeprefix(_FORM)) for field in fields)
    by_name: Mapping[str, str] = {short.name: field.name for short, field in zip(plain, fields, strict=True)}
    made, _ = new_columns(replace(records, fields=plain))
    return tuple(replace(column, field=by_name[column.field]) for column in made)


def source_statements(table: str, columns: Sequence[NewColumn], identity: str) -> list[str]:
    """The statements that create the table (its name quoted already); the line's id is its key."""
    lines = [
        f"{quoted(column.name)} {declared(column)}{' PRIMARY KEY' if column.field == identity else ''}"
        for column in columns
    ]
    return [f"CREATE TABLE {table} (\n  " + ",\n  ".join(lines) + "\n)"]


def write_source_draft(draft: SourceDraft) -> str:
    """The file."""
    return "\n".join(_lines(draft)) + "\n"


def _lines(draft: SourceDraft) -> Iterator[str]:
    yield "# A first mapping. Read it, mend it, then: syncer check, syncer plan."
    yield from ("version: 1", f"name: {scalar(draft.name)}", f"description: {scalar(draft.title)}", "feishu:")
    if draft.app != "default":
        yield f"  app: {scalar(draft.app)}"
    if isinstance(draft.source, ApprovalSource):
        yield "  # Read from a year back on; for another beginning add e.g. `since: 2026-01-01` beside the code."
    yield f"  {_source(draft.source)}"
    yield from ("database:", f"  connection: {scalar(draft.connection)}", f"  table: {scalar(draft.table)}")
    yield f"  key: [{scalar(draft.key)}]"
    yield from ("direction: to_database", "fields:")
    yield from (f"  - {{field: {scalar(field)}, column: {scalar(column)}}}" for field, column in draft.pairs)


def _source(source: Source) -> str:
    if isinstance(source, ApprovalSource):
        return f"approval: {{approval_code: {scalar(source.code)}}}"
    private = ", private: true" if source.private else ""
    return f"contacts: {{kind: {source.kind}{private}}}"
