"""Runs by the clock and by events: real workers and schedulers, a real broker."""

import time

from tests.worker.scene import until


def test_what_people_enter_is_carried_by_the_rhythm(scene):
    scene.mapping("orders", "{every: 1s}")
    scene.part("worker", "--concurrency", "2")
    scene.part("beat")
    scene.add("orders", {"订单号": "甲-1", "备注": "第一 📦"})
    until(lambda: scene.equal("orders", 1), told=scene.logs)
    before = time.monotonic()
    scene.sql("INSERT INTO orders (order_no, note) VALUES ('乙-2', 'from the ERP')")
    until(lambda: scene.equal("orders", 2), told=scene.logs)
    assert time.monotonic() - before < 6
