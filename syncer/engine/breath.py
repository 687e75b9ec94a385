"""Lets a long run draw breath: between two of its slices it deals with what was noticed meanwhile.

An edit is then not stuck behind a backfill. What is dealt with here is remembered before the run goes on; the run's own
survey counts it as overtaken.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from syncer.batching.askers import urgently
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.cases import Bench
from syncer.engine.judge import Judge, Judgement
from syncer.engine.look import Surveyed, look_at_some, still_named
from syncer.engine.news import News
from syncer.engine.scope import MOST_KEYS, Scope
from syncer.engine.tools import Tools
from syncer.engine.trust import apart, dealt_with
from syncer.ports import RecordTableInfo
from syncer.ports.capture import CapturedKey
from syncer.ports.progress import Reporter
from syncer.ports.signals import Signal

APART = timedelta(milliseconds=300)
"""How often what was noticed is asked for, at most."""
PATIENCE = timedelta(seconds=6)
"""So long an event may take to tell why Feishu's table moved: while it does not, every batch costs more."""
MOST = 100
"""So many lines are dealt with in one breath."""

Carry = Callable[[Surveyed, Judgement], bool]
"""Carries out what a look at some lines found; ``False`` if a guard stands against it."""


@dataclass(slots=True)
class Breath:
    """What a run does beside its own work. ``carry`` and ``rest`` are the run's; without them nothing is done."""

    tools: Tools
    info: RecordTableInfo
    carry: Carry | None = None
    rest: Callable[[], None] = lambda: None
    news: News | None = None
    capture: Json = None
    """The capture's cursor, as far as rows were dealt with."""
    counted: set[int] = field(default_factory=set)
    """The revisions of other people's writes that were dealt with."""
    last: datetime | None = None
    busy: bool = False
    patience: timedelta = PATIENCE

    def draw(self) -> None:
        """Deal with what was noticed since the last breath. Raises what any run may raise."""
        now = self.tools.clock.now()
        if self.busy or self.carry is None or (self.last is not None and now - self.last < APART):
            return
        self.busy = True
        try:
            self._look(self.news.take(MOST) if self.news is not None else [], self._rows())
        finally:
            self.busy, self.last = False, self.tools.clock.now()

    def carry_on(self, records: Collection[str], carry: Carry) -> None:
        """Carry further what was just put back into these records; nothing else is dealt with meanwhile."""
        before = self.carry
        self.busy, self.carry = True, carry
        try:
            if records:
                self._deal(Scope({Side.FEISHU: sorted(records), Side.DATABASE: []}))
        finally:
            self.busy, self.carry = False, before

    def passed(self) -> Sequence[Signal]:
        """The signals that the run's own reading answers."""
        return self.news.passed if self.news is not None else ()

    def _look(self, signals: Sequence[Signal], rows: list[str]) -> None:
        lines = {Side.FEISHU: _lines(signals, Side.FEISHU), Side.DATABASE: [*_lines(signals, Side.DATABASE), *rows]}
        if any(lines.values()):
            self.rest()
            with urgently():
                self._deal(Scope(lines, signals))
        else:
            dealt_with(self.tools, self._steps())

    def _rows(self) -> list[str]:
        """The rows that others wrote last since the last breath; those passed over wait for a run of their own."""
        capture, cursor = self.tools.capture, self.capture
        if capture is None or not isinstance(cursor, dict):
            return []
        captured = capture.changes(cursor, MOST_KEYS)
        self.capture = None if captured.whole else dict(captured.cursor)
        found = [each for each in captured.keys if each.batch is None]
        if len(found) > MOST:  # without their moments nobody could tell them from what we wrote ourselves
            found = sorted((each for each in found if each.at is not None), key=_moment)[-MOST:]
        return [each.key for each in found]

    def _deal(self, scope: Scope) -> None:
        tools = self.tools
        reporter, read = tools.reporter, dict(tools.report.read)
        tools.noticed.take(scope.signals)
        revision, tools.reporter = tools.records.revision(), Reporter()
        before, tools.overtaken = tools.overtaken, set()  # what was dealt with before may have changed once more
        try:
            with apart(tools, revision):
                found = look_at_some(tools, scope, revision)
                done = found is not None and self._carry_out(*found)
        finally:
            tools.reporter, tools.report.read = reporter, read
            tools.overtaken |= before
        if done:
            dealt_with(tools, self._steps())
            if tools.signals is not None:
                tools.signals.settle(scope.signals)
        elif self.news is not None:
            self.news.leave(scope.signals)  # a guard stands against it: what they wrote is never counted
            self.counted |= self.news.foreign

    def _carry_out(self, surveyed: Surveyed, lines: frozenset[tuple[Side, str]]) -> bool:
        assert self.carry is not None
        judgement = Judge(self.tools, Bench(self.tools), surveyed.survey, surveyed.gone).judge()
        if any(side is Side.DATABASE for side, _ in judgement.tally.clears):
            still_named(self.tools, self.info)
        before = self._tied(lines)
        if not self.carry(surveyed, judgement):
            return False
        # A line that was linked before, but not looked at now, may have changed or gone: the run itself will tell.
        self.tools.overtaken |= lines | (self._tied(lines) - before)
        return True

    def _tied(self, lines: frozenset[tuple[Side, str]]) -> set[tuple[Side, str]]:
        """All lines of the links that these lines belong to."""
        memory = self.tools.memory
        found = {
            known.link
            for side in Side
            if (names := [name for where, name in lines if where is side])
            for known in memory.seen(side, names).values()
        }
        links = [each.link for each in memory.links(sorted(found))]
        return {(side, name) for link in links for side in Side if (name := link.line(side)) is not None}

    def _steps(self) -> Collection[int]:
        """The writes of others that were looked at and not counted yet; none while some are still to be looked at.

        Each is one step of the table, whenever its event came. While one is still to come the table stands further.
        """
        if self.news is None or not self.news.complete:
            return ()
        fresh = self.news.foreign - self.counted
        self.counted |= fresh
        return fresh

    def explain(self) -> bool:
        """Wait a little for what explains that Feishu's table moved, and deal with it; whether all is explained now.

        Where waiting did not help, the next time is shorter.
        """
        tools, until = self.tools, self.tools.clock.now() + self.patience
        if self.busy or self.carry is None or self.news is None or not tools.revisions:
            return False
        while tools.records.revision() not in tools.revisions:
            if tools.clock.now() > until:
                self.patience /= 2
                return False
            tools.clock.sleep(APART.total_seconds())
            self.draw()
        self.patience = PATIENCE
        return True


def _moment(found: CapturedKey) -> datetime:
    assert found.at is not None
    return found.at


def _lines(signals: Sequence[Signal], side: Side) -> list[str]:
    return [signal.line for signal in signals if signal.side is side]
