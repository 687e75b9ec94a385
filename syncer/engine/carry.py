"""Carries planned lines out, in bounded batches: the database half, what it filled in, the Feishu half, the memory."""

from collections.abc import Container, Sequence
from dataclasses import replace

from syncer.core.plan import Collision, Fate, LinePlan, Operation
from syncer.core.planner import failed_digest
from syncer.core.records import Side
from syncer.core.values import dump
from syncer.engine.line import Line
from syncer.engine.loops import pause_loops
from syncer.engine.notes import Notebook
from syncer.engine.record_half import RecordHalf
from syncer.engine.row_half import RowHalf
from syncer.engine.tools import Tools


class Carrier:
    """Takes lines one after the other and writes them when a batch is full."""

    def __init__(self, tools: Tools, rows: RowHalf, records: RecordHalf) -> None:
        self._tools, self._rows, self._records = tools, rows, records
        self._busy: list[Line] = []
        self._quiet: list[Line] = []

    def take(self, line: Line) -> None:
        """Carry a line out, now or with the next full batch."""
        if line.plan.operations:
            self._busy.append(line)
        else:
            self._quiet.append(line)
        if max(len(self._busy), len(self._quiet)) >= self._tools.options.batch:
            self.flush()

    def flush(self) -> None:
        """Write and remember what was taken so far."""
        busy, self._busy = self._still_loose(self._busy), []
        quiet, self._quiet = self._still_loose(self._quiet), []
        notebook = self._tools.notebook()
        busy, paused = pause_loops(self._tools, busy, notebook)
        quiet += paused
        self._tools.files.carry(busy)
        for line in quiet:
            self._settle(line)
        self._tools.give_links([line for line in [*busy, *quiet] if _tied(line)])
        for line in [*busy, *quiet]:
            self._tell(line, notebook)
        for line in quiet:
            notebook.line(line)
        self._tools.store(notebook)
        if busy:
            self._write(busy)

    def close(self) -> None:
        """Write and remember all that was taken, to the end."""
        self.flush()
        self._records.land()

    def _still_loose(self, lines: Sequence[Line]) -> list[Line]:
        """Without the newcomers that this run linked meanwhile: the outcome of a call may have shown whose they are."""
        taken = {side: self._linked(side, lines) for side in Side}
        return [line for line in lines if not any(_newcomer(line, side) in taken[side] for side in Side)]

    def _linked(self, side: Side, lines: Sequence[Line]) -> Container[str | None]:
        names = [name for line in lines if (name := _newcomer(line, side)) is not None]
        return self._tools.memory.seen(side, names) if names else ()

    def follow(self, lines: Sequence[Line]) -> None:
        """Go on with lines whose row is written: what the database filled in goes to Feishu."""
        for line in lines:
            self._follow_up(line)
        if lines:
            self._records.apply(lines, lambda: self._finish(lines))

    def _write(self, lines: Sequence[Line]) -> None:
        if self._tools.wholes is not None:
            self._tools.wholes.complete(lines)
        for line in self._rows.apply(lines):
            self._follow_up(line)
            if self._tools.files.lacks(line):
                line.leave()
        self._records.apply(lines, lambda: self._finish(lines))

    def _finish(self, lines: Sequence[Line]) -> None:
        """Remember what both halves left, once both are done."""
        notebook = self._tools.notebook()
        for line in lines:
            line.saved, line.halfway = line.saved and not line.halfway, False
            notebook.line(line)
        loose = [line for line in lines if not line.stored]
        self._tools.report.loose += len(loose)
        self._tools.again.update((side, name) for line in loose for side in Side if (name := line.id_on(side)))
        self._tools.store(notebook)

    def _follow_up(self, line: Line) -> None:
        """Plan a written line again: what the database filled in, and what is owed, goes to Feishu in the same run."""
        if line.gone or line.plan.fate is not Fate.KEEP or line.versions[Side.FEISHU].absent:
            return
        feishu = line.plan.operation(Side.FEISHU)
        if not (line.halfway and line.owes_feishu()):
            return
        again = self._tools.plan(line)
        if line.wish is not None and feishu is not None:
            again = _beside(again, feishu)
        if again.operation(Side.DATABASE) is not None or again.tells_more_than(line.plan):
            line.leave()
            again = LinePlan(tuple(filter(None, [again.operation(Side.FEISHU)])), again.bases, pending=again.pending)
        if feishu is not None or again.operations or again.bases:
            line.adopt(again)
        else:
            line.adopt(LinePlan(pending=again.pending))

    def _settle(self, line: Line) -> None:
        """A line without operations: its link may be severed or forgotten at once."""
        line.gone = line.plan.fate is Fate.FORGET

    def _tell(self, line: Line, notebook: Notebook) -> None:
        """Note conflicts and failures that are news, and those that are over."""
        news = [met for met in line.plan.collisions if not _known(line, met)]
        for met in news:
            notebook.collision(line, met)
        open_now = {met.pair for met in line.plan.collisions if met.verdict.winner is None}
        if line.link is not None and line.link.id is not None:
            standing = {*open_now, *self._tools.rules.paused}
            notebook.closed.extend((line.link.id, pair) for pair in line.open_conflicts if pair not in standing)
        self._tell_failures(line, notebook)
        self._tools.report.conflicts += bool(news)
        self._tools.report.held += bool(line.plan.held)
        self._tools.pending.note(line)

    def _tell_failures(self, line: Line, notebook: Notebook) -> None:
        """Note what does not fit, once for each value; what is neither unfit nor blocked any more is mended."""
        report, failed = self._tools.report, line.desk.failed
        if line.link is not None and not line.stored:  # just tied: what was told of its halves goes on under its link
            notebook.mend(line, failed)
            failed = {}
        news = [found for found in line.plan.unfit if failed.get(found.pair) != failed_digest(found.value)]
        for found in news:
            notebook.unfit(line, found)
        standing = {found.pair for found in line.plan.unfit} | set(line.plan.blocked)
        notebook.mend(line, [pair for pair in failed if pair not in standing])
        report.failures += bool(news)
        report.loose += bool(standing) and not line.stored


def _beside(plan: LinePlan, wished: Operation) -> LinePlan:
    """A plan with what a person wished for Feishu's half besides: no comparison of the halves would come to that."""
    found, others = plan.operation(Side.FEISHU), [one for one in plan.operations if one.side is not Side.FEISHU]
    if found is not None:
        values, before = {**wished.values, **found.values}, {**wished.before, **found.before}
        wished = replace(wished, values=values, before=before, after={**wished.after, **found.after})
    return replace(plan, operations=(*others, wished))


def _newcomer(line: Line, side: Side) -> str | None:
    """The name of a line that no link was known for when it was read."""
    return line.id_on(side) if line.link is None else None


def _tied(line: Line) -> bool:
    """Whether both halves are there, so that there is something to link."""
    return line.link is None and not any(version.absent for version in line.versions.values())


def _known(line: Line, met: Collision) -> bool:
    """Whether this very conflict is open already: then it is not counted again."""
    note = line.open_conflicts.get(met.pair)
    if note is None or met.verdict.winner is not None:
        return False
    return (note.feishu, note.database) == (dump(met.clash.feishu), dump(met.clash.database))
