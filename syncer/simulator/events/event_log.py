"""The log of events: what was made, and what became of each."""

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from syncer.simulator.events.event import Attempt, Event

_MOST_KEPT = 100_000
_MOST_BODY_BYTES = 64_000_000


@dataclass(slots=True)
class EventLog:
    """The last 100,000 events, those that are over with the last 64 MB of their bodies, and counts of all."""

    kept: deque[Event] = field(default_factory=lambda: deque(maxlen=_MOST_KEPT))
    counts: Counter[str] = field(default_factory=Counter)
    total: int = 0
    pending: int = 0
    _bodies: deque[Event] = field(default_factory=deque)
    _body_bytes: int = 0

    def add(self, event: Event) -> None:
        """Log an event that was made."""
        self.total += 1
        self.pending += 1
        self.counts["made"] += 1
        self.kept.append(event)

    def tried(self, event: Event, attempt: Attempt) -> None:
        """Log one delivery."""
        event.attempts.append(attempt)
        self.counts["attempts"] += 1
        self.counts["acknowledged" if attempt.ok else "refused"] += 1

    def settle(self, event: Event, state: str) -> None:
        """Log an event's end; of the bodies of such events only the latest are kept."""
        if event.state == "waiting":
            self.pending -= 1
            self._bodies.append(event)
            self._body_bytes += len(event.body)
        event.state = state
        self.counts[state] += 1
        while self._body_bytes > _MOST_BODY_BYTES:
            oldest = self._bodies.popleft()
            self._body_bytes -= len(oldest.body)
            oldest.body = b""

    def find(self, since: int, kind: str | None, app_id: str | None) -> Iterator[Event]:
        """Yield events after number `since`, oldest first, of one type or app if named."""
        for each in self.kept:
            if each.number > since and kind in {None, each.type} and app_id in {None, each.app_id}:
                yield each

    def clear(self) -> None:
        """Forget all events that are over, and all counts."""
        waiting = [each for each in self.kept if each.state == "waiting"]
        self.kept.clear()
        self.kept.extend(waiting)
        self.counts.clear()
        self._bodies.clear()
        self._body_bytes = 0
