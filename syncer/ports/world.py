"""Time, identity and chance: they enter the syncer only here, so that a whole run can be replayed."""

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time enters only here."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class Ids(Protocol):
    """New identities and randomness enter only here."""

    def token(self) -> str:
        """A random UUIDv4."""
        ...
