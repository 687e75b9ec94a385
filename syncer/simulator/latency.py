"""How long calls take: seconds per API pattern, so that calls really overlap."""

from dataclasses import dataclass, field
from fnmatch import fnmatchcase


@dataclass(slots=True)
class Latency:
    """Seconds to wait by API pattern; of several patterns that match, the last one set wins."""

    _set: dict[str, float] = field(default_factory=dict)

    def put(self, pattern: str, seconds: float) -> None:
        """Make calls of matching APIs take this long."""
        self._set.pop(pattern, None)
        self._set[pattern] = seconds

    def of(self, api: str) -> float:
        """Return the seconds of one API."""
        return next((self._set[pattern] for pattern in reversed(self._set) if fnmatchcase(api, pattern)), 0.0)
