"""Tables that are called too fast, urgent calls, and reads that must not overlap with writes."""

import threading
import time
from uuid import uuid4

import pytest

from syncer.batching.askers import Asker, urgently
from syncer.batching.local_pacer import LocalPacer
from syncer.batching.paces import FIRST, FREE, FULL_SPEED, KEPT, STEP, LocalPaces
from syncer.batching.writer import LocalWriter
from syncer.errors import BusyError
from syncer.feishu.bitable import BitableRecords
from tests.feishu.stage import WallClock, client_of

TOKEN = "8a6e8b0e-7c1b-4a7e-9a57-6f0f9d7b6a0{}"


@pytest.mark.parametrize("code", [1254290, 1254291, 1254607])
def test_a_table_that_says_too_fast_is_called_slower_by_every_client_and_then_faster_again(simulator, place, code):
    paces = LocalPaces(WallClock())
    one, other = (client_of(simulator, paces=paces) for _ in range(2))
    tables = [BitableRecords(client, *place.where, LocalWriter(WallClock())) for client in (one, other)]
    simulator.control.fault("bitable.record.batch_create", "code", code=code)
    tables[0].create([{"订单号": "甲"}], TOKEN.format(1))
    name = "/".join(place.where)
    learned = other.pace_of(name).calls_per_second
    assert FIRST <= learned <= FIRST + STEP
    began = time.monotonic()
    tables[1].create([{"订单号": "乙"}], TOKEN.format(2))
    tables[1].create([{"订单号": "丙"}], TOKEN.format(3))
    assert time.monotonic() - began > 0.15
    assert one.pace_of(name).calls_per_second > learned
    assert list(paces.slow_tables()) == [f"{simulator.url}/{name}"]
    assert one.pace_of("another/table") == FULL_SPEED
    for client in (one, other):
        client.close()


def test_other_refusals_slow_no_table_down(simulator, client, place, records):
    simulator.control.fault("bitable.record.search", "code", code=1254200)
    list(records.read(["订单号"]))
    assert client.pace_of("/".join(place.where)) == FULL_SPEED


def test_a_table_that_lets_no_read_overlap_with_a_write_is_read_between_writes(simulator, client, place):
    simulator.control.set_switches(reads_conflict_with_writes=True)
    simulator.control.set_latency("bitable.record.*", 0.1)
    writer = LocalWriter(WallClock(), patience=30)
    tables = [BitableRecords(client, *place.where, writer) for _ in range(2)]
    done = threading.Event()

    def write():
        for number in range(12):
            tables[0].create([{"订单号": str(number)}], TOKEN.format(number % 10).replace("8a6e", f"8a{number:02d}"))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    while not done.is_set():
        list(tables[1].read(["订单号"]))
    thread.join()
    name = "/".join(place.where)
    assert client.pace_of(name).reads_alone
    refused = [call["number"] for call in simulator.control.calls() if call["code"] == 1254291]
    assert 1 <= len(refused) <= 4  # until it is learned
    assert len(simulator.control.plain(*place.where)) == 12


def test_a_table_that_refused_a_read_for_a_write_lets_reads_wait_for_its_writer(simulator, client, place):
    simulator.control.add_record(*place.where, {"订单号": "甲"})
    writer = LocalWriter(WallClock(), patience=0.2)
    table = BitableRecords(client, *place.where, writer)
    simulator.control.fault("bitable.record.search", "conflict", times=3)
    with writer.hold("/".join(place.where), 30), pytest.raises(BusyError):
        list(table.read(["订单号"]))  # the first try went beside the writer, the second one waits for it
    assert simulator.control.counts()["bitable.record.search"] == 1
    assert len([record for page in table.read(["订单号"]) for record in page.records]) == 1
    assert simulator.control.counts()["bitable.record.search"] == 4


def test_a_table_that_refuses_write_after_write_gets_each_once_and_comes_back_to_full_speed(simulator, client, place):
    table, name = BitableRecords(client, *place.where, LocalWriter(WallClock())), "/".join(place.where)
    simulator.control.fault("bitable.record.batch_create", "conflict", times=4)
    table.create([{"订单号": "0"}], str(uuid4()))
    assert FIRST * KEPT <= client.pace_of(name).calls_per_second <= FIRST + STEP
    made, deadline = 1, time.monotonic() + 30
    while client.pace_of(name) != FULL_SPEED and time.monotonic() < deadline:
        table.create([{"订单号": str(made)}], str(uuid4()))
        made += 1
    assert made <= FREE + 2
    numbers = sorted(cells["订单号"] for cells in simulator.control.plain(*place.where).values())
    assert numbers == sorted(map(str, range(made)))


def test_who_asks_and_how_urgently_reaches_the_pacer_and_the_writer(simulator, place):
    seen = []

    class Listening(LocalPacer):
        def take(self, key, quota, who=None, **more):
            seen.append(who)
            return super().take(key, quota, who, **more)

    client = client_of(simulator)
    client._pacer = Listening(WallClock())
    table = BitableRecords(client, *place.where, LocalWriter(WallClock()), who=Asker("订单", weight=2))
    table.create([{"订单号": "甲"}], TOKEN.format(1))
    with urgently():
        ids = [record.id for page in table.read(["订单号"]) for record in page.records]
        table.delete(ids)
    assert set(seen) == {Asker("订单", weight=2), Asker("订单", urgent=True, weight=2)}
    assert seen[-1].urgent
    assert not seen[0].urgent
    client.close()
