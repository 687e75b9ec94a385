"""When mappings are due: the rhythm, the cron line through clock changes, the rest after failures."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.schedule import Schedule, Trouble, rest_after

ZONES = [
    ZoneInfo(name) for name in ("UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
]
moments = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))
spans = st.timedeltas(timedelta(seconds=1), timedelta(days=2))
crons = st.builds(
    "{} {} {} * {}".format,
    st.sampled_from(["0", "30", "*/15", "59", "5,35"]),
    st.sampled_from(["0", "2", "3", "*/6", "23", "*"]),
    st.sampled_from(["*", "1", "15", "31"]),
    st.sampled_from(["*", "1-5", "0", "7"]),
)


def at(text, zone):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@given(spans, moments, spans)
def test_the_next_poll_is_never_past_and_never_later_than_the_rhythm_says(every, began, took):
    schedule, now = Schedule(every, "0 3 * * *"), began + took
    due = schedule.next_poll(began, now)
    assert now <= due <= now + every
    assert due == now or due == began + every


@given(spans, moments, spans, spans)
def test_computed_fields_make_polls_come_more_often_and_never_more_seldom(every, began, took, computed):
    schedule, plain, now = Schedule(every, "0 3 * * *", computed=computed), Schedule(every, "0 3 * * *"), began + took
    assert schedule.next_poll(began, now) == min(
        plain.next_poll(began, now), Schedule(computed, "0 3 * * *").next_poll(began, now)
    )


@given(moments)
def test_what_never_ran_is_due_at_once(now):
    assert Schedule(timedelta(days=1), "0 3 * * *").next_poll(None, now) == now


@given(crons, st.sampled_from(ZONES), moments)
def test_the_next_full_run_comes_later_at_a_minute_of_the_cron_line(cron, zone, after):
    due = Schedule(timedelta(minutes=1), cron, zone).next_full(after)
    assert due is not None
    assert due > after
    assert due.second == due.microsecond == 0
    assert due.tzinfo is UTC


@given(crons, st.sampled_from(ZONES), moments, spans)
def test_asking_later_never_gives_an_earlier_moment_and_none_is_skipped(cron, zone, after, span):
    schedule = Schedule(timedelta(minutes=1), cron, zone)
    first, later = schedule.next_full(after), schedule.next_full(after + span)
    assert first <= later
    if after + span < first:
        assert later == first


@given(st.sampled_from(ZONES), moments)
def test_a_daily_full_run_comes_once_a_day_whatever_the_clocks_do(zone, after):
    schedule, days = Schedule(timedelta(minutes=1), "30 2 * * *", zone), []
    for _ in range(5):
        after = schedule.next_full(after)
        days.append(after.astimezone(zone).date())
    assert [later - earlier for earlier, later in pairwise(days)] == [timedelta(days=1)] * 4


@pytest.mark.parametrize(
    ("cron", "after", "zone", "due"),
    [
        ("0 3 * * *", "2026-07-01T02:59:59", "Asia/Shanghai", "2026-06-30T19:00"),
        ("0 3 * * *", "2026-07-01T03:00:00", "Asia/Shanghai", "2026-07-01T19:00"),
        ("30 2 * * *", "2026-03-29T01:00:00", "Europe/Berlin", "2026-03-29T01:00"),  # 02:30 is skipped: 03:00
        ("30 2 * * *", "2026-10-25T00:30:00", "Europe/Berlin", "2026-10-25T00:30"),  # 02:30 comes twice: the first
        ("0 0 * * 7", "2026-07-01T00:00:00", "UTC", "2026-07-05T00:00"),  # Sunday
        ("0 0 29 2 *", "2026-03-01T00:00:00", "UTC", "2028-02-29T00:00"),
    ],
)
def test_full_runs_come_when_the_clock_on_the_wall_says_so(cron, after, zone, due):
    found = Schedule(timedelta(minutes=1), cron, ZoneInfo(zone)).next_full(at(after, zone))
    assert found == at(due, "UTC")


def test_a_day_that_never_comes_is_no_moment():
    assert Schedule(timedelta(minutes=1), "0 0 30 2 *").next_full(datetime(2026, 1, 1, tzinfo=UTC)) is None


@given(st.sampled_from(Trouble), st.integers(1, 10_000))
def test_the_rest_after_failures_grows_to_its_limit(trouble, failures):
    assert timedelta(0) < rest_after(trouble, failures) <= rest_after(trouble, failures + 1) <= timedelta(hours=1)


def test_what_may_pass_by_itself_is_tried_sooner_than_what_a_person_must_mend():
    assert rest_after(Trouble.OUTSIDE, 1) == timedelta(seconds=1)
    assert rest_after(Trouble.OUTSIDE, 4) == timedelta(seconds=8)
    for failures in (1, 5, 20):
        rests = [rest_after(trouble, failures) for trouble in (Trouble.OUTSIDE, Trouble.FAULT, Trouble.MEND)]
        assert rests == sorted(rests)
