"""A network between the syncer and Feishu that can be cut: bytes wait on their way, as they do in a real one."""

import selectors
import socket
import threading
from urllib.parse import urlsplit


class Network:
    """Listens on the loopback and carries bytes to ``url``. While it is ``cut`` nothing passes and nobody is told."""

    def __init__(self, url):
        parts = urlsplit(url)
        self._there = (parts.hostname, parts.port)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._listener.settimeout(0.05)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open, self._ended = threading.Event(), threading.Event()
        self._open.set()
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def cut(self):
        self._open.clear()

    def mend(self):
        self._open.set()

    def close(self):
        self._ended.set()
        self._open.set()
        self._thread.join(10)
        self._listener.close()

    def _serve(self):
        carriers = []
        while not self._ended.is_set():
            self._open.wait()
            try:
                client, _ = self._listener.accept()
            except TimeoutError:
                continue
            carriers.append(threading.Thread(target=self._carry, args=[client]))
            carriers[-1].start()
        for carrier in carriers:
            carrier.join(10)

    def _carry(self, client):
        with client, socket.create_connection(self._there) as server, selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while not self._ended.is_set():
                for key, _ in ready.select(0.05):
                    self._open.wait()
                    try:
                        if not (data := key.fileobj.recv(65536)):
                            return
                        key.data.sendall(data)
                    except OSError:
                        return
