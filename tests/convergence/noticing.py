"""How a world's changes are noticed: events that are lost, doubled or late, and a log of rows that never lies."""

from dataclasses import replace

from syncer.core.records import Side
from syncer.ports.capture import Captured, CapturedKey
from syncer.ports.signals import SignalKind
from syncer.testing.signals import InMemoryNoticing

NAME = "orders"


class RowLog:
    """A capture that compares: a cursor is a copy of the table. Now and then it is too old."""

    def __init__(self, rng, rows) -> None:
        self._rng, self._rows = rng, rows
        self._copies: list[dict] = []

    def start(self):
        self._copies.append({key: dict(row) for key, row in self._rows.rows.items()})
        return {"copy": len(self._copies) - 1}

    def changes(self, cursor, limit):
        if self._rng.random() < 0.05:
            return Captured(whole=True, reason="the log was pruned")
        before, now = self._copies[cursor["copy"]], self._rows.rows
        moved = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
        if len(moved) > 1 and self._rng.random() < 0.5:
            first = moved[:1]
            later = {key: dict(row) for key, row in before.items() if key not in first}
            later.update((key, dict(now[key])) for key in first if key in now)
            self._copies.append(later)
            return Captured([CapturedKey(first[0])], {"copy": len(self._copies) - 1}, more=True, waiting=len(moved) - 1)
        return Captured([CapturedKey(key) for key in moved], self.start())

    def read(self, cursor) -> None:
        pass


class Noticer:
    """Sees what happened to the records since it last looked, and tells of it as Feishu's events do: not always."""

    def __init__(self, rng, records, rows, clock) -> None:
        self._rng, self._records = rng, records
        self.noticing = InMemoryNoticing({NAME: ("default", "app", "tbl")}, clock)
        self.capture = RowLog(rng, rows) if rng.random() < 0.7 else None
        self._loss = rng.choice([0, 0, 0.2, 1])
        self._seen = self._copy()
        self._delayed: list[str] = []

    def signals(self):
        return self.noticing.signals(NAME)

    def _copy(self):
        return {name: dict(kept.cells) for name, kept in self._records.records.items()}

    def look(self) -> None:
        """Raise signals for what changed since the last look."""
        before, self._seen = self._seen, self._copy()
        moved = [name for name in sorted({*before, *self._seen}) if before.get(name) != self._seen.get(name)]
        for name in moved:
            dice = self._rng.random()
            if dice < self._loss:
                continue
            if dice > 0.9:
                self._delayed.append(name)
            else:
                self._tell([name] * self._rng.choice([1, 1, 2]))
        if self._delayed and self._rng.random() < 0.1:
            self._tell(self._delayed)
            self._delayed = []

    def _tell(self, names) -> None:
        for name in names:
            self.noticing.raise_(NAME, Side.FEISHU, SignalKind.LINE, [name], "event")

    def options(self, options):
        """How the next run comes to be: by the clock, or because something was noticed."""
        return replace(options, poll=options.full or self._rng.random() < 0.6)
