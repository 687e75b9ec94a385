"""A PostgreSQL and a Redis of a test's own, to be killed and started anew, full or empty, at the same address."""

import subprocess
import time

import redis

from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import _program


class FragileRedis:
    """Keeps nothing on disk: killed, it comes back empty."""

    def __init__(self, folder):
        self._folder = folder
        self.url = f"unix://{folder}/redis.sock?db=0"
        self.start()

    def start(self):
        options = {"port": "0", "unixsocket": f"{self._folder}/redis.sock", "save": "", "appendonly": "no"}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._process = subprocess.Popen(
            [str(_program()), *words], cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                with redis.Redis.from_url(self.url) as client:
                    client.ping()
            except redis.RedisError:
                time.sleep(0.02)
            else:
                return

    def kill(self):
        self._process.kill()
        self._process.wait(10)

    def held(self):
        with redis.Redis.from_url(self.url) as client:
            return sorted(key.decode() for key in client.scan_iter())


class FragilePostgres:
    """An embedded server that can be killed as a whole."""

    def __init__(self, home):
        self._server = EmbeddedPostgres(home, durable=False)
        self._server.start()
        self.url = self._server.url()

    def kill(self):
        pid = int((self._server.folder / "data" / "postmaster.pid").read_text().split()[0])
        subprocess.run(
            ["kill", "-QUIT", str(pid)], check=True
        )  # immediate shutdown: no farewell, recovery at the start
        deadline = time.monotonic() + 10
        while self._server._kept():
            assert time.monotonic() < deadline, f"the server with process id {pid} did not end"
            time.sleep(0.02)

    def start(self):
        self._server.start()
        assert self._server.url() == self.url

    def stop(self):
        self._server.stop()
