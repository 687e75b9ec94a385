"""When a mapping is due by the clock, and how long it rests after a run that failed."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from cronsim import CronSim, CronSimError


class Trouble(StrEnum):
    """Why a run failed, as far as its repetition is concerned."""

    OUTSIDE = "outside"
    """Somebody else did not answer: soon again."""
    MEND = "mend"
    """A person has to mend something: seldom again."""
    FAULT = "fault"
    """A fault of ours: seldom again, and sooner than what waits for a person."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """The rhythm of one mapping. ``full`` is a cron line of five fields, read in ``zone``.

    ``computed`` is how often fields that Feishu computes are to be read, where there are some: by a poll that is due.
    """

    every: timedelta
    full: str
    zone: tzinfo = UTC
    computed: timedelta | None = None

    def next_poll(self, began: datetime | None, now: datetime) -> datetime:
        """When to poll after a run that began then, never before ``now``: a run that outlasts the rhythm delays it."""
        rhythm = self.every if self.computed is None else min(self.every, self.computed)
        return now if began is None else max(now, began + rhythm)

    def next_full(self, after: datetime) -> datetime | None:
        """The first moment of the cron line after this one, UTC; ``None`` if it never comes (30 February).

        As in Debian's cron: a time of day that a clock change skips is due right after it, one that comes twice is due
        once.
        """
        try:
            return next(CronSim(self.full, after.astimezone(self.zone))).astimezone(UTC)
        except (CronSimError, StopIteration):
            return None


_RESTS = {
    Trouble.OUTSIDE: (timedelta(seconds=1), timedelta(minutes=1)),
    Trouble.MEND: (timedelta(minutes=1), timedelta(hours=1)),
    Trouble.FAULT: (timedelta(seconds=10), timedelta(hours=1)),
}


def rest_after(trouble: Trouble, failures: int) -> timedelta:
    """How long to let a mapping rest after so many failures in a row, at least one: twice as long each time."""
    first, longest = _RESTS[trouble]
    return min(longest, first * 2.0 ** min(failures - 1, 30))
