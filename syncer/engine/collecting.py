"""Garbage collection during a run: it makes millions of small objects, hardly any of which form circles."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

YOUNG = 500_000
"""Objects made and still alive before the collector looks: several slices of lines. At Python's own 700 it walks every
slice again and again, a sixth of a run's time."""


@contextmanager
def rarely_collecting() -> Iterator[None]:
    """Let the collector of this process look less often until the block ends."""
    before = gc.get_threshold()
    gc.set_threshold(YOUNG, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
