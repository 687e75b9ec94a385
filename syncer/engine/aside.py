"""Work done aside, while a run goes on with something else: a call that is on its way costs no time of its own then."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


class Aside:
    """Does everything at once, so that a run has one order of steps and can be replayed."""

    parallel = False

    def __init__(self) -> None:
        self._failed: BaseException | None = None

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin; what it returns or raises stands in the future."""
        future: Future[T] = Future()
        try:
            future.set_result(work())
        except Exception as error:  # noqa: BLE001 - raised where the result is asked for
            future.set_exception(error)
        return future

    def queue(self, work: Callable[[], T]) -> "Future[T]":
        """Begin when all that was queued before has ended; once one of it failed, nothing is begun any more."""
        return self.start(lambda: self._next(work))

    def wait(self) -> None:
        """Wait for all that is queued. Raises what made it fail."""
        self.queue(lambda: None).result()

    def close(self) -> None:
        """Wait for what was begun; nothing is under way afterwards."""

    def _next(self, work: Callable[[], T]) -> T:
        if self._failed is not None:
            raise self._failed
        try:
            return work()
        except BaseException as error:
            self._failed = error
            raise


class Threads(Aside):
    """Does it in background threads: a write and a look may be under way, and beside them one step after the other."""

    parallel = True

    def __init__(self) -> None:
        super().__init__()
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="aside")
        self._row = ThreadPoolExecutor(max_workers=1, thread_name_prefix="queue")

    def start(self, work: Callable[[], T]) -> "Future[T]":
        """Begin in a thread, as urgent as the one that begins it."""
        here = copy_context()
        return self._pool.submit(lambda: here.run(work))

    def queue(self, work: Callable[[], T]) -> "Future[T]":
        """Begin in a thread when all that was queued before has ended, unless one of it failed."""
        here = copy_context()
        return self._row.submit(lambda: here.run(lambda: self._next(work)))

    def close(self) -> None:
        """Wait for all threads; what they have not begun is not begun any more."""
        for pool in (self._row, self._pool):
            pool.shutdown(cancel_futures=True)
