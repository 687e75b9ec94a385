"""How a world's changes are noticed: events that are lost, doubled or late, and a log of rows that never lies."""

import json
from dataclasses import replace

from syncer.ports.capture import Captured, CapturedKey
from syncer.ports.signals import ParsedEvent, RecordChange
from syncer.testing.signals import InMemoryNoticing

NAME, TYPE = "orders", "drive.file.bitable_record_changed_v1"


def told(field, cell) -> str:
    """A cell as events show it: as readers see it, but for options and people, which are shown by ids of their own."""
    if field.type == 11 and cell is not None:
        return json.dumps({"users": [{"userId": f"7{each['id']}"} for each in cell]})
    if cell is not None and field.option_ids:
        ids = dict(zip(field.options, field.option_ids, strict=True))
        cell = [ids[name] for name in cell] if isinstance(cell, list) else ids[cell]
    return "" if cell is None else json.dumps(cell)


def identity(field, cell):
    """What stands beside a cell that names people."""
    return {"users": [{"user_id": {"open_id": each["id"]}, "name": "某人"} for each in cell]}


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
        since = [*self._copies[cursor["copy"] + 1 :], now]  # what came and went since is logged too
        moved = sorted({key for copy in since for key in {*before, *copy} if before.get(key) != copy.get(key)})
        if len(moved) > 1 and self._rng.random() < 0.5:
            first = moved[:1]
            later = {key: dict(row) for key, row in before.items() if key not in first}
            later.update((key, dict(now[key])) for key in first if key in now)
            self._copies.append(later)
            return Captured([CapturedKey(first[0])], {"copy": len(self._copies) - 1}, more=True, waiting=len(moved) - 1)
        return Captured([CapturedKey(key) for key in moved], self.start())

    def told(self, _cursor, _keys):
        return {}

    def read(self, cursor) -> None:
        pass


class Noticer:
    """Sees what happened to the records since it last looked, and tells of it as Feishu's events do: not always."""

    def __init__(self, rng, records, rows, clock) -> None:
        self._rng, self._records = rng, records
        self.noticing = InMemoryNoticing({NAME: ("default", "app", "tbl")}, clock)
        self.capture = RowLog(rng, rows) if rng.random() < 0.7 else None
        self._loss = rng.choice([0, 0, 0.2, 1])
        self._heard: list[tuple] = []
        self._came: set[tuple] = set()
        """Which moves of cells were told of: record, field, the cell before and after."""
        records.told = self._hear
        self._delayed: list[ParsedEvent] = []
        self._count = 0

    def signals(self):
        return self.noticing.signals(NAME)

    def _hear(self, record, before, after) -> None:
        self._heard.append((record, before, after, self._records.revision))

    def look(self) -> None:
        """Raise signals for what changed since the last look."""
        heard, self._heard = self._heard, []
        for one in heard:
            dice, event = self._rng.random(), self._event(*one)
            if dice < self._loss:
                continue
            if dice > 0.9:
                self._delayed.append(event)
            else:
                self._tell([event] * self._rng.choice([1, 1, 2]))
        if self._delayed and self._rng.random() < 0.1:
            self.hurry()

    def hurry(self) -> None:
        """What was late arrives."""
        self._tell(self._delayed)
        self._delayed = []

    def has_told(self, record, field, cell) -> bool:
        """Whether an event told of this cell as what a field was given, or held before it was given another one."""
        known = next(one for one in self._records.fields if one.name == field)
        return (record, known.id, told(known, cell)) in self._came

    def _event(self, name, before, after, revision) -> ParsedEvent:
        self._count += 1
        action = "record_added" if before is None else "record_deleted" if after is None else "record_edited"
        fields = [one for one in self._records.fields if (before or {}).get(one.name) != (after or {}).get(one.name)]
        shown = [
            {} if cells is None else {one.id: told(one, cells.get(one.name)) for one in fields}
            for cells in (before, after)
        ]
        people = [
            {one.id: identity(one, cell) for one in fields if one.type == 11 and (cell := (cells or {}).get(one.name))}
            for cells in (before, after)
        ]
        change = RecordChange(name, action, *shown, *people)
        return ParsedEvent(f"event {self._count}", TYPE, None, "app", "tbl", revision, changes=(change,))

    def _tell(self, events) -> None:
        for event in events:
            self.noticing.receive("default", event)
            if event.changes[0].action != "record_added":
                for cells in (event.changes[0].before, event.changes[0].after):
                    self._came.update((event.changes[0].record, *item) for item in cells.items())

    def options(self, options):
        """How the next run comes to be: by the clock, or because something was noticed."""
        return replace(options, poll=options.full or self._rng.random() < 0.6)
