"""Whatever is killed, emptied or cut off: the rest goes on by itself, and nothing is lost or doubled."""

import os
import signal
import time

import pytest

from tests.worker.scene import Scene, alive, until
from tests.worker.servers import FragilePostgres, FragileRedis

WRITE = "bitable.record.batch_create"

pytestmark = pytest.mark.timeout(300)  # every step has its own patience; their sum, on a busy machine, takes longer


def hold_a_write(scene, seconds=20):
    """The next creation of records is done, and its answer does not come."""
    scene.control.fault(WRITE, "hang", seconds=seconds, applied=True)
    scene.sql("INSERT INTO orders (order_no, note) VALUES ('held', '写')")
    until(lambda: ("held", "写") in scene.records("orders"), told=scene.logs)


def carries(scene, name, count, seconds=60):
    """An edit on each side still arrives on the other."""
    scene.sql(f"INSERT INTO {name} (order_no, note) VALUES ('db-{count}', '行')")
    scene.add(name, {"订单号": f"fs-{count}", "备注": "记录 🧾"})
    until(lambda: scene.equal(name, count + 2), seconds, scene.logs)


@pytest.fixture
def ready(scene):
    scene.mapping("orders", "{every: 1s}")
    scene.add("orders", {"订单号": "甲"})
    return scene


def test_a_worker_killed_in_the_midst_of_a_write_is_followed_by_another_and_leaves_no_process(ready):
    worker, beat = ready.part("worker", "--concurrency", "2"), ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    hold_a_write(ready)
    family = worker.family()
    worker.kill()
    ready.control.clear_faults()
    other = ready.part("worker", "--concurrency", "2")
    until(lambda: ready.equal("orders", 2), told=ready.logs)
    until(lambda: not any(map(alive, family)), 5)
    beat.kill()
    ready.part("beat")
    carries(ready, "orders", 2)
    assert other.stop() == 0


def test_a_process_of_the_pool_that_is_killed_is_replaced_and_its_run_taken_up(ready):
    worker = ready.part("worker", "--concurrency", "1")
    ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    hold_a_write(ready)
    (child,) = [pid for pid in worker.family() if pid != worker.pid]
    os.kill(child, signal.SIGKILL)
    until(lambda: [run[2] for run in ready.runs("orders")].count("dead") == 1, told=ready.logs)
    carries(ready, "orders", 2)


def test_a_worker_that_is_stopped_lets_its_run_end(ready):
    worker = ready.part("worker", "--concurrency", "1")
    beat = ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    ready.control.set_latency(WRITE, 2.0)
    ready.sql("INSERT INTO orders (order_no) VALUES ('slow')")
    until(lambda: ready.runs("orders")[-1][2] == "running" and ready.control.counts().get(WRITE), told=ready.logs)
    beat.stop()
    assert worker.stop() == 0
    assert ready.equal("orders", 2)
    assert {run[2] for run in ready.runs("orders")} == {"done"}


def test_a_worker_that_is_stopped_ends_a_long_run_between_two_slices_and_another_goes_on(ready):
    ready.part("beat")
    worker = ready.part("worker", "--concurrency", "1")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    ready.control.set_latency(WRITE, 0.4)
    ready.sql("INSERT INTO orders (order_no) SELECT 'b-' || n FROM generate_series(1, 12000) n")
    until(lambda: len(ready.records("orders")) > 500, told=ready.logs)
    began = time.monotonic()
    assert worker.stop() == 0
    assert time.monotonic() - began < 15
    assert "unfinished in" in worker.said()
    assert len(ready.records("orders")) < 12001
    ready.control.set_latency(WRITE, 0)
    ready.part("worker", "--concurrency", "1")
    until(lambda: ready.equal("orders", 12001), told=ready.logs)


def test_a_pause_ends_a_long_run_between_two_slices_and_resume_goes_on_from_there(ready):
    ready.part("beat")
    ready.part("worker", "--concurrency", "1")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    ready.control.set_latency(WRITE, 0.5)
    ready.sql("INSERT INTO orders (order_no) SELECT 'b-' || n FROM generate_series(1, 12000) n")
    until(lambda: len(ready.records("orders")) > 500, told=ready.logs)
    assert ready.part("pause", "orders").wait(30) == 0
    until(lambda: "unfinished in" in ready.logs(), 10, ready.logs)
    stopped = len(ready.records("orders"))
    assert stopped < 12001
    time.sleep(2)  # the rhythm is a second
    assert len(ready.records("orders")) == stopped
    ready.control.set_latency(WRITE, 0)
    assert ready.part("resume", "orders").wait(30) == 0
    until(lambda: ready.equal("orders", 12001), told=ready.logs)


