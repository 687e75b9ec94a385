"""The points of a process at which it may be killed, told by wrappers around its doors.

Installed in the process that is to die, before its command begins. The product's own code runs unchanged: what is
wrapped are its database driver's COMMIT, its HTTP connection, and the names of the steps these are done for.
"""

import os
import select
import signal
import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import wraps
from pathlib import Path

APIS = {
    "tenant_access_token/internal": "token",
    "tables": "table.list",
    "fields": "field.list",
    "search": "search",
    "batch_get": "batch_get",
    "batch_create": "batch_create",
    "batch_update": "batch_update",
    "batch_delete": "batch_delete",
}

TOLD = {
    "PostgresAnteroom.put",
    "PostgresAnteroom.admit",
    "PostgresMemory.store_links",
    "PostgresSurvey.close",
    "Overwritten.told_of",
    "Overwritten.put_back",
    "Overwritten.report",
}
"""Steps whose beginning and end are points themselves, beside those of the commits and calls in them."""


class Points:
    """Counts every point a process passes. Dies at the wanted one; without one, writes all of them to a file."""

    def __init__(self, wanted=None, file=None):
        self.wanted = tuple(wanted) if wanted else None
        self._seen = Counter()
        self._file = Path(file) if file else None

    def __call__(self, what, phase, *, until=None):
        """Pass a point. ``until`` is a socket that must have something to read before the process dies here."""
        dies = self.is_next(what, phase)
        self._seen[what, phase] += 1
        if dies:
            if until is not None:
                select.select([until], [], [], 20)
            self.die()
        if self._file:
            with self._file.open("a", encoding="utf-8") as file:
                file.write(f"{what} {phase} {self._seen[what, phase]}\n")

    def is_next(self, what, phase):
        return self.wanted == (what, phase, self._seen[what, phase] + 1)

    @staticmethod
    def die():
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)


class Doing(threading.local):
    """What this thread is doing, so that a commit can be named after it."""

    def __init__(self):
        self._steps = []

    @contextmanager
    def step(self, name):
        self._steps.append(name)
        try:
            yield
        finally:
            self._steps.pop()

    def now(self, otherwise):
        return self._steps[-1] if self._steps else otherwise


def install(points):
    """Wrap this process' doors, so that it tells of every point it passes."""
    doing = Doing()
    _name_steps(points, doing)
    _wrap_commit(points, doing)
    _wrap_calls(points, doing)


def _name_steps(points, doing):
    from syncer.database.anteroom import PostgresAnteroom
    from syncer.database.rows import PostgresRows
    from syncer.engine.overwritten import Overwritten
    from syncer.state.memory import PostgresMemory
    from syncer.state.runs import Runs
    from syncer.state.survey import PostgresSurvey

    for owner, names in (
        (PostgresMemory, ("intend", "remember", "advance", "sweep_failures", "failed_lines", "_store_links")),
        (PostgresSurvey, ("close",)),
        (PostgresRows, ("write", "insert", "forget", "applied")),
        (PostgresAnteroom, ("put", "admit")),
        (Overwritten, ("_told_of", "_put_back", "_report")),
        (Runs, ("_memory", "finish_run")),
    ):
        for name in names:
            told = f"{owner.__name__}.{name.lstrip('_')}"
            setattr(owner, name, _named(getattr(owner, name), told, points if told in TOLD else None, doing))


def _named(function, name, points, doing):
    @wraps(function)
    def named(*args, **kwargs):
        if points:
            points(f"step:{name}", "before")
        with doing.step(name):
            answer = function(*args, **kwargs)
        if points:
            points(f"step:{name}", "after")
        return answer

    return named


def _wrap_commit(points, doing):
    """COMMIT: before it is sent, when it was sent, when the server has committed, when its answer was read."""
    from psycopg._connection_base import BaseConnection

    original = BaseConnection._exec_command

    def command(self, statement, *args, **kwargs):
        if statement != b"COMMIT" or self._pipeline:
            return (yield from original(self, statement, *args, **kwargs))
        what = f"commit:{doing.now('store')}"
        points(what, "unsent")
        if points.is_next(what, "sent") or points.is_next(what, "answered"):
            self.pgconn.send_query(statement)
            while self.pgconn.flush():
                pass
        points(what, "sent")
        points(what, "answered", until=self.pgconn.socket)
        result = yield from original(self, statement, *args, **kwargs)
        points(what, "read")
        return result

    BaseConnection._exec_command = command


def _wrap_calls(points, doing):
    """A call to Feishu: before it is sent, when it was sent, when it was answered, when its answer was read."""
    from urllib3.connection import HTTPConnection

    from syncer.feishu.transport import Line

    send, respond = Line.send, HTTPConnection.getresponse

    def sending(self, method, url, **parts):
        what = f"call:{api_of(url)}"
        points(what, "unsent")
        with doing.step(what):
            answer = send(self, method, url, **parts)
        points(what, "read")
        return answer

    def responding(self):
        what = doing.now("call:other")
        points(what, "sent")
        points(what, "answered", until=self.sock)
        return respond(self)

    Line.send, HTTPConnection.getresponse = sending, responding


def api_of(url):
    path = url.partition("?")[0].rstrip("/")
    return next((name for end, name in APIS.items() if path.endswith(f"/{end}")), "app.get")
