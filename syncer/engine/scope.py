"""What one run looks at: on each side everything, or the lines that something was noticed about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.echoes import Echoes
from syncer.engine.tools import Tools
from syncer.ports import RecordTableInfo
from syncer.ports.capture import Capture, Captured
from syncer.ports.signals import Signal, SignalKind

MOST_SIGNALS = 20_000
"""So many signals one run takes up; the next one goes on."""
MOST_KEYS = 10_000
"""So many rows one question to the capture may name."""
FEWEST = 100
"""So many lines are always looked at one by one, however small the table is."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a run looks at. ``lines`` names lines by side; ``None`` is the whole side.

    ``signals`` are settled and ``capture`` is the database's cursor once all of it is dealt with. ``still`` says that
    Feishu has not moved since a run that left none of its records loose: no record is unknown.
    """

    lines: Mapping[Side, Sequence[str] | None]
    signals: Sequence[Signal] = ()
    capture: Mapping[str, Json] | None = None
    still: bool = False
    polled: bool = True
    """Whether Feishu was asked for what nobody signalled."""

    @property
    def partial(self) -> frozenset[Side]:
        """The sides that are not looked at as a whole."""
        return frozenset(side for side in Side if self.lines[side] is not None)

    def widened(self, side: Side) -> "Scope":
        """The same with all of one side."""
        lines = {**self.lines, side: None}
        return Scope(lines, self.signals, self.capture, self.still and side is not Side.FEISHU, self.polled)


class Chooser:
    """Chooses the scope of one run, before anything is read: what comes later raises a signal of its own."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools, self._info = tools, info
        lines = tools.memory.cursor(Side.FEISHU).get("lines")
        self._most = max(FEWEST, lines // 5 if isinstance(lines, int) else 0)

    def choose(self) -> Scope:
        """The scope. Raises the errors of the capture's door."""
        signals = self._claim()
        named = {side: _named(signals, side) for side in Side}
        named[Side.FEISHU] -= self._echoes(signals)
        full = self._tools.options.full or any(signal.kind is SignalKind.FULL for signal in signals)
        rows, cursor = self._rows(named[Side.DATABASE], signals, full=full)
        polled = full or rows is None or self._polls(signals, Side.FEISHU)
        still = polled and not full and self._is_still()
        records = None if full else self._records(named[Side.FEISHU], polled=polled, still=still)
        lines = {Side.FEISHU: records, Side.DATABASE: rows}
        return Scope(lines, signals, cursor, still and records is not None, polled)

    def _claim(self) -> Sequence[Signal]:
        """The signals to take up; a run that looks at everything it can also takes those that were left to rest."""
        options, signals = self._tools.options, self._tools.signals
        return signals.claim(MOST_SIGNALS, resting=options.poll or options.full) if signals is not None else ()

    def _echoes(self, signals: Sequence[Signal]) -> frozenset[str]:
        told = [signal for signal in signals if signal.kind is SignalKind.LINE and signal.side is Side.FEISHU]
        return Echoes(self._tools, self._info).of(told) if told else frozenset()

    def _polls(self, signals: Sequence[Signal], side: Side) -> bool:
        """Whether a side is to be asked for what nobody signalled."""
        asked = {signal.kind for signal in signals if signal.side is side}
        return self._tools.options.poll or bool(asked & {SignalKind.POLL, SignalKind.SCHEMA})

    def _is_still(self) -> bool:
        revision = self._info.revision
        return revision is not None and self._tools.memory.cursor(Side.FEISHU).get("revision") == revision

    def _records(self, named: frozenset[str], *, polled: bool, still: bool) -> Sequence[str] | None:
        """The records to look at; ``None`` if Feishu must be read whole, or if that is cheaper."""
        if polled and not still:
            return None
        wanted = set(named) | (self._restless(Side.FEISHU) if polled else set())
        return sorted(wanted) if len(wanted) <= self._most else None

    def _restless(self, side: Side) -> set[str]:
        """Lines that an earlier run was not done with."""
        memory, limit = self._tools.memory, self._most + 1
        return {*memory.restless(side, limit), *memory.loose(side, limit)}

    # The database.

    def _rows(
        self, named: frozenset[str], signals: Sequence[Signal], *, full: bool
    ) -> tuple[Sequence[str] | None, Mapping[str, Json] | None]:
        """The rows to look at (``None``: all of them), and the capture's cursor for when they are dealt with."""
        capture = self._tools.capture
        if capture is None:
            return None, None
        cursor = self._tools.memory.cursor(Side.DATABASE).get("capture")
        if full or not isinstance(cursor, Mapping):
            return None, capture.start()
        keys, captured = self._captured(capture, cursor)
        if captured.blind and not self._polls(signals, Side.DATABASE):
            return sorted(named), None
        if captured.whole:
            return None, capture.start()
        wanted = keys | named | self._restless(Side.DATABASE)
        return (sorted(wanted) if len(wanted) <= self._most else None), captured.cursor

    def _captured(self, capture: Capture, cursor: Mapping[str, Json]) -> tuple[set[str], Captured]:
        """All that was noticed since a cursor, unless so much that the table is read whole instead."""
        keys: set[str] = set()
        while True:
            captured = capture.changes(cursor, MOST_KEYS)
            keys.update(found.key for found in captured.keys if found.batch is None)
            if captured.whole or not captured.more:
                return keys, captured
            if len(keys) + captured.waiting > self._most:
                return keys, replace(captured, whole=True)
            cursor = captured.cursor


def _named(signals: Sequence[Signal], side: Side) -> frozenset[str]:
    return frozenset(signal.line for signal in signals if signal.kind is SignalKind.LINE and signal.side is side)
