"""One contract for what is learned of a table's size, in memory and in Redis."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_sizes import RedisSizes
from syncer.batching.sizes import MOST, REST, LocalSizes
from tests.batching.clocks import PatientClock

TABLE = "https://feishu/基地/tbl"


def in_memory(clock):
    shared = LocalSizes(clock)
    return lambda: shared


@pytest.fixture(params=["memory", "redis"])
def make(request):
    """Makes sizes that know of nothing yet, for a clock: as many pairs of eyes as wanted on the same memory."""
    if request.param == "memory":
        yield in_memory
        return
    numbers = count()
    with connect(request.getfixturevalue("redis_url")) as redis:

        def fresh(clock):
            prefix = f"sizes {next(numbers)}"
            return lambda: RedisSizes(RedisLink(redis, clock), clock, prefix=prefix, time=clock.now)

        yield fresh


def send(sizes, limit, lines):
    """Lines that are sent in parts of the size learned; how many calls were refused."""
    refused = 0
    while lines:
        part = min(lines, sizes.size_of(TABLE))
        if part > limit:
            sizes.refused(TABLE, part)
            refused += 1
        else:
            sizes.accepted(TABLE, part)
            lines -= part
    return refused


def test_a_table_that_refused_nothing_takes_what_feishu_takes(make):
    sizes = make(PatientClock())()
    sizes.accepted(TABLE, 1000)
    assert sizes.size_of(TABLE) == MOST
    assert sizes.small_tables() == {}


def test_a_refusal_halves_the_size_for_everybody_and_for_no_other_table(make):
    eyes = make(PatientClock())
    eyes().refused(TABLE, 1000)
    assert eyes().size_of(TABLE) == 500
    assert eyes().size_of("other") == MOST
    assert eyes().small_tables() == {TABLE: 500}


def test_two_refusals_of_the_same_size_count_once(make):
    sizes = make(PatientClock())()
    for _ in range(3):
        sizes.refused(TABLE, 1000)
    assert sizes.size_of(TABLE) == 500


def test_what_went_through_once_is_tried_again_before_a_half(make):
    clock = PatientClock()
    sizes = make(clock)()
    send(sizes, 300, 1000)
    assert sizes.size_of(TABLE) == 250
    clock.time += REST
    send(sizes, 300, 2000)
    assert 270 <= sizes.size_of(TABLE) <= 300


def test_it_grows_back_slowly_and_is_forgotten_at_full_size(make):
    clock = PatientClock()
    sizes = make(clock)()
    sizes.refused(TABLE, 1000)
    sizes.accepted(TABLE, 500)
    assert sizes.size_of(TABLE) == 500  # not before it has rested
    clock.time += REST
    sizes.accepted(TABLE, 100)
    assert sizes.size_of(TABLE) == 500  # a batch that was not full shows nothing
    seen = []
    while sizes.small_tables():
        sizes.accepted(TABLE, sizes.size_of(TABLE))
        seen.append(sizes.size_of(TABLE))
    assert seen[0] == 562
    assert len(seen) == 6
    assert sizes.size_of(TABLE) == MOST


def test_a_single_line_that_is_too_large_shrinks_nothing(make):
    sizes = make(PatientClock())()
    sizes.refused(TABLE, 1)
    assert sizes.size_of(TABLE) == MOST


@given(st.integers(1, 1100), st.integers(1, 3000))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_a_table_takes_everything_goes_through_with_few_refusals(make, limit, lines):
    clock = PatientClock()
    sizes = make(clock)()
    assert send(sizes, limit, lines) <= 10
    clock.time += timedelta(hours=1)
    assert send(sizes, limit, lines) <= 10
    assert 1 <= sizes.size_of(TABLE) <= MOST


def test_what_a_process_saw_of_a_size_is_kept_while_redis_is_away():
    clock = PatientClock()
    with connect("redis://127.0.0.1:1/0") as redis:
        sizes = RedisSizes(RedisLink(redis, clock), clock)
        sizes.refused(TABLE, 1000)
        sizes.accepted(TABLE, 500)
        assert sizes.size_of(TABLE) == 500
        assert sizes.small_tables() == {TABLE: 500}
