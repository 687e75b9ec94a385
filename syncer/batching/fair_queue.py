"""A fair queue: who comes next when many wait. The twin, in memory, of ``lua/queue.lua``.

Start-time fair queuing: every turn gets a tag, the flow's last tag plus its cost but never less than the tag served
last, and the lowest tag comes first. So flows that always have work share by weight, one that comes back after a rest
is served at once, and nobody waits for ever. Whoever does not ask again in time is taken for dead and forgotten.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from syncer.batching.askers import Asker

GRACE = timedelta(seconds=2)
"""How late somebody who waits may ask again without losing the turn."""


@dataclass(slots=True)
class _Turn:
    tag: int
    urgent: bool
    due: datetime

    def order(self, ticket: int) -> tuple[int, bool, int]:
        return self.tag, not self.urgent, ticket


class FairQueue:
    """Not safe for threads by itself: whoever owns it holds a lock."""

    def __init__(self) -> None:
        self._turns: dict[int, _Turn] = {}
        self._finished: dict[str, int] = {}
        self._served = self._arrivals = 0

    def __len__(self) -> int:
        return len(self._turns)

    def stand(self, ticket: str, who: Asker, now: datetime) -> tuple[str, int]:
        """The asker's ticket, a new one if it has none that counts, and how many turns come before it."""
        self._turns = {number: turn for number, turn in self._turns.items() if turn.due >= now}
        number = int(ticket or 0)
        if number not in self._turns:
            number = self._join(who, now)
        mine = self._turns[number].order(number)
        return str(number), sum(turn.order(other) < mine for other, turn in self._turns.items())

    def wait(self, ticket: str, now: datetime, seconds: float) -> None:
        """The owner of the ticket will ask again within so many seconds."""
        self._turns[int(ticket)].due = now + timedelta(seconds=seconds) + GRACE

    def serve(self, ticket: str) -> None:
        """It is the ticket's turn."""
        self._served = max(self._served, self._turns.pop(int(ticket)).tag)

    def leave(self, ticket: str) -> None:
        """The owner of the ticket gave up."""
        self._turns.pop(int(ticket or 0), None)

    def clear(self) -> None:
        """Everybody has to ask anew: the clock was set back, and nobody can be told from the dead."""
        self._turns.clear()

    def _join(self, who: Asker, now: datetime) -> int:
        self._arrivals += 1
        tag = max(self._served, self._finished.get(who.flow, 0))
        self._finished[who.flow] = tag + who.cost
        self._turns[self._arrivals] = _Turn(tag, who.urgent, now + GRACE)
        return self._arrivals
