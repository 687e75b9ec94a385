"""Where a run leaves its cursors: the last thing it does, and never past something it was not done with."""

from syncer.core.plan import doubts
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.look import Surveyed
from syncer.engine.scope import Scope
from syncer.engine.tools import Tools


class Cursors:
    """Moves the cursors of one run and settles the signals it took up."""

    def __init__(self, tools: Tools, scope: Scope) -> None:
        self._tools, self._scope = tools, scope

    def advance(self, surveyed: Surveyed, strays: int, *, withheld: bool) -> None:
        """Note how far both sides were read. What a guard withheld is looked at again: nothing moves past it."""
        memory = self._tools.memory
        whole = frozenset(Side) - surveyed.partial
        if whole:
            memory.sweep_failures(whole)
        self._advance_feishu(surveyed, strays, withheld=withheld)
        if withheld:
            return
        self._leave_undone()
        if self._scope.capture is not None:
            memory.advance(Side.DATABASE, {**memory.cursor(Side.DATABASE), "capture": dict(self._scope.capture)})
            if self._tools.capture is not None:
                self._tools.capture.read(self._scope.capture)
        if self._tools.signals is not None:
            self._tools.signals.settle(self._scope.signals)

    def _leave_undone(self) -> None:
        signals, again = self._tools.signals, self._tools.again
        for side in Side:
            names = sorted(name for where, name in again if where is side)
            if signals is not None and names:
                signals.leave(side, names, "an earlier run was not done with it")

    def _advance_feishu(self, surveyed: Surveyed, strays: int, *, withheld: bool) -> None:
        """Let the next run skip an unmoved Feishu only if every record was whole, linked and dealt with."""
        tools = self._tools
        if Side.FEISHU in surveyed.partial:
            if self._scope.still:
                self._follow_own_writes(surveyed, strays)
            return
        left = strays + tools.report.held + tools.report.loose + withheld
        revision = surveyed.revision if not left and not doubts(surveyed.reading) else None
        if revision is not None and tools.signals is not None:
            tools.signals.caught_up(revision)
        cursor: dict[str, Json] = {"revision": self._ours(revision), "lines": surveyed.totals.lines[Side.FEISHU]}
        tools.memory.advance(Side.FEISHU, {**tools.memory.cursor(Side.FEISHU), **cursor})

    def _follow_own_writes(self, surveyed: Surveyed, strays: int) -> None:
        """Feishu stood still until we wrote to it: it need not be read whole for that."""
        tools, left = self._tools, strays + self._tools.report.held + self._tools.report.loose
        revision = self._ours(surveyed.revision)
        if not left and revision != surveyed.revision:
            tools.memory.advance(Side.FEISHU, {**tools.memory.cursor(Side.FEISHU), "revision": revision})

    def _ours(self, revision: int | None) -> int | None:
        """Where Feishu stands now if beyond doubt only we moved it since; else where it was before."""
        explained = self._tools.revisions
        if revision is None or len(explained) != 1 or revision in explained:
            return revision
        now = self._tools.records.revision()
        return now if now in explained else revision
