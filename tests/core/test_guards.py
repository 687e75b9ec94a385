"""What must not be done without asking: guards over a run's numbers, and doubts about a listing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.mapping import DeleteGuard
from syncer.core.plan import (
    Action,
    Fate,
    LinePlan,
    Operation,
    Reading,
    Removed,
    Tally,
    delete_guard,
    doubts,
    stopping_guard,
    too_many,
)
from tests.core.toys import DATABASE, FEISHU

GUARD = DeleteGuard()


def update(side=DATABASE, before="a", after=None, name="note") -> LinePlan:
    return LinePlan((Operation(side, Action.UPDATE, "[1]", {name: after}, {name: before}),))


def delete(side=DATABASE) -> LinePlan:
    return LinePlan((Operation(side, Action.DELETE, "[1]"),))


def tally(*plans: LinePlan) -> Tally:
    total = Tally()
    for plan in plans:
        total.add(plan)
    return total


def mark(side=DATABASE) -> LinePlan:
    return LinePlan((Operation(side, Action.UPDATE, "[1]", mark=("gone", True)),), fate=Fate.SEVER)


def deleting(count, last_hour=0, lines=10_000, linked=10_000, side=DATABASE, guard=GUARD, *, how=delete, beside=0):
    """``last_hour``: what was deleted on the same side before, or all that was removed, as ``Removed``."""
    held = {FEISHU: 10_000, DATABASE: 10_000, side: lines}
    lately = Removed({side: last_hour}) if isinstance(last_hour, int) else last_hour
    return delete_guard(tally(*[how(side)] * count), lately, held, linked, guard, beside=beside)


# Counting -------------------------------------------------------------------------------------------------------------


def test_a_run_is_counted_line_by_line():
    create = LinePlan((Operation(FEISHU, Action.CREATE, None, {"note": "a"}),))
    total = tally(
        update(), update(after="b"), delete(), create, LinePlan(differs=("note", "name")), LinePlan(overwrites=True)
    )
    assert total.operations == {(DATABASE, Action.UPDATE): 2, (DATABASE, Action.DELETE): 1, (FEISHU, Action.CREATE): 1}
    assert total.clears == {(DATABASE, "note"): 1}
    assert total.deletions == {DATABASE: 1, FEISHU: 0}
    assert (total.differs, total.overwrites) == (1, 1)


@pytest.mark.parametrize(
    ("before", "after", "clears"), [("a", None, 1), ("a", "", 1), ("a", "b", 0), (None, "", 0), (True, False, 0)]
)
def test_only_a_full_field_that_empties_is_a_clear(before, after, clears):
    assert sum(tally(update(before=before, after=after)).clears.values()) == clears


def test_a_new_line_clears_nothing():
    assert Operation(FEISHU, Action.CREATE, None, {"note": None}).clears() == []
    assert Operation(FEISHU, Action.DELETE, "rec1", before={"note": "a"}).clears() == []


# Thresholds -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("count", "of", "too"),
    [
        (500, 10_000, False),
        (501, 10_000, True),
        (10, 10, False),
        (11, 55, False),
        (11, 54, True),
        (20, 100, False),
        (21, 100, True),
    ],
)
def test_too_many_is_beyond_the_lines_or_beyond_the_share_and_ten(count, of, too):
    assert too_many(count, of, GUARD) is too


@given(st.integers(0, 2000), st.integers(0, 5000))
def test_what_is_too_many_stays_too_many_with_one_more(count, of):
    assert not too_many(count, of, GUARD) or too_many(count + 1, of, GUARD)


# Guards that stop a run -----------------------------------------------------------------------------------------------


def test_a_quiet_run_meets_no_guard():
    assert stopping_guard(tally(*[update(after="b")] * 5000), 10, GUARD) is None
    assert delete_guard(tally(update()), Removed({DATABASE: 10_000}), {FEISHU: 5, DATABASE: 5}, 5, GUARD) is None


def test_one_line_that_differs_at_its_first_pairing_stops_the_run():
    guard = stopping_guard(tally(LinePlan(differs=("金额",))), 1000, GUARD)
    assert (guard.name, guard.counts, guard.stops) == ("first_pairing", {"lines": 1}, True)
    assert "syncer approve" in guard.sentence
    assert "pairing:" in guard.sentence


def test_a_first_pairing_is_asked_about_before_anything_else():
    worst = tally(LinePlan(differs=("金额",)), *[LinePlan(overwrites=True)] * 600, *[update()] * 600)
    assert stopping_guard(worst, 1000, GUARD).name == "first_pairing"


@pytest.mark.parametrize(
    ("lines", "linked", "stopped"), [(10, 0, False), (11, 0, True), (11, 100, False), (501, 10_000, True)]
)
def test_many_overwrites_of_a_target_stop_the_run(lines, linked, stopped):
    guard = stopping_guard(tally(*[LinePlan(overwrites=True)] * lines), linked, GUARD)
    assert (guard is not None) == stopped
    if guard:
        assert (guard.name, guard.counts["lines"], guard.stops) == ("overwrites", lines, True)


@pytest.mark.parametrize(
    ("lines", "linked", "stopped"), [(10, 10, False), (20, 100, False), (21, 100, True), (501, 10_000, True)]
)
def test_many_clears_of_one_field_stop_the_run_and_name_it(lines, linked, stopped):
    guard = stopping_guard(tally(*[update(name="备注")] * lines, update(name="电话")), linked, GUARD)
    assert (guard is not None) == stopped
    if guard:
        assert guard.name == "clears"
        assert f"{lines} lines would lose '备注' in database" in guard.sentence


def test_clears_of_different_fields_and_sides_are_counted_apart():
    plans = [update(side, name=name) for side in (FEISHU, DATABASE) for name in ("备注", "电话") for _ in range(20)]
    assert stopping_guard(tally(*plans), 100, GUARD) is None


# The delete guard -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("planned", "last_hour", "linked", "withheld"),
    [
        (1, 0, 10_000, False),
        (500, 0, 10_000, False),
        (501, 0, 10_000, True),
        (1, 500, 10_000, True),
        (0, 9000, 10_000, False),
        (20, 0, 100, False),
        (21, 0, 100, True),
        (11, 10, 100, True),
        (10, 0, 20, False),
        (11, 0, 20, True),
        (1, 10, 20, True),
    ],
)
def test_deletions_are_withheld_beyond_the_lines_or_the_share_of_an_hour(planned, last_hour, linked, withheld):
    guard = deleting(planned, last_hour, linked=linked)
    assert (guard is not None) == withheld
    if guard:
        assert guard.counts == {"planned": planned, "last_hour": last_hour, "linked": linked}


def test_withheld_deletions_do_not_stop_the_rest_of_the_run():
    guard = deleting(501)
    assert (guard.name, guard.stops) == ("deletes", False)
    assert "syncer approve" in guard.sentence


def test_both_sides_deletions_count_together():
    plans = [delete(FEISHU)] * 11 + [delete(DATABASE)] * 10
    assert delete_guard(tally(*plans), Removed(), {FEISHU: 1000, DATABASE: 1000}, 100, GUARD).counts["planned"] == 21


def test_marks_and_deletions_of_all_runs_of_the_hour_and_of_the_rest_of_this_one_count_together():
    lately = Removed({DATABASE: 200}, {FEISHU: 150, DATABASE: 50})
    assert deleting(100, lately, how=mark) is None
    assert deleting(101, lately, how=mark).counts == {"planned": 101, "last_hour": 400, "linked": 10_000}
    assert deleting(40, lately, beside=60) is None
    assert deleting(40, lately, beside=61).counts == {"planned": 101, "last_hour": 400, "linked": 10_000}


@pytest.mark.parametrize("how", [delete, mark])
@pytest.mark.parametrize(("before", "held", "now", "asks"), [(4, 9, 4, False), (4, 9, 5, True), (1, 3, 2, False)])
def test_a_table_that_is_emptied_by_small_runs_asks_before_its_last_lines(how, before, held, now, asks):
    """A line that is deleted is held no more, one that is marked still is."""
    marks = how is mark
    lately = Removed(marked={DATABASE: before}) if marks else Removed({DATABASE: before})
    guard = deleting(now, lately, lines=held if marks else held - before, linked=held - before, how=how)
    assert (guard is not None) == asks


@pytest.mark.parametrize("side", [FEISHU, DATABASE])
@pytest.mark.parametrize(
    ("lines", "deleted", "asks"), [(1, 1, False), (3, 3, False), (4, 4, True), (4, 3, False), (9, 9, True)]
)
def test_emptying_a_table_of_more_than_three_lines_always_asks(side, lines, deleted, asks):
    guard = deleting(deleted, lines=lines, linked=lines, side=side)
    assert (guard is not None) == asks
    if guard:
        assert f"all {deleted} lines of {side.value} would be deleted" in guard.sentence
        assert not guard.stops


def test_a_generous_guard_still_asks_before_a_table_is_emptied():
    assert deleting(9, lines=9, linked=9, guard=DeleteGuard(lines=10**6, share=1.0)) is not None


def test_a_strict_guard_asks_at_the_first_deletion():
    assert deleting(1, guard=DeleteGuard(lines=0)) is not None


# Readings -------------------------------------------------------------------------------------------------------------

WHOLE = {"distinct": 500, "returned": 500, "total": 500, "ended": True}


def test_a_whole_reading_is_believed():
    assert doubts(Reading(**WHOLE)) == []
    assert doubts(Reading(**{**WHOLE, "total": None})) == []
    assert doubts(Reading(0, 0, 0, ended=True)) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"ended": False}, "paging did not end normally"),
        ({"returned": 502}, "2 records came twice"),
        ({"total": 501}, "500 records came, but Feishu counts 501"),
        ({"total": 499}, "500 records came, but Feishu counts 499"),
        ({"total": 0}, "500 records came, but Feishu counts 0"),
        ({"revived": 3}, "3 records were missing from the listing but exist"),
        ({"whole": False}, "advanced permissions are on"),
    ],
)
def test_a_short_reading_is_doubted_with_a_sentence(change, sentence):
    (doubt,) = doubts(Reading(**{**WHOLE, **change}))
    assert sentence in doubt


def test_all_doubts_are_told_at_once():
    assert len(doubts(Reading(490, 500, 499, ended=False, whole=False, revived=1))) == 5
