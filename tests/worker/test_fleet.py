"""Many parts on many mappings: never two runs of one at once, everybody's turn comes, an edited schedule holds."""

import time
from itertools import groupby, pairwise

from tests.worker.scene import until

NAMES = [f"m{number}" for number in range(10)]


def overlapping(runs):
    """Pairs of runs of one mapping, one of which began before the other had ended."""
    runs = sorted((run for run in runs if run[4] is not None), key=lambda run: run[3])
    return [(one, two) for one, two in pairwise(runs) if two[3] < one[4]]


def written_by(scene, name):
    """What the audit holds of a mapping, as (run, its beginning, when sent, when confirmed, its end), in turn."""
    return scene.state(
        "SELECT r.id, r.started_at, coalesce(a.sent_at, a.at), a.at, r.finished_at FROM syncer_state.audit a"
        " JOIN syncer_state.run r ON r.id = a.run JOIN syncer_state.mapping m ON m.id = a.mapping"
        " WHERE m.name = %s ORDER BY 3, a.id",
        name,
    )


def test_two_schedulers_and_three_workers_on_ten_mappings(scene):
    for name in NAMES:
        scene.mapping(name, "{every: 1s}")
        scene.add(name, {"订单号": f"{name}-甲", "备注": "开始"})
    for _ in range(3):
        scene.part("worker", "--concurrency", "2")
    for _ in range(2):
        scene.part("beat")
    for count in (2, 3, 4):  # something to write for ever new runs of all
        for name in NAMES:
            scene.sql(f"INSERT INTO {name} (order_no, note) VALUES ('db-{count}', '行')")
            scene.add(name, {"订单号": f"{name}-{count}", "备注": "记录 🧾"})
        until(lambda: all(len(scene.done(name)) >= count - 1 for name in NAMES), 60, scene.logs)  # noqa: B023 - now
    until(lambda: all(scene.equal(name, 7) for name in NAMES), 60, scene.logs)
    for name in NAMES:
        assert overlapping(scene.runs(name)) == []
        writes = written_by(scene, name)
        assert len(writes) == 7, writes
        turns = [run for run, _ in groupby(run for run, *_ in writes)]
        assert len(set(turns)) == len(turns) > 1, writes  # what a run wrote stands together
        for _, began, sent, at, ended in writes:
            assert began <= sent <= at <= (ended or at), writes
    assert {status for _, _, status, *_ in scene.runs()} <= {"done", "running"}
    edited_at = scene.state("SELECT clock_timestamp()")[0][0]
    scene.apply("m0", "{every: 1h}")  # within a tick the old rhythm is over, the run of the new revision has been
    time.sleep(3)
    last = [run[3] for run in scene.runs("m0")][-1]
    assert (last - edited_at).total_seconds() < 2.5
    scene.apply("m0", "{every: 2s}")
    until(lambda: [run[3] for run in scene.runs("m0")][-1] > last, 8, scene.logs)


def test_a_storm_of_events_gives_a_handful_of_runs(scene):
    scene.mapping("orders", "{every: 1h}")
    scene.part("worker", "--concurrency", "2")
    scene.part("beat")
    until(lambda: scene.done("orders"), told=scene.logs)
    before = len(scene.runs("orders"))
    with scene.waking() as wake:
        for number in range(300):
            wake("orders", f"rec{number}")
        until(lambda: not scene.state("SELECT FROM syncer_state.signal WHERE NOT resting"), told=scene.logs)
    assert 1 <= len(scene.runs("orders")) - before <= 30, scene.runs("orders")


def test_a_line_that_cannot_be_written_makes_no_storm_of_runs(scene):
    scene.mapping("orders", "{every: 1h}")
    scene.part("worker", "--concurrency", "2")
    scene.part("beat")
    until(lambda: scene.done("orders"), told=scene.logs)
    (record,) = scene.add("orders", {"订单号": "甲", "金额": 1e15})
    with scene.waking() as wake:
        wake("orders", record)
        until(lambda: scene.state("SELECT FROM syncer_state.failure"), told=scene.logs)
        time.sleep(1)
        before = len(scene.runs("orders"))
        time.sleep(3)
        assert len(scene.runs("orders")) <= before + 1, scene.logs()
