"""A cable between a client and PostgreSQL that can be cut at a COMMIT, before it arrives or before its answer does."""

import selectors
import socket
import threading
from pathlib import Path

from sqlalchemy.engine import make_url


class Cable:
    """Listens on the loopback and carries bytes to the server of ``url``; ``cut`` is None, "before" or "after"."""

    def __init__(self, url):
        self._url = make_url(url)
        self.cut = None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def url(self):
        port = self._listener.getsockname()[1]
        query = {
            **{k: v for k, v in self._url.query.items() if k != "host"},
            "gssencmode": "disable",
            "sslmode": "disable",
        }
        return self._url.set(host="127.0.0.1", port=port, query=query).render_as_string(hide_password=False)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            with client, self._connect() as server:
                self._carry(client, server)

    def _connect(self):
        folder = self._url.query.get("host")
        if folder:
            server = socket.socket(socket.AF_UNIX)
            server.connect(str(Path(folder) / f".s.PGSQL.{self._url.port or 5432}"))
            return server
        return socket.create_connection((self._url.host, self._url.port or 5432))

    def _carry(self, client, server):
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, client)
            while True:
                for key, _ in ready.select():
                    data = key.fileobj.recv(65536)
                    if not data:
                        return
                    at_commit = key.fileobj is client and b"COMMIT" in data
                    if at_commit and self.cut == "before":
                        return
                    key.data.sendall(data)
                    if at_commit and self.cut == "after":
                        server.recv(65536)  # the server has committed; nobody will hear of it
                        return
