"""One contract for what is learned of tables, in memory and in Redis: slower by halves, faster by steps."""

import time

import pytest

from syncer.batching.paces import FIRST, FREE, FULL_SPEED, KEPT, LEAST, STEP, LocalPaces, Pace
from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_paces import RedisPaces
from tests.batching.clocks import WallClock

APART = 0.55
"""Seconds after which a refusal counts as one more."""


@pytest.fixture(params=["memory", "redis"])
def make(request):
    """Makes paces that know of each other: one object in memory, two of one Redis."""
    if request.param == "memory":
        shared = LocalPaces(WallClock())
        yield lambda: shared
        return
    with connect(request.getfixturevalue("redis_url")) as redis:
        yield lambda: RedisPaces(RedisLink(redis, WallClock()), WallClock())


def test_a_table_nobody_complained_about_is_at_full_speed(make):
    make().faster("订单")
    assert make().pace_of("订单") == FULL_SPEED
    assert make().slow_tables() == {}


def test_a_refusal_slows_the_table_for_everybody_and_no_other_table(make):
    one, other = make(), make()
    one.slower("base/tbl")
    assert other.pace_of("base/tbl") == Pace(FIRST)
    assert other.pace_of("base/other") == FULL_SPEED
    assert other.slow_tables() == {"base/tbl": Pace(FIRST)}
    assert other.pace_of("base/tbl").seconds == 1 / FIRST


def test_calls_refused_at_the_same_moment_count_once_and_a_later_one_halves_again(make):
    paces = make()
    for _ in range(4):
        paces.slower("t")
    assert paces.pace_of("t").calls_per_second == FIRST
    time.sleep(APART)
    paces.slower("t")
    assert paces.pace_of("t").calls_per_second == FIRST * KEPT


def test_every_success_makes_it_a_step_faster_until_it_is_free_and_forgotten(make):
    paces = make()
    paces.slower("t")
    paces.faster("t")
    assert paces.pace_of("t").calls_per_second == FIRST + STEP
    for _ in range(round((FREE - FIRST) / STEP)):
        paces.faster("t")
    assert paces.pace_of("t") == FULL_SPEED
    assert paces.slow_tables() == {}


def test_no_table_is_slowed_down_to_a_stand(make):
    paces = make()
    for _ in range(4):
        paces.slower("t")
        time.sleep(APART)
    assert paces.pace_of("t").calls_per_second == LEAST


def test_a_table_that_refused_a_read_keeps_its_reads_apart_from_writes_even_at_full_speed(make):
    paces = make()
    paces.slower("t", reads_alone=True)
    paces.slower("t")
    for _ in range(round(FREE / STEP)):
        paces.faster("t")
    assert make().pace_of("t") == Pace(None, reads_alone=True)
