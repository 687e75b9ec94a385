"""How changed rows are noticed: a log kept by triggers, a column that rises with every change, or not at all.

A capture says where to look, never what stands there: its keys are read anew. It names every committed change after
its cursor at least once; it may name rows that did not change.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from syncer.core.records import Told
from syncer.core.values import Json


@dataclass(frozen=True, slots=True)
class CapturedKey:
    """A row that was written since the cursor, by its key in the stored form (``core.records.key_text``).

    ``columns`` are the watched columns that changed, ``None`` where that is not known. ``action`` is the last one:
    ``insert``, ``update`` or ``delete``; a row whose key changed is a delete of the old and an insert of the new.
    ``at`` is the database's clock at the last change.

    ``batch`` is given only if each of these changes was made by a batch of this very mapping (not by triggers
    they set off): the last batch's id. What the run that wrote it has remembered of it need not be read again.
    """

    key: str
    columns: frozenset[str] | None = None
    at: datetime | None = None
    action: str = "update"
    batch: str | None = None

    def followed_by(self, later: "CapturedKey") -> "CapturedKey":
        """This change and a later one of the same row as one."""
        known = self.columns is not None and later.columns is not None
        return CapturedKey(
            key=later.key,
            columns=(self.columns or frozenset()) | (later.columns or frozenset()) if known else None,
            at=max(self.at, later.at) if self.at and later.at else None,
            action=later.action,
            batch=later.batch if self.batch else None,
        )


@dataclass(frozen=True, slots=True)
class Captured:
    """What changed since a cursor, each row once; and the cursor for the next question.

    ``whole``: not every changed row can be named (a cursor too old, a TRUNCATE, a huge statement, triggers off for a
    while): begin with ``start`` and read everything; ``keys`` is empty then and ``reason`` says why, for people.
    ``more``: go on with ``cursor``, there are about ``waiting`` changes left. ``blind``: nothing watches this table.
    """

    keys: Sequence[CapturedKey] = ()
    cursor: Mapping[str, Json] = field(default_factory=dict)
    whole: bool = False
    blind: bool = False
    more: bool = False
    waiting: int = 0
    reason: str = ""


class Capture(Protocol):
    """How the changed rows of one mapping are noticed. Methods may raise the errors of ``syncer.errors``.

    Cursors are JSON objects nobody else looks into. They may be stored and come back at any time, also to another
    process; one that does not fit any more is answered with ``whole``.
    """

    def start(self) -> Mapping[str, Json]:
        """A cursor for all that commits from now on. Take it before a full reading begins."""
        ...

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:
        """What committed since the cursor, about ``limit`` changes at most. The same cursor may be asked again."""
        ...

    def told(self, cursor: Mapping[str, Json], keys: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """When columns of these rows got the values they hold, as far as changes since the cursor name them.

        By key and column, by the database's clock. What a batch of this mapping wrote last is left out, and so is a
        column that a later change may have written without naming it.
        """
        ...

    def read(self, cursor: Mapping[str, Json]) -> None:
        """Everything before this cursor is dealt with and will not be asked for again: it may be forgotten."""
        ...
