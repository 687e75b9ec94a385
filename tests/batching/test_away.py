"""Redis that is down, slow or flushed: the work goes on at a safe rate, it is said once, and all is as before after."""

import logging
import socket
import threading
import time
from contextlib import contextmanager, suppress

import pytest

from syncer.batching.askers import Asker
from syncer.batching.quota import per_second
from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_pacer import LOCAL_SHARE, RedisPacer
from syncer.batching.redis_paces import RedisPaces
from syncer.batching.redis_shared import Shared
from syncer.batching.redis_writer import RedisWriter
from syncer.embedded.redis import EmbeddedRedis
from syncer.errors import BusyError
from tests.batching.clocks import PatientClock, WallClock
from tests.batching.crowd import Caller, assert_law, run

NOBODY = "redis://127.0.0.1:1/0"


@pytest.fixture
def server(tmp_path):
    """A Redis of this test's own, to be stopped and started."""
    with EmbeddedRedis(tmp_path, durable=False) as running:
        yield running


def test_without_redis_a_process_keeps_to_its_share_of_the_quota_and_says_so_once(caplog):
    clock, quota = PatientClock(), per_second(16)
    with connect(NOBODY) as redis, caplog.at_level(logging.INFO):
        pacer = RedisPacer(RedisLink(redis, clock), clock, time=clock.now)
        moments = run(pacer, clock, quota, [Caller(Asker("订单")) for _ in range(3)], 20)
    assert_law(moments, quota.scaled(LOCAL_SHARE))
    assert len(moments) > 0.85 * 20 * 16 * LOCAL_SHARE
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "nothing is lost" in caplog.text


def test_eight_processes_without_redis_stay_under_the_quota_together():
    clock, quota = PatientClock(), per_second(16)
    with connect(NOBODY) as redis:
        pacers = [RedisPacer(RedisLink(redis, clock), clock, time=clock.now) for _ in range(8)]
        moments = run(None, clock, quota, [Caller(pacer=pacer) for pacer in pacers], 5)
    assert_law(moments, quota)


def test_a_redis_that_comes_and_goes_never_lets_the_quota_be_passed(server, caplog):
    clock, quota = PatientClock(), per_second(10)
    with connect(server.url()) as redis, caplog.at_level(logging.INFO):
        pacers = [RedisPacer(RedisLink(redis, clock), clock, time=clock.now) for _ in range(2)]
        callers = [Caller(pacer=pacer, pause=0.05) for pacer in pacers for _ in range(3)]
        moments = run(None, clock, quota, callers, 30, {6.5: server.stop, 15.5: server.start})
    assert_law(moments, quota)
    while_away = [moment for moment in moments if 8 <= (moment - PatientClock().time).total_seconds() < 15]
    after = [moment for moment in moments if (moment - PatientClock().time).total_seconds() >= 20]
    assert 10 <= len(while_away) <= 2 * 7 * 10 * LOCAL_SHARE + 2
    assert len(after) >= 0.9 * 10 * 10
    assert (
        sorted(record.message[:22] for record in caplog.records)
        == ["Redis answers again: q"] * 2 + ["Redis does not answer "] * 2
    )


def test_a_redis_that_forgets_everything_in_the_middle_never_lets_the_quota_be_passed(redis_url):
    clock, quota = PatientClock(), per_second(10)
    with connect(redis_url) as redis:
        pacers = [RedisPacer(RedisLink(redis, clock), clock, time=clock.now) for _ in range(3)]
        callers = [Caller(pacer=pacer) for pacer in pacers for _ in range(3)]
        moments = run(None, clock, quota, callers, 20, dict.fromkeys((3.01, 7.5, 7.7, 12.98), redis.flushdb))
    assert_law(moments, quota)
    assert len(moments) >= 0.9 * 10 * (20 - 4)


