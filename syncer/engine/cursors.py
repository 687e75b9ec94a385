"""Where a run leaves its cursors: the last thing it does, and never past something it was not done with."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from syncer.core.cursors import FeishuCursor, Way
from syncer.core.plan import doubts
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.look import Surveyed
from syncer.engine.scope import MOST_SIGNALS, Scope, scope_digest
from syncer.engine.tools import Tools
from syncer.engine.wholes import stood_after
from syncer.ports.signals import Signal


class Cursors:
    """Moves the cursors of one run and settles the signals it took up, or ``passed`` over for its own reading."""

    def __init__(self, tools: Tools, scope: Scope, passed: Sequence[Signal] = ()) -> None:
        self._tools, self._scope, self._passed = tools, scope, passed
        self._cursor = FeishuCursor.from_json(tools.memory.cursor(Side.FEISHU))
        self._withheld = False

    def advance(self, surveyed: Surveyed, strays: int, *, withheld: bool) -> None:
        """Note how far both sides were read. What a guard withheld is looked at again: nothing moves past it."""
        memory = self._tools.memory
        self._withheld = withheld
        whole = frozenset(Side) - surveyed.partial
        if whole:
            memory.sweep_failures(whole)
        left = strays + self._tools.report.held + self._tools.report.loose
        if Side.FEISHU in whole:
            self._move(self._after_whole(surveyed, left, withheld=withheld))
        elif not withheld:
            self._move(self._after_some(surveyed, left))
        if withheld:
            return
        self._leave_undone()
        self._advance_rows(whole)
        self._settle(whole)

    def _settle(self, whole: frozenset[Side]) -> None:
        signals, scope = self._tools.signals, self._scope
        if signals is None:
            return
        signals.settle([*scope.signals, *self._passed])
        if len(scope.signals) == MOST_SIGNALS:  # else these were all
            for side in whole - scope.partial:
                signals.settle_side(side, scope.stamp)

    def _advance_rows(self, whole: frozenset[Side]) -> None:
        memory, captured = self._tools.memory, self._scope.capture
        if captured is None:
            return
        stood = {**stood_after(self._tools), "capture": dict(captured)}
        cursor: dict[str, Json] = {**memory.cursor(Side.DATABASE), **stood}
        if Side.DATABASE in whole:
            cursor.update(at=self._tools.clock.now().isoformat(), why=self._scope.why.get(Side.DATABASE, ""))
            cursor.update(where=scope_digest(self._tools))
        memory.advance(Side.DATABASE, cursor)
        if self._tools.capture is not None:
            self._tools.capture.read(captured)

    def _leave_undone(self) -> None:
        signals, again = self._tools.signals, self._tools.again | self._tools.pending.loose
        for side in Side:
            names = sorted(name for where, name in again if where is side)
            if signals is not None and names:
                signals.leave(side, names, "an earlier run was not done with it")

    # Feishu.

    def _move(self, cursor: FeishuCursor) -> None:
        if cursor != self._cursor:
            memory = self._tools.memory
            memory.advance(Side.FEISHU, {**memory.cursor(Side.FEISHU), **cursor.to_json(), **self._looked()})

    def _looked(self) -> dict[str, Json]:
        """Before when every edit of a record was looked at; not if something was withheld that it may outlive."""
        began, scope = self._tools.began, self._scope
        certain = Side.FEISHU not in scope.partial or scope.way is Way.HEAD or scope.still
        if began is None or not certain or self._withheld:
            return {}
        skew = self._tools.rules.skew.get(Side.FEISHU, timedelta(0))  # as it was then: a clock may be set meanwhile
        return {"looked_at": began.isoformat(), "skew": skew.total_seconds()}

    def _after_whole(self, surveyed: Surveyed, left: int, *, withheld: bool) -> FeishuCursor:
        """The next run may skip an unmoved Feishu only if every record was whole, linked and dealt with."""
        doubtful = bool(doubts(surveyed.reading))
        if not doubtful:
            self._caught_up(surveyed.revision)
        done = not (doubtful or withheld)
        cursor = self._cursor.read_whole(
            lines=surveyed.totals.lines[Side.FEISHU],
            fields=self._scope.fields,
            watermark=(self._scope.watermark or self._cursor.watermark) if done else None,
            at=self._tools.clock.now(),
            why=self._scope.why.get(Side.FEISHU, ""),
        )
        return cursor.known(self._ours(surveyed.revision) if done and not left else None)

    def _after_some(self, surveyed: Surveyed, left: int) -> FeishuCursor:
        """After a look at some records: at the head of the table, or at what was told of."""
        scope, cursor, now = self._scope, self._cursor, self._tools.clock.now()
        if scope.computed_at is not None:
            cursor = replace(cursor, computed_at=scope.computed_at)
        if scope.way is Way.HEAD:
            self._caught_up(surveyed.revision)
            moved = replace(cursor, watermark=scope.watermark or cursor.watermark, checked_at=now)
            return moved.known(None if left else self._ours(surveyed.revision))
        if scope.still and not left:
            cursor = replace(cursor.known(self._ours(surveyed.revision)), checked_at=now)
            if cursor.revision != self._cursor.revision:
                self._caught_up(cursor.revision)  # our own writes need no event to be known
        return cursor.follow(scope.told)

    def _caught_up(self, revision: int | None) -> None:
        """Whatever events did not tell of was found now, whether or not it could be dealt with."""
        if revision is not None and self._tools.signals is not None:
            self._tools.signals.caught_up(revision)

    def _ours(self, revision: int | None) -> int | None:
        """Where Feishu stands now if beyond doubt only we moved it since; else where it was before."""
        explained = self._tools.revisions
        if revision is None or len(explained) != 1 or revision in explained:
            return revision
        now = self._tools.records.revision()
        return now if now in explained else revision
