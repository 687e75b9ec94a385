"""Which edit of a cell our own write overwrote, by what the events of both told.

Bitable has no compare-and-set: between our last look at a record and our write somebody may give a cell another value.
Two events tell of that, and either of them is enough: the person's (what the plan saw -> the edit) and that of our own
write (the edit -> what we wrote). Nobody is asked who did it, for Feishu does not say that reliably: what counts are
the values, and which revision of the table each event is of.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from syncer.core.values import Value

SLACK = timedelta(seconds=3)
"""An event that tells no revision may be so much older than our write and still be of what happened before it: times of
events may be whole seconds, and of another clock."""


@dataclass(frozen=True, slots=True)
class Raw:
    """A cell as an event shows it, in a form that nobody here understands. Equal only to the very same text."""

    text: str


Content: TypeAlias = "Value | Raw"


@dataclass(frozen=True, slots=True)
class Word:
    """What one event tells of one cell. ``revision`` is the table's after it; ``at`` is by Feishu's clock."""

    before: Content
    after: Content
    revision: int | None
    at: datetime
    who: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What we wrote to one cell: ``before`` is what the plan saw there, ``after`` what was sent.

    ``seen`` is a revision that the cell was read at or after, ``sent_at`` when the write was made ready. Where an
    answer was lost the call may have been made again, or taken effect late: up to ``until`` the write may stand there
    more than once, each time over another edit.
    """

    before: Value
    after: Value
    seen: int | None
    sent_at: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Trace:
    """What the events say about one write to one cell.

    ``told``: the event of the write itself is among them. ``lost`` is an edit that was overwritten, as far as they
    tell; it is ``sure`` only if its place before our write is beyond doubt, else it may be one that came after it.
    """

    told: bool
    lost: Word | None = None
    sure: bool = False


NOTHING = Trace(told=False)


def trace(sent: Sent, words: Sequence[Word]) -> Trace:
    """Find the write's own event among those of its cell, and the edit that it overwrote if there was one.

    ``lost.after`` is the value of that edit. Of a form nobody understands, see ``_raw_trace``.
    """
    later = sorted((word for word in words if _is_later(sent, word)), key=_order)
    if not later:
        return NOTHING
    if any(isinstance(content, Raw) for word in later for content in (word.before, word.after)):
        return _raw_trace(words, later)
    if sent.until is not None:
        return _trace_of_several(sent, [word for word in later if word.at <= sent.until + SLACK])
    beyond = next((place for place, word in enumerate(later) if word.before == sent.after), len(later))
    ours = next((place for place, word in enumerate(later[:beyond]) if word.after == sent.after), None)
    if ours is None:
        return _without_ours(sent, later[:beyond], proven=beyond < len(later))
    found = later[ours].before
    if found in (sent.before, sent.after):
        return Trace(told=True)
    return Trace(told=True, lost=_word_of(found, later[:ours], later[ours]), sure=True)


def is_lost(found: Trace, held: Content, *, ours: bool) -> bool:
    """Whether an edit was overwritten, now that the cell was read again and holds ``held``.

    ``ours``: that is what we wrote there last. One that stands in the cell is not lost; one whose place in time is in
    doubt is lost only if nobody but us has written the cell since.
    """
    if found.lost is None or found.lost.after == held:
        return False
    return found.sure or ours


def _is_later(sent: Sent, word: Word) -> bool:
    """Whether an event is of something that our look may not have seen."""
    if sent.seen is not None and word.revision is not None:
        return word.revision > sent.seen
    return word.at >= sent.sent_at - SLACK


def _order(word: Word) -> tuple[int, datetime]:
    return (word.revision or 0, word.at)


def _without_ours(sent: Sent, edits: Sequence[Word], *, proven: bool) -> Trace:
    """The event of our write did not come: what edits tell by themselves. ``proven``: they came before our write."""
    if not edits or edits[-1].after == sent.before:
        return NOTHING
    chained = False
    stands: Content = sent.before
    for word in edits:
        chained = word.before == sent.before or (chained and word.before == stands)
        stands = word.after
    return Trace(told=False, lost=edits[-1], sure=chained or proven)


def _trace_of_several(sent: Sent, words: Sequence[Word]) -> Trace:
    """Every event that left behind what we sent may be that of our write: whatever it found there was overwritten.

    Somebody who took an edit of their own back, in these few seconds, cannot be told from us.
    """
    ours = [place for place, word in enumerate(words) if word.after == sent.after and word.before != sent.after]
    if not ours:
        return _without_ours(sent, words, proven=False)
    last = words[-1]
    if last.after != sent.after:  # it stands, or the event of the call that overwrote it did not come
        return Trace(told=True, lost=last)
    for place in reversed(ours):
        found = words[place].before
        if found != sent.before or any(word.after == found for word in words[:place]):
            return Trace(told=True, lost=_word_of(found, words[:place], words[place]), sure=True)
    return Trace(told=True)


def _word_of(value: Content, before: Sequence[Word], ours: Word) -> Word:
    """The event of the edit that gave a cell this value; if it did not come, ours tells of it, but not when it was."""
    known = next((word for word in reversed(before) if word.after == value), None)
    return known or Word(value, value, None, ours.at)


def _raw_trace(words: Sequence[Word], later: Sequence[Word]) -> Trace:
    """The last event is taken for that of our write, and what it found for an edit if the cell held something else

    when we looked: what the event before our look left there, or what the first one after it found.
    """
    earlier = sorted((word for word in words if word not in later), key=_order)
    last = later[-1]
    if not earlier and len(later) == 1:
        return Trace(told=True)
    looked = earlier[-1].after if earlier else later[0].before
    if last.before == looked:
        return Trace(told=True)
    return Trace(told=True, lost=_word_of(last.before, later[:-1], last))
