"""A worker that is frozen past its lease is overtaken, and wakes into a world that has gone on without it."""

import os
import signal

import pytest

from tests.worker.scene import frozen, until

BEFORE = ("commit:PostgresMemory.intend", "unsent", 1)
"""Its intents are checked against the fence, and not stored yet."""
AFTER = ("call:batch_update", "unsent", 1)
"""They are stored, the fence was checked; the write is about to be sent."""


@pytest.fixture
def scene(scene):
    scene.more["SYNCER_LEASE_SECONDS"] = "1"
    scene.mapping("orders", "{every: 1s}", "conflicts: {default: feishu}\n")
    scene.add("orders", {"订单号": "甲", "备注": "0"})
    with scene.syncer() as living:
        from syncer.engine.tools import Options

        living.sync("orders", Options())
    return scene


def note(scene):
    return scene.sql("SELECT note FROM orders")[0][0]


def freeze(scene, point):
    """The process of a worker that has frozen at this point of a run."""
    worker = scene.part("worker", "--concurrency", "1", freezes_at=point)
    scene.part("beat")
    worker.says("at once of")
    scene.sql("UPDATE orders SET note = '1'")
    return until(lambda: [pid for pid in worker.family() if frozen(pid)], told=scene.logs)[0]


@pytest.mark.parametrize("point", [BEFORE, AFTER], ids=["before its check", "after its check"])
def test_a_worker_frozen_past_its_lease_is_overtaken_and_loses_nothing_when_it_wakes(scene, point):
    sleeper = freeze(scene, point)
    scene.part("worker", "--concurrency", "1")
    until(lambda: scene.records("orders") == [("甲", "1")], told=scene.logs)
    scene.sql("UPDATE orders SET note = '2'")
    until(lambda: scene.records("orders") == [("甲", "2")], told=scene.logs)
    os.kill(sleeper, signal.SIGCONT)
    mark = len(scene.done("orders"))
    until(lambda: len(scene.done("orders")) > mark + 2, told=scene.logs)
    assert (note(scene), scene.records("orders")) == ("2", [("甲", "2")]), scene.logs()
    statuses = [status for _, _, status, *_ in scene.runs("orders")]
    assert statuses.count("dead") == 1, statuses


def test_a_worker_frozen_before_it_writes_rows_writes_none_when_it_wakes(scene):
    worker = scene.part("worker", "--concurrency", "1", freezes_at=("commit:PostgresMemory.intend", "read", 1))
    scene.part("beat")
    worker.says("at once of")
    scene.add("orders", {"订单号": "乙", "备注": "新 🆕"})
    sleeper = until(lambda: [pid for pid in worker.family() if frozen(pid)], told=scene.logs)[0]
    scene.part("worker", "--concurrency", "1")
    until(lambda: ("乙", "新 🆕") in scene.rows("orders"), told=scene.logs)
    scene.sql("UPDATE orders SET order_no = '丙', note = 'renamed since' WHERE order_no = '乙'")
    until(lambda: ("丙", "renamed since") in scene.records("orders"), told=scene.logs)
    os.kill(sleeper, signal.SIGCONT)
    mark = len(scene.done("orders"))
    until(lambda: len(scene.done("orders")) > mark + 1, told=scene.logs)
    assert scene.rows("orders") == scene.records("orders") == [("丙", "renamed since"), ("甲", "0")], scene.logs()
