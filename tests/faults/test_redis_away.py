"""A Redis that is stopped, made slow or flushed in the middle of a sync: the sync ends right, and it is said once."""

import logging
import time

import pytest

from syncer.batching.redis_link import connect
from syncer.embedded.redis import EmbeddedRedis
from tests.engine.stage import Stage, doing
from tests.engine.tables import equal, insert, numbered, orders

LINES = 300


@pytest.fixture
def server(tmp_path):
    """A Redis of this test's own, to be stopped and started."""
    with EmbeddedRedis(tmp_path / "redis", durable=False) as running:
        yield running


@pytest.fixture
def pair(simulator, database, state_database, server, tmp_path):
    """Lines on both sides that were never synced."""
    with Stage(simulator, database, state_database, server.url(), tmp_path) as stage:
        pair = orders(stage)
        pair.add(*numbered(LINES))
        insert(pair, *((f"B{number:04}", number, "新 🧾") for number in range(LINES)))
        yield pair


def sync_with(pair, happening, caplog):
    """A sync in whose second batch of new records something happens to Redis; what the log says."""
    with caplog.at_level(logging.WARNING), pair.stage.tapped(doing("before", "records.create", happening, 2)):
        report = pair.sync(batch=50)
    assert report.status == "done"
    assert len(equal(pair)) == 2 * LINES
    assert pair.open_intents() == 0
    return [record.message.split(":")[0] for record in caplog.records if record.name.startswith("syncer.batching")]


def test_a_redis_that_is_stopped_in_the_middle_stops_nothing_and_is_told_once(pair, server, caplog):
    said = sync_with(pair, server.stop, caplog)
    assert [sentence[:21] for sentence in said] == ["Redis does not answer"]
    pair.sql("UPDATE {t} SET note = 'again' WHERE order_no < 'B'")
    assert pair.sync().status == "done"
    server.start()
    pair.stage.restart()
    assert not pair.full().writes
    assert len(equal(pair)) == 2 * LINES


def test_a_redis_that_is_stopped_and_comes_back_in_the_middle_is_used_again(pair, server, caplog):
    def blink():
        server.stop()
        server.start()

    sync_with(pair, blink, caplog)
    assert not pair.full().writes


def test_a_redis_that_forgets_everything_in_the_middle_costs_nothing(pair, server, caplog):
    with connect(server.url()) as redis:
        assert sync_with(pair, redis.flushall, caplog) == []
    assert not pair.full().writes


def test_a_redis_that_does_not_answer_for_a_while_holds_a_sync_up_for_seconds_only(pair, server, caplog):
    with connect(server.url()) as redis:
        began = time.monotonic()
        sync_with(pair, lambda: redis.execute_command("CLIENT", "PAUSE", 20_000, "ALL"), caplog)
    assert time.monotonic() - began < 18  # less than the pause: it was not waited for
