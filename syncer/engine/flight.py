"""A batch of creates on its way to Feishu, while the run already plans the next one."""

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from syncer.engine.row_half import Work
from syncer.ports import Intent


@dataclass(slots=True)
class Flight:
    """One call that creates records.

    ``send`` repeats it, ``answer`` is what came of it. ``look`` is a revision asked for while it was on its way:
    it may be one of ``before`` still, or one that the call itself explains. ``ids`` are known once it has arrived;
    ``then`` is to be called when its outcome is remembered.
    """

    works: Sequence[Work]
    intent: Intent
    send: Callable[[], Sequence[str]]
    answer: "Future[Sequence[str]]"
    look: "Future[int | None] | None"
    before: frozenset[int]
    then: Callable[[], None]
    arrived: bool = False
    ids: Sequence[str] | None = None
