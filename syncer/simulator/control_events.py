"""The part of the control client that is about events: where they go, what became of them, what goes wrong."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any


class EventControl(ABC):
    """Steps around events; `do` sends one."""

    @abstractmethod
    def do(self, op: str, **args: Any) -> Any:
        """Run one step."""

    def set_webhook(
        self, app_id: str, url: str, encrypt_key: str = "", verification_token: str = "", *, check: bool = True
    ) -> dict[str, Any]:
        """Set an app's request URL and keys; returns `{verification_token, challenge_seconds}`.

        ControlError when the URL does not answer its check within 1 s. An empty URL: long connections again.
        """
        keys = {"encrypt_key": encrypt_key, "verification_token": verification_token}
        found: dict[str, Any] = self.do("set_webhook", app_id=app_id, url=url, check=check, **keys)
        return found

    def set_event_types(self, app_id: str, types: Iterable[str]) -> None:
        """Add exactly these events to an app, as its console would (record and field events are added already)."""
        self.do("set_event_types", app_id=app_id, types=list(types))

    def subscribe(self, app_token: str, app_id: str) -> None:
        """Subscribe an app to a base without a call of its own."""
        self.do("subscribe", app_token=app_token, app_id=app_id)

    def drop_subscriptions(self, app_token: str | None = None, app_id: str | None = None) -> int:
        """Lose subscriptions, of a base, of an app or all, without telling anybody; returns how many."""
        return int(self.do("drop_subscriptions", app_token=app_token, app_id=app_id))

    def subscriptions(self) -> list[dict[str, Any]]:
        """Return who is subscribed to what since when."""
        found: list[dict[str, Any]] = self.do("subscriptions")
        return found

    def publish_event(
        self,
        app_id: str,
        type: str,  # noqa: A002 - the name events use
        event: Mapping[str, Any],
        version: int = 2,
        lane: str = "",
    ) -> int:
        """Send an app any event, of version 1 or 2; those of one lane keep their order. Returns its number."""
        args = {"type": type, "event": dict(event), "version": version, "lane": lane}
        return int(self.do("publish_event", app_id=app_id, **args))

    def events(
        self,
        since: int = 0,
        type: str | None = None,  # noqa: A002 - the name events use
        app_id: str | None = None,
        *,
        bodies: bool = False,
    ) -> list[dict[str, Any]]:
        """Return the events made, oldest first, with what became of each; `body` is the JSON text."""
        found: list[dict[str, Any]] = self.do("events", since=since, type=type, app_id=app_id, bodies=bodies)
        return found

    def event_counts(self) -> dict[str, int]:
        """Return counts since the last clear, and how many events are pending now."""
        found: dict[str, int] = self.do("event_counts")
        return found

    def clear_events(self) -> None:
        """Forget all events that are over, and all counts."""
        self.do("clear_events")

    def replay_events(self, since: int = 0, numbers: Iterable[int] | None = None) -> int:
        """Deliver events again (those named, or all after `since`), under their old ids; returns how many."""
        return int(self.do("replay_events", since=since, numbers=None if numbers is None else list(numbers)))

    def settle_events(self, seconds: float = 10.0, *, all_of_them: bool = False) -> int:
        """Wait until no event is under way or due (or, if wanted, none waits at all); returns how many wait.

        ControlError when that takes longer than so many real seconds.
        """
        return int(self.do("settle_events", seconds=seconds, all_of_them=all_of_them))

    def connections(self, app_id: str | None = None) -> list[dict[str, Any]]:
        """Return the open long connections: device_id, app_id, opened_at, delivered, pings."""
        found: list[dict[str, Any]] = self.do("connections", app_id=app_id)
        return found

    def drop_connections(self, app_id: str | None = None, *, abruptly: bool = False) -> int:
        """Hang up on an app's long connections, or on all; returns how many."""
        return int(self.do("drop_connections", app_id=app_id, abruptly=abruptly))
