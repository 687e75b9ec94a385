"""Who asks for a call, and how urgently: what a fair queue needs to know of those who wait in it."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

URGENT = 16
"""How many times the share of a bulk asker an urgent one may take while both have work."""
_WHOLE = 16_000

_in_haste: ContextVar[bool] = ContextVar("in_haste", default=False)


@dataclass(frozen=True, slots=True)
class Asker:
    """``name`` is a mapping's, or empty; everybody of one name shares one turn. ``weight`` is its part of the quota.

    An urgent asker has somebody waiting for it (an event about one record, a person); the others have bulk to move.
    """

    name: str = ""
    urgent: bool = False
    weight: float = 1.0

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1000:
            raise ValueError(f"a weight is more than 0 and at most 1000, not {self.weight}")

    @property
    def flow(self) -> str:
        """What turns are counted by: the urgent work of a mapping does not pay for its bulk."""
        return f"{self.name}!" if self.urgent else self.name

    @property
    def cost(self) -> int:
        """What one turn costs its flow: the smaller, the sooner the next turn comes."""
        return max(1, round(_WHOLE / self.weight / (URGENT if self.urgent else 1)))


ANYONE = Asker()


@contextmanager
def urgently(*, really: bool = True) -> Iterator[None]:
    """Inside, whatever this thread asks for is urgent; if not ``really``, as urgent as it is outside."""
    before = _in_haste.set(really or _in_haste.get())
    try:
        yield
    finally:
        _in_haste.reset(before)


def as_urgent_as_now(who: Asker) -> Asker:
    """The asker, made urgent inside ``urgently``."""
    return replace(who, urgent=True) if _in_haste.get() and not who.urgent else who