def test_a_slow_redis_is_given_up_soon_and_then_left_alone_for_a_while(server):
    with connect(server.url(), seconds=0.2) as redis, connect(server.url()) as other:
        pacer = RedisPacer(RedisLink(redis, WallClock()), WallClock())
        assert pacer.take("k", per_second(800)) == 0
        other.execute_command("CLIENT", "PAUSE", 3000, "ALL")
        began = time.monotonic()
        for _ in range(20):
            pacer.take("k", per_second(800))
        assert time.monotonic() - began < 2.8


def reach(real):
    """A connection to where a Redis really is."""
    if "path" not in real:
        return socket.create_connection((real["host"], real["port"]))
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(real["path"])
    return connection


@contextmanager
def behind(url, seconds):
    """The address of a Redis whose every answer comes so late."""
    stop, sockets = threading.Event(), []
    with connect(url) as redis:
        real = redis.connection_pool.connection_kwargs

    def carry(source, sink, late):
        with suppress(OSError):
            while found := source.recv(65536):
                if stop.wait(late):
                    return
                sink.sendall(found)

    def serve():
        with suppress(OSError):
            while True:
                client = door.accept()[0]
                server = reach(real)
                sockets.extend((client, server))
                threading.Thread(target=carry, args=(client, server, 0), daemon=True).start()
                threading.Thread(target=carry, args=(server, client, seconds), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(target=serve, daemon=True).start()
        secret = f":{real['password']}@" if real.get("password") else ""
        yield f"redis://{secret}127.0.0.1:{door.getsockname()[1]}/{real.get('db', 0)}"
        stop.set()
        for one in sockets:
            one.close()


def test_a_redis_whose_answers_take_five_seconds_is_as_good_as_none(redis_url, caplog):
    with (
        behind(redis_url, 5) as slow,
        connect(slow, seconds=0.2) as redis,
        caplog.at_level(logging.WARNING),
    ):
        shared, began = Shared(redis, WallClock(), pause=30), time.monotonic()
        moments = []
        for _ in range(12):
            shared.pacer.take("k", per_second(80))
            moments.append(time.monotonic())
        with shared.writer("orders").hold("base/tbl", 30) as lease:
            assert lease.prolong(30)
            with pytest.raises(BusyError):
                shared.writer("another", 0).hold("base/tbl", 1).__enter__()
        shared.paces.slower("base/tbl")
        assert shared.paces.pace_of("base/tbl").calls_per_second
        assert time.monotonic() - began < 5  # nothing waited for an answer
    share = round(80 * LOCAL_SHARE)
    assert all(later - first >= 1 for first, later in zip(moments, moments[share:], strict=False))
    assert [record.message[:21] for record in caplog.records] == ["Redis does not answer"]


def test_leases_are_the_processs_own_while_redis_is_away_and_shared_again_after(server):
    with connect(server.url()) as redis:
        shared = Shared(redis, WallClock(), pause=0)
        one, two = shared.writer("one"), shared.writer("two", 0)
        with one.hold("base/tbl", 30) as before:
            server.stop()
            assert before.prolong(30)
            with pytest.raises(BusyError):
                two.hold("base/tbl", 30).__enter__()
        with two.hold("base/tbl", 30) as alone:
            assert alone.number > before.number
            with pytest.raises(BusyError):
                shared.writer("three", 0).hold("base/tbl", 1).__enter__()
        server.start()
        with one.hold("base/tbl", 30) as after, connect(server.url()) as elsewhere:
            assert after.number > alone.number
            stranger = RedisWriter(RedisLink(elsewhere, WallClock()), WallClock(), patience=0)
            with pytest.raises(BusyError):
                stranger.hold("base/tbl", 30).__enter__()


def test_what_a_process_saw_of_a_table_is_kept_while_redis_is_away(server):
    with connect(server.url()) as redis:
        paces = RedisPaces(RedisLink(redis, WallClock()), WallClock())
        paces.slower("base/tbl")
        server.stop()
        assert paces.pace_of("base/tbl").calls_per_second
        assert list(paces.slow_tables()) == ["base/tbl"]
        paces.faster("base/tbl")
        paces.slower("base/other", reads_alone=True)
        assert paces.pace_of("base/other").reads_alone
