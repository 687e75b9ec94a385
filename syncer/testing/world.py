"""Time and identity under control: a run with these can be replayed."""

import random
import uuid
from datetime import UTC, datetime, timedelta

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class FakeClock:
    """A clock that moves when it is told to, or when somebody sleeps by it."""

    def __init__(self, now: datetime = BEGINNING) -> None:
        self._now = now

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Be later at once."""
        self.move(seconds)

    def move(self, seconds: float) -> None:
        """Let time pass."""
        self._now += timedelta(seconds=seconds)


class SeededIds:
    """Identities that are the same for the same seed."""

    def __init__(self, seed: int = 0) -> None:
        self._random = random.Random(seed)  # noqa: S311 - to be foreseen is what it is for

    def token(self) -> str:
        """A UUIDv4 of the seed's row."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))
