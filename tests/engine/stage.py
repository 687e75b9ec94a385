"""What the scenarios of this room are told on: two real tables, people who edit both, and a syncer in between.

The syncer is the whole one, wired from settings. Only its clock hurries, and its doors can be tapped: a scenario may
look at, or die at, every step between them.
"""

import time
from collections import Counter
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.settings import load_settings
from syncer.wiring import Syncer

WRITING = ("create", "update", "delete")


class HastyClock:
    """Real time, except that waiting takes a twentieth of it: the rest is skipped."""

    def __init__(self, haste=20):
        self.haste, self.skipped = haste, timedelta()

    def now(self):
        return datetime.now(UTC) + self.skipped

    def sleep(self, seconds):
        time.sleep(seconds / self.haste)
        self.skipped += timedelta(seconds=seconds * (1 - 1 / self.haste))


class DeadError(BaseException):
    """The process ended here, as far as the run can tell."""


class Tap:
    """Stands before a door of the engine and tells of every step through it: ``tell("before", "rows.write")``."""

    def __init__(self, name, door, tell):
        self._name, self._door, self._tell = name, door, tell

    def __getattr__(self, name):
        found = getattr(self._door, name)
        if not callable(found):
            return found

        def tapped(*args, **kwargs):
            self._tell("before", f"{self._name}.{name}")
            answer = found(*args, **kwargs)
            self._tell("after", f"{self._name}.{name}")
            return answer

        return tapped


class TappedSyncer(Syncer):
    """A syncer whose doors are tapped. ``tell`` gets every step of a run; what it raises, the run meets."""

    tell = staticmethod(lambda _when, _step: None)

    def _tapped(self, name, door):

        def tell(when, step):
            self.tell(when, step)  # looked up anew: a scenario may change it between two steps

        return Tap(name, door, tell)

    def look(self, mapping):
        sides = super().look(mapping)
        return replace(sides, records=self._tapped("records", sides.records), rows=self._tapped("rows", sides.rows))

    @contextmanager
    def _opened(self, *args):
        with super()._opened(*args) as (memory, report):
            yield self._tapped("memory", memory), report


class Pair:
    """One mapping's two tables: edited by people on both sides, synced, looked at."""

    def __init__(self, stage, name, place, table, key):
        self.stage, self.name, self.place, self.table, self.key = stage, name, place, table, key

    # people

    def add(self, *records):
        return self.stage.control.add_records(self.place.app_token, self.place.table_id, records)

    def edit(self, record, **cells):
        self.stage.control.edit_record(self.place.app_token, self.place.table_id, record, cells)

    def edit_many(self, records):
        self.stage.control.edit_records(self.place.app_token, self.place.table_id, records)

    def drop(self, *records):
        self.stage.control.delete_records(self.place.app_token, self.place.table_id, records)

    def sql(self, statement, *values):
        return self.stage.sql(statement.replace("{t}", self.table), *values)

    # runs

    def sync(self, **options):
        return self.stage.sync(self.name, **options)

    def full(self):
        return self.stage.sync(self.name, full=True)

    def approve(self, report):
        self.stage.syncer.store.approve(report.run)
        return self.stage.syncer.sync(self.name, Options(full=True), approved_run=report.run)

    def settle(self, most=4):
        """Sync until nothing is written any more; the last report."""
        for _ in range(most):
            report = self.sync()
            if not report.writes:
                return report
        raise AssertionError(f"{self.name} still writes after {most} runs: {report.to_json()}")

    # looking

    def plain(self):
        """Records by id, cells as plain values by field name; empty ones are missing."""
        return self.stage.control.plain(self.place.app_token, self.place.table_id)

    def by(self, field):
        """Record ids by the value of a field that is unique."""
        return {cells.get(field): record for record, cells in self.plain().items()}

    def rows(self, columns="*", order=None):
        return self.sql(f"SELECT {columns} FROM {{t}} ORDER BY {order or self.key}")

    def truth(self):
        """Everything both tables hold, and how often each row was written."""
        stamps = self.sql(f"SELECT xmin::text, t.* FROM {{t}} t ORDER BY {self.key}")
        table = self.stage.control.table(self.place.app_token, self.place.table_id)
        return self.plain(), table["revision"], stamps

    def both(self, fields, columns, convert=lambda *cells: cells):
        """The lines of both sides as sorted lists of tuples, to be compared."""
        records = sorted((tuple(cells.get(field) for field in fields) for cells in self.plain().values()), key=repr)
        rows = sorted((convert(*row) for row in self.rows(columns)), key=repr)
        return records, rows

    def assert_equal(self, fields, columns, convert=lambda *cells: cells):
        records, rows = self.both(fields, columns, convert)
        assert records == rows
        return records

    # what the syncer remembers

    def audits(self):
        return self.stage.state(
            "SELECT side, action, record, key, before, after, reason FROM syncer_state.audit a"
            " JOIN syncer_state.mapping m ON m.id = a.mapping WHERE m.name = %s ORDER BY a.id",
            self.name,
        )

    def open_intents(self):
        return self.stage.state("SELECT count(*) FROM syncer_state.intent WHERE state = 'open'")[0][0]

    def conflicts(self, state="open"):
        return self.stage.syncer.store.conflicts(self.name, state)

    def failures(self):
        return self.stage.syncer.store.failures(self.name)

    def standing(self):
        return self.stage.syncer.store.status(self.name)[0]


