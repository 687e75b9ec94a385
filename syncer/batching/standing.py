"""Whether whoever is about to act may still act: a process that was frozen wakes up where it fell asleep.

A run tells how to find out, for all that is done inside it, threads included; a door asks right before it acts.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Demand = Callable[[], None]
"""Returns if the run still stands. Raises ``FencedError`` if another one has overtaken it."""

_demand: ContextVar[Demand | None] = ContextVar("demand", default=None)


@contextmanager
def while_standing(demand: Demand) -> Iterator[None]:
    """Inside, ``demand`` is asked before every act."""
    before = _demand.set(demand)
    try:
        yield
    finally:
        _demand.reset(before)


def demand_standing() -> None:
    """Ask, where a run has said how. Raises ``FencedError``."""
    demand = _demand.get()
    if demand is not None:
        demand()
