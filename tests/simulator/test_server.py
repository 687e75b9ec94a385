"""Running it: in a thread, from the command line, and ending by itself."""

import os
import signal
import subprocess
import sys
import threading

import pytest
import requests

from syncer.simulator.control import Control
from syncer.simulator.server import SimulatorServer


def test_two_simulators_stand_side_by_side_with_the_same_ids_for_the_same_seed():
    with SimulatorServer(seed=5) as one, SimulatorServer(seed=5) as two, SimulatorServer(seed=6) as three:
        assert len({one.url, two.url, three.url}) == 3
        tokens = [each.control.create_base() for each in (one, two, three)]
    assert tokens[0] == tokens[1] != tokens[2]


def test_it_stops_at_once_even_while_a_call_hangs():
    server = SimulatorServer(seed=1)
    server.start()
    server.control.fault("*", "hang", seconds=60)
    url = f"{server.url}/open-apis/auth/v3/tenant_access_token/internal"
    errors = []

    def ask():
        try:
            requests.post(url, json={}, timeout=30)
        except requests.exceptions.ConnectionError as error:
            errors.append(error)

    caller = threading.Thread(target=ask)
    caller.start()
    while not server.control.counts():
        pass
    server.stop()
    caller.join(5)
    assert len(errors) == 1
    assert not [each for each in threading.enumerate() if each.name == "simulator"]


def test_a_taken_port_is_said_so():
    with SimulatorServer() as server:
        port = int(server.url.rsplit(":", 1)[1])
        with pytest.raises(OSError, match="address already in use"):
            SimulatorServer(port=port).start()


def run(*arguments, **popen):
    command = [sys.executable, "-m", "syncer.simulator", "--port", "0", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **popen)
    return process, process.stdout.readline().strip()


def ended(process):
    _, errors = process.communicate(timeout=20)
    return process.returncode, errors


def test_the_command_tells_its_address_and_ends_on_a_signal():
    process, url = run("--control", "--seed", "9", "--quota-scale", "0")
    assert Control(url).create_base()
    assert requests.get(f"{url}/nowhere", timeout=5).text == "404 page not found"
    process.send_signal(signal.SIGTERM)
    assert ended(process) == (0, "")


def test_the_control_api_is_off_unless_asked_for():
    process, url = run()
    answer = requests.post(f"{url}/_control/do", json={"op": "counts"}, timeout=5)
    assert (answer.status_code, answer.text) == (404, "404 page not found")
    process.send_signal(signal.SIGINT)
    assert ended(process) == (0, "")


def test_it_ends_when_its_input_is_closed():
    process, _ = run("--watch-stdin", stdin=subprocess.PIPE)
    process.stdin.close()
    process.stdin = None
    assert ended(process) == (0, "")


def test_it_ends_when_its_parent_is_not_the_one_it_was_given():
    process, _ = run("--parent-pid", str(os.getppid()))
    assert ended(process) == (0, "")
