"""A small firm that syncs all the time: mappings on real tables, and the syncer's parts as real processes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import psycopg

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.settings import load_settings
from syncer.wiring import Syncer

FIELDS = [{"field_name": "订单号", "type": 1}, {"field_name": "金额", "type": 2}, {"field_name": "备注", "type": 1}]

PATIENCE = 30.0


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
    """One ``syncer ...`` process; its output goes to a file."""

    def __init__(self, scene, *arguments, **environment):
        self.words = " ".join(arguments)
        self._file = scene.folder / f"{len(scene.parts)}-{arguments[0]}.log"
        command = [sys.executable, "-m", "syncer", *arguments]
        with self._file.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                cwd=scene.folder,
                env={**scene.environment(), **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        scene.parts.append(self)

    @property
    def pid(self):
        return self.process.pid

    def said(self):
        return self._file.read_text("utf-8", errors="replace")

    def says(self, words, seconds=PATIENCE):
        until(
            lambda: words in self.said() or self.process.poll() is not None,
            seconds,
            lambda: f"{self.words} never said {words!r}: {self.said()}",
        )
        assert words in self.said(), f"{self.words} ended: {self.said()}"

    def family(self):
        """Its process id, and those of all that it began."""
        return [self.pid, *descendants(self.pid)]

    def kill(self):
        """kill -9: the process alone, its children are left to themselves."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self, seconds=PATIENCE):
        """SIGTERM, and its exit status."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(seconds)

    def end(self):
        """Whatever it takes."""
        family = self.family() if self.process.poll() is None else []
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(8)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait(5)
        for pid in family:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def descendants(pid):
    found = []
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = [int(word) for word in file.read().split()]
    except OSError:
        return found
    for child in children:
        found += [child, *descendants(child)]
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Scene:
    """Tables, mappings, people; ``part`` starts a process, all of them end with the scene."""

    def __init__(self, simulator, erp_url, state_url, redis_url, folder, **more):
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

    def part(self, *arguments, **environment):
        return Part(self, *arguments, **environment)

    def syncer(self):
        return Syncer(load_settings(self.settings(), None), grace=0.2, attempts=3)

    # mappings

    def mapping(self, name, schedule="{every: 1s}", extra=""):
        """Two new tables and a mapping between them, applied."""
        self.sql(f"CREATE TABLE {name} (id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text)")
        self.places[name] = self.control.create_table(self.base, name, FIELDS)
        self.apply(name, schedule, extra)

    def apply(self, name, schedule, extra=""):
        place = self.places[name]
        path = self.folder / f"{name}.yaml"
        path.write_text(
            f"version: 1\nname: {name}\nmatch: [order_no]\nschedule: {schedule}\n{extra}"
            f"feishu: {{bitable: {{app_token: {place.app_token}, table_id: {place.table_id}}}}}\n"
            f"database: {{connection: erp, table: {name}, key: [id], capture: scan}}\n"
            "fields:\n  - {field: 订单号, column: order_no}\n  - {field: 金额, column: amount}\n"
            "  - {field: 备注, column: note}\n",
            encoding="utf-8",
        )
        loaded = load_file(path, {})
        with self.syncer() as living:
            sides = living.look(loaded.mapping)
            living.apply(sides, loaded.document, digest(loaded.document), "new")

    # people and looking

    def add(self, name, *records):
        place = self.places[name]
        return self.control.add_records(place.app_token, place.table_id, list(records))

    def sql(self, statement, *values):
        cursor = self._erp.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def state(self, statement, *values):
        with psycopg.connect(plain_url(self.state_url), autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

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
        return "\n".join(f"== {part.words} ({part.process.poll()})\n{part.said()}" for part in self.parts)
