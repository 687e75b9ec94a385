"""Reading ahead: the next pages are asked for while the reader is still busy with this one."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Page = TypeVar("Page")


def read_ahead(pages: Iterator[Page], depth: int = 2) -> Iterator[Page]:
    """The same pages, with up to ``depth`` of them fetched in advance by one background thread.

    An error of ``pages`` is raised where its page would have come. A reader that stops early waits for at most the one
    call that is under way.
    """
    waiting: deque[Future[Page | None]] = deque()
    here = copy_context()
    fetch = lambda: here.run(next, pages, None)  # noqa: E731 - one line of a loop
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
    try:
        waiting.extend(pool.submit(fetch) for _ in range(depth))
        while (page := waiting.popleft().result()) is not None:
            waiting.append(pool.submit(fetch))
            yield page
    finally:
        pool.shutdown(cancel_futures=True)
