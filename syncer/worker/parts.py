"""All parts of a syncer as child processes of one, for one machine."""

import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence

from syncer.errors import MendError
from syncer.listening.supervisor import REFUSED, Command, Supervisor

_WATCH = 2.0  # seconds between two looks after what the parts stand on

_STOPPING, _GRACE = 12.0, 8  # seconds the parts have to end, and of these the runs


def commands(concurrency: int) -> Mapping[str, Command]:
    """The parts by name. Whole comparisons have a worker of their own: they must not hold up what is urgent."""
    return {
        "serve": _command("serve"),
        "worker": _command("worker", "--queues", "interactive,incremental", *_shape(max(1, concurrency - 1))),
        "worker for full runs": _command("worker", "--queues", "full", *_shape(1)),
        "beat": _command("beat"),
        "listen": _command("listen"),
    }


def _shape(concurrency: int) -> Sequence[str]:
    return ("--concurrency", str(concurrency), "--grace", str(_GRACE))


def _command(*words: str) -> Command:
    return (sys.executable, "-m", "syncer", *words, "--parent-pid", str(os.getpid()))


class Parts(Supervisor):
    """Runs them all. A part that cannot even start, because a person must mend something, ends the others too."""

    def __init__(self) -> None:
        Supervisor.__init__(self, patience=_STOPPING)
        self.stop = threading.Event()
        self._lived: set[str] = set()
        self._refused = ""

    def run_all(self, concurrency: int, watch: Callable[[], object]) -> None:
        """Run until ``stop`` is set, ``watch`` being called all the time. Raises ``MendError`` if one cannot start."""
        wanted = commands(concurrency)
        self.want(wanted)

        def look() -> Mapping[str, Command]:
            watch()
            return wanted

        self.run(self.stop, look, _WATCH)
        if self._refused:
            raise MendError(f"the part `{self._refused}` cannot run, so none does; above it says what to mend")

    def noticed_end(self, name: str, status: int) -> None:
        """A part that never ran well and asks for a person ends all; any other is started anew."""
        if status == REFUSED and name not in self._lived:
            self._refused = name
            self.stop.set()
        self._lived.add(name)
