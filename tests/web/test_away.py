"""What ``/readyz`` says while the state store or Redis is away, or takes calls and answers none."""

import os
import signal
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from syncer.listening.waker import Waker
from syncer.settings import load_settings
from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.web.app import web_app
from syncer.web.serving import HttpServer, address_of, listen_on
from syncer.wiring import Syncer
from tests.web.conftest import environment
from tests.worker.scene import descendants, until
from tests.worker.servers import FragilePostgres, FragileRedis

SOON = 3.5


class Standing:
    """A served syncer on a PostgreSQL and a Redis of its own."""

    def __init__(self, url, postgres, redis):
        self.url, self.postgres, self.redis = url, postgres, redis

    def ready(self):
        """The status, and which checks are not well; the answer is there soon, and tells no address."""
        began = time.monotonic()
        answer = requests.get(f"{self.url}/readyz", timeout=30)
        assert time.monotonic() - began < SOON
        assert "sock" not in answer.text
        assert requests.get(f"{self.url}/healthz", timeout=SOON).status_code == 200
        return answer.status_code, {name for name, check in answer.json()["checks"].items() if not check["ok"]}

    def comes_back(self):
        until(lambda: self.ready() == (200, set()), 30)


@pytest.fixture
def standing(tmp_path):
    (tmp_path / "redis").mkdir()
    redis, postgres = FragileRedis(tmp_path / "redis"), FragilePostgres(tmp_path / "home")
    try:
        engine = open_engine(postgres.url)
        migrate.upgrade(engine)
        engine.dispose()
        listening = listen_on("127.0.0.1", 0)
        with Syncer(load_settings(environment(postgres.url, redis.url), env_file=None)) as living:
            waker = Waker(lambda _: None)
            server = HttpServer(web_app(living, waker), listening)
            thread = threading.Thread(target=server.run)
            thread.start()
            yield Standing(address_of(listening), postgres, redis)
            server.stop()
            thread.join(10)
            waker.close()
    finally:
        redis.kill()
        postgres.stop()


@contextmanager
def frozen(*pids):
    """Processes that take calls, as far as the machine takes them for them, and answer nothing."""
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def test_redis_away_or_mute(standing):
    assert standing.ready() == (200, set())
    standing.redis.kill()
    assert standing.ready() == (503, {"redis"})
    standing.redis.start()
    standing.comes_back()
    with frozen(standing.redis._process.pid):
        assert standing.ready() == (503, {"redis"})
        assert standing.ready() == (503, {"redis"})
    standing.comes_back()


def test_the_state_store_away_or_mute(standing):
    assert standing.ready() == (200, set())
    standing.postgres.kill()
    assert standing.ready() == (503, {"state store", "migrations"})
    standing.postgres.start()
    standing.comes_back()
    folder = Path(standing.postgres._server.folder)
    pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
    with frozen(pid, *descendants(pid)):
        assert standing.ready() == (503, {"state store", "migrations"})
        assert standing.ready() == (503, {"state store", "migrations"})
    standing.comes_back()
