"""Answers that are good for a moment: what all workers learned of a table is not asked for at every step of a call."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from syncer.ports import Clock

Answer = TypeVar("Answer")

MOMENT = timedelta(milliseconds=100)
"""So long what another worker learned may stay unknown here; a call that is on its way stays so for longer."""


class Lately(Generic[Answer]):
    """What ``ask`` said of a name within the last ``MOMENT``. Safe for threads."""

    def __init__(self, clock: Clock, ask: Callable[[str], Answer]) -> None:
        self._clock, self._ask = clock, ask
        self._known: dict[str, tuple[datetime, Answer]] = {}

    def of(self, name: str) -> Answer:
        """The answer, asked for anew if it is older, or if the clock was set back."""
        now, known = self._clock.now(), self._known.get(name)
        if known is not None and timedelta(0) <= now - known[0] < MOMENT:
            return known[1]
        answer = self._ask(name)
        self._known[name] = now, answer
        return answer

    def forget(self, name: str) -> None:
        """Ask anew the next time: something was learned here."""
        self._known.pop(name, None)
