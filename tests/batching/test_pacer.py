"""One contract for the pacer in memory and the one in Redis: never over the quota, never unfair, nobody starved."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.batching.askers import Asker
from syncer.batching.local_pacer import LocalPacer
from syncer.batching.quota import LongWaitError, Quota, Window, every, per_second
from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_pacer import RedisPacer
from tests.batching.clocks import PatientClock
from tests.batching.crowd import Caller, assert_law, run, shares

WINDOWS = st.builds(Window, st.integers(1, 8), st.sampled_from([0.5, 1.0, 3.0]))
QUOTAS = st.lists(WINDOWS, min_size=1, max_size=2, unique_by=lambda window: window.seconds).map(
    lambda windows: Quota(tuple(windows))
)
ASKERS = st.builds(
    Asker, st.sampled_from(["订单", "customers", "🧾"]), st.booleans(), st.sampled_from([0.5, 1.0, 1.0, 4.0])
)
CALLERS = st.lists(
    st.builds(
        Caller,
        who=ASKERS,
        calls=st.integers(1, 8),
        start=st.floats(0, 3),
        pause=st.sampled_from([0.0, 0.15, 0.9]),
        late=st.sampled_from([0.0, 0.0, 0.01, 0.3, 5.0]),
        dies=st.sampled_from([None, None, None, 1, 2]),
    ),
    max_size=6,
)
fixtures_serve_all_examples = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(params=["memory", "redis"])
def make(request):
    """Makes a pacer that knows nothing yet, for a clock."""
    if request.param == "memory":
        yield LocalPacer
        return
    numbers = count()
    with connect(request.getfixturevalue("redis_url")) as redis:

        def pacer(clock, scale=1.0):
            link, prefix = RedisLink(redis, clock), f"pacer {next(numbers)}:"
            return RedisPacer(link, clock, scale, prefix=prefix, time=clock.now)

        yield pacer


@given(QUOTAS, st.lists(st.floats(0, 2), max_size=40), st.sampled_from([0.1, 0.5, 1.0, 2.0]))
@fixtures_serve_all_examples
def test_in_any_window_there_are_never_more_calls_than_the_quota(make, quota, pauses, scale):
    clock = PatientClock()
    pacer = make(clock, scale)
    moments = []
    for pause in pauses:
        clock.sleep(pause)
        pacer.take("k", quota)
        moments.append(clock.now())
    assert_law(moments, quota.scaled(scale))


@given(QUOTAS, CALLERS)
@fixtures_serve_all_examples
def test_a_crowd_keeps_the_law_and_everybody_who_lives_gets_all_calls(make, quota, callers):
    clock = PatientClock()
    pacer = make(clock)
    assert_law(run(pacer, clock, quota, callers, 3600), quota)
    assert all(len(caller.begun) == caller.calls for caller in callers if caller.dies is None)


@given(st.integers(1, 8), st.integers(2, 6), st.sampled_from([0.0, 0.02]))
@fixtures_serve_all_examples
def test_a_crowd_that_always_has_work_uses_nine_tenths_of_the_quota(make, calls, callers, late):
    clock, quota = PatientClock(), per_second(calls)
    moments = run(make(clock), clock, quota, [Caller(late=late) for _ in range(callers)], 20)
    assert len(moments) >= 0.9 * calls * 20


@given(QUOTAS)
@fixtures_serve_all_examples
def test_nobody_waits_while_the_quota_has_room(make, quota):
    pacer = make(PatientClock())
    room = min(window.calls for window in quota.windows)
    assert [pacer.take("k", quota) for _ in range(room)] == [0] * room
    assert pacer.take("k", quota) > 0


def test_keys_do_not_wait_for_each_other(make):
    pacer = make(PatientClock())
    assert pacer.take("search", per_second(1)) == 0
    pacer.block("stuck app", 3600)
    assert pacer.take("create", per_second(1)) == 0
    assert pacer.take("search", per_second(1)) > 0


def test_the_minute_and_the_second_hold_at_once(make):
    pacer = make(PatientClock())
    both = Quota((Window(4, 1), Window(6, 60)))
    waits = [pacer.take("k", both) for _ in range(7)]
    assert waits[:4] == [0] * 4
    assert 0.9 < waits[4] < 1.2
    assert 50 < waits[6] <= 60.1


def test_a_factor_of_zero_lifts_the_quota(make):
    pacer = make(PatientClock(), 0)
    assert sum(pacer.take("k", per_second(1)) for _ in range(100)) == 0
    pacer.take("slow table", every(1))
    assert pacer.take("slow table", every(1)) > 0.9


def test_feishus_wait_holds_everybody_back_even_without_a_quota_of_ours(make):
    pacer = make(PatientClock(), 0)
    pacer.block("k", 7)
    pacer.block("k", 2)
    assert pacer.take("other", per_second(1)) == 0
    assert pacer.take("k", per_second(1)) == pytest.approx(7)
    assert pacer.take("k", per_second(1)) == 0


def test_who_has_no_patience_for_a_days_allowance_is_told_how_long_it_would_take(make):
    clock = PatientClock()
    pacer, quota = make(clock), Quota((Window(5, 1), Window(8, 86_400)))
    waited = sum(pacer.take("uploads", quota, most=120.0) for _ in range(8))
    assert 0 < waited < 3
    for _ in range(3):
        with pytest.raises(LongWaitError) as told:
            pacer.take("uploads", quota, most=120.0)
        assert 86_390 < told.value.seconds <= 86_401
    pacer.take("others", quota, most=120.0)
    clock.sleep(86_401)
    assert pacer.take("uploads", quota, most=120.0) < 0.1


def test_a_clock_set_back_takes_nothing_of_a_days_allowance(make):
    clock = PatientClock()
    pacer, quota = make(clock), Quota((Window(8, 86_400),))
    for _ in range(8):
        pacer.take("uploads", quota)
        clock.sleep(3600)
    clock.sleep(-7200)
    with pytest.raises(LongWaitError) as told:
        pacer.take("uploads", quota, most=120.0)
    assert told.value.seconds < 86_400 - 7 * 3600 + 10


def test_a_clock_set_back_costs_one_window_and_no_more(make):
    clock = PatientClock()
    pacer = make(clock)
    pacer.take("k", per_second(1))
    pacer.block("k", 2)
    clock.time -= timedelta(hours=1)
    assert pacer.take("k", per_second(1)) < 1.2


def test_mappings_share_by_weight_however_many_calls_each_has_waiting(make):
    clock = PatientClock()
    many = [Caller(Asker("orders")) for _ in range(9)]
    one = [Caller(Asker("customers")), Caller(Asker("customers"))]
    heavy = [Caller(Asker("products", weight=2)) for _ in range(4)]
    run(make(clock), clock, per_second(20), many + one + heavy, 60)
    got = shares(many + one + heavy)
    assert got["orders"] == pytest.approx(got["customers"], rel=0.1)
    assert got["products"] == pytest.approx(2 * got["customers"], rel=0.1)


def test_a_mapping_of_three_times_the_weight_gets_three_calls_for_one_and_a_person_waits_for_neither(make):
    clock = PatientClock()
    heavy = [Caller(Asker("orders", weight=3)) for _ in range(3)]
    light = [Caller(Asker("customers")) for _ in range(12)]
    person = Caller(Asker("customers", urgent=True), calls=20, start=5, pause=1)
    moments = run(make(clock), clock, per_second(20), [*heavy, *light, person], 60)
    assert_law(moments, per_second(20))
    got = shares([*heavy, *light])
    assert got["orders"] == pytest.approx(3 * got["customers"], rel=0.1)
    assert person.longest < 1


def test_a_mapping_of_the_least_weight_beside_one_of_the_most_is_not_starved(make):
    clock = PatientClock()
    least, most = Caller(Asker("least", weight=0.5)), [Caller(Asker("most", weight=50)) for _ in range(4)]
    run(make(clock), clock, per_second(20), [least, *most], 60)
    assert len(least.begun) >= 60 * 20 / 101 * 0.8


def test_an_urgent_call_passes_a_crowd_with_bulk_within_a_second_and_the_bulk_goes_on(make):
    clock = PatientClock()
    bulk = [Caller(Asker(f"bulk {number}")) for number in range(40)]
    person = Caller(Asker("orders", urgent=True), calls=20, start=5, pause=1)
    run(make(clock), clock, per_second(20), [*bulk, person], 30)
    assert len(person.begun) == 20
    assert person.longest < 1
    assert min(len(caller.begun) for caller in bulk) > 30 * 20 * 0.9 / 40 - 4


def test_urgent_work_without_end_leaves_bulk_its_share(make):
    clock = PatientClock()
    bulk = Caller(Asker("orders"))
    people = [Caller(Asker("orders", urgent=True)) for _ in range(5)]
    run(make(clock), clock, per_second(20), [bulk, *people], 60)
    assert len(bulk.begun) >= 60 * 20 / 17 * 0.8
    assert bulk.longest < 2


def test_the_urgent_work_of_a_mapping_does_not_pay_for_its_bulk(make):
    clock = PatientClock()
    pacer, quota = make(clock), per_second(5)
    run(pacer, clock, quota, [Caller(Asker("orders"), calls=200)], 3600)
    bulk = [Caller(Asker(name)) for name in ("a", "b", "c", "orders")]
    person = Caller(Asker("orders", urgent=True), calls=1, start=1)
    run(pacer, clock, quota, [*bulk, person], 10)
    assert person.longest <= 1.05


def test_those_who_died_in_the_queue_hold_up_nobody_for_long(make):
    clock = PatientClock()
    dead = [Caller(Asker("dead", urgent=True), dies=1, start=0.5) for _ in range(3)]
    living = Caller(Asker("living"), calls=9, start=0.1)
    run(make(clock), clock, per_second(2), [Caller(calls=2), *dead, living], 30)
    assert len(living.begun) == 9
    assert living.longest < 5


FLOWS = st.lists(
    st.builds(
        Asker, st.sampled_from(["订单", "customers", "🧾", "b"]), st.booleans(), st.sampled_from([0.5, 1.0, 4.0])
    ),
    min_size=2,
    max_size=5,
    unique_by=lambda who: who.flow,
)


@given(FLOWS, st.integers(4, 10), st.integers(1, 2))
@settings(fixtures_serve_all_examples, max_examples=20)
def test_whoever_always_has_work_gets_the_share_of_its_weight_and_urgency(make, flows, calls, each):
    clock, quota, seconds = PatientClock(), per_second(calls), 20
    callers = {who: [Caller(who, calls=10**6) for _ in range(each + 1)] for who in flows}
    moments = run(make(clock), clock, quota, [one for many in callers.values() for one in many], seconds)
    assert_law(moments, quota)
    parts = {who: 1 / who.cost for who in flows}
    for who, many in callers.items():
        due = len(moments) * parts[who] / sum(parts.values())
        assert sum(len(one.begun) for one in many) >= 0.75 * due - 2
