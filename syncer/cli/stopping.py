"""A command that runs until it is told to stop: Ctrl-C and SIGTERM end it well, with status 0."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def stopped_by_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Call ``stop`` at the first SIGINT or SIGTERM; a second one ends the process at once, as it always does."""
    before: dict[signal.Signals, object] = {}

    def asked(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        stop()

    for name in (signal.SIGINT, signal.SIGTERM):
        before[name] = signal.signal(name, asked)
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)  # type: ignore[arg-type]  # what signal.signal gave back
