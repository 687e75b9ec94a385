"""Everything on one machine in one command."""

import os
import signal
import socket
import statistics
import time
from contextlib import closing

import pytest

from tests.worker.scene import alive, command_of, until


def free_port():
    with closing(socket.create_server(("127.0.0.1", 0))) as found:
        return found.getsockname()[1]


@pytest.fixture
def up(scene):
    port = str(free_port())
    scene.more |= {"SYNCER_HTTP_PORT": port, "FEISHU_ENCRYPT_KEY": "k", "FEISHU_VERIFICATION_TOKEN": "t"}
    part = scene.part("up", "--concurrency", "2", alone=True)
    part.says("takes Feishu's events")
    part.says("looks every second")
    scene.url = f"http://127.0.0.1:{port}/feishu/events"
    return part


def test_an_edit_is_carried_within_moments_and_ctrl_c_stops_all(scene, up):
    scene.mapping("orders", "{every: 1h}")
    scene.control.set_webhook(scene.simulator.app_id, scene.url, encrypt_key="k", verification_token="t")
    scene.control.subscribe(scene.base, scene.simulator.app_id)
    until(lambda: scene.done("orders"), told=scene.logs)  # the first run comes by itself
    seconds = []
    for number in range(8):
        began = time.monotonic()
        scene.add("orders", {"订单号": f"甲-{number}", "备注": "改 ✏️"})
        until(lambda: len(scene.rows("orders")) > number, told=scene.logs)  # noqa: B023 - called before the next
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 2.0
    family = up.family()
    assert len(family) >= 7
    up.send(signal.SIGINT)
    assert up.wait(20) == 0
    until(lambda: not any(map(alive, family)), 3)


PEOPLE = """\
version: 1
name: people
schedule: {every: 1h}
feishu: {contacts: {kind: users}}
database: {connection: erp, table: people, key: [open_id], capture: scan}
fields:
  - {field: open_id, column: open_id}
  - {field: name, column: name}
"""
LEAVE = """\
version: 1
name: leave
schedule: {every: 1h}
feishu: {approval: {approval_code: CODE}}
database: {connection: erp, table: leave, key: [code], capture: scan}
fields:
  - {field: instance_code, column: code}
  - {field: outcome, column: outcome}
"""


def test_people_and_approvals_follow_their_events_within_moments(scene, up):
    scene.sql("CREATE TABLE people (open_id text PRIMARY KEY, name text)")
    scene.sql("CREATE TABLE leave (code text PRIMARY KEY, outcome text)")
    control = scene.control
    control.set_webhook(scene.simulator.app_id, scene.url, encrypt_key="k", verification_token="t")
    boss, asker = control.hire([{"name": "老板"}, {"name": "李雷"}])
    code = control.create_approval("请假", [], [{"name": "主管", "approvers": [boss]}])
    for name, text in {"people": PEOPLE, "leave": LEAVE.replace("CODE", code)}.items():
        (scene.folder / f"{name}.yaml").write_text(text, encoding="utf-8")
        assert scene.part("apply", str(scene.folder / f"{name}.yaml")).wait(60) == 0, scene.logs()
        until(lambda: scene.done(name), told=scene.logs)  # noqa: B023 - called before the next
    seconds = []
    for number in range(4):
        began = time.monotonic()
        control.edit_person(asker, {"name": f"李雷 {number} 🌸"})
        until(lambda: (f"李雷 {number} 🌸",) in scene.sql("SELECT name FROM people"), told=scene.logs)  # noqa: B023
        seconds.append(time.monotonic() - began)
    for told, change in {"PENDING": None, "APPROVED": control.approve, "REVERTED": control.revert}.items():
        began = time.monotonic()
        if change is None:
            (asked,) = control.submit(code, [{"by": asker}])
        else:
            change(asked)
        until(lambda: scene.sql("SELECT * FROM leave") == [(asked, told)], told=scene.logs)  # noqa: B023
        seconds.append(time.monotonic() - began)
    assert statistics.median(seconds) < 2.0, seconds


def test_a_dead_part_is_started_anew_and_told_and_nothing_outlives_up(scene, up):
    family = until(lambda: len(found := up.family()) >= 7 and found)
    beat = next(pid for pid in family if "beat" in command_of(pid))
    os.kill(beat, signal.SIGKILL)
    up.says("beat ended with status -9; it is started anew")
    until(lambda: any("beat" in command_of(pid) for pid in up.family() if pid != beat))
    family = up.family()
    up.kill()
    until(lambda: not any(map(alive, family)), 5, lambda: [command_of(pid) for pid in family if alive(pid)])


def test_a_port_that_is_taken_is_told_in_a_sentence(scene):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        part = scene.part("up", alone=True, SYNCER_HTTP_PORT=str(port))
        assert part.wait(20) == 2
    assert f"127.0.0.1:{port} cannot be listened on" in part.said()
    assert "SYNCER_HTTP_PORT" in part.said()