class Stage:
    """Everything a scenario needs. ``syncer`` is replaced by ``restart``: a new process, as far as memory goes."""

    capture = "scan"

    def __init__(self, simulator, database, state, redis_url, folder):
        self.simulator, self.control, self.folder = simulator, simulator.control, folder
        self.database, self.state_url, self.redis_url = database, state, redis_url
        self.control.set_quota_scale(0)
        self._stack = ExitStack()
        self._connection = self._stack.enter_context(psycopg.connect(plain_url(database), autocommit=True))
        self._base = None
        self.syncer = self._make()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.syncer.close()
        self._stack.close()

    def environment(self):
        return {
            "SYNCER_HOME": str(self.folder),
            "SYNCER_DATABASE_URL": self.state_url,
            "SYNCER_REDIS_URL": self.redis_url,
            "SYNCER_CONNECTIONS__ERP": self.database,
            "FEISHU_APP_ID": self.simulator.app_id,
            "FEISHU_APP_SECRET": self.simulator.app_secret,
            "FEISHU_DOMAIN": self.simulator.url,
            "SYNCER_QUOTA_SCALE": "0",
            "SYNCER_FEISHU_TIMEOUT": "2",
        }

    def _make(self):
        syncer = TappedSyncer(load_settings(self.environment(), None), grace=0.2)
        syncer.clock = HastyClock()
        return syncer

    def restart(self):
        """The process ended, a new one begins."""
        self.syncer.close()
        self.syncer = self._make()
        return self.syncer

    @property
    def base(self):
        if self._base is None:
            self._base = self.control.create_base("基地", time_zone="Asia/Shanghai")
        return self._base

    def pair(self, fields, columns, mapping, *, name="orders", table=None, key="id", extra="", place=None):
        """Two new tables and the mapping between them, applied. ``fields`` are ``{name: type or whole field}``."""
        table = table or name
        if columns:
            self.sql(f"CREATE TABLE {table} ({columns})")
        if place is None:
            place = self.control.create_table(self.base, name, [as_field(*item) for item in fields.items()])
        self.apply(name, place, table, key, mapping, extra)
        return Pair(self, name, place, table, key)

    def apply(self, name, place, table, key, mapping, extra=""):
        path = self.folder / f"{name}.yaml"
        path.write_text(
            f"version: 1\nname: {name}\n"
            f"feishu: {{bitable: {{app_token: {place.app_token}, table_id: {place.table_id}}}}}\n"
            f"database: {{connection: erp, table: {table}, key: [{key}], capture: {self.capture}{extra}}}\n"
            f"{mapping}\n",
            encoding="utf-8",
        )
        loaded = load_file(path, {})
        sides = self.syncer.look(loaded.mapping)
        found = self.syncer.check(sides, loaded.places)
        assert not found.faults, found.faults
        self.syncer.apply(sides, loaded.document, digest(loaded.document), "new")

    def sync(self, name, **options) -> Report:
        return self.syncer.sync(name, Options(**options))

    def sql(self, statement, *values):
        cursor = self._connection.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []

    def state(self, statement, *values):
        with psycopg.connect(plain_url(self.state_url), autocommit=True) as connection:
            return connection.execute(statement, values or None).fetchall()

    # what was called

    def writes_seen(self):
        """How many records writes and of which kind the simulator was sent so far."""
        counts = Counter()
        for call in self.control.calls():
            verb = call["api"].rpartition(".")[2]
            if call["api"].startswith("bitable.record.") and any(word in verb for word in WRITING):
                counts[verb] += 1
        return counts

    @contextmanager
    def tapped(self, tell):
        """Every step of the runs inside is told to ``tell``."""
        self.syncer.tell = tell
        try:
            yield
        finally:
            self.syncer.tell = TappedSyncer.tell

    def dies(self, when, step, nth=1):
        """The process ends at the nth such step; use with ``pytest.raises(DeadError)``."""
        return self.tapped(fatal(when, step, nth))


def fatal(when, step, nth=1):
    """What ends a run at its nth step of that name."""
    left = [nth]

    def tell(now, here):
        if (now, here) == (when, step):
            left[0] -= 1
            if left[0] == 0:
                raise DeadError(f"{when} {step}")

    return tell


def doing(when, step, act, nth=1):
    """Somebody acts at the nth step of that name."""
    left = [nth]

    def tell(now, here):
        if (now, here) == (when, step):
            left[0] -= 1
            if left[0] == 0:
                act()

    return tell


def is_quiet(pair, runs=5):
    """Whether so many runs, full ones and others by turns, write nothing at all."""
    before = pair.truth()
    for number in range(runs):
        assert written(pair.sync(full=number % 2 == 0)) == {}
    return pair.truth() == before


def written(report):
    """What a run wrote, as ``{"feishu created": 2}``; empty if nothing."""
    return {f"{side.value} {action.value}": count for (side, action), count in report.written.items() if count}


def plain_url(url):
    return url.replace("+psycopg", "")


def as_field(name, given):
    return {"field_name": name, **(given if isinstance(given, dict) else {"type": given})}


__all__ = ["Action", "DeadError", "Pair", "Side", "Stage", "doing", "fatal", "written"]
