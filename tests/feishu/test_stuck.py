"""One table or app that is stuck holds up no other, and somebody who waits passes those who move bulk."""

import threading
import time
import uuid

import pytest

from syncer.batching.askers import Asker, urgently
from syncer.batching.redis_link import connect
from syncer.batching.redis_shared import Shared
from syncer.errors import BusyError, UnknownOutcomeError
from syncer.feishu.bitable import BitableRecords
from syncer.feishu.client import FeishuClient
from tests.feishu.stage import WallClock

FIELDS = [{"field_name": "订单号", "type": 1}]


class Yard:
    """Tables of one Feishu, written by workers that share a Redis."""

    def __init__(self, simulator, redis, scale=1.0):
        self.simulator, self.redis, self.scale = simulator, redis, scale
        self.base = simulator.control.create_base("基地")
        self._clients = []

    def table(self):
        return self.simulator.control.create_table(self.base, f"表 {uuid.uuid4()}", FIELDS).table_id

    def client(self, app_id=None, secret=None):
        """A worker's client: it shares nothing with the others but Redis."""
        shared = Shared(self.redis, WallClock(), self.scale)
        client = FeishuClient(
            app_id or self.simulator.app_id,
            secret or self.simulator.app_secret,
            clock=WallClock(),
            pacer=shared.pacer,
            paces=shared.paces,
            sizes=shared.sizes,
            domain=self.simulator.url,
            redis=self.redis,
        )
        client.shared = shared
        self._clients.append(client)
        return client

    def records(self, client, table, name):
        return BitableRecords(client, self.base, table, client.shared.writer(name), who=Asker(name))

    def close(self):
        for client in self._clients:
            client.close()


@pytest.fixture
def yard(simulator, redis_url):
    with connect(redis_url) as redis:
        yard = Yard(simulator, redis)
        yield yard
        yard.close()


def write(records, number=0):
    records.create([{"订单号": f"新 {number}"}], str(uuid.uuid4()))


def _never_answered(records):
    with pytest.raises(UnknownOutcomeError):
        write(records)


def aside(work):
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


@pytest.fixture
def stuck(yard):
    """A client with one table whose write hangs now, and another table."""
    client, still, other = yard.client(), yard.table(), yard.table()
    write(yard.records(client, other, "other"))
    yard.simulator.control.fault("bitable.record.batch_create", "hang", seconds=5)
    records = yard.records(client, still, "stuck")
    thread = aside(lambda: _never_answered(records))
    time.sleep(0.3)
    yield client, still, other
    thread.join()


def test_a_table_that_does_not_answer_holds_up_no_other_of_the_same_process(yard, stuck):
    client, _, other = stuck
    records, began = yard.records(client, other, "other"), time.monotonic()
    for number in range(10):
        write(records, number)
        list(records.read(["订单号"]))
    assert time.monotonic() - began < 3


def test_a_slow_table_is_slow_alone(yard):
    client, slow, other = yard.client(), yard.table(), yard.table()
    yard.simulator.control.fault("bitable.record.batch_create", "too_many")
    write(yard.records(client, slow, "slow"))
    assert client.shared.paces.slow_tables()
    bulk = aside(lambda: [write(yard.records(client, slow, "slow"), number) for number in range(8)])
    records, began = yard.records(yard.client(), other, "other"), time.monotonic()
    for number in range(15):
        write(records, number)
    assert time.monotonic() - began < 1
    assert bulk.is_alive()
    bulk.join()


def test_an_app_that_feishu_made_wait_holds_up_no_other_app(yard):
    made = yard.simulator.control.create_app()
    one, two = yard.client(), yard.client(made.app_id, made.app_secret)
    first, second = (yard.records(client, yard.table(), "t") for client in (one, two))
    write(first)
    write(second)
    yard.simulator.control.fault("bitable.record.batch_create", "rate_limit", reset=4)
    waiting = aside(lambda: write(first, 1))
    time.sleep(0.3)
    began = time.monotonic()
    for number in range(10):
        write(second, number)
    assert time.monotonic() - began < 2
    assert waiting.is_alive()
    waiting.join()


def test_a_persons_write_passes_bulk_on_the_same_table_and_quota_within_a_second(yard):
    yard.simulator.control.set_latency("bitable.record.*", 0.1)
    table, over = yard.table(), threading.Event()
    workers = [yard.records(yard.client(), table, f"bulk {number}") for number in range(6)]
    person = yard.records(yard.client(), table, "orders")
    write(person)

    def move(records):
        while not over.is_set():
            write(records)

    threads = [aside(lambda records=records: move(records)) for records in workers]
    time.sleep(1)
    waits = []
    for number in range(5):
        began = time.monotonic()
        with urgently():
            write(person, number)
        waits.append(time.monotonic() - began)
        time.sleep(0.3)
    over.set()
    for thread in threads:
        thread.join()
    assert sorted(waits)[-2] < 1, waits
    assert max(waits) < 2, waits


def test_where_a_base_has_one_writer_its_tables_wait_for_each_other(yard):
    client, held = yard.client(), yard.client().shared.writer("another")
    writer, table = client.shared.writer("orders", 0.3), yard.table()
    with held.hold(yard.base, 30):
        with pytest.raises(BusyError):
            write(BitableRecords(client, yard.base, table, writer, one_writer="base"))
        write(BitableRecords(client, yard.base, table, writer))
    write(BitableRecords(client, yard.base, table, writer, one_writer="base"), 1)


def test_where_redis_forgets_who_writes_two_workers_collide_and_both_lines_are_there_once(yard):
    table = yard.table()
    one, two = (yard.records(yard.client(), table, name) for name in ("one", "two"))
    write(one, 0)
    write(two, 1)  # both have their tokens
    yard.simulator.control.set_latency("bitable.record.batch_create", 2)  # after such a loss nobody calls for a second
    first = aside(lambda: write(one, 2))
    deadline = time.monotonic() + 20
    while not yard.redis.keys("syncer:writer:*}") and time.monotonic() < deadline:
        time.sleep(0.01)
    time.sleep(0.2)
    yard.redis.flushdb()
    write(two, 3)
    first.join()
    codes = [call["code"] for call in yard.simulator.control.calls() if call["api"] == "bitable.record.batch_create"]
    assert 1254291 in codes
    assert len(codes) <= 4 + 3
    lines = sorted(cells["订单号"] for cells in yard.simulator.control.plain(yard.base, table).values())
    assert lines == [f"新 {number}" for number in range(4)]
    yard.simulator.control.set_latency("bitable.record.batch_create", 0)
    write(one, 4)
