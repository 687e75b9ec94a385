"""Serves a web application until it is told to stop: by a signal, or by whoever began it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from syncer.errors import MendError

_GRACE = 5  # seconds that answers being given have, once it is to stop


def listen_on(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ``MendError`` if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise MendError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); "
            "set SYNCER_HTTP_HOST and SYNCER_HTTP_PORT to a free address of this machine"
        ) from error


def address_of(listening: socket.socket) -> str:
    """The address for a browser."""
    host, port = listening.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


class HttpServer:
    """A web application on a socket: ``run`` serves it in this thread, ``stop`` ends that from any other."""

    def __init__(self, app: Callable[..., Any], listening: socket.socket) -> None:
        self._socket = listening
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            ws="none",
            timeout_keep_alive=75,
            timeout_graceful_shutdown=_GRACE,
        )
        self._server = _Server(config)

    def run(self) -> None:
        """Serve until it is stopped, then finish what is being answered."""
        with self._socket:
            self._server.run(sockets=[self._socket])

    def stop(self) -> None:
        """End ``run`` soon."""
        self._server.should_exit = True


class _Server(uvicorn.Server):
    """uvicorn would take the signals and send them once more to a process that has ended well."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to whoever began."""
        yield
