"""A small firm that syncs all the time: mappings on real tables, and the syncer's parts as real processes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.core.records import Side
from syncer.ports.signals import SignalKind
from syncer.settings import load_settings
from syncer.wiring import Syncer
from syncer.worker.waking import waking

FIELDS = [{"field_name": "订单号", "type": 1}, {"field_name": "金额", "type": 2}, {"field_name": "备注", "type": 1}]

PATIENCE = 60.0


def plain_url(url):
    return url.replace("+psycopg", "")


def until(what, seconds=PATIENCE, told="it did not come to that"):
    """Wait until something is true, and give it."""
    deadline = time.monotonic() + seconds
    while True:
        if found := what():
            return found
        assert time.monotonic() < deadline, told() if callable(told) else told
        time.sleep(0.03)


class Part:
    """One ``syncer ...`` process; its output goes to a file. ``alone``: begun as a person begins it, not forked."""

    def __init__(self, scene, *arguments, alone=False, freezes_at=None, **environment):
        self.words = " ".join(arguments)
        self._file = scene.folder / f"{len(scene.parts)}-{arguments[0]}.log"
        self._file.touch()
        given = {**scene.environment(), **environment}
        self._mother = None if alone else scene.mother
        if alone:
            with self._file.open("wb") as out:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "syncer", *arguments],
                    cwd=scene.folder,
                    env=given,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self.pid = self._process.pid
        else:
            self.pid = scene.mother.start(arguments, given, scene.folder, self._file, freezes_at)
        scene.parts.append(self)

    def status(self):
        """How it ended; ``None`` while it lives."""
        return self._mother.status(self.pid) if self._mother else self._process.poll()

    def wait(self, seconds):
        """Its exit status."""
        until(lambda: self.status() is not None, seconds, lambda: f"{self.words} does not end: {self.said()}")
        return self.status()

    def send(self, name):
        os.kill(self.pid, name)

    def said(self):
        return self._file.read_text("utf-8", errors="replace")

    def says(self, words, seconds=PATIENCE):
        until(
            lambda: words in self.said() or self.status() is not None,
            seconds,
            lambda: f"{self.words} never said {words!r}: {self.said()}",
        )
        assert words in self.said(), f"{self.words} ended: {self.said()}"

    def family(self):
        """Its process id, and those of all that it began."""
        return [self.pid, *descendants(self.pid)]

    def kill(self):
        """kill -9: the process alone, its children are left to themselves."""
        self.send(signal.SIGKILL)
        self.wait(10)

    def stop(self, seconds=PATIENCE):
        """SIGTERM, and its exit status."""
        self.send(signal.SIGTERM)
        return self.wait(seconds)

    def end(self):
        """At once and for good, with all that it began."""
        if self.status() is None:
            for pid in self.family():
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            self.wait(10)


def descendants(pid):
    try:
        children = [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []
    return [one for child in children for one in (child, *descendants(child))]


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def frozen(pid):
    """Whether a process is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


def command_of(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


class Scene:
    """Tables, mappings, people; ``part`` starts a process, all of them end with the scene."""

    def __init__(self, mother, simulator, erp_url, state_url, redis_url, folder, **more):
        self.mother = mother
        self.simulator, self.control, self.folder = simulator, simulator.control, folder
        self.erp_url, self.state_url, self.redis_url, self.more = erp_url, state_url, redis_url, more
        self.control.set_quota_scale(0)
        self.parts, self.places, self._stack = [], {}, ExitStack()
        self._erp = self._stack.enter_context(psycopg.connect(plain_url(erp_url), autocommit=True))
        self.base = self.control.create_base("基地", time_zone="Asia/Shanghai")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for part in reversed(self.parts):
            part.end()
        self._stack.close()

    def settings(self):
        return {
            "SYNCER_HOME": str(self.folder / "home"),
            "SYNCER_DATABASE_URL": self.state_url,
            "SYNCER_REDIS_URL": self.redis_url,
            "SYNCER_CONNECTIONS__ERP": self.erp_url,
            "FEISHU_APP_ID": self.simulator.app_id,
            "FEISHU_APP_SECRET": self.simulator.app_secret,
            "FEISHU_DOMAIN": self.simulator.url,
            "SYNCER_QUOTA_SCALE": "0",
            "SYNCER_FEISHU_TIMEOUT": "5",
            **self.more,
        }

    def environment(self):
        return {"PATH": os.defpath, "HOME": str(self.folder), **self.settings()}

    def part(self, *arguments, **more):
        return Part(self, *arguments, **more)

    def syncer(self):
        return Syncer(load_settings(self.settings(), None), grace=0.2, attempts=3)

    # mappings

    def mapping(self, name, schedule="{every: 1s}", extra="", capture="scan"):
        """Two new tables and a mapping between them, applied."""
        self.sql(f"CREATE TABLE {name} (id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text)")
        self.places[name] = self.control.create_table(self.base, name, FIELDS)
        self.apply(name, schedule, extra, capture)

    def apply(self, name, schedule, extra="", capture="scan"):
        place = self.places[name]
        path = self.folder / f"{name}.yaml"
        path.write_text(
            f"version: 1\nname: {name}\nmatch: [order_no]\nschedule: {schedule}\n{extra}"
            f"feishu: {{bitable: {{app_token: {place.app_token}, table_id: {place.table_id}}}}}\n"
            f"database: {{connection: erp, table: {name}, key: [id], capture: {capture}}}\n"
            "fields:\n  - {field: 订单号, column: order_no}\n  - {field: 金额, column: amount}\n"
            "  - {field: 备注, column: note}\n",
            encoding="utf-8",
        )
        loaded = load_file(path, {})
        with self.syncer() as living:
            sides = living.look(loaded.mapping)
            living.apply(sides, loaded.document, digest(loaded.document), "new")

    @contextmanager
    def waking(self):
        """What an event does: a signal in the store, then a call for a run."""
        with self.syncer() as living:
            wake = waking(living)

            def notice(name, record):
                living.store.noticing.raise_(name, Side.FEISHU, SignalKind.LINE, [record], "an event")
                wake([name])

            yield notice

    # people and looking

    def add(self, name, *records):
        place = self.places[name]
        return self.control.add_records(place.app_token, place.table_id, list(records))

    def sql(self, statement, *values):
        cursor = self._erp.execute(statement, values or None)
        return cursor.fetchall() if cursor.description is not None else []

    def state(self, statement, *values):
        with psycopg.connect(plain_url(self.state_url), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description is not None else []

    def records(self, name):
        place = self.places[name]
        cells = self.control.plain(place.app_token, place.table_id).values()
        return sorted((each.get("订单号"), each.get("备注")) for each in cells)

    def rows(self, name):
        return sorted(self.sql(f"SELECT order_no, note FROM {name}"))

    def equal(self, name, count):
        rows = self.rows(name)
        return len(rows) == count and rows == self.records(name)

    def runs(self, name=None, **where):
        """Runs as (mapping, kind, status, started_at, finished_at), oldest first."""
        found = self.state(
            "SELECT m.name, r.kind, r.status, r.started_at, r.finished_at FROM syncer_state.run r"
            " JOIN syncer_state.mapping m ON m.id = r.mapping ORDER BY r.id"
        )
        return [run for run in found if name in (None, run[0])]

    def done(self, name):
        return [run for run in self.runs(name) if run[2] in ("done", "failed_lines")]

    def logs(self):
        return "\n".join(f"== {part.words} ({part.status()})\n{part.said()}" for part in self.parts)
