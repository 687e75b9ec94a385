"""What one run looks at: on each side everything, or the lines that something was noticed about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from syncer.core.cursors import Asked, Way
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.echoes import Echoes, Told
from syncer.engine.heads import CROWDED, Glancer, definitions, followed
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

    ``signals`` are settled and ``capture`` is the database's cursor once all of it is dealt with; ``why`` says for each
    side that is read whole what made that necessary. ``still`` says that no record is unknown beside those named.
    """

    lines: Mapping[Side, Sequence[str] | None]
    signals: Sequence[Signal] = ()
    capture: Mapping[str, Json] | None = None
    still: bool = False
    way: Way = Way.NAMED
    watermark: datetime | None = None
    """The newest change in Feishu before the look, by its clock."""
    stamp: int = 0
    """Everything signalled until this generation was signalled before the look."""
    told: frozenset[int] = frozenset()
    """Revisions of Feishu that events told of, all of which are among the signals."""
    fields: str = ""
    """A digest of the definitions of the fields that are followed."""
    computed_at: datetime | None = None
    """When a reading of the computed fields of every record began, if there was one."""
    why: Mapping[Side, str] = field(default_factory=dict)

    @property
    def partial(self) -> frozenset[Side]:
        """The sides that are not looked at as a whole."""
        return frozenset(side for side in Side if self.lines[side] is not None)

    def widened(self, side: Side) -> "Scope":
        """The same with all of one side."""
        return replace(self, lines={**self.lines, side: None}, still=self.still and side is not Side.FEISHU)


class Chooser:
    """Chooses the scope of one run, before anything is read: what comes later raises a signal of its own."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools, self._info = tools, info
        lines = tools.memory.cursor(Side.FEISHU).get("lines")
        self._most = max(FEWEST, lines // 5 if isinstance(lines, int) else 0)

    def choose(self) -> Scope:
        """The scope. Raises the errors of both doors."""
        port = self._tools.signals
        stamp, signals = port.stamp() if port is not None else 0, self._claim()
        named = {side: _named(signals, side) for side in Side}
        echoes = self._echoes(signals)
        full = self._tools.options.full or any(signal.kind is SignalKind.FULL for signal in signals)
        rows = self._rows(named[Side.DATABASE], signals, full=full)
        asked = self._asked(signals, full=full, polls=full or rows.keys is None or self._polls(signals, Side.FEISHU))
        told, named_records = named[Side.FEISHU], (named[Side.FEISHU] - echoes.found) | _following(signals)
        glance = Glancer(self._tools, self._info, self._most).glance(named_records, told, asked)
        return Scope(
            lines={Side.FEISHU: glance.records, Side.DATABASE: rows.keys},
            signals=signals,
            stamp=stamp,
            capture=rows.cursor,
            still=glance.still,
            way=glance.way,
            watermark=glance.watermark,
            told=echoes.revisions if len(signals) < MOST_SIGNALS else frozenset(),
            fields=asked.fields,
            computed_at=glance.computed_at,
            why={Side.FEISHU: glance.why, Side.DATABASE: rows.why},
        )

    def _claim(self) -> Sequence[Signal]:
        """The signals to take up; a run that looks at everything it can also takes those that were left to rest."""
        options, signals = self._tools.options, self._tools.signals
        return signals.claim(MOST_SIGNALS, resting=options.poll or options.full) if signals is not None else ()

    def _echoes(self, signals: Sequence[Signal]) -> Told:
        told = [signal for signal in signals if signal.kind is SignalKind.LINE and signal.side is Side.FEISHU]
        return Echoes(self._tools, self._info).of(told) if told else Told()

    def _polls(self, signals: Sequence[Signal], side: Side) -> bool:
        """Whether a side is to be asked for what nobody signalled."""
        asked = {signal.kind for signal in signals if signal.side is side}
        return self._tools.options.poll or bool(asked & {SignalKind.POLL, SignalKind.SCHEMA})

    def _asked(self, signals: Sequence[Signal], *, full: bool, polls: bool) -> Asked:
        tools, info = self._tools, self._info
        return Asked(
            now=tools.clock.now(),
            revision=info.revision if tools.trusting else None,
            fields=definitions(tools, info),
            types=[field.type for field in followed(tools, info)],
            full=full,
            polls=polls,
            renamed=any(signal.kind is SignalKind.SCHEMA for signal in signals),
            computed=tools.computed,
            overdue=any(signal.kind is SignalKind.COMPUTED and not signal.names_line for signal in signals),
        )

    # The database.

    def _rows(self, named: frozenset[str], signals: Sequence[Signal], *, full: bool) -> "_Rows":
        """The rows to look at, and the capture's cursor for when they are dealt with."""
        capture = self._tools.capture
        if capture is None:
            return _Rows(None, None, "a dry run reads all rows")
        cursor = self._tools.memory.cursor(Side.DATABASE).get("capture")
        if full or not isinstance(cursor, Mapping):
            return _Rows(None, capture.start(), "a full run was asked for" if full else "it was never read before")
        if self._tools.memory.cursor(Side.DATABASE).get("where", "") != scope_digest(self._tools):
            return _Rows(None, capture.start(), "the scope of the mapping changed")
        keys, captured = self._captured(capture, cursor)
        if captured.blind and not self._polls(signals, Side.DATABASE):
            return _Rows(sorted(named))
        if captured.whole:
            return _Rows(None, capture.start(), captured.reason)
        wanted = keys | named | self._restless()
        if len(wanted) > self._most:
            return _Rows(None, captured.cursor, CROWDED)
        return _Rows(sorted(wanted), captured.cursor)

    def _restless(self) -> set[str]:
        """Rows that an earlier run was not done with."""
        memory, limit = self._tools.memory, self._most + 1
        return {*memory.restless(Side.DATABASE, limit), *memory.loose(Side.DATABASE, limit)}

    def _captured(self, capture: Capture, cursor: Mapping[str, Json]) -> tuple[set[str], Captured]:
        """All that was noticed since a cursor, unless so much that the table is read whole instead."""
        keys: set[str] = set()
        while True:
            captured = capture.changes(cursor, MOST_KEYS)
            keys.update(found.key for found in captured.keys if found.batch is None)
            if captured.whole or not captured.more:
                return keys, captured
            if len(keys) + captured.waiting > self._most:
                return keys, replace(captured, whole=True, reason=CROWDED)
            cursor = captured.cursor


def scope_digest(tools: Tools) -> str:
    """What identifies the scope of the rows; empty where all of them are inside."""
    where = tools.rules.where.get(Side.DATABASE)
    return where.digest.hex() if where is not None else ""


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows to look at (``None``: all of them, and why), and the capture's cursor for when they are dealt with."""

    keys: Sequence[str] | None
    cursor: Mapping[str, Json] | None = None
    why: str = ""


def _following(signals: Sequence[Signal]) -> frozenset[str]:
    """Records to be looked at whatever their events told: of what Feishu computes they tell nothing."""
    return frozenset(signal.line for signal in signals if signal.kind is SignalKind.COMPUTED and signal.names_line)


def _named(signals: Sequence[Signal], side: Side) -> frozenset[str]:
    return frozenset(signal.line for signal in signals if signal.names_line and signal.side is side)
