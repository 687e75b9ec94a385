"""How long to go on asking: back-off with jitter and a cap, never shorter than Feishu asks for."""

from collections.abc import Callable
from dataclasses import dataclass
from random import random

from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt

from syncer.errors import SyncerError
from syncer.ports import Clock

Waiting = Callable[[str, float, str], None]
"""Told before every wait: api, seconds, reason."""


class AgainError(Exception):
    """A call that may be repeated. ``error`` is raised when patience ends, ``least`` is how long to wait, at least."""

    def __init__(self, api: str, error: SyncerError, least: float | None = None) -> None:
        self.api, self.error, self.least = api, error, least or 0.0
        super().__init__(str(error))


@dataclass(frozen=True, slots=True)
class Patience:
    """``attempts`` in all; the wait begins at about ``first`` seconds and doubles up to ``longest``."""

    attempts: int = 9
    first: float = 0.5
    longest: float = 30.0
    jitter: Callable[[], float] = random

    def seconds(self, attempt: int, least: float) -> float:
        """How long to wait after an attempt, counted from 1. Feishu's own wait is never cut short."""
        pause: float = min(self.first * 2.0 ** (attempt - 1), self.longest)
        return max(least, pause / 2) + self.jitter() * pause / 2

    def retrying(self, clock: Clock, waiting: Waiting) -> Retrying:
        """A tenacity loop that repeats ``AgainError`` and nothing else."""
        return Retrying(
            stop=stop_after_attempt(self.attempts),
            wait=lambda state: self.seconds(state.attempt_number, _again(state).least),
            retry=retry_if_exception_type(AgainError),
            sleep=clock.sleep,
            before_sleep=lambda state: waiting(_again(state).api, state.upcoming_sleep, str(_again(state))),
            reraise=True,
        )


def _again(state: RetryCallState) -> AgainError:
    error = state.outcome.exception() if state.outcome else None
    assert isinstance(error, AgainError)
    return error
