"""Tells a long run which of the signals that came since it began are news to it.

Passed over, to stay where they are, are those of changes that the run's own reading of the whole side holds: whatever
was noticed before it began, and whatever events tell of a revision from before it. An echo of our own write is known by
its values and settled at once. What is left is taken youngest first: no edit stands behind a flood.
"""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta

from syncer.core.records import Side
from syncer.engine.echoes import Echoes, Told
from syncer.engine.scope import Scope
from syncer.engine.tools import Tools
from syncer.ports import RecordTableInfo
from syncer.ports.signals import Signal, SignalKind

MOST = 20_000
"""So many signals are gone through at once; older ones wait for a run of their own."""
CHUNK = 1000
LAG = timedelta(seconds=5)
"""Two arrivals may become visible in another order than that of their generations, if hardly ever so long after."""


class News:
    """The signals of one run's mapping, as they come."""

    def __init__(self, tools: Tools, info: RecordTableInfo, scope: Scope) -> None:
        self._tools, self._echoes = tools, Echoes(tools, info)
        self._floor = scope.stamp if not scope.partial else 0
        self._stamp = {side: 0 if side in scope.partial else scope.stamp for side in Side}
        self._revision = info.revision if Side.FEISHU not in scope.partial else None
        self._seen = {signal.generation for signal in scope.signals}
        self._postponed: set[int] = set()
        self._heights: deque[tuple[datetime, int]] = deque()
        self.passed: list[Signal] = []
        """Signals whose change the run's own reading holds: dealt with once the run is at its end."""
        self.complete = True
        """Whether the last signals taken were all there was to look at."""
        self.foreign: set[int] = set()
        """The revisions, not ours, that were told of the records taken, beyond those the run's reading holds."""

    def take(self, most: int) -> list[Signal]:
        """What is to be looked at now, the youngest first; about ``most`` signals."""
        port = self._tools.signals
        if port is None:
            return []
        now, self.complete = self._tools.clock.now(), True
        young = port.newest(self._reached(now), MOST)
        fresh = [signal for signal in young if not self._is_known(signal)]
        wanted: list[Signal] = []
        for start in range(0, len(fresh), CHUNK):
            wanted += self._sifted(fresh[start : start + CHUNK])
            if len(wanted) >= most:
                self.complete = False
                return wanted[:most]
        if self.complete and young and len(young) < MOST:
            self._heights.append((now, young[0].generation))
        return wanted

    def leave(self, signals: Sequence[Signal]) -> None:
        """These are for a run of their own."""
        self._seen.update(signal.generation for signal in signals)

    def _reached(self, now: datetime) -> int:
        """The generation up to which nothing is news any more."""
        while self._heights and now - self._heights[0][0] > LAG:
            self._floor = max(self._floor, self._heights.popleft()[1])
        self._seen = {generation for generation in self._seen if generation > self._floor}
        return self._floor

    def _is_known(self, signal: Signal) -> bool:
        return signal.generation in self._seen or signal.generation <= self._stamp[signal.side]

    def _sifted(self, signals: Sequence[Signal]) -> list[Signal]:
        """Those of these signals that are to be looked at."""
        records = [signal for signal in signals if _is_told_of(signal)]
        told = self._told(records) if records else Told()
        self._settle([signal for signal in records if signal.line in told.echoes])
        wanted = []
        for signal in signals:
            if not _is_told_of(signal):
                wanted.append(signal)
            elif signal.line in told.held:
                self._seen.add(signal.generation)
                self.passed.append(signal)
            elif signal.line not in told.echoes and not self._postpones(signal, told):
                wanted.append(signal)
                self.foreign |= {step for step in told.foreign.get(signal.line, ()) if step > (self._revision or 0)}
        return wanted

    def _told(self, records: Sequence[Signal]) -> Told:
        """What events tell of these records, once everything that was written before is remembered."""
        return self._tools.aside.queue(lambda: self._echoes.of(records, self._revision)).result()

    def _settle(self, echoes: Sequence[Signal]) -> None:
        if echoes and self._tools.signals is not None:
            self._tools.signals.settle(echoes)

    def _postpones(self, signal: Signal, told: Told) -> bool:
        """Whether a new record may be one that a call still under way makes: it is asked about a slice later."""
        if signal.line not in told.newborn or signal.generation in self._postponed:
            self._postponed.discard(signal.generation)
            return False
        self._postponed.add(signal.generation)
        self.complete = False
        return True


def _is_told_of(signal: Signal) -> bool:
    """Whether events may tell by values what a signal is about."""
    return signal.side is Side.FEISHU and signal.kind is SignalKind.LINE
