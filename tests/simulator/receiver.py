"""A receiver of events over HTTP: what an app's request URL would be, with every body kept as it came."""

import base64
import contextlib
import hashlib
import json
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


@dataclass(frozen=True)
class Received:
    """One post: header names as sent, the raw body, and the JSON inside it."""

    at: float
    headers: dict[str, str]
    raw: bytes
    json: dict[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        return self.json["event"]

    @property
    def type(self) -> str:
        return self.json["header"]["event_type"]


def opened(encrypted: str, key: str) -> bytes:
    """Decrypt `{"encrypt": ...}`."""
    raw = base64.b64decode(encrypted)
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:16])).decryptor()
    unpadder = padding.PKCS7(128).unpadder()
    return unpadder.update(cipher.update(raw[16:]) + cipher.finalize()) + unpadder.finalize()


class Receiver:
    """Answers challenges and takes events; `answer` may decide the HTTP status of the nth event (from 0) or wait."""

    def __init__(self, encrypt_key: str = "", answer: Callable[[int], int] | None = None) -> None:
        self.encrypt_key, self.answer = encrypt_key, answer or (lambda _: 200)
        self.challenges: list[dict[str, Any]] = []
        self.received: list[Received] = []
        self.more = threading.Condition()
        self.sockets: list[socket.socket] = []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # headers and body in one packet, or the sender waits 40 ms for the second

            def setup(self) -> None:
                receiver.sockets.append(self.request)
                super().setup()

            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 128

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/events"
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})

    def take(self, request: BaseHTTPRequestHandler) -> None:
        raw = request.rfile.read(int(request.headers["Content-Length"]))
        body = json.loads(raw)
        if "encrypt" in body:
            body = json.loads(opened(body["encrypt"], self.encrypt_key))
        if body.get("type") == "url_verification":
            self.challenges.append(body)
            return reply(request, 200, {"challenge": body["challenge"]})
        with self.more:
            number = len(self.received)
            self.received.append(Received(time.monotonic(), dict(request.headers.items()), raw, body))
            self.more.notify_all()
        reply(request, self.answer(number), {})

    def wait_for(self, count: int, seconds: float = 10) -> list[Received]:
        """Return what was received once it is at least `count` events."""
        with self.more:
            assert self.more.wait_for(lambda: len(self.received) >= count, seconds), (count, self.received)
            return list(self.received)

    def of_type(self, part: str) -> list[Received]:
        return [each for each in self.received if part in each.type]

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for each in self.sockets:  # a receiver that is gone answers on no kept connection either
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)


def reply(request: BaseHTTPRequestHandler, status: int, body: dict[str, Any]) -> None:
    raw = json.dumps(body).encode()
    try:
        request.send_response(status)
        request.send_header("Content-Type", "application/json")
        request.send_header("Content-Length", str(len(raw)))
        request.end_headers()
        request.wfile.write(raw)
    except ConnectionError:
        request.close_connection = True
