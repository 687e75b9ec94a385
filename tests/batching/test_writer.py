"""One contract for the writer in memory and the one in Redis."""

import threading
import time

import pytest

from syncer.batching.askers import Asker
from syncer.batching.redis_link import RedisLink, connect
from syncer.batching.redis_writer import RedisWriter
from syncer.batching.writer import LocalWriter
from syncer.errors import BusyError
from tests.batching.clocks import WallClock


@pytest.fixture(params=["memory", "redis"])
def make(request):
    """Makes writers that know of each other: one object in memory, two clients of one Redis."""
    if request.param == "memory":
        shared = LocalWriter(WallClock(), patience=5)
        yield lambda patience=5.0: _patient(shared, patience)
        return
    with connect(request.getfixturevalue("redis_url")) as client:
        link = RedisLink(client, WallClock())
        yield lambda patience=5.0: RedisWriter(link, WallClock(), patience=patience)


def waiting(writer):
    """How many wait for base/tbl."""
    if isinstance(writer, LocalWriter):
        return len(writer._queues["base/tbl"])
    return writer._link.redis.zcard("syncer:writer:{base/tbl}:turns")


def _patient(shared, patience):
    twin = LocalWriter(WallClock(), patience=patience)
    twin._lock, twin._holders, twin._numbers = shared._lock, shared._holders, shared._numbers
    twin._queues = shared._queues
    return twin


def test_two_never_hold_one_table_at_once(make):
    inside, seen, lock = 0, [], threading.Lock()

    def work(writer):
        nonlocal inside
        for _ in range(5):
            with writer.hold("base/tbl", 10):
                with lock:
                    inside += 1
                    seen.append(inside)
                time.sleep(0.001)
                with lock:
                    inside -= 1

    threads = [threading.Thread(target=work, args=(make(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [1] * 20


def test_numbers_rise_with_every_holder(make):
    numbers = []
    for writer in (make(), make(), make()):
        with writer.hold("base/tbl", 10) as lease:
            numbers.append(lease.number)
    assert numbers == sorted(set(numbers))


def test_tables_do_not_wait_for_each_other(make):
    with make().hold("base/tblA", 10), make(patience=0).hold("base/tblB", 10):
        pass


def test_a_writer_that_died_blocks_nobody_for_longer_than_its_lease(make):
    dead = make().hold("base/tbl", 0.15)
    dead.__enter__()
    began = time.monotonic()
    with make().hold("base/tbl", 10) as lease:
        assert lease.number > 1
    assert 0.1 < time.monotonic() - began < 2


def test_patience_ends_with_a_clear_word(make):
    with make().hold("base/tbl", 10), pytest.raises(BusyError, match="base/tbl"):
        make(patience=0.05).hold("base/tbl", 10).__enter__()


def test_a_lease_can_be_prolonged_while_it_lasts(make):
    with make().hold("base/tbl", 0.2) as lease:
        assert lease.prolong(30)
        time.sleep(0.25)
        with pytest.raises(BusyError):
            make(patience=0).hold("base/tbl", 1).__enter__()


def test_a_lease_that_ended_is_not_prolonged_nor_taken_from_the_next_holder(make):
    with make().hold("base/tbl", 0.05) as late:
        time.sleep(0.1)
        assert not late.prolong(10)
        following = make().hold("base/tbl", 10)
        following.__enter__()
        assert not late.prolong(10)
    with pytest.raises(BusyError):
        make(patience=0).hold("base/tbl", 1).__enter__()
    following.__exit__(None, None, None)


def test_an_error_inside_gives_the_table_back(make):
    with pytest.raises(ZeroDivisionError), make().hold("base/tbl", 10):
        raise ZeroDivisionError
    with make(patience=0).hold("base/tbl", 1):
        pass


def test_a_lease_an_owner_died_with_is_taken_over_by_its_next_life_alone(redis_url):
    with connect(redis_url) as client:
        link = RedisLink(client, WallClock())
        first, second, other, nobody = (
            RedisWriter(link, WallClock(), owner=owner, patience=0) for owner in ("orders", "orders", "order", "")
        )
        dead = first.hold("base/tbl", 10)
        lease = dead.__enter__()
        for living in (first, other, nobody):
            with pytest.raises(BusyError):
                living.hold("base/tbl", 10).__enter__()
        with second.hold("base/tbl", 10) as following:
            assert following.number > lease.number
            assert not lease.prolong(10)
            dead.__exit__(None, None, None)
            with pytest.raises(BusyError):
                other.hold("base/tbl", 10).__enter__()


def test_the_urgent_come_before_the_bulk_that_waited_longer(make):
    order, bulk, threads = [], [Asker("a"), Asker("a"), Asker("b")], []

    def work(writer, who):
        with writer.hold("base/tbl", 10, who):
            order.append(who.name)

    with make().hold("base/tbl", 10):
        for who in [*bulk, Asker("person", urgent=True)]:
            threads.append(threading.Thread(target=work, args=(make(10), who)))
            threads[-1].start()
            time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert order[0] == "person"
    assert order[1:3] == ["a", "b"]


def test_a_mapping_of_three_times_the_weight_gets_the_table_three_times_as_often(make):
    order, heavy, light = [], Asker("orders", weight=3), Asker("customers")

    def work(writer, who):
        with writer.hold("base/tbl", 10, who):
            order.append(who.name)

    threads = [threading.Thread(target=work, args=(make(20), who)) for who in [light] * 4 + [heavy] * 6]
    with make().hold("base/tbl", 30):
        for thread in threads:
            thread.start()
        deadline = time.monotonic() + 10
        while waiting(make()) < len(threads) and time.monotonic() < deadline:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert len(order) == len(threads)
    assert order[:8].count("orders") == 6  # three for each of the first two


def test_whoever_gave_up_waiting_stands_in_nobodys_way(make):
    with make().hold("base/tbl", 10):
        for _ in range(3):
            with pytest.raises(BusyError):
                make(0).hold("base/tbl", 10, Asker("impatient", urgent=True)).__enter__()
    with make(0).hold("base/tbl", 10, Asker("bulk")):
        pass


def test_a_table_that_is_held_for_long_holds_up_no_other(make):
    with make().hold("base/stuck", 60):
        for _ in range(3):
            with make(0).hold("base/tbl", 10):
                pass


def test_numbers_rise_even_when_redis_forgets_everything(redis_url):
    with connect(redis_url) as client:
        writer = RedisWriter(RedisLink(client, WallClock()), WallClock())
        with writer.hold("base/tbl", 10) as before:
            client.flushdb()
            assert not before.prolong(10)
            with writer.hold("base/tbl", 10) as after:
                assert after.number > before.number