def test_a_worker_cuts_off_runs_that_outlast_its_grace(ready):
    worker = ready.part("worker", "--concurrency", "1", "--grace", "1")
    ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    ready.more["SYNCER_FEISHU_TIMEOUT"] = "5"
    hold_a_write(ready)
    family, began = worker.family(), time.monotonic()
    worker.stop(15)
    assert time.monotonic() - began < 9
    until(lambda: not any(map(alive, family)), 5)
    ready.control.clear_faults()
    ready.part("worker", "--concurrency", "1")
    until(lambda: ready.equal("orders", 2), told=ready.logs)


def test_a_redis_that_comes_back_empty_costs_a_moment(mother, simulator, database, second_database, tmp_path):
    redis = FragileRedis(tmp_path)
    try:
        with Scene(mother, simulator, database, second_database, redis.url, tmp_path) as scene:
            scene.mapping("orders", "{every: 1s}")
            scene.mapping("seldom", "{every: 1h}")
            scene.part("worker", "--concurrency", "2")
            scene.part("beat")
            until(lambda: scene.done("orders") and scene.done("seldom"), told=scene.logs)
            assert [key for key in redis.held() if not key.startswith("syncer:")] == []
            began = time.monotonic()
            carries(scene, "orders", 0)
            usual = time.monotonic() - began
            redis.kill()
            with scene.waking() as wake, pytest.raises(Exception):  # noqa: B017 - the call fails, the signal stands
                wake("seldom", "rec1")
            time.sleep(1)
            redis.start()
            before = time.monotonic()
            carries(scene, "orders", 2)
            until(lambda: not scene.state("SELECT FROM syncer_state.signal WHERE NOT resting"), told=scene.logs)
            assert time.monotonic() - before < 20 + 4 * usual
    finally:
        redis.kill()


@pytest.mark.parametrize(
    "home", ["server", "a server whose home has so long a name that its socket lies elsewhere" * 2]
)
def test_a_postgres_that_is_restarted_costs_a_moment(mother, simulator, database, redis_url, tmp_path, home):
    postgres = FragilePostgres(tmp_path / home)
    try:
        with Scene(mother, simulator, database, postgres.url, redis_url, tmp_path) as scene:
            scene.mapping("orders", "{every: 1s}")
            worker, beat = scene.part("worker", "--concurrency", "2"), scene.part("beat")
            until(lambda: scene.done("orders"), told=scene.logs)
            postgres.kill()
            time.sleep(1)
            postgres.start()
            carries(scene, "orders", 0)
            assert (worker.status(), beat.status()) == (None, None)
    finally:
        postgres.stop()


def test_a_feishu_that_is_cut_off_costs_a_moment(ready):
    ready.part("worker", "--concurrency", "2")
    ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    number = ready.control.fault("*", "reset", probability=1.0)
    ready.sql("INSERT INTO orders (order_no) VALUES ('meanwhile')")
    until(lambda: any(run[2] == "unreachable" for run in ready.runs("orders")), 40, ready.logs)
    ready.control.clear_faults(number)
    until(lambda: ready.equal("orders", 2), told=ready.logs)


def test_what_only_a_person_can_mend_is_tried_seldom_and_goes_on_once_it_is_mended(ready):
    ready.part("worker", "--concurrency", "1")
    ready.part("beat")
    until(lambda: ready.equal("orders", 1), told=ready.logs)
    ready.sql("ALTER TABLE orders RENAME COLUMN order_no TO number")
    until(lambda: ready.state("SELECT FROM syncer_state.mapping WHERE state = 'broken'"), told=ready.logs)
    ready.control.clear_calls()
    count = len(ready.runs("orders"))
    time.sleep(3)
    assert len(ready.runs("orders")) == count
    ready.sql("ALTER TABLE orders RENAME COLUMN number TO order_no")
    ready.apply("orders", "{every: 2s}")
    carries(ready, "orders", 1)
