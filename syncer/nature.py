"""The machine's own time and chance, behind the ports that let them in."""

import uuid
from datetime import UTC, datetime
from time import sleep


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        """The present moment, UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        sleep(seconds)


class RandomIds:
    """Identities nobody can guess or repeat."""

    def token(self) -> str:
        """A random UUIDv4."""
        return str(uuid.uuid4())
