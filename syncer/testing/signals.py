"""Signals made of dictionaries, with the promises of the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count

from syncer.core import gaps
from syncer.core.gaps import Flow
from syncer.core.records import Side
from syncer.errors import NotAppliedError
from syncer.ports.signals import ParsedEvent, RecordChange, RecordEvent, Signal, SignalKind
from syncer.ports.world import Clock
from syncer.testing.world import FakeClock

Table = tuple[str, str, str]  # app, app_token, table_id
Place = tuple[Side, SignalKind, str]


@dataclass(slots=True)
class Pigeonhole:
    """The signals of one mapping; a place in ``resting`` wakes nobody."""

    table: Table
    signals: dict[Place, Signal] = field(default_factory=dict)
    resting: set[Place] = field(default_factory=set)


class InMemoryNoticing:
    """Signals of several mappings; ``tables`` says which Bitable table each one syncs: app, base, table."""

    def __init__(self, tables: Mapping[str, Table], clock: Clock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.holes = {name: Pigeonhole(table) for name, table in tables.items()}
        self.events: list[tuple[str, RecordEvent]] = []
        self.flows: dict[Table, Flow] = {}
        self._inbox: dict[tuple[str, str], datetime] = {}
        self._generations = count(1)

    def receive(self, app: str, event: ParsedEvent) -> Sequence[str]:
        """Take an event in, exactly once; the names of the mappings that got signals of it."""
        now, table = self.clock.now(), (app, event.app_token, event.table_id)
        if (app, event.id) in self._inbox:
            return []
        self._inbox[app, event.id] = now
        names = [name for name, hole in self.holes.items() if hole.table == table]
        if names:
            self._keep(table, event, now)
        for name in names:
            self.raise_(name, Side.FEISHU, SignalKind.LINE, [change.record for change in event.changes], event.type)
            if event.fields:
                self.raise_(name, Side.FEISHU, SignalKind.SCHEMA, reason=event.type)
            if event.unclear:
                self.raise_(name, Side.FEISHU, SignalKind.POLL, reason=event.type)
        return names

    def _keep(self, table: Table, event: ParsedEvent, now: datetime) -> None:
        self.events += [(event.table_id, _record_event(event, change, now)) for change in event.changes]
        if event.revision is not None:
            self.flows[table] = gaps.heard(self.flows.get(table, Flow()), event.revision, now)

    def raise_(
        self, mapping_name: str, side: Side, kind: SignalKind, lines: Sequence[str] = ("",), reason: str = ""
    ) -> None:
        """Raise a signal of one mapping; ``lines`` are only of use with the kind ``line``."""
        hole, now = self._hole(mapping_name), self.clock.now()
        for line in lines if kind is SignalKind.LINE else ("",):
            place, new = (side, kind, line), Signal(side, kind, line, next(self._generations), now, reason)
            known = None if place in hole.resting else hole.signals.get(place)
            hole.signals[place] = replace(new, noticed_at=min(known.noticed_at, now)) if known else new
            hole.resting.discard(place)

    def poll_missed(self) -> Sequence[str]:
        """Have those mappings poll Bitable of whose tables events did not come; their names."""
        names = []
        for table, before in self.flows.items():
            self.flows[table], wanted = gaps.ask(before, self.clock.now())
            names += [name for name, hole in self.holes.items() if wanted and hole.table == table]
        for name in names:
            self.raise_(name, Side.FEISHU, SignalKind.POLL, reason="events are missing")
        return names

    def signals(self, mapping_name: str) -> "InMemorySignals":
        """The signals of one mapping, for one run."""
        self._hole(mapping_name)
        return InMemorySignals(self, mapping_name)

    def waiting(self) -> Mapping[str, datetime]:
        """Mappings with unsettled signals, and since when; resting signals do not count."""
        now = self.clock.now()
        ripe = {
            name: [
                one.noticed_at
                for place, one in hole.signals.items()
                if place not in hole.resting and _is_ripe(one, now)
            ]
            for name, hole in self.holes.items()
        }
        since = {name: min(moments) for name, moments in ripe.items() if moments}
        return dict(sorted(since.items(), key=lambda found: (found[1], found[0])))

    def prune(self, older_than: timedelta = timedelta(hours=8)) -> int:
        """Forget events received longer ago than this; how many rows went."""
        until, before = self.clock.now() - older_than, len(self.events) + len(self._inbox)
        self.events = [(table, event) for table, event in self.events if event.received_at >= until]
        self._inbox = {place: at for place, at in self._inbox.items() if at >= until}
        return before - len(self.events) - len(self._inbox)

    def generation(self) -> int:
        """The next one."""
        return next(self._generations)

    def _hole(self, name: str) -> Pigeonhole:
        if name not in self.holes:
            raise NotAppliedError(f"the mapping {name} was never applied")
        return self.holes[name]


class InMemorySignals:
    """The signals of one mapping (``ports.signals.Signals``)."""

    def __init__(self, noticing: InMemoryNoticing, mapping_name: str) -> None:
        self._noticing = noticing
        self._hole = noticing.holes[mapping_name]
        self._claimed: dict[Place, int] = {}

    def claim(self, limit: int, *, resting: bool = False) -> Sequence[Signal]:
        """Unsettled signals, oldest first; nothing is deleted. With ``resting``, those that were left come last."""
        now = self._noticing.clock.now()
        found = [
            (place in self._hole.resting, signal.noticed_at, signal.generation, signal)
            for place, signal in self._hole.signals.items()
            if (resting or place not in self._hole.resting) and _is_ripe(signal, now)
        ]
        claimed = [signal for *_, signal in sorted(found, key=lambda one: one[:3])[:limit]]
        self._claimed.update((_place(signal), signal.generation) for signal in claimed)
        return claimed

    def stamp(self) -> int:
        """A generation that is younger than all that were given until now, and older than all to come."""
        return self._noticing.generation()

    def newest(self, after: int, limit: int) -> Sequence[Signal]:
        """Unsettled signals of lines younger than ``after``, the youngest first; see ``ports.signals.Signals``."""
        now = self._noticing.clock.now()
        young = [signal for signal in self._awake() if signal.generation > after and _is_ripe(signal, now)]
        found = sorted(young, key=lambda signal: -signal.generation)[:limit]
        self._claimed.update((_place(signal), signal.generation) for signal in found)
        return found

    def settle_side(self, side: Side, stamp: int) -> None:
        """All lines of a side were dealt with as they stood after ``stamp``; see ``ports.signals.Signals``."""
        lines = [signal for signal in self._awake() if signal.side is side and signal.kind is SignalKind.LINE]
        self.settle([signal for signal in lines if signal.generation <= stamp])

    def _awake(self) -> list[Signal]:
        """The signals that name a line and do not rest."""
        hole = self._hole
        return [signal for place, signal in hole.signals.items() if signal.names_line and place not in hole.resting]

    def settle(self, signals: Sequence[Signal]) -> None:
        """These were dealt with and remembered: forget each whose generation is still the one claimed."""
        for signal in signals:
            place = _place(signal)
            self._claimed.pop(place, None)
            if (known := self._hole.signals.get(place)) and known.generation == signal.generation:
                del self._hole.signals[place]
                self._hole.resting.discard(place)

    def leave(self, side: Side, lines: Sequence[str], reason: str) -> None:
        """Have these lines looked at again in a later run, without waking anybody; see ``ports.signals.Signals``."""
        now = self._noticing.clock.now()
        for line in dict.fromkeys(lines):
            place = (side, SignalKind.LINE, line)
            known, claimed = self._hole.signals.get(place), self._claimed.pop(place, 0)
            if known is None or known.generation == claimed:
                self._hole.resting.add(place)
            noticed_at = known.noticed_at if known else now
            self._hole.signals[place] = Signal(*place, self._noticing.generation(), noticed_at, reason)

    def follow_up(self, lines: Sequence[str], at: datetime) -> None:
        """Have these records looked at again from that moment on; see ``ports.signals.Signals``."""
        for line in dict.fromkeys(lines):
            place = (Side.FEISHU, SignalKind.COMPUTED, line)
            known = self._hole.signals.get(place)
            moment = max(known.noticed_at, at) if known else at
            self._hole.signals[place] = Signal(*place, self._noticing.generation(), moment, "may follow")

    def events_of(self, table_id: str, records: Sequence[str]) -> Mapping[str, Sequence[RecordEvent]]:
        """The kept events of these records, oldest first; records without any are missing."""
        found: dict[str, list[RecordEvent]] = {}
        for table, event in self._noticing.events:
            if table == table_id and event.record in records:
                found.setdefault(event.record, []).append(event)
        return found

    def hears(self) -> bool:
        """Whether events of the mapping's Bitable table can be expected."""
        return True

    def changed_since(self, table_id: str, since: datetime) -> tuple[Sequence[str], datetime]:
        """The records whose edits or deletions events received since then told of, and when the last of them was."""
        found = {
            event.record: event.received_at
            for table, event in self._noticing.events
            if table == table_id and event.action != "record_added" and event.received_at >= since
        }
        return list(found), max(found.values(), default=since)

    def caught_up(self, revision: int) -> None:
        """Everything in the Bitable table up to this revision was read."""
        flows, table = self._noticing.flows, self._hole.table
        flows[table] = gaps.caught_up(flows.get(table, Flow()), revision)


def _is_ripe(signal: Signal, now: datetime) -> bool:
    return signal.kind is not SignalKind.COMPUTED or signal.noticed_at <= now


def _place(signal: Signal) -> Place:
    return signal.side, signal.kind, signal.line


def _record_event(event: ParsedEvent, change: RecordChange, now: datetime) -> RecordEvent:
    return RecordEvent(
        change.record,
        change.action,
        event.revision,
        event.happened_at or event.created_at or now,
        now,
        change.before,
        change.after,
        event.operator,
        change.before_people,
        change.after_people,
    )
