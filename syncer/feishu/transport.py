"""The SDK's way to the network, with kept connections.

``lark_oapi`` opens a new connection, with a new TLS handshake, for every call. Its one static method for that,
``Transport.execute``, is replaced once per process; a configuration without a ``Line`` is served as before.
"""

import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator
from functools import cache
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import get_environ_proxies

from syncer.batching.standing import demand_standing
from syncer.feishu.tokens import Switchboard, current

_CONNECTIONS = 16
_PIECE = 1 << 20
"""Bytes taken off the line at once: a page of records is half of it, and ``requests``' own 10 kB would be forty."""
_OK = 200
Sink = Callable[[Iterator[bytes]], None]
_TOKEN_PATH = "/auth/v3/"  # noqa: S105 - a path, no secret
_loading = threading.Lock()


class Line:
    """Kept connections to one domain, for all threads of a process; a forked child makes its own."""

    def __init__(self, domain: str, timeout: float) -> None:
        self._domain, self._timeout = domain, timeout
        self._lock = threading.Lock()
        self._process = 0
        self._session: requests.Session | None = None

    def send(self, method: str, url: str, **parts: Any) -> requests.Response:
        """One HTTP exchange. Raises ``requests``' errors; ``FencedError`` if the run it is for was overtaken."""
        demand_standing()
        return self.session().request(method, url, timeout=self._timeout, allow_redirects=False, stream=True, **parts)

    def session(self) -> requests.Session:
        """This process' session. A parent's sockets are left alone: they are the parent's."""
        if self._session is None or self._process != os.getpid():
            with self._lock:
                if self._session is None or self._process != os.getpid():
                    self._session, self._process = _open(self._domain), os.getpid()
        return self._session

    def close(self) -> None:
        """Close the kept connections; a later call opens new ones."""
        with self._lock:
            if self._session and self._process == os.getpid():
                self._session.close()
            self._session = None


def _open(domain: str) -> requests.Session:
    """A session that looks at the environment once, not at every call, and never takes a password from a netrc file."""
    session = requests.Session()
    session.trust_env = False
    session.proxies = get_environ_proxies(domain)
    session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE") or True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=()))
    adapter = HTTPAdapter(pool_connections=2, pool_maxsize=_CONNECTIONS)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def sdk() -> Any:
    """``lark_oapi``, loaded at first use (seconds, 170 MB) and prepared once."""
    with _loading:
        return _load()


@cache
def _load() -> Any:
    import lark_oapi  # noqa: PLC0415 - loading it is what this function is for
    from lark_oapi.core.http import Transport  # noqa: PLC0415
    from lark_oapi.core.token import TokenManager  # noqa: PLC0415

    # It prints to stdout, where the commands' own output must stand alone.
    logging.getLogger("Lark").handlers.clear()
    install_switchboard(TokenManager)
    Transport.execute = staticmethod(_executing(Transport.execute))
    _set_aside_from_garbage_collection()
    return lark_oapi


def install_switchboard(manager: Any) -> None:
    """Stand in the SDK's token cache. It is one for the whole process, and any client built elsewhere replaces it."""
    if not isinstance(manager.cache, Switchboard):
        manager.cache = Switchboard(manager.cache)


def _set_aside_from_garbage_collection() -> None:
    """The SDK's million objects live for ever; walking them at every full collection doubles the cost of reading."""
    gc.collect()
    gc.freeze()


def _executing(original: Any) -> Any:
    """``Transport.execute`` over a ``Line`` where the configuration has one."""
    from lark_oapi.core.http import transport  # noqa: PLC0415 - the SDK's own helpers build address and headers
    from lark_oapi.core.model import RawResponse, RequestOption  # noqa: PLC0415

    def execute(conf: Any, req: Any, option: Any = None) -> Any:
        line: Line | None = getattr(conf, "line", None)
        if line is None:
            return original(conf, req, option)
        url = transport._build_url(conf.domain, req.uri, req.paths)  # noqa: SLF001 - nothing public does it
        headers = transport._build_header(req, option or RequestOption(), conf)  # noqa: SLF001
        _count(req.uri)
        method, queries = str(req.http_method.name), req.queries or None
        response = line.send(method, url, headers=headers, params=queries, data=_encoded(req.body))
        raw = RawResponse()
        raw.status_code, raw.content = response.status_code, _content(response, getattr(req, "sink", None))
        raw.headers = response.headers  # found in any case of their names, unlike the SDK's plain dict
        return raw

    return execute


def _content(response: requests.Response, sink: Sink | None) -> bytes:
    """The body; a file goes to whoever wants it, piece by piece. Refusals come as JSON and without a file's name."""
    if sink is None or response.status_code != _OK or "content-disposition" not in response.headers:
        return b"".join(response.iter_content(_PIECE))
    with response:
        sink(response.iter_content(_PIECE))
    return b'{"code": 0}'


def _encoded(body: Any) -> Any:
    """Our bodies are bytes already; the SDK's own models and uploads are its own business."""
    from lark_oapi.core.json import JSON  # noqa: PLC0415

    ready = body is None or isinstance(body, bytes) or hasattr(body, "read")
    return body if ready else JSON.marshal(body).encode()


def _count(uri: str) -> None:
    """Token calls are made by the SDK, out of our sight: this is where they can be counted."""
    speaker = current()
    if speaker and _TOKEN_PATH in uri:
        speaker.count("auth.token")
