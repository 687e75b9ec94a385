"""The look at a Bitable table before its records are written.

Bitable has no compare-and-set. What comes closest: when our turn to write has come, the table's revision must be one
that only our own writes explain; otherwise the batch's lines are read again and planned again first. Where people never
pause, a batch goes after ``ROUNDS`` such readings: what it overwrites all the same is for ``engine.overwritten``.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from syncer.core.plan import Action
from syncer.core.records import Side, Version
from syncer.engine.cases import Bench
from syncer.engine.flight import Flight
from syncer.engine.line import Line
from syncer.engine.tools import Tools
from syncer.engine.trust import lose, moved, regain, wrote

ROUNDS = 2
"""So often the lines of a batch are read anew, because somebody edits the table all the time."""


class Freshness:
    """Keeps what is written to what the table still holds.

    ``seen`` is a revision that the lines given last were read at, or after; nothing else is known where it is missing.
    """

    def __init__(self, tools: Tools, bench: Bench) -> None:
        self._tools, self._bench = tools, bench
        self._read_at: set[int] = set()
        self._rounds = 0
        self.seen: int | None = None

    def fresh(self, lines: list[Line], flight: Flight | None) -> list[Line]:
        """The lines that may be written now: those whose records somebody else touched are read and planned again."""
        self._rounds, self._read_at = 0, set()
        if not lines:
            return []
        now = regain(self._tools)
        allowed = self._tools.revisions
        if allowed and not any(map(creates, lines)):  # the write itself will look
            self.seen = min(allowed)
            return lines
        now, explained = (now, allowed) if now is not None else self._look(lines, flight)
        if now in explained:
            self.seen = min(explained)
            return lines
        if allowed and all(creates(line) and not line.stored for line in lines):
            is_explained = self._tools.explain()
            lines = self._not_overtaken(lines)  # whether or not all is explained, something may have been dealt with
            if is_explained:
                self.seen = min(self._tools.revisions)
                return lines
            now = self._tools.records.revision()  # what was looked at may be from before a write of our own
        return self.again(lines, now)

    def _not_overtaken(self, lines: Sequence[Line]) -> list[Line]:
        """Without the lines that were dealt with while it was asked why the table moved."""
        for line in lines:
            if any((side, line.id_on(side)) in self._tools.overtaken for side in Side):
                line.leave()
        return [line for line in lines if not line.undone]

    @property
    def only_at(self) -> Collection[int] | None:
        """Where the table must stand when the lines given last are written; nowhere in particular after many rounds."""
        return self._tools.revisions or self._read_at or None

    def moved_by(self, lines: int) -> None:
        """Our own write of so many lines moved the table."""
        wrote(self._tools, lines)
        self._read_at = moved(self._read_at, lines)

    def again(self, lines: Sequence[Line], revision: int | None) -> list[Line]:
        """Lines not to be written yet, for the table stands at another revision by now: read and planned again."""
        lose(self._tools, revision)
        self._rounds, self.seen = self._rounds + 1, revision
        self._read_at = {revision} if revision is not None and self._rounds <= ROUNDS else set()
        known = [line for line in lines if not line.versions[Side.FEISHU].absent]
        self._bench.refresh(Side.FEISHU, known)
        self._bench.examine(known)
        self._keep_absent([line for line in lines if creates(line)])
        for line in known:
            self._plan_again(line)
        return [line for line in lines if not line.undone and line.operation(Side.FEISHU)]

    def _look(self, lines: Sequence[Line], flight: Flight | None) -> tuple[int | None, Collection[int]]:
        """Where the table stands, and where only our own writes would have moved it since it was read.

        New records overwrite nothing: for them a look while the last batch was under way is recent enough.
        """
        allowed = self._tools.revisions
        if flight is None or flight.look is None or not all(map(creates, lines)):
            return self._tools.records.revision(), allowed
        return flight.look.result(), flight.before | allowed

    def _plan_again(self, line: Line) -> None:
        before, after = line.plan, self._tools.plan(line)
        agreed = {name for name, base in after.bases.items() if line.bases.get(name) != base}
        line.planned_at = self._tools.clock.now()
        line.adopt(replace(after, bases={}))
        if (
            line.operation(Side.DATABASE)
            or agreed  # with a row that was read before its record: it may have changed since
            or after.fate is not before.fate
            or after.differs
            or after.tells_more_than(before)
            or self._tools.files.lacks(line)
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
