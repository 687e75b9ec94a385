"""The look at a Bitable table before its records are written.

Bitable has no compare-and-set. What comes closest: before a batch the table's revision must be one that only our own
writes explain; otherwise the batch's lines are read again and planned again first.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from syncer.core.plan import Action
from syncer.core.records import Side, Version
from syncer.engine.cases import Bench
from syncer.engine.flight import Flight
from syncer.engine.line import Line
from syncer.engine.tools import Tools


class Freshness:
    """Keeps what is written to what the table still holds."""

    def __init__(self, tools: Tools, bench: Bench) -> None:
        self._tools, self._bench = tools, bench

    def fresh(self, lines: list[Line], flight: Flight | None) -> list[Line]:
        """The lines that may be written now: those whose records somebody else touched are read and planned again."""
        tools = self._tools
        if not lines:
            return []
        if self._is_unmoved(lines, flight):
            return lines
        tools.revisions = set()
        known = [line for line in lines if not line.versions[Side.FEISHU].absent]
        self._bench.refresh(Side.FEISHU, known)
        self._keep_absent([line for line in lines if creates(line)])
        for line in known:
            self._plan_again(line)
        return [line for line in lines if not line.undone and line.operation(Side.FEISHU)]

    def _is_unmoved(self, lines: Sequence[Line], flight: Flight | None) -> bool:
        """Whether only our own writes moved the table since it was read.

        New records overwrite nothing: for them a look while the last batch was under way is recent enough.
        """
        allowed = self._tools.revisions
        if flight is None or flight.look is None or not all(map(creates, lines)):
            return self._tools.records.revision() in allowed
        return flight.look.result() in flight.before | allowed

    def _plan_again(self, line: Line) -> None:
        before, after = line.plan, self._tools.plan(line)
        agreed = {name for name, base in after.bases.items() if line.bases.get(name) != base}
        line.adopt(replace(after, bases={}))
        if (
            line.operation(Side.DATABASE)
            or agreed  # with a row that was read before its record: it may have changed since
            or after.fate is not before.fate
            or after.differs
            or after.tells_more_than(before)
        ):
            line.leave()

    def _keep_absent(self, lines: Sequence[Line]) -> None:
        """Of lines to be created, drop those whose match values meanwhile stand in some record."""
        lens = self._tools.lens
        matches = [
            lens.cells(values)
            for line in lines
            if (operation := line.operation(Side.FEISHU)) and (values := lens.match_values(operation.values))
        ]
        if not matches:
            return
        now = self._tools.clock.now()
        taken = {lens.match(lens.record(raw, now)) for raw in self._tools.records.find(matches, lens.fields)}
        for line in lines:
            if lens.match(_source(line, now)) in taken:
                line.leave()


def _source(line: Line, now: datetime) -> Version:
    """What a new record is made from: its row, or, where there is none, what is to be written."""
    operation, row = line.operation(Side.FEISHU), line.versions[Side.DATABASE]
    return Version(Side.FEISHU, "", operation.values, now) if row.absent and operation else row


def creates(line: Line) -> bool:
    """Whether a line's record is yet to be made."""
    operation = line.operation(Side.FEISHU)
    return operation is not None and operation.action is Action.CREATE
