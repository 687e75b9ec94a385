"""Work done aside, while a run goes on with something else: a call that is on its way costs no time of its own then."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """Does everything at once, so that a run has one order of steps and can be replayed."""

    parallel = False

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin; what it returns or raises stands in the future."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        return future

    def close(self) -> None:
        """Wait for what was begun; nothing is under way afterwards."""


class Threads(Aside):
    """Does it in background threads: a write and a look may be under way, no more."""

    parallel = True

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aside")

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin in a thread, as urgent as the one that begins it."""
        here = copy_context()
        return self._pool.submit(lambda: here.run(work))

    def close(self) -> None:
        """Wait for both threads."""
        self._pool.shutdown(cancel_futures=True)
