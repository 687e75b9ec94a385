"""Whether the process lives and what it stands on answers: by name, and without a secret."""

import os
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import requests
from sqlalchemy import text

from syncer.listening.waker import Waker
from syncer.state import migrate
from syncer.web.refusals import Tally
from tests.feishu.sealing import record_event, sealed
from tests.web.conftest import environment


def test_a_process_that_lives_says_so(served):
    assert served.get("/healthz").json() == {"alive": True}


def test_ready_names_what_was_looked_at(served):
    answer = served.get("/readyz")
    assert answer.status_code == 200
    told = answer.json()
    assert told["ready"]
    assert {name: check["ok"] for name, check in told["checks"].items()} == {
        "state store": True,
        "migrations": True,
        "redis": True,
    }


def test_a_store_at_an_old_revision_is_not_ready(served):
    engine, version = served.living.state_engine, text("UPDATE syncer_state.schema_version SET version_num = :is")
    with engine.begin() as connection:
        connection.execute(version, {"is": "0001"})
    answer = served.get("/readyz")
    with engine.begin() as connection:
        connection.execute(version, {"is": migrate.needed()})
    assert answer.status_code == 503
    assert not answer.json()["checks"]["migrations"]["ok"]
    assert answer.json()["checks"]["state store"]["ok"]


def test_the_log_of_refusals_tells_how_many_were_left_out(caplog):
    now = [0.0]
    tally = Tally(lambda: now[0])
    for _ in range(5):
        tally.refuse("token", "app default", "no right token")
    now[0] = 61.0
    tally.refuse("token", "app default", "no right token")
    tally.refuse("stale", "app default", "too old")
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 3
    assert "4 more like it" in told[1]
    assert tally.to_json() == {"refused_stale": 1, "refused_token": 6}


def test_wakes_that_fail_hold_nobody_up_and_are_noted_once(caplog):
    def broken(names):
        raise ConnectionError("redis://:secret@host")

    called = threading.Event()
    waker = Waker(lambda names: called.set() or broken(names))
    for _ in range(3):
        called.clear()
        waker.tell(["orders"])
        assert called.wait(5)
    waker.close()
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 1
    assert "orders" in told[0]
    assert "secret" not in told[0]


# The command, as a process


@pytest.fixture
def serving(state_url: str, redis_url: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    env = {
        **os.environ,
        **environment(state_url, redis_url),
        "SYNCER_HTTP_PORT": str(port),
        "PYTHONPATH": str(Path.cwd()),
    }
    command = [sys.executable, "-c", "from syncer.cli.main import main; main()", "serve"]
    with subprocess.Popen(
        command, env=env, cwd=tmp_path, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        yield process
        if process.poll() is None:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_serve_prints_its_address_takes_events_and_ends_well(serving, number):
    url = serving.stdout.readline().split()[0]
    assert requests.get(f"{url}/readyz", timeout=10).status_code == 200
    body = sealed(record_event(1))
    assert requests.post(f"{url}/feishu/events", data=body, timeout=10).status_code == 401
    serving.send_signal(number)
    out, err = serving.communicate(timeout=20)
    assert serving.returncode == 0, err
    assert "app bare: every delivery to the webhook is refused until SYNCER_APPS__BARE__ENCRYPT_KEY" in err
    assert "app abroad: only its token protects" in err
    assert "Traceback" not in err
    assert out == ""


def test_an_address_that_is_taken_is_told_with_how_to_mend_it(served, state_url, redis_url, tmp_path):
    port = served.url.rpartition(":")[2]
    env = {**os.environ, **environment(state_url, redis_url), "SYNCER_HTTP_PORT": port, "PYTHONPATH": str(Path.cwd())}
    command = [sys.executable, "-c", "from syncer.cli.main import main; main()", "serve"]
    done = subprocess.run(command, env=env, cwd=tmp_path, text=True, capture_output=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "SYNCER_HTTP_PORT" in done.stderr
