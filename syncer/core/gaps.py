"""Finds events that never came: every event of a table carries the table's revision, so a number left out is missed.

Pure: what came goes in, what is open comes out. Events arrive in any order; one that comes late, and reading the table,
fill what was open. Bitable does not promise that every revision raises an event: where gaps are normal nothing can be
learned from them, and the detector rests.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from syncer.core.values import Json

PATIENCE = timedelta(seconds=20)
"""How long a gap may stay open before it asks for a poll."""
APART = timedelta(seconds=60)
"""Polls of one table are asked for this far apart, at least."""
REST = timedelta(days=1)
"""After this an idle detector tries again."""
WINDOW, NORMAL = 20, 10
"""Of the last ``WINDOW`` steps ``NORMAL`` that left a gap open show that gaps are normal."""

_MOST = 100  # gaps kept; beyond, one poll answers for all of them anyway


@dataclass(frozen=True, slots=True)
class Gap:
    """Revisions ``first`` to ``last`` (both of them) that nobody told of; ``since`` the moment that was seen."""

    first: int
    last: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Flow:
    """The events of one table. ``steps`` tells of the last moves of ``head`` whether they left a gap for good."""

    head: int | None = None
    gaps: tuple[Gap, ...] = ()
    asked_at: datetime | None = None
    off_since: datetime | None = None
    steps: tuple[int, ...] = ()

    @property
    def normal(self) -> bool:
        """Whether gaps are normal here, so that they mean nothing."""
        return self.off_since is not None


def heard(flow: Flow, revision: int, now: datetime) -> Flow:
    """An event of this revision came."""
    if flow.head is None:
        return replace(flow, head=revision)
    if revision <= flow.head:
        return replace(flow, gaps=_without(flow.gaps, revision, revision))
    gaps = flow.gaps
    if revision > flow.head + 1 and not flow.normal:
        gaps = (*gaps, Gap(flow.head + 1, revision - 1, now))[-_MOST:]
    return replace(flow, head=revision, gaps=gaps, steps=(*flow.steps, 0)[-WINDOW:])


def caught_up(flow: Flow, revision: int) -> Flow:
    """The table was read as it stood at this revision, or later: nothing up to it can be missed any more."""
    head = revision if flow.head is None else max(flow.head, revision)
    return replace(flow, head=head, gaps=_without(flow.gaps, 0, revision))


def ask(flow: Flow, now: datetime) -> tuple[Flow, bool]:
    """Whether a poll is to be asked for now; gaps it answers for are closed, because it reads all there is."""
    if flow.off_since is not None and now - flow.off_since >= REST:
        return Flow(head=flow.head), False
    young = tuple(gap for gap in flow.gaps if now - gap.since < PATIENCE)
    if len(young) == len(flow.gaps) or (flow.asked_at is not None and now - flow.asked_at < APART):
        return flow, False
    steps = _missed(flow.steps, len(flow.gaps) - len(young))
    if sum(steps) >= NORMAL:
        return Flow(head=flow.head, asked_at=now, off_since=now), True
    return replace(flow, gaps=young, asked_at=now, steps=steps), True


def _missed(steps: Sequence[int], old: int) -> tuple[int, ...]:
    """The last steps, as many more of them as gaps stayed open marked; a table's steps are alike, so any will do."""
    kept = list(steps)
    for place, step in enumerate(kept):
        if old and not step:
            kept[place] = 1
            old -= 1
    return tuple(kept)


def _without(gaps: Iterable[Gap], first: int, last: int) -> tuple[Gap, ...]:
    """The gaps with these revisions filled in."""
    left: list[Gap] = []
    for gap in gaps:
        if gap.first < first:
            left.append(replace(gap, last=min(gap.last, first - 1)))
        if gap.last > last:
            left.append(replace(gap, first=max(gap.first, last + 1)))
    return tuple(left)


def to_json(flow: Flow) -> Json:
    """A flow as it is stored."""
    return {
        "head": flow.head,
        "gaps": [[gap.first, gap.last, gap.since.isoformat()] for gap in flow.gaps],
        "asked_at": flow.asked_at.isoformat() if flow.asked_at else None,
        "off_since": flow.off_since.isoformat() if flow.off_since else None,
        "steps": list(flow.steps),
    }


def from_json(stored: Mapping[str, Any]) -> Flow:
    """A flow as it was stored by ``to_json``."""
    return Flow(
        head=stored["head"],
        gaps=tuple(Gap(first, last, datetime.fromisoformat(since)) for first, last, since in stored["gaps"]),
        asked_at=_moment(stored["asked_at"]),
        off_since=_moment(stored["off_since"]),
        steps=tuple(stored["steps"]),
    )


def _moment(stored: str | None) -> datetime | None:
    return None if stored is None else datetime.fromisoformat(stored)
