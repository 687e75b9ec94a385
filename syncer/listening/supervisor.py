"""Keeps child processes running: starts those that are wanted, starts anew what ended, stops all of them in the end."""

import contextlib
import logging
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Command = Sequence[str]

SHORTEST, LONGEST = 1.0, 60.0
"""Seconds before a child is started anew: twice as many each time, until it has lived for ``LONGEST``."""
REFUSED, REFUSED_SECONDS = 2, 60.0
"""A child that ends with this status asks a person to mend something: it is not tried again before so many seconds."""

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Child:
    """One part: its process while it lives, else when it is to be started."""

    name: str
    command: Command
    process: "subprocess.Popen[bytes] | None" = None
    began: float = 0.0
    due: float = 0.0
    wait: float = SHORTEST


@dataclass(slots=True)
class Supervisor:
    """Children by name, from one thread. ``now`` is a clock in seconds that never goes back.

    ``patience``: seconds a child has to end after SIGTERM.
    """

    now: Callable[[], float] = time.monotonic
    patience: float = 8.0
    children: dict[str, _Child] = field(default_factory=dict)

    def want(self, parts: Mapping[str, Command]) -> None:
        """These are to run, and no others: what is no longer wanted, or has another command, is stopped."""
        gone = [one for one in self.children.values() if parts.get(one.name) != one.command]
        self._stop(gone)
        for one in gone:
            del self.children[one.name]
        for name, command in parts.items():
            self.children.setdefault(name, _Child(name, command))

    def tick(self) -> None:
        """Start what is due; notice what has ended. Call it a few times in a second."""
        for child in self.children.values():
            if child.process is not None and child.process.poll() is not None:
                self._ended(child, child.process.returncode)
            if child.process is None and self.now() >= child.due:
                self._start(child)

    def pids(self) -> Mapping[str, int]:
        """The process ids of the children that live."""
        return {
            one.name: one.process.pid for one in self.children.values() if one.process and one.process.poll() is None
        }

    def run(self, stop: threading.Event, wanted: Callable[[], Mapping[str, Command]], every: float = 10.0) -> None:
        """Keep running what ``wanted`` names, asked again every so many seconds, until ``stop`` is set."""
        with self.ending():
            asked = -every
            while not stop.is_set():
                if self.now() - asked >= every:
                    asked = self.now()
                    self._ask(wanted)
                self.tick()
                stop.wait(0.1)

    @contextlib.contextmanager
    def ending(self) -> Iterator[None]:
        """Stop all children at the end, however that comes."""
        try:
            yield
        finally:
            self._stop(list(self.children.values()))
            self.children.clear()

    def _ask(self, wanted: Callable[[], Mapping[str, Command]]) -> None:
        try:
            self.want(wanted())
        except Exception as error:  # noqa: BLE001 - the store may be away for a while; what runs goes on
            _log.warning("what is to run is not known just now: %s", error)

    def _start(self, child: _Child) -> None:
        child.began = self.now()
        # In a session of its own, so that Ctrl-C reaches the parent alone, which stops its children in order.
        child.process = subprocess.Popen(  # noqa: S603 - the command is our own
            child.command, stdin=subprocess.DEVNULL, start_new_session=True
        )
        _log.info("%s runs as process %s", child.name, child.process.pid)

    def _ended(self, child: _Child, status: int) -> None:
        child.process = None
        if self.now() - child.began >= LONGEST:
            child.wait = SHORTEST
        wait = REFUSED_SECONDS if status == REFUSED else child.wait
        child.wait = min(child.wait * 2, LONGEST)
        child.due = self.now() + wait
        _log.warning("%s ended with status %s; it is started anew in %.0f s", child.name, status, wait)
        self.noticed_end(child.name, status)

    def noticed_end(self, name: str, status: int) -> None:
        """A child ended by itself: for those who want to know."""

    def _stop(self, children: Sequence[_Child]) -> None:
        living = [one.process for one in children if one.process is not None]
        for process in living:
            process.terminate()
        until = time.monotonic() + self.patience
        for process in living:
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
