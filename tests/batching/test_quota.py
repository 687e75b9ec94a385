"""Pacing: in no window more calls than the quota says."""

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.batching.local_pacer import LocalPacer
from syncer.batching.quota import Quota, Window, per_minute, per_second
from tests.batching.clocks import PatientClock

WINDOWS = st.builds(Window, st.integers(1, 8), st.sampled_from([0.5, 1.0, 3.0]))
QUOTAS = st.lists(WINDOWS, min_size=1, max_size=2, unique_by=lambda window: window.seconds).map(
    lambda windows: Quota(tuple(windows))
)


def assert_law(moments, quota):
    for window in quota.windows:
        for first, too_many in zip(moments, moments[window.calls :], strict=False):
            assert too_many - first >= timedelta(seconds=window.seconds)


@given(QUOTAS, st.lists(st.floats(0, 2), max_size=60), st.sampled_from([0.1, 0.5, 1.0, 2.0]))
def test_in_any_window_there_are_never_more_calls_than_the_quota(quota, pauses, scale):
    clock = PatientClock()
    pacer = LocalPacer(clock, scale)
    moments = []
    for pause in pauses:
        clock.sleep(pause)
        pacer.take("k", quota)
        moments.append(clock.now())
    assert_law(moments, quota.scaled(scale))


@given(QUOTAS)
def test_nobody_waits_while_the_quota_has_room(quota):
    pacer = LocalPacer(PatientClock())
    assert [pacer.take("k", quota) for _ in range(min(w.calls for w in quota.windows))] == pytest.approx(
        [0] * min(w.calls for w in quota.windows)
    )


def test_keys_do_not_wait_for_each_other():
    pacer = LocalPacer(PatientClock())
    assert pacer.take("search", per_second(1)) == 0
    assert pacer.take("create", per_second(1)) == 0
    assert pacer.take("search", per_second(1)) > 0


def test_the_minute_and_the_second_hold_at_once():
    clock = PatientClock()
    pacer = LocalPacer(clock)
    both = Quota((Window(4, 1), Window(6, 60)))
    waits = [pacer.take("k", both) for _ in range(7)]
    assert waits[:4] == [0] * 4
    assert 0.9 < waits[4] < 1.2
    assert 50 < waits[6] <= 60.1


def test_a_factor_of_zero_lifts_the_quota():
    pacer = LocalPacer(PatientClock(), scale=0)
    assert sum(pacer.take("k", per_second(1)) for _ in range(1000)) == 0


def test_a_small_factor_makes_the_window_longer_instead_of_forbidding_every_call():
    assert per_second(20).scaled(0.01) == Quota((Window(1, 5.0),))
    assert per_second(20).scaled(0.5) == per_second(10)
    assert per_minute(20).scaled(2) == per_minute(40)


def test_a_negative_factor_is_refused():
    with pytest.raises(ValueError, match="-1"):
        per_second(1).scaled(-1)


def test_feishus_wait_holds_everybody_back_even_without_a_quota_of_ours():
    clock = PatientClock()
    pacer = LocalPacer(clock, scale=0)
    pacer.block("k", 7)
    pacer.block("k", 2)
    assert pacer.take("other", per_second(1)) == 0
    assert pacer.take("k", per_second(1)) == pytest.approx(7)
    assert pacer.take("k", per_second(1)) == 0


def test_a_clock_set_back_costs_one_window_and_no_more():
    clock = PatientClock()
    pacer = LocalPacer(clock)
    pacer.take("k", per_second(1))
    clock.time -= timedelta(hours=1)
    assert pacer.take("k", per_second(1)) < 1.2


def test_threads_together_keep_the_law():
    clock = PatientClock()
    pacer = LocalPacer(clock)
    moments, lock = [], threading.Lock()

    def work():
        for _ in range(10):
            pacer.take("k", per_second(5))
            with lock:
                moments.append(clock.now())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A thread may look at the clock a little after its call was counted; in all, 40 calls need 7 full windows.
    assert max(moments) - min(moments) >= timedelta(seconds=7)
