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


def test_an_edited_schedule_holds_from_the_next_tick(scene):
    scene.mapping("orders", "{every: 1h}")
    scene.part("worker", "--concurrency", "1")
    scene.part("beat")
    until(lambda: scene.done("orders"), told=scene.logs)
    scene.sql("INSERT INTO orders (order_no) VALUES ('甲')")
    time.sleep(3)
    assert scene.records("orders") == []
    scene.apply("orders", "{every: 1s}")
    until(lambda: scene.equal("orders", 1), 6, scene.logs)
