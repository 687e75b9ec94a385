"""Listings that do not show everything: nothing is created and nothing is deleted on their word."""

import pytest

from syncer.errors import OutsideError
from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders

LISTING = "bitable.record.search"


@pytest.fixture
def pair(stage):
    """More than one page of records, all linked; and news on both sides that a whole listing would carry."""
    pair = orders(stage)
    pair.add(*numbered(600))
    pair.settle()
    insert(pair, ("B1", 1, None))
    pair.edit(pair.by("订单号")["A0003"], 备注="新")
    return pair


UNTRUE = {
    "an empty success": ("empty_listing", {}),
    "one that ends early": ("cut_short", {"keep": 100}),
    "one that ends early and says so": ("cut_short", {"keep": 100, "cut_total": True}),
    "one that ends after its first page": ("cut_short", {}),
    "half of it": ("hide_records", {}),
    "half of it under the full total": ("hide_records", {"cut_total": False}),
}


@pytest.mark.parametrize("kind", UNTRUE)
def test_a_listing_that_stays_untrue_stops_the_run_before_it_writes(stage, pair, kind):
    fault, how = UNTRUE[kind]
    before = pair.truth()
    stage.control.fault(LISTING, fault, times=1000, **how)
    for _ in range(2):
        report = pair.sync()
        assert (report.status, report.exit_status, report.guard.name) == ("guarded", 4, "short_reading")
    assert pair.truth() == before
    stage.control.clear_faults()
    assert written(pair.sync()) == {"feishu create": 1, "database update": 1}
    pair.settle()
    assert len(equal(pair)) == 601


@pytest.mark.parametrize("fault", ["repeat_page", "ignore_page_token"])
def test_a_listing_that_goes_round_and_round_writes_nothing(stage, pair, fault):
    before = pair.truth()
    stage.control.fault(LISTING, fault, nth=2, times=1000)
    with pytest.raises(OutsideError, match="the same page again"):
        pair.sync()
    assert pair.truth() == before
    stage.control.clear_faults()
    pair.settle()
    assert len(equal(pair)) == 601


def test_a_listing_that_was_cut_once_is_read_once_more(stage, pair):
    stage.control.fault(LISTING, "cut_short", keep=100)
    assert written(pair.sync()) == {"feishu create": 1, "database update": 1}


@pytest.mark.parametrize("fault", ["empty_listing", "cut_short", "hide_records"])
def test_an_untrue_listing_at_the_very_first_run_doubles_nothing(stage, fault):
    """Nothing is linked yet, so nothing is missed: only a look for what is about to be created can tell."""
    pair = orders(stage)
    pair.add(*numbered(30))
    insert(pair, *((f"A{number:04}", number + 0.5, None) for number in range(30)))
    how = {"keep": 10, "cut_total": True} if fault == "cut_short" else {}
    stage.control.fault(LISTING, fault, **how)
    report = pair.sync()
    assert report.writes == 0
    pair.settle()
    assert len(equal(pair)) == 30


def test_under_advanced_permissions_without_the_right_to_manage_nothing_is_written(stage, pair):
    token, app = pair.place.app_token, stage.simulator.app_id
    stage.control.grant(token, app, "edit")
    stage.control.set_advanced(token)
    stage.control.restrict(token, app, visible=False)
    before = pair.truth()
    report = pair.sync()
    assert (report.status, report.exit_status, report.guard.name) == ("guarded", 4, "short_reading")
    assert "advanced permissions" in report.guard.sentence
    assert pair.truth() == before


def test_under_advanced_permissions_with_the_right_to_manage_all_goes_on(stage, pair):
    stage.control.set_advanced(pair.place.app_token)
    assert written(pair.sync()) == {"feishu create": 1, "database update": 1}
    pair.settle()
    assert len(equal(pair)) == 601


def test_records_that_an_app_may_not_see_are_not_taken_for_deleted(stage, pair):
    token, app = pair.place.app_token, stage.simulator.app_id
    hidden = [pair.by("订单号")[f"A{number:04}"] for number in range(5)]
    stage.control.grant(token, app, "edit")
    stage.control.set_advanced(token)
    stage.control.restrict(token, app, forbidden_records=hidden)
    before = pair.truth()
    assert pair.sync().exit_status == 4
    assert pair.truth() == before
