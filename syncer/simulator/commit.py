"""What one write did to a table: told to listeners after it happened."""

from dataclasses import dataclass

from syncer.simulator.model import Base, Record, Stored, Table


@dataclass(frozen=True, slots=True)
class Change:
    """One record, added, edited or deleted: stored cells that differ, before and after."""

    action: str
    record: Record
    before: dict[str, Stored]
    after: dict[str, Stored]
    was: tuple[int, str] | None = None
    """Of an edit: the record's modified time (ms) and person (open_id) before it."""


@dataclass(frozen=True, slots=True)
class Commit:
    """All changes one write made to one table, the open_id of who made them, and the table's revision after."""

    base: Base
    table: Table
    actor: str
    changes: tuple[Change, ...]
    revision: int
    at_ms: int
