"""One event on its way to one app, and every attempt to deliver it."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Attempt:
    """One delivery: when it began (simulated), how long it took (real), over what, and what came back."""

    at: float
    seconds: float
    by: str
    ok: bool
    status: int | None = None
    note: str = ""


@dataclass(slots=True)
class Event:
    """One event of one app. `about` is what the log tells of it; `lane` names events that keep their order.

    States: `waiting` (for a first or another attempt), `delivered`, `lost` (by a switch), `given_up`.
    """

    number: int
    event_id: str
    type: str
    app_id: str
    about: dict[str, Any]
    made_at: float
    body: bytes
    lane: str = ""
    state: str = "waiting"
    failures: int = 0
    copies: int = 0
    attempts: list[Attempt] = field(default_factory=list)
    followed_by: "Event | None" = None

    def told(self, *, body: bool) -> dict[str, Any]:
        """Return the log's line about this event; its body, while kept, only if wanted."""
        line = {
            "number": self.number,
            "event_id": self.event_id,
            "type": self.type,
            "app_id": self.app_id,
            **self.about,
            "made_at": self.made_at,
            "state": self.state,
            "attempts": [asdict(each) for each in self.attempts],
        }
        return line | {"body": self.body.decode()} if body else line
