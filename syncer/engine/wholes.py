"""Before a line is deleted, all of it is read: also what no pair carries.

It is kept in the audit, and where somebody edited it since the last run looked, the line counts as edited: a deletion
on the other side was then decided without knowing of it. What we wrote ourselves is no edit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property

from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.line import Line
from syncer.engine.tools import Tools
from syncer.ports import RawRecord, RecordTableInfo, WholeRow


class Wholes:
    """Reads the lines that are about to be deleted, for one run."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools = tools
        self._fields = tuple(field.name for field in info.fields)
        self._other_ends = frozenset(field.id for field in info.fields if field.back)

    @cached_property
    def _looked(self) -> Mapping[Side, Mapping[str, Json]]:
        """How far earlier runs looked at each side."""
        return {side: self._tools.memory.cursor(side) for side in Side}

    def examine(self, lines: Sequence[Line]) -> list[Line]:
        """Read the lines whose plan deletes one half; those that somebody edited in parts that nothing carries."""
        found = []
        for side, read in ((Side.FEISHU, self._records), (Side.DATABASE, self._rows)):
            some = [line for line in lines if deletes(line, side)]
            found += read(some) if some else []
        return found

    def complete(self, lines: Sequence[Line]) -> None:
        """Read those that were not read yet: what an undo deletes nobody examined."""
        self.examine([line for line in lines if any(deletes(line, side) and side not in line.wholes for side in Side)])

    def _records(self, lines: Sequence[Line]) -> list[Line]:
        names = [line.versions[Side.FEISHU].line for line in lines]
        records = {raw.id: raw for raw in self._tools.records.fetch(names, self._fields).records}
        found = []
        for line, name in zip(lines, names, strict=True):
            if (raw := records.get(name)) is not None:
                line.wholes[Side.FEISHU] = dict(raw.cells)
                if self._is_record_edited(line, raw):
                    found.append(touch(line, Side.FEISHU))
        return found

    def _is_record_edited(self, line: Line, raw: RawRecord) -> bool:
        """Whether a record may have been changed after the last look, and surely not by us when we moved it last."""
        cursor, blur = self._looked[Side.FEISHU], self._tools.rules.blur
        looked, skew = _moment(cursor.get("looked_at")), cursor.get("skew")
        if raw.modified_at is None or looked is None or line.link is None:
            return False
        then = timedelta(seconds=skew) if isinstance(skew, int | float) else timedelta(0)
        at, moved = raw.modified_at - then, line.link.moved_at
        seems = at > looked - blur and (moved is None or at > moved + blur)
        return seems and not self._is_only_linked(raw.id, looked)

    def _is_only_linked(self, record: str, looked: datetime) -> bool:
        """Whether events say that nothing moved since but the ends of two-way links whose other end was edited."""
        signals = self._tools.signals
        if signals is None or not self._other_ends:
            return False
        events = signals.events_of(self._tools.table, [record]).get(record, ())
        since = [event for event in events if event.received_at > looked]
        return bool(since) and all({*event.before, *event.after} <= self._other_ends for event in since)

    def _rows(self, lines: Sequence[Line]) -> list[Line]:
        names = [line.versions[Side.DATABASE].line for line in lines]
        looked = self._looked[Side.DATABASE]
        rows = self._tools.rows.whole(names, [looked.get("stood"), looked.get("stood_after")])
        found = []
        for line, name in zip(lines, names, strict=True):
            if (row := rows.get(name)) is not None:
                line.wholes[Side.DATABASE], line.row_version = dict(row.columns), row.version
                if _is_row_edited(line, row, _moment(looked.get("at_stood"))):
                    found.append(touch(line, Side.DATABASE))
        return found


def _is_row_edited(line: Line, row: WholeRow, looked: datetime | None) -> bool:
    """Whether a row was written after the last look; if that run itself moved the line, after that run."""
    since_look, since_run = row.written
    moved = line.link.moved_at if line.link is not None else None
    return since_run if looked is None or moved is None or moved >= looked else since_look


def deletes(line: Line, side: Side) -> bool:
    """Whether the plan deletes the line's half on a side."""
    operation = line.operation(side)
    return operation is not None and operation.action is Action.DELETE


def touch(line: Line, side: Side) -> Line:
    """Note that somebody edited parts of a line's half that no pair carries."""
    line.desk = replace(line.desk, touched=line.desk.touched | {side})
    return line


def standing(tools: Tools) -> Mapping[str, Json]:
    """What a later run compares rows with, to know which were written since now."""
    return {"stood": tools.rows.standing(), "at_stood": tools.clock.now().isoformat()}


def stood_after(tools: Tools) -> Mapping[str, Json]:
    """The same at the end of a run, for the rows that it wrote itself."""
    wrote = any(side is Side.DATABASE for side, _ in tools.report.written)
    return {**tools.stood, "stood_after": tools.rows.standing() if wrote else tools.stood.get("stood")}


def _moment(told: Json) -> datetime | None:
    return datetime.fromisoformat(told) if isinstance(told, str) else None
