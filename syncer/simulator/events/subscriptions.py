"""Which app asked for the events of which base: kept until it says otherwise, or as long as a switch says."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(slots=True)
class Subscriptions:
    """The time of every app's last subscription, by base and app_id."""

    _since: dict[str, dict[str, float]] = field(default_factory=dict)

    def add(self, app_token: str, app_id: str, now: float) -> None:
        """Subscribe an app, or subscribe it again: both are the same."""
        self._since.setdefault(app_token, {})[app_id] = now

    def alive(self, app_token: str, now: float, seconds: float) -> list[str]:
        """Return the apps whose subscription of a base is not older than `seconds` (0: of any age)."""
        since = self._since.get(app_token)
        if not since:
            return []
        return [app_id for app_id, at in since.items() if not seconds or now - at < seconds]

    def any(self, app_token: str) -> bool:
        """Return whether anybody ever subscribed and did not unsubscribe."""
        return app_token in self._since

    def drop(self, app_token: str | None = None, app_id: str | None = None) -> int:
        """Forget the subscriptions of a base, of an app, or all; returns how many."""
        gone = [(base, app) for base, app, _ in self if app_token in {None, base} and app_id in {None, app}]
        for base, app in gone:
            del self._since[base][app]
            if not self._since[base]:
                del self._since[base]
        return len(gone)

    def __iter__(self) -> Iterator[tuple[str, str, float]]:
        for base, since in self._since.items():
            for app, at in since.items():
                yield base, app, at
