"""Real processes that share one Redis; some are killed."""

import multiprocessing
import os
import signal
import threading
import time
from contextlib import contextmanager

import pytest

from syncer.batching.askers import Asker
from syncer.batching.quota import Quota, Window, per_second
from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_pacer import RedisPacer
from syncer.batching.redis_writer import RedisWriter
from syncer.errors import BusyError
from tests.batching.clocks import WallClock

FORK = multiprocessing.get_context("fork")
LAW = Window(20, 1)
EVERYTHING = Quota((LAW, Window(100_000, 0.001)))
"""The second window forbids nothing; it makes Redis keep when every call began, by its own clock."""


@contextmanager
def processes(count, work, *arguments):
    """So many processes doing the same; ended, by their ids, at the end."""
    started = [FORK.Process(target=work, args=(*arguments, number), daemon=True) for number in range(count)]
    for process in started:
        process.start()
    try:
        yield started
    finally:
        for process in started:
            if process.is_alive():
                process.kill()
            process.join()


def keep_calling(url, number):
    with connect(url) as redis:
        pacer = RedisPacer(RedisLink(redis, WallClock()), WallClock())
        threads = [
            threading.Thread(target=_take_for_ever, args=(pacer, Asker(f"mapping {number}")), daemon=True)
            for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        threads[0].join()


def _take_for_ever(pacer, who):
    while True:
        pacer.take("k", EVERYTHING, who)


def begun(redis):
    """When calls began, in seconds of the server."""
    return [int(moment) / 1e6 for moment in reversed(redis.lrange("syncer:pacer:{k}:begun", 0, -1))]


def assert_law(moments):
    for first, too_many in zip(moments, moments[LAW.calls :], strict=False):
        assert too_many - first >= LAW.seconds


def test_four_processes_with_two_threads_each_keep_one_law_and_use_what_it_allows(redis_url):
    with connect(redis_url) as redis, processes(4, keep_calling, redis_url):
        time.sleep(4)
        moments = begun(redis)
    assert_law(moments)
    spent = moments[-1] - moments[0]
    assert len(moments) >= 0.75 * LAW.calls * spent  # `make fleet` asks for 90 %, on a machine that has time


def test_processes_that_are_killed_while_they_call_or_wait_stop_nobody(redis_url):
    with connect(redis_url) as redis, processes(4, keep_calling, redis_url) as running:
        time.sleep(1)
        for process in running[:3]:
            os.kill(process.pid, signal.SIGKILL)
        time.sleep(4.5)
        moments = begun(redis)
    assert_law(moments)
    late = [moment for moment in moments if moment > moments[-1] - 1.5]
    assert len(late) >= 0.6 * LAW.calls * 1.5


def hold_or_wait(url, seconds, number):
    with connect(url) as redis:
        writer = RedisWriter(RedisLink(redis, WallClock()), WallClock())
        with writer.hold("base/tbl", seconds, Asker(f"mapping {number}")):
            time.sleep(600)


def test_a_holder_and_those_who_wait_may_be_killed_and_the_table_is_written_again(redis_url):
    with connect(redis_url) as redis:
        writer = RedisWriter(RedisLink(redis, WallClock()), WallClock(), patience=30)
        impatient = RedisWriter(RedisLink(redis, WallClock()), WallClock(), patience=0)
        with processes(4, hold_or_wait, redis_url, 5) as running:
            deadline = time.monotonic() + 20
            while redis.zcard("syncer:writer:{base/tbl}:turns") < 3 and time.monotonic() < deadline:
                time.sleep(0.02)
            assert redis.zcard("syncer:writer:{base/tbl}:turns") == 3
            for process in running:
                os.kill(process.pid, signal.SIGKILL)
        with pytest.raises(BusyError):
            impatient.hold("base/tbl", 5).__enter__()
        began = time.monotonic()
        with writer.hold("base/tbl", 5) as lease:
            assert lease.number
        assert time.monotonic() - began < 15


def write_in_turn(url, count, number):
    with connect(url) as redis:
        writer = RedisWriter(RedisLink(redis, WallClock()), WallClock())
        for _ in range(count):
            with writer.hold("base/tbl", 10, Asker(f"mapping {number}")) as lease:
                inside = redis.incr("inside")
                redis.rpush("seen", f"{inside} {lease.number} {number}")
                redis.decr("inside")


def test_writers_of_many_processes_go_one_at_a_time_and_take_turns(redis_url):
    with connect(redis_url) as redis, processes(3, write_in_turn, redis_url, 12) as running:
        for process in running:
            process.join(60)
        seen = [tuple(map(int, entry.split())) for entry in redis.lrange("seen", 0, -1)]
    assert len(seen) == 36
    assert {inside for inside, _, _ in seen} == {1}
    assert [number for _, number, _ in seen] == sorted(number for _, number, _ in seen)


def test_a_quota_that_is_free_costs_no_wait(redis_url):
    with connect(redis_url) as redis:
        pacer = RedisPacer(RedisLink(redis, WallClock()), WallClock())
        assert [pacer.take("k", per_second(50)) for _ in range(50)] == [0] * 50


def call_without_redis(begun, quota, number):
    with connect("redis://127.0.0.1:1/0") as redis:
        pacer = RedisPacer(RedisLink(redis, WallClock()), WallClock())
        while True:
            pacer.take("k", quota, Asker(f"mapping {number}"))
            begun.put((number, time.monotonic()))


def test_four_processes_without_redis_go_on_and_stay_under_the_quota_together():
    begun, quota, seen = FORK.Queue(), per_second(LAW.calls), []
    with processes(4, call_without_redis, begun, quota):
        deadline = time.monotonic() + 30
        while min(sum(who == number for who, _ in seen) for number in range(4)) < 6 and time.monotonic() < deadline:
            seen.append(begun.get(timeout=20))
    assert {who for who, _ in seen} == {0, 1, 2, 3}
    assert_law(sorted(moment for _, moment in seen))
