"""A simulator run as a child ends by itself: when its parent is gone, or when its standard input is closed."""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

_POLL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Watch:
    """What to watch: a parent by its pid, standard input, or nothing."""

    parent_pid: int | None = None
    stdin: bool = False

    def start(self, stop: Callable[[], None]) -> None:
        """Call `stop`, from another thread, once what is watched is gone."""
        if self.parent_pid is not None:
            threading.Thread(target=self._until_orphaned, args=(stop,), daemon=True).start()
        if self.stdin:
            threading.Thread(target=_until_closed, args=(stop,), daemon=True).start()

    def _until_orphaned(self, stop: Callable[[], None]) -> None:
        while os.getppid() == self.parent_pid:
            time.sleep(_POLL_SECONDS)
        stop()


def _until_closed(stop: Callable[[], None]) -> None:
    # read by descriptor: a thread inside sys.stdin would block the interpreter's exit
    while os.read(sys.stdin.fileno(), 4096):
        continue
    stop()
