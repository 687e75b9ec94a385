"""Pages that a thread of their own fetches, while somebody is busy with other pages or waits for them."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from typing import Generic, Self, TypeVar

Page = TypeVar("Page")

DEPTH = 8
"""So many pages wait at most: who fetches them holds a snapshot, and should soon be done."""


class Pages(Generic[Page]):
    """Pages one after the other, in their order. Use it as a context; an error is raised where its page would come."""

    def __init__(self, pages: Generator[Page, None, None]) -> None:
        self._pages = pages

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing is being fetched any more, and what the pages come from is let go.

        Who is left in the middle of a page holds a connection and its lock: given up to the garbage collector, which
        would roll the connection back, it would wait for itself for ever.
        """
        self._pages.close()

    def ready(self) -> Iterator[Page]:
        """Those that are there by now."""
        return iter(())

    def rest(self) -> Iterator[Page]:
        """All that were not taken yet."""
        return self._pages


class PagesBeside(Pages[Page]):
    """The same, fetched in advance from the beginning on."""

    def __enter__(self) -> Self:
        here = copy_context()
        self._fetch = lambda: here.run(next, self._pages, None)
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="beside")
        self._waiting: deque[Future[Page | None]] = deque(self._pool.submit(self._fetch) for _ in range(DEPTH))
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)
        super().__exit__()

    def ready(self) -> Iterator[Page]:
        """Those that are there by now, at most as many as wait at once."""
        for _ in range(DEPTH):
            if not self._waiting or not self._waiting[0].done():
                return
            yield from self._next()

    def rest(self) -> Iterator[Page]:
        """All that were not taken yet; waits for them."""
        while self._waiting:
            yield from self._next()

    def _next(self) -> Iterator[Page]:
        page = self._waiting.popleft().result()
        if page is None:
            self._waiting.clear()
            return
        self._waiting.append(self._pool.submit(self._fetch))
        yield page
