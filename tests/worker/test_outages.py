"""What lasts for minutes: Feishu cut off, a transaction left open, events that come late.

Seconds in ``make test``; ``make long`` takes the time that is promised.
"""

import os
import time

import psycopg
import pytest

from tests.worker.network import Network
from tests.worker.scene import Scene, plain_url, until
from tests.worker.test_up import free_port

LONG = bool(os.environ.get("SYNCER_TEST_LONG"))
CUT, OPEN, LATE = (60.0, 600.0, 600.0) if LONG else (8.0, 6.0, 6.0)
"""Seconds: the network is cut; a transaction stays open; events are late."""
AGAIN = 75.0
"""Seconds until everything is done after the longest rest between two tries, a minute."""

pytestmark = pytest.mark.timeout(OPEN + 600)


class Firm:
    """``syncer up``, one mapping that is hardly ever polled, and its tables."""

    def __init__(self, scene, every="1h"):
        self.scene = scene
        port = free_port()
        scene.more |= {"SYNCER_HTTP_PORT": str(port), "FEISHU_ENCRYPT_KEY": "k", "FEISHU_VERIFICATION_TOKEN": "t"}
        scene.mapping("orders", f"{{every: {every}}}", capture="trigger")
        scene.add("orders", {"订单号": "甲"})
        self.up = scene.part("up", "--concurrency", "3", alone=True)
        self.up.says("takes Feishu's events")
        self.up.says("looks every second")
        url = f"http://127.0.0.1:{port}/feishu/events"
        scene.control.set_webhook(scene.simulator.app_id, url, encrypt_key="k", verification_token="t")
        scene.control.subscribe(scene.base, scene.simulator.app_id)
        until(lambda: scene.equal("orders", 1), told=scene.logs)
        self.count = 1

    def edit(self):
        """A new line on each side."""
        self.scene.add("orders", {"订单号": f"fs-{self.count}", "备注": "记录 🧾"})
        self.scene.sql(f"INSERT INTO orders (order_no, note) VALUES ('db-{self.count}', '行')")
        self.count += 2

    def carried(self, seconds=60.0):
        """How long it takes until both sides are equal."""
        began = time.monotonic()
        until(lambda: self.scene.equal("orders", self.count), seconds, self.scene.logs)
        return time.monotonic() - began

    def nothing_doubled(self):
        writes = self.scene.state("SELECT side, action, count(*) FROM syncer_state.audit GROUP BY 1, 2 ORDER BY 1, 2")
        created = (self.count - 1) // 2
        assert writes == [("database", "create", created + 1), ("feishu", "create", created)], writes


def test_a_network_that_is_cut_loses_and_doubles_nothing(
    mother, simulator, database, second_database, redis_url, tmp_path
):
    network = Network(simulator.url)
    try:
        with Scene(mother, simulator, database, second_database, redis_url, tmp_path) as scene:
            scene.more |= {"FEISHU_DOMAIN": network.url, "SYNCER_FEISHU_TIMEOUT": "2"}
            firm = Firm(scene, every="10s")
            scene.control.set_switches(event_loss=1.0)  # of what Feishu would tell meanwhile nothing arrives
            network.cut()
            until_then = time.monotonic() + CUT
            while time.monotonic() < until_then:
                firm.edit()
                time.sleep(CUT / 12)
            assert len(scene.rows("orders")) < firm.count
            scene.control.set_switches(event_loss=0.0)
            network.mend()
            firm.carried(AGAIN)
            firm.edit()
            firm.carried()
            firm.nothing_doubled()
            assert firm.up.status() is None
            assert "is started anew" not in firm.up.said()
    finally:
        network.close()


def test_a_transaction_left_open_anywhere_in_the_cluster_delays_nothing(scene, second_database):
    firm = Firm(scene, every="10s")
    with psycopg.connect(plain_url(second_database)) as elsewhere, psycopg.connect(plain_url(scene.erp_url)) as here:
        here.execute("CREATE TABLE beside (n int)")
        for one in (elsewhere, here):
            one.execute("SELECT pg_current_xact_id()")
        seconds, until_then = [], time.monotonic() + OPEN
        while time.monotonic() < until_then or len(seconds) < 5:
            firm.edit()
            seconds.append(firm.carried())
            time.sleep(max(0.0, OPEN / 100))
        assert max(seconds) < 15, seconds
        assert sorted(seconds)[len(seconds) // 2] < 3, seconds
        assert sum(seconds[-5:]) < 5 * max(3.0, 3 * sum(seconds[:5]) / 5), seconds  # it does not get slower
    firm.nothing_doubled()
    assert until(lambda: scene.sql("SELECT count(*) FROM syncer.log") == [(0,)], told=scene.logs)


@pytest.mark.parametrize("edits", [10])
def test_events_that_come_late_double_nothing_and_the_poll_does_not_wait_for_them(scene, edits):
    firm = Firm(scene, every="5s")
    scene.control.set_switches(event_delay_seconds=LATE)
    for _ in range(edits):
        firm.edit()
    firm.carried(AGAIN)
    told = scene.state("SELECT count(*) FROM syncer_state.inbox")[0][0]
    assert not LONG or told == 0  # all of it was carried before any event came
    until(lambda: scene.control.settle_events(5) == 0, LATE + 90, scene.logs)
    assert scene.state("SELECT count(*) FROM syncer_state.inbox")[0][0] >= edits
    until(lambda: not scene.state("SELECT FROM syncer_state.signal WHERE NOT resting"), told=scene.logs)
    firm.nothing_doubled()
    assert scene.equal("orders", firm.count)
