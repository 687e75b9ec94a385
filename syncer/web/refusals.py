"""Counts what the webhook took and what it refused, and notes refusals without letting anybody flood the log."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from time import monotonic

_APART = 60.0  # seconds between two lines about the same kind

_log = logging.getLogger(__name__)


class Tally:
    """Counts by kind, since the process began; ``tell`` is told of refusals. Safe for threads."""

    def __init__(self, clock: Callable[[], float] = monotonic, *, tell: Callable[[str], None] = lambda _: None) -> None:
        self._clock, self._tell = clock, tell
        self._counts: Counter[str] = Counter()
        self._noted: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def count(self, kind: str) -> None:
        """One more."""
        with self._lock:
            self._counts[kind] += 1

    def refuse(self, kind: str, where: str, message: str) -> None:
        """One more that was refused, noted once a minute for each kind."""
        self._tell(f"refused_{kind}")
        with self._lock:
            self._counts[f"refused_{kind}"] += 1
            last, silent = self._noted.get(kind, (-_APART, 0))
            now = self._clock()
            tells = now - last >= _APART
            self._noted[kind] = (now, 0) if tells else (last, silent + 1)
        if tells:
            more = f" ({silent} more like it since the last note)" if silent else ""
            _log.warning("%s: a delivery was refused: %s%s", where, message, more)

    def to_json(self) -> Mapping[str, int]:
        """The counts by kind."""
        with self._lock:
            return dict(sorted(self._counts.items()))
