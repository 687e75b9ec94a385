"""How far a side was read, what the next run may skip for that, and when that is too old to trust. Pure.

A cursor moves last, and never past something that was not looked at. Whatever is in doubt is read whole.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from syncer.core.values import Json

OVERLAP = timedelta(seconds=60)
"""So far before the newest change known is read on: Feishu's times are of whole seconds, and its replicas lag."""
TOLD_TRUST = timedelta(minutes=10)
"""So long events alone may stand for a look at the table: one of several events of one change may have been lost."""
MOVED_UNTOLD = frozenset({18, 21})
"""Types of fields whose cells change while the record's modified time stands still, and that are followed: links."""
COMPUTED = frozenset({19, 20})
"""Lookups and formulas: their cells change without an event, and the table's revision may stand still."""
FOLLOWING = COMPUTED | {1002, 1004}
"""Those, and who changed the record last and when: Feishu works them out after an edit."""
FOLLOWS_AFTER = timedelta(seconds=5)
"""So long after an edit a record is looked at once more for what Feishu works out of it."""
FRESH = timedelta(minutes=1)
"""A record changed less long ago may still have something to follow; the clocks need not agree to the second."""


class Way(StrEnum):
    """How a run looks at Feishu."""

    NAMED = "named"
    """At what was signalled, and nothing else."""
    STILL = "still"
    """Nothing moved since every record was known: at what was signalled and what is left to do."""
    TOLD = "told"
    """It moved, and events told of every step: likewise."""
    HEAD = "head"
    """At what changed since the newest change known."""
    WHOLE = "whole"
    """At everything."""


@dataclass(frozen=True, slots=True)
class FeishuCursor:
    """How far Feishu's table was read.

    ``revision``: when the table stood there every record was known, linked and dealt with. ``told``: up to there events
    told of every step since. ``watermark``: the newest change known, by Feishu's clock. ``lines``: how many records
    there were when it was last read whole, ``at`` that moment, ``why`` the reason for it. ``fields``: a digest of the
    definitions of the fields it was read with.
    """

    revision: int | None = None
    told: int | None = None
    watermark: datetime | None = None
    lines: int | None = None
    fields: str = ""
    at: datetime | None = None
    checked_at: datetime | None = None
    """When it was last certain that nothing had been missed."""
    why: str = ""
    computed_at: datetime | None = None
    """When the fields that Feishu computes were last read of every record."""

    def to_json(self) -> dict[str, Json]:
        """The cursor as it is stored."""
        return {
            "revision": self.revision,
            "told": self.told,
            "watermark": _text(self.watermark),
            "lines": self.lines,
            "fields": self.fields,
            "at": _text(self.at),
            "checked_at": _text(self.checked_at),
            "why": self.why,
            "computed_at": _text(self.computed_at),
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Json]) -> "FeishuCursor":
        """A cursor as it was stored, by this version or one before; empty at first."""
        return cls(
            revision=_number(stored.get("revision")),
            told=_number(stored.get("told")),
            watermark=_moment(stored.get("watermark")),
            lines=_number(stored.get("lines")),
            fields=str(stored.get("fields") or ""),
            at=_moment(stored.get("at")),
            checked_at=_moment(stored.get("checked_at")),
            why=str(stored.get("why") or ""),
            computed_at=_moment(stored.get("computed_at")),
        )

    @property
    def since(self) -> datetime | None:
        """From when on changes are to be asked for."""
        return self.watermark - OVERLAP if self.watermark else None

    # How it moves.

    def read_whole(
        self, *, lines: int, fields: str, watermark: datetime | None, at: datetime, why: str
    ) -> "FeishuCursor":
        """Everything was read; whether nothing was left undone, ``known`` says."""
        return FeishuCursor(None, None, watermark, lines, fields, at, at, why, at)

    def known(self, revision: int | None) -> "FeishuCursor":
        """Every record is known, linked and dealt with as of a revision; with ``None`` none is."""
        return replace(self, revision=revision, told=revision)

    def follow(self, told: Iterable[int]) -> "FeishuCursor":
        """Events told of these revisions, and what they named was dealt with."""
        if self.told is None:
            return self
        reached, steps = self.told, frozenset(told)
        while reached + 1 in steps:
            reached += 1
        return replace(self, told=reached)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of a run, as far as that decides how it looks at Feishu.

    ``polls``: Feishu is to be asked for what nobody signalled. ``renamed``: definitions of fields changed, as an event
    told. ``fields``: their digest now. ``types``: the types of those that are followed. ``revision``: the table's now.
    ``computed``: how often fields that Feishu computes are read. ``overdue``: a signal asks for that now.
    """

    now: datetime
    revision: int | None
    fields: str
    types: Collection[int]
    full: bool = False
    polls: bool = True
    renamed: bool = False
    computed: timedelta = timedelta(minutes=10)
    overdue: bool = False


def way(cursor: FeishuCursor, asked: Asked) -> tuple[Way, str]:
    """How to look at Feishu; and, where it must be read whole, why, for people."""
    if asked.full:
        return Way.WHOLE, "a full run was asked for"
    if not asked.polls:
        return Way.NAMED, ""
    if cursor.at is None and cursor.lines is None:
        return Way.WHOLE, "it was never read before"
    if is_still(cursor, asked):
        return Way.STILL, ""
    if asked.renamed or cursor.fields != asked.fields:
        return Way.WHOLE, "the definition of a field changed"
    if _is_told(cursor, asked):
        return Way.TOLD, ""
    return _head(cursor, asked)


def scans(cursor: FeishuCursor, asked: Asked) -> bool:
    """Whether the computed fields of every record are to be read, where the run does not read everything anyway."""
    if asked.overdue:
        return bool(FOLLOWING & set(asked.types))
    if not asked.polls or not COMPUTED & set(asked.types):
        return False
    since = None if cursor.computed_at is None else asked.now - cursor.computed_at
    return since is None or not timedelta(0) <= since < asked.computed


def is_still(cursor: FeishuCursor, asked: Asked) -> bool:
    """Whether Feishu stands where every record was known."""
    return asked.revision is not None and cursor.revision == asked.revision and not asked.full


def _is_told(cursor: FeishuCursor, asked: Asked) -> bool:
    fresh = cursor.checked_at is not None and timedelta(0) <= asked.now - cursor.checked_at < TOLD_TRUST
    return asked.revision is not None and cursor.told == asked.revision and fresh


def _head(cursor: FeishuCursor, asked: Asked) -> tuple[Way, str]:
    if MOVED_UNTOLD & set(asked.types):
        return Way.WHOLE, "links change without a trace"
    if cursor.watermark is None:
        return Way.WHOLE, "nothing tells when its records were changed"
    return Way.HEAD, ""


def unaccounted(total: int, known: int, unlinked: int, gone: int) -> int:
    """How many records there should be more (negative: fewer) than there are: none, or somebody must look at all.

    ``total`` is what the table holds; ``known`` the records that are remembered, of which ``gone`` are known not to be
    there any more; ``unlinked`` those nobody remembers that were met.
    """
    return known + unlinked - gone - total


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _moment(stored: Json) -> datetime | None:
    return datetime.fromisoformat(stored) if isinstance(stored, str) else None


def _number(stored: Json) -> int | None:
    return stored if isinstance(stored, int) and not isinstance(stored, bool) else None
