"""The stage of these scenarios: tables that are listened to, and runs that begin because something was noticed.

Feishu's events come signed and encrypted over HTTP through the web application, the database's notifications through a
listening session. What a worker would be woken for is noted; ``react`` makes those runs, one after the other.
"""

import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.core.records import Side
from syncer.engine.tools import Options
from syncer.errors import SyncerError
from syncer.listening.databases import Databases
from syncer.listening.waker import Waker
from syncer.ports.signals import SignalKind
from syncer.web.app import web_app
from syncer.web.serving import HttpServer, address_of, listen_on
from tests.engine.stage import Pair, Stage, as_field

ENCRYPT_KEY, TOKEN = "匙 of the stage", "token-of-the-stage"
FIELDS = {"订单号": 1, "金额": 2, "备注": 1}
COLUMNS = "id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text"
MAPPING = """match: [order_no]
deletes: {guard: {lines: 100, share: 0.5}}
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount}
  - {field: 备注, column: note}"""
BY_EVENT = Options(poll=False, urgent=True)
PATIENCE = 20


def until(is_so, what="it"):
    """Wait until something is so, and give it."""
    deadline = time.monotonic() + PATIENCE
    while not (found := is_so()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.01)
    return found


class Listened(Pair):
    """One mapping whose sides are listened to."""

    def react(self):
        """What a worker does once it is woken: a run that looks at what was noticed."""
        return self.stage.syncer.sync(self.name, BY_EVENT)

    def waiting(self):
        """The unsettled signals, as (side, kind, line)."""
        return self.stage.state(
            "SELECT side, kind, line FROM syncer_state.signal s JOIN syncer_state.mapping m ON m.id = s.mapping"
            " WHERE m.name = %s AND NOT resting ORDER BY noticed_at",
            self.name,
        )

    def is_woken(self):
        return self.name in self.stage.syncer.store.noticing.waiting()

    def heard(self):
        """Wait until all that was told of arrived, and something of it waits for this mapping."""
        self.stage.quiet()
        until(self.is_woken, f"a signal for {self.name}")
        return self

    def equal(self, fields=tuple(FIELDS), columns="order_no, amount, note"):
        """Whether both sides hold the same lines; the lines."""

        def as_cells(*cells):
            return tuple(float(cell) if hasattr(cell, "as_tuple") else cell for cell in cells)

        return self.assert_equal(fields, columns, as_cells)

    def begin(self, *lines):
        """Lines on both sides, and nothing left to do; the record ids of the lines given as (order, amount, note)."""
        records = self.add(*({"订单号": order, "金额": amount, "备注": note} for order, amount, note in lines))
        self.settle()
        self.stage.quiet()
        self.settle_signals()
        return records

    def settle_signals(self):
        """Runs by events until nothing waits."""
        for _ in range(5):
            if not self.is_woken():
                return
            assert not self.react().writes
        raise AssertionError(f"signals are never settled: {self.waiting()}")

    def written_since(self, place):
        """What the audit says was written since a place in it, as (side, action, line)."""
        return [(row[0], row[1]) for row in self.audits()[place:]]


class NoticingStage(Stage):
    """A stage with open doors."""

    def __init__(self, *given):
        super().__init__(*given)
        self.woken = Counter()
        self._doors = None
        self.control.set_switches(event_speed=1000.0)

    def __exit__(self, *error):
        self.close_doors()
        super().__exit__(*error)

    def environment(self):
        return {
            **super().environment(),
            "FEISHU_ENCRYPT_KEY": ENCRYPT_KEY,
            "FEISHU_VERIFICATION_TOKEN": TOKEN,
        }

    def apply(self, name, place, table, key, mapping, extra=""):
        path = self.folder / f"{name}.yaml"
        capture = "" if "capture" in extra else ", capture: trigger"
        path.write_text(
            f"version: 1\nname: {name}\n"
            f"feishu: {{bitable: {{app_token: {place.app_token}, table_id: {place.table_id}}}}}\n"
            f"database: {{connection: erp, table: {table}, key: [{key}]{capture}{extra}}}\n{mapping}\n",
            encoding="utf-8",
        )
        loaded = load_file(path, {})
        sides = self.syncer.look(loaded.mapping)
        found = self.syncer.check(sides, loaded.places)
        assert not found.faults, found.faults
        self.syncer.apply(sides, loaded.document, digest(loaded.document), "new")

    def listened(self, name="orders", *, fields=FIELDS, columns=COLUMNS, mapping=MAPPING, table=None, extra=""):
        """Two tables, a mapping between them, and the doors open."""
        table = table or name
        self.sql(f"CREATE TABLE {table} ({columns})")
        place = self.control.create_table(self.base, name, [as_field(*item) for item in fields.items()])
        return self.mapped(name, place, table, mapping, extra)

    def mapped(self, name, place, table, mapping=MAPPING, extra=""):
        """A mapping between tables that are there."""
        self.apply(name, place, table, "id", mapping, extra)
        self.open_doors()
        self.control.subscribe(place.app_token, self.simulator.app_id)
        return Listened(self, name, place, table, "id")

    # the doors

    def open_doors(self):
        if self._doors is not None:
            return
        waker, listening = Waker(self.woken.update), listen_on("127.0.0.1", 0)
        server = HttpServer(web_app(self.syncer, waker), listening)
        thread = threading.Thread(target=server.run)
        thread.start()
        url = f"{address_of(listening)}/feishu/events"
        self.control.set_webhook(self.simulator.app_id, url, encrypt_key=ENCRYPT_KEY, verification_token=TOKEN)
        databases = Databases(self.syncer.engine, self.syncer.store.noticing, waker)
        databases.want(["erp"])
        self._doors = (waker, server, thread, databases)
        until(lambda: self.woken, "the listening session")

    def close_doors(self):
        if self._doors is None:
            return
        waker, server, thread, databases = self._doors
        databases.close()
        server.stop()
        thread.join(10)
        waker.close()
        self._doors = None
        assert not thread.is_alive()

    def quiet(self):
        """Wait until no event is on its way."""
        self.control.settle_events(PATIENCE)

    # what was called

    @contextmanager
    def counted(self):
        """Counts what happens inside: Feishu's calls by their last name, and steps of the doors."""
        calls, before = Counter(), Counter(self.control.counts())

        def tell(when, step):
            if when == "before" and step.startswith(("rows.", "records.")):
                calls[step] += 1

        with self.tapped(tell):
            yield calls
        for api, number in (Counter(self.control.counts()) - before).items():
            calls[api.removeprefix("bitable.")] += number


__all__ = ["BY_EVENT", "Side", "SignalKind", "SyncerError", "suppress"]
