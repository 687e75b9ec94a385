"""Which transactions were over at a moment: PostgreSQL's ``pg_snapshot``, compared and combined. Pure.

A snapshot is what a cursor on the log of changes is made of. A transaction that was still open then is not in it, even
if its number is low: it will be found when it commits, however late that is, and holds nothing else back.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All transactions below ``end`` are over, except those in ``open``."""

    end: int
    open: frozenset[int] = frozenset()

    @classmethod
    def parse(cls, text: str) -> "Snapshot":
        """From PostgreSQL's text, ``xmin:xmax:xip,xip``. Raises ``ValueError``."""
        _, end, still = text.split(":")
        return cls(int(end), frozenset(int(one) for one in still.split(",") if one))

    def __str__(self) -> str:
        """PostgreSQL's text."""
        still = sorted(self.open)
        return f"{still[0] if still else self.end}:{self.end}:{','.join(map(str, still))}"

    def sees(self, transaction: int) -> bool:
        """Whether a transaction was over."""
        return transaction < self.end and transaction not in self.open

    def covers(self, other: "Snapshot") -> bool:
        """Whether all that was over in the other one is over in this one."""
        late = range(self.end, other.end)
        return len(late) <= len(other.open) and not any(map(other.sees, (*late, *self.open)))

    def both(self, other: "Snapshot") -> "Snapshot":
        """What was over in both."""
        end = min(self.end, other.end)
        return Snapshot(end, frozenset(one for one in self.open | other.open if one < end))

    def either(self, other: "Snapshot") -> "Snapshot":
        """What was over in one of them."""
        end = max(self.end, other.end)
        still = {one for one in self.open | other.open if not (self.sees(one) or other.sees(one))}
        return Snapshot(end, frozenset(still))
