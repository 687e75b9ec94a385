"""Edits that our write of a cell overwrote, told from events that are lost, doubled and out of order."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.overwritten import Raw, Sent, Word, is_lost, trace

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
SEEN = 40


class Story:
    """One cell: what stood there when we looked, edits before our write and after it, and the events of all of them."""

    def __init__(self, before, after, form=lambda value: value):
        """Edits are counted on, so that no value comes twice; ``form`` is how events show one."""
        self.edits = [f"改{number} ✏" for number in range(before + after)]
        self.early, self.late = self.edits[:before], self.edits[before:]
        values = ["始", *self.early, "ours", *self.late]
        self.held = values[-1]
        moves = pairwise(values)
        self.words = [
            Word(form(was), form(now), SEEN + 1 + place, START + timedelta(seconds=place), "ou_人")
            for place, (was, now) in enumerate(moves)
        ]
        self.ours = self.words[before]
        self.sent = Sent("始", "ours", SEEN, START)

    @property
    def last(self):
        """The event of the edit that was overwritten."""
        return self.words[len(self.early) - 1]


@st.composite
def told(draw, form=lambda value: value):
    """A story and those of its events that came, in the order in which they did."""
    story = Story(draw(st.integers(0, 3)), draw(st.integers(0, 2)), form)
    came = draw(st.lists(st.sampled_from(story.words), max_size=12))
    earlier = Word(form("older"), form("始"), SEEN, START - timedelta(seconds=9))
    return story, draw(st.permutations([*came, earlier] if draw(st.booleans()) else came))


@given(told())
def test_an_overwritten_edit_is_found_as_soon_as_an_event_of_either_write_came(given_story):
    story, came = given_story
    found = trace(story.sent, came)
    lost = is_lost(found, story.held, ours=story.held == "ours")
    either = story.ours in came or (bool(story.early) and story.last in came)
    if story.early and either and story.held == "ours":
        assert lost
        assert found.lost.after == story.early[-1]
    if not story.early:
        assert not (lost and story.held == "ours")


@given(told())
def test_only_a_value_that_stood_there_is_ever_called_lost_and_never_the_one_that_stands(given_story):
    story, came = given_story
    found = trace(story.sent, came)
    if is_lost(found, story.held, ours=story.held == "ours"):
        assert found.lost.after in story.edits
        assert found.lost.after != story.held


@given(told())
def test_the_event_of_our_own_write_is_known_wherever_it_came(given_story):
    story, came = given_story
    assert trace(story.sent, came).told is (story.ours in came)


@given(told())
def test_an_event_that_comes_twice_or_late_changes_nothing(given_story):
    story, came = given_story
    once = list(dict.fromkeys(came))
    assert trace(story.sent, came) == trace(story.sent, list(reversed(came))) == trace(story.sent, once)


@given(told(form=Raw))
def test_forms_that_nobody_understands_are_compared_as_they_are(given_story):
    story, came = given_story
    found = trace(story.sent, came)
    assert found.told is any(word.revision > SEEN for word in came)
    complete = set(came) >= set(story.words)
    if complete and not story.late:
        lost = is_lost(found, "ours", ours=True)
        assert lost is bool(story.early)
        if lost:
            assert found.lost.after == Raw(story.early[-1])


SEVERAL = Sent("始", "ours", SEEN, START, START + timedelta(seconds=10))
TWICE = [
    Word("始", "ours", 41, START),
    Word("ours", "人 ✏️", 42, START + timedelta(seconds=1), "ou_人"),
    Word("人 ✏️", "ours", 43, START + timedelta(seconds=2)),
]
"""A call without an answer was made again, or took effect late, over what somebody had made of it meanwhile."""


@pytest.mark.parametrize("came", [TWICE, TWICE[1:], TWICE[2:], TWICE[:2]], ids=["all", "no first", "ours", "no second"])
def test_what_the_second_of_two_calls_overwrote_is_found_by_an_event_of_either(came):
    found = trace(SEVERAL, list(reversed(came)))
    assert is_lost(found, "ours", ours=True)
    assert found.lost.after == "人 ✏️"
    assert not is_lost(trace(SEVERAL, came[:1]), "人 ✏️", ours=False)


def test_our_change_taken_back_and_made_once_more_is_found_too():
    back = [TWICE[0], Word("ours", "始", 42, START), Word("始", "ours", 43, START + timedelta(seconds=2))]
    found = trace(SEVERAL, back)
    assert (found.lost, found.sure) == (back[1], True)
    assert trace(SEVERAL, TWICE[:1]).lost is None


def test_a_person_who_takes_an_edit_back_later_than_any_call_is_not_taken_for_us():
    late = [TWICE[0], *(Word(one.before, one.after, one.revision, START + timedelta(minutes=1)) for one in TWICE[1:])]
    assert trace(SEVERAL, late).lost is None
    assert trace(SEVERAL, late).told
    assert trace(Sent("始", "ours", SEEN, START), TWICE).lost is None  # a call that was answered is made once


def test_when_an_edit_was_made_and_by_whom_is_known_from_its_own_event():
    story = Story(2, 0)
    assert trace(story.sent, story.words).lost == story.words[1]
    alone = trace(story.sent, [story.ours]).lost
    assert (alone.before, alone.after, alone.who) == (story.early[1], story.early[1], "")


@pytest.mark.parametrize(
    ("revisions", "why"),
    [((None, None), "no revision is told"), ((SEEN + 2, SEEN + 1), "the two came under each other's revisions")],
)
def test_revisions_that_are_missing_or_shared_take_nothing_from_our_own_event(revisions, why):
    first, second = revisions
    words = [Word("始", "人", first, START), Word("人", "ours", second, START)]
    found = trace(Sent("始", "ours", SEEN, START), words)
    assert found.lost is not None, why
    assert found.lost.after == "人", why


def test_the_same_value_typed_by_a_person_is_no_loss_and_neither_is_one_taken_back():
    sent = Sent("始", "ours", SEEN, START)
    assert trace(sent, [Word("始", "ours", 41, START)]).lost is None
    assert trace(sent, [Word("始", "人", 41, START), Word("人", "始", 42, START)]).lost is None


def test_an_edit_that_our_reading_saw_is_not_called_lost():
    sent = Sent("read", "ours", SEEN, START)
    assert trace(sent, [Word("始", "read", 41, START), Word("read", "ours", 42, START)]).lost is None
    assert trace(sent, [Word("始", "read", 41, START)]).lost is None


def test_an_edit_after_ours_is_told_from_one_before_by_what_stands_there():
    sent = Sent("始", "ours", SEEN, START)
    alone = trace(sent, [Word("missed", "人", 43, START)])
    assert is_lost(alone, "ours", ours=True)
    assert not is_lost(alone, "人", ours=False)
    assert not is_lost(alone, "later", ours=False)
