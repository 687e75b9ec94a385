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
