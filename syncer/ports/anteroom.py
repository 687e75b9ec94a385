"""Where new rows wait in the mapped database until they may be inserted: brought while Feishu is still being read."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from syncer.ports.sides import Inserted


class Anteroom(Protocol):
    """Rows in numbered parts that nobody but this run sees, and that are gone when it ends, however it ends."""

    def put(self, part: int, columns: Mapping[str, Sequence[object]], absent: Sequence[str]) -> bytes | None:
        """Bring the rows of a part; ``columns`` and ``absent`` as for ``Rows.insert``.

        Answers what ``admit`` needs to know of them again, ``None`` if these rows cannot wait here.
        """
        ...

    def admit(self, part: int, sent: bytes, batch: str, absent: Sequence[str]) -> Inserted | None:
        """Insert the rows of a part, as ``Rows.insert`` does; ``sent`` is what ``put`` answered."""
        ...

    def close(self) -> None:
        """Let go of all that waits."""
        ...
