"""How long to go on asking: back-off with jitter and a cap, and exactly as long as Feishu asks for where it does.

What happens once in a while is over at once, so the first waits are short; an outage of a minute is outlasted.
"""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from syncer.errors import SyncerError
from syncer.ports import Clock

_SPREAD = 0.25
"""Seconds over which those who were told to wait come back, at most."""

Waiting = Callable[[str, float, str], None]
"""Told before every wait: api, seconds, reason."""


class AgainError(Exception):
    """A call that may be repeated. ``error`` is raised when patience ends, ``ordered`` is how long Feishu said to wait.

    ``conflict``: another write was under way.
    """

    def __init__(self, api: str, error: SyncerError, ordered: float | None = None, *, conflict: bool = False) -> None:
        self.api, self.error, self.ordered, self.conflict = api, error, ordered or 0.0, conflict
        super().__init__(str(error))


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all; the wait begins at about ``first`` seconds and doubles up to ``longest``.

    ``advised`` seconds, at least, follow a write conflict: Feishu's pages of ``batch_create`` and ``batch_update`` say
    half a second to a second.
    """

    attempts: int = 11
    first: float = 0.1
    longest: float = 30.0
    advised: float = 0.5
    jitter: Callable[[], float] = random

    def seconds(self, attempt: int, again: AgainError) -> float:
        """How long to wait after an attempt, counted from 1.

        Feishu's own wait is never cut short, nor made much longer: being refused again only means waiting again (its
        page on rate limits).
        """
        pause: float = min(self.first * 2.0 ** (attempt - 1), self.longest)
        if again.ordered:
            return again.ordered + self.jitter() * min(pause, _SPREAD)
        least = self.advised if again.conflict else 0.0
        return max(least, pause / 2) + self.jitter() * pause / 2

    def retrying(self, clock: Clock, waiting: Waiting) -> Retrying:
        """A tenacity loop that repeats ``AgainError`` and nothing else."""
        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=lambda state: self.seconds(state.attempt_number, _again(state)),
            retry=retry_if_exception_type(AgainError),
            sleep=clock.sleep,
            before_sleep=lambda state: waiting(_again(state).api, state.upcoming_sleep, str(_again(state))),
            reraise=True,
        )


def _again(state: RetryCallState) -> AgainError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, AgainError)
    return error
