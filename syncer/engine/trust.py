"""Whether it is known who moved Feishu's table since it was read: how that trust is lost, and how it comes back.

``tools.revisions`` is where the table stands if nobody wrote to it but us and those whose writes were dealt with. If
it stands further, somebody wrote what is not known yet, and ``tools.doubt`` keeps how many steps are missing.
Each write of theirs that is dealt with later is one of them; when none is left, the table is trusted again. Where more
is found than could have happened, something was taken for theirs that was not, and no trust comes back.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from syncer.engine.tools import Tools


@dataclass(frozen=True, slots=True)
class Doubt:
    """When the table stood ``at``, as many as ``gap`` of its steps were not explained.

    ``since`` is where it stands by now if after that it was moved only by what is explained.
    """

    at: int
    gap: int
    since: frozenset[int]


def wrote(tools: Tools, lines: int) -> None:
    """Our own write of so many lines moved the table."""
    tools.revisions = moved(tools.revisions, lines)
    if (doubt := tools.doubt) is not None:
        tools.doubt = Doubt(doubt.at, doubt.gap, frozenset(moved(doubt.since, lines)))


def moved(known: Collection[int], lines: int) -> set[int]:
    """Where a write of so many lines moves the table: by one, or by one a line; the sheets leave it open."""
    return {revision + step for revision in known for step in {1, lines}}


def dealt_with(tools: Tools, revisions: Collection[int]) -> None:
    """What others wrote at these revisions was dealt with: each is one step."""
    tools.revisions = {known + len(revisions) for known in tools.revisions}
    if (doubt := tools.doubt) is not None:
        missed = sum(revision <= doubt.at for revision in revisions)
        later = len(revisions) - missed
        left = Doubt(doubt.at, doubt.gap - missed, frozenset(known + later for known in doubt.since))
        tools.doubt = left if left.gap >= 0 else None


def lose(tools: Tools, now: int | None) -> None:
    """The table stands where it is not explained, with no write of ours under way; it may have been in doubt before."""
    before, known = tools.doubt, tools.revisions
    tools.revisions = set()
    tools.doubt = _doubt(before, known, now)


def regain(tools: Tools) -> int | None:
    """Where a table in doubt stands now, with no write of ours under way; trusted again if all is explained."""
    doubt = tools.doubt
    if doubt is None:
        return None
    now = tools.records.revision()
    if now not in doubt.since:
        lose(tools, now)
    elif now is not None and not doubt.gap:
        tools.revisions, tools.doubt = {now}, None
    elif now is not None:
        tools.doubt = Doubt(doubt.at, doubt.gap, frozenset({now}))
    return now


@contextmanager
def apart(tools: Tools, revision: int | None) -> Iterator[None]:
    """Around a look at some lines, that begins at ``revision`` and knows by itself where the table may stand.

    Afterwards holds what held before, moved on by what was written meanwhile.
    """
    before = _swap(tools, (tools.revisions, None))
    try:
        yield
    finally:
        inner, found = _swap(tools, before)
        if revision is not None and found is not None:
            _lose_apart(tools, revision, found)
        elif revision is not None:
            _move_by(tools, {now - revision for now in inner})


def _swap(tools: Tools, known: tuple[set[int], Doubt | None]) -> tuple[set[int], Doubt | None]:
    """What was known until now, in place of which something else is."""
    before = (tools.revisions, tools.doubt)
    tools.revisions, tools.doubt = known
    return before


def _lose_apart(tools: Tools, revision: int, found: Doubt) -> None:
    """The look lost its trust; what was missing when it began is missing still."""
    lose(tools, revision)
    if (doubt := tools.doubt) is not None:
        tools.doubt = Doubt(found.at, doubt.gap + found.gap, found.since)


def _move_by(tools: Tools, steps: Collection[int]) -> None:
    tools.revisions = {before + more for before in tools.revisions for more in steps}
    if (doubt := tools.doubt) is not None:
        since = frozenset(before + more for before in doubt.since for more in steps)
        tools.doubt = Doubt(doubt.at, doubt.gap, since) if since else None


def _doubt(before: Doubt | None, known: Collection[int], now: int | None) -> Doubt | None:
    """The doubt about a table that stands at ``now``; of all that may be missing, the most."""
    explained = before.since if before is not None else known
    if now is None or not explained or now < min(explained):
        return None
    gap = now - min(explained) + (before.gap if before is not None else 0)
    return Doubt(now, gap, frozenset({now}))
