"""Events that never came are noticed by the numbers they leave out."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from syncer.core.gaps import APART, NORMAL, PATIENCE, REST, Flow, ask, caught_up, from_json, heard, to_json

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def after(*revisions: int, flow: Flow | None = None, at: datetime = NOW) -> Flow:
    flow = Flow() if flow is None else flow
    for revision in revisions:
        flow = heard(flow, revision, at)
    return flow


def missing(flow: Flow) -> set[int]:
    return {number for gap in flow.gaps for number in range(gap.first, gap.last + 1)}


def test_the_first_event_leaves_no_gap_behind_it():
    assert missing(after(41)) == set()


def test_numbers_left_out_are_missing_until_they_come():
    flow = after(5, 9, 12)
    assert missing(flow) == {6, 7, 8, 10, 11}
    assert missing(after(7, 10, 9, 5, flow=flow)) == {6, 8, 11}


def test_a_gap_asks_only_when_it_stayed_open_for_20_seconds():
    flow = after(5, 7)
    assert ask(flow, NOW + 19 * SECOND) == (flow, False)
    asked, wanted = ask(flow, NOW + PATIENCE)
    assert wanted
    assert missing(asked) == set()


def test_one_poll_a_minute_answers_for_all_gaps_of_a_table():
    flow, _ = ask(after(5, 7), NOW + PATIENCE)
    flow = after(9, flow=flow, at=NOW + PATIENCE + SECOND)
    assert not ask(flow, NOW + PATIENCE + 59 * SECOND)[1]
    assert ask(flow, NOW + PATIENCE + APART)[1]


def test_a_reading_closes_what_is_older_and_moves_the_head():
    flow = caught_up(after(5, 9, 12), 10)
    assert missing(flow) == {11}
    assert missing(after(21, flow=caught_up(flow, 20))) == set()


def test_where_gaps_are_normal_the_detector_rests_and_tries_again_a_day_later():
    flow, now = after(0), NOW
    for number in range(1, NORMAL + 1):
        flow = heard(flow, number * 3, now)
        now += APART + SECOND
        flow, wanted = ask(flow, now)
        assert wanted
    assert flow.normal
    assert missing(after(1000, 2000, flow=flow)) == set()
    flow, _ = ask(flow, now + REST)
    assert not flow.normal


def test_an_event_lost_now_and_then_does_not_make_gaps_normal():
    flow, now, polls = after(0), NOW, 0
    for number in range(1, 400):
        if number % 40:
            flow = heard(flow, number, now)
        now += 10 * SECOND
        flow, wanted = ask(flow, now)
        polls += wanted
    assert polls == 9
    assert not flow.normal


revisions = st.lists(st.integers(min_value=1, max_value=60), max_size=40)


@given(revisions)
def test_what_is_missing_is_what_never_came_below_the_highest(numbers):
    flow = after(0, *numbers)
    assert missing(flow) == set(range(max([0, *numbers]))) - set(numbers) - {0}


@given(revisions, st.randoms())
def test_order_and_repetition_make_no_difference(numbers, random):
    shuffled = [*numbers, *numbers]
    random.shuffle(shuffled)
    assert missing(after(0, *numbers)) == missing(after(0, *shuffled))


@given(revisions, st.integers(min_value=0, max_value=60))
def test_a_reading_leaves_only_what_is_newer(numbers, read):
    flow = after(0, *numbers)
    assert missing(caught_up(flow, read)) == {number for number in missing(flow) if number > read}


@given(revisions, st.integers(min_value=0, max_value=120))
def test_a_flow_is_stored_whole(numbers, seconds):
    flow, _ = ask(after(0, *numbers), NOW + seconds * SECOND)
    assert from_json(to_json(flow)) == flow


@given(st.lists(st.integers(min_value=1, max_value=40), max_size=30))
def test_polls_of_one_table_are_a_minute_apart(steps):
    flow, now, head, last = after(0), NOW, 0, None
    for step in steps:
        head, now = head + step, now + 15 * SECOND
        flow, wanted = ask(heard(flow, head, now), now)
        if wanted:
            assert last is None or now - last >= APART
            last = now
