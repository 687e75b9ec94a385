"""When the changes that a run carries had arrived, so that a line's history can tell where its time went."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from syncer.core.records import Side
from syncer.engine.line import Line
from syncer.ports.signals import Signal, SignalKind

NOTHING: Mapping[Side, datetime] = MappingProxyType({})


class Noticed:
    """The signals that a run took up, by what they are about."""

    def __init__(self) -> None:
        self._at: dict[tuple[Side, str], datetime] = {}

    def take(self, signals: Iterable[Signal]) -> None:
        """Signals of lines, and of the whole database: it notifies of tables alone."""
        for signal in signals:
            if signal.kind is SignalKind.LINE or signal.side is Side.DATABASE:
                place = (signal.side, signal.line)
                self._at[place] = min(signal.noticed_at, self._at.get(place, signal.noticed_at))

    def of(self, line: Line) -> Mapping[Side, datetime]:
        """When each half of a line was first told of since it was dealt with last, as far as a signal did."""
        if not self._at:
            return NOTHING
        found = {side: self._at.get((side, version.line)) for side, version in line.versions.items()}
        found[Side.DATABASE] = found.get(Side.DATABASE) or self._at.get((Side.DATABASE, ""))
        return {side: at for side, at in found.items() if at is not None}
