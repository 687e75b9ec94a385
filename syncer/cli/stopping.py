"""A command that runs until it is told to stop: how it begins; Ctrl-C and SIGTERM end it well, with status 0."""

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

ParentPid = Annotated[int | None, typer.Option(hidden=True)]
"""The process that a command ends with, should that one be killed."""


def begin(parent_pid: int | None) -> None:
    """Tell on stderr what happens from now on, and end with the parent."""
    from syncer.listening.orphans import end_with  # noqa: PLC0415 - ``--help`` does without

    logging.basicConfig(format="%(asctime)s %(name)s: %(message)s")
    logging.getLogger("syncer").setLevel(logging.INFO)
    if parent_pid is not None:
        end_with(parent_pid)


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
