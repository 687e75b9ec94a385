"""Tells whoever makes the runs which mappings have something to do, away from the thread that noticed it."""

import logging
import threading
from collections.abc import Callable, Iterable, Sequence

Wake = Callable[[Sequence[str]], None]
"""Asks for runs of mappings, by name, as soon as may be. What it fails to ask for, the clock finds in the store."""

_log = logging.getLogger(__name__)


class Waker:
    """Calls ``wake`` from a thread of its own; names told while a call is on its way go with the next one.

    A failure is noted when it begins, no more: the signals are stored, and the scheduler looks for them by itself.
    """

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._names: dict[str, None] = {}
        self._changed = threading.Condition()
        self._closed = self._failing = False
        self._thread = threading.Thread(target=self._run, name="syncer-waker", daemon=True)
        self._thread.start()

    def tell(self, names: Iterable[str]) -> None:
        """These mappings have something to do. Returns at once."""
        with self._changed:
            self._names.update(dict.fromkeys(names))
            self._changed.notify()

    def close(self, patience: float = 2.0) -> None:
        """Call for what was told, then end; a call that hangs is left alone after ``patience`` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(patience)

    def _run(self) -> None:
        while names := self._next():
            try:
                self._wake(names)
                self._failing = False
            except Exception as error:  # noqa: BLE001 - whatever the broker throws; the signals are stored all the same
                self._failed(names, error)

    def _failed(self, names: list[str], error: Exception) -> None:
        if not self._failing:
            _log.warning("nobody could be woken for %s (%s); the next tick finds them", names, type(error).__name__)
        self._failing = True

    def _next(self) -> list[str]:
        """The names told meanwhile; none of them once it is closed."""
        with self._changed:
            self._changed.wait_for(lambda: self._names or self._closed)
            names = list(self._names)
            self._names.clear()
            return names
