"""Quotas as values."""

import pytest

from syncer.batching.askers import ANYONE, Asker, as_urgent_as_now, urgently
from syncer.batching.quota import Quota, Window, every, per_minute, per_second


def test_a_small_factor_makes_the_window_longer_instead_of_forbidding_every_call():
    assert per_second(20).scaled(0.01) == Quota((Window(1, 5.0),))
    assert per_second(20).scaled(0.5) == per_second(10)
    assert per_minute(20).scaled(2) == per_minute(40)


def test_a_factor_of_zero_lifts_the_quota():
    assert per_second(20).scaled(0).windows == ()


def test_what_was_learned_of_a_table_is_not_multiplied_by_a_setting_about_the_documentation():
    assert every(2).scaled(0) == every(2).scaled(3) == every(2)


def test_a_negative_factor_is_refused():
    with pytest.raises(ValueError, match="-1"):
        per_second(1).scaled(-1)


@pytest.mark.parametrize("weight", [0, -1, 1001])
def test_a_weight_out_of_range_is_refused(weight):
    with pytest.raises(ValueError, match="weight"):
        Asker("orders", weight=weight)


def test_whatever_is_asked_for_urgently_is_urgent_until_the_end_of_it():
    bulk = Asker("订单", weight=2)
    with urgently():
        assert as_urgent_as_now(bulk) == Asker("订单", urgent=True, weight=2)
        with urgently(really=False):
            assert as_urgent_as_now(bulk).urgent
    assert as_urgent_as_now(bulk) == bulk
    with urgently(really=False):
        assert not as_urgent_as_now(bulk).urgent
    assert not as_urgent_as_now(ANYONE).urgent
