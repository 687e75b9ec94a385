"""A small shop that is edited on both sides in rounds of the same shape, and the truth about what was written to it.

The simulator is a process of its own. In the mapped database a trigger notes every write of the syncer; the simulator
notes every call. Both are compared with the audit.
"""

import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import orjson
import psycopg
import redis

from syncer.simulator.control import Control
from tests.engine.stage import Stage, plain_url
from tests.engine.tables import plain

FIELDS = {"订单号": 1, "库存": 2, "备注": 1, "客户": 1, "编号": 2}
COLUMN_OF = {"订单号": "order_no", "库存": "stock", "备注": "note", "客户": "customer", "编号": "id"}
COLUMNS = """id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no text UNIQUE, stock numeric(12,2),
  note text CHECK (note NOT LIKE '禁%%'), customer text"""
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 库存, column: stock, merge: counter}
  - {field: 备注, column: note}
  - {field: 客户, column: customer, conflict: database}
  - {field: 编号, column: id, direction: to_feishu}
deletes: {guard: {lines: 100000, share: 1}}
"""
JOURNAL = """
CREATE TABLE journal (place bigint GENERATED ALWAYS AS IDENTITY, op text, old jsonb, new jsonb);
CREATE FUNCTION note_it() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('application_name') = 'syncer' THEN
    INSERT INTO journal (op, old, new) VALUES (tg_op, to_jsonb(old), to_jsonb(new));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER journal AFTER INSERT OR UPDATE OR DELETE ON {t} FOR EACH ROW EXECUTE FUNCTION note_it()
"""
LINES, NEW = 30, 6
FAILURES = 3
DONE = {"INSERT": "create", "UPDATE": "update", "DELETE": "delete"}


@dataclass(frozen=True)
class Elsewhere:
    """A simulator in another process, with the names the stage knows."""

    url: str
    control: Control
    app_id: str
    app_secret: str


@contextmanager
def simulator_elsewhere():
    command = [sys.executable, "-m", "syncer.simulator", "--port", "0", "--control", "--quota-scale", "0"]
    process = subprocess.Popen([*command, "--watch-stdin"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    control = Control(url)
    app = control.create_app()
    try:
        yield Elsewhere(url, control, app.app_id, app.app_secret)
    finally:
        process.stdin.close()
        process.wait(20)
        process.stdout.close()


class PatientStage(Stage):
    """A stage whose settings are the defaults of a real installation, but for small batches."""

    def environment(self):
        return {**super().environment(), "SYNCER_FEISHU_TIMEOUT": "30", "SYNCER_BATCH_RECORDS": "5"}

    def change_state(self, statement):
        with psycopg.connect(plain_url(self.state_url), autocommit=True) as connection:
            connection.execute(statement)


class Shop:
    """Both sides' expected content, kept beside the real one while rounds of edits are made."""

    def __init__(self, stage):
        self.stage, self.control = stage, stage.control
        self.pair = stage.pair(FIELDS, COLUMNS, MAPPING)
        self.pair.sql(JOURNAL)
        self.round = 0
        names = [f"L{number:02}" for number in range(LINES)]
        self.expected = dict.fromkeys([*names, "毒", "禁"], (10.0, None, None))
        self.stuck = {"feishu": {}, "database": {}}
        self.pair.add(*({"订单号": name, "库存": 10} for name in self.expected))
        self.pair.settle()

    # one round of edits by people on both sides

    def edit(self):
        """Every kind of operation on both sides, several batches of each, and three lines that cannot be written."""
        self.round += 1
        mark, records = f"r{self.round}", self.pair.by("订单号")
        edits = {}
        for number in range(NEW):
            self._note_in_feishu(f"L{number:02}", edits, records)
            self._note_in_database(f"L{number + 7:02}")
        for name in ("L14", "L15"):
            self._note_in_feishu(name, edits, records)
            self._count(name, edits, records, database=2)
        for name in ("L16", "L17", "L18"):
            self._count(name, edits, records, feishu=3, database=-1)
        self._clash("L19", edits, records)
        self._poison(edits, records)
        self.pair.edit_many(edits)
        self._renew(mark, records)
        self._start_log()

    def _note_in_feishu(self, name, edits, records):
        edits.setdefault(records[name], {})["备注"] = f"飞书 {self.round} 😀"
        self._expect(name, note=f"飞书 {self.round} 😀")

    def _note_in_database(self, name):
        self.pair.sql("UPDATE {t} SET note = %s WHERE order_no = %s", f"db {self.round}", name)
        self._expect(name, note=f"db {self.round}")

    def _count(self, name, edits, records, feishu=0, database=0):
        stock = self.expected[name][0]
        if feishu:
            edits.setdefault(records[name], {})["库存"] = stock + feishu
        if database:
            self.pair.sql("UPDATE {t} SET stock = stock + %s WHERE order_no = %s", database, name)
        self._expect(name, stock=stock + feishu + database)

    def _clash(self, name, edits, records):
        edits.setdefault(records[name], {})["客户"] = f"甲 {self.round}"
        self.pair.sql("UPDATE {t} SET customer = %s WHERE order_no = %s", f"乙 {self.round}", name)
        self._expect(name, customer=f"乙 {self.round}")

    def _poison(self, edits, records):
        """A cell Feishu refuses, a new row Feishu refuses, and a value a CHECK refuses."""
        bad, forbidden = f"毒 {self.round}", f"禁 {self.round}"
        self.control.clear_faults()
        self.control.fault("bitable.record.*", "poison", field="备注", value=bad)
        self.pair.sql("UPDATE {t} SET note = %s WHERE order_no = '毒'", bad)
        self._count("毒", edits, records, database=1)
        edits.setdefault(records["禁"], {})["备注"] = forbidden
        self._count("禁", edits, records, feishu=1)
        self.stuck = {"feishu": {"禁": forbidden}, "database": {"毒": bad}}
        self.pair.sql("DELETE FROM {t} WHERE order_no LIKE '毒-%%' AND note IS NOT NULL")
        self.pair.sql("INSERT INTO {t} (order_no, stock, note) VALUES (%s, 1, %s)", f"毒-r{self.round}", bad)

    def _renew(self, mark, records):
        """The lines that were new in the last round are deleted where they came from, others are new."""
        old, past = f"r{self.round - 1}", [name for name in self.expected if name.startswith(("F-", "D-"))]
        self.pair.drop(*(records[name] for name in past if name.startswith(f"F-{old}-")))
        self.pair.sql("DELETE FROM {t} WHERE order_no LIKE %s", f"D-{old}-%")
        for name in past:
            del self.expected[name]
        self.pair.add(*({"订单号": f"F-{mark}-{n}", "库存": n, "备注": "新"} for n in range(NEW)))
        for n in range(NEW):
            self.pair.sql("INSERT INTO {t} (order_no, stock) VALUES (%s, %s)", f"D-{mark}-{n}", n)
            self.expected[f"F-{mark}-{n}"] = (float(n), "新", None)
            self.expected[f"D-{mark}-{n}"] = (float(n), None, None)

    def _expect(self, name, stock=None, note=None, customer=None):
        held = self.expected[name]
        given = (stock, note, customer)
        self.expected[name] = tuple(new if new is not None else old for new, old in zip(given, held, strict=True))

    # what became of it

    def check(self):
        """Both sides hold what was expected, each line once, with its key."""
        wanted = Counter(self.expected.keys())
        feishu = [self._record(cells) for cells in self.pair.plain().values()]
        database = [self._row(*row) for row in self.pair.rows("order_no, stock, note, customer, id")]
        assert Counter(line[0] for line in feishu) == wanted
        assert Counter(line[0] for line in database) == wanted + Counter([f"毒-r{self.round}"])
        keys = {line[0]: line[4] for line in database}
        assert {line[0]: line[4] for line in feishu} == {name: keys[name] for name in wanted}
        assert {line[0]: line[1:4] for line in feishu} == self._expected_in("feishu")
        held = {line[0]: line[1:4] for line in database if line[0] in wanted}
        assert held == self._expected_in("database")

    def _record(self, cells):
        return tuple(cells.get(field) for field in FIELDS)

    @staticmethod
    def _row(name, stock, note, customer, key):
        return (name, plain(stock), note, customer, key)

    def _expected_in(self, side):
        stuck = {
            name: (*self.expected[name][:1], note, *self.expected[name][2:]) for name, note in self.stuck[side].items()
        }
        return self.expected | stuck

    def check_memory(self, status):
        """Nothing is left open, and ``syncer status --json`` says so."""
        (one,) = status["mappings"]
        told = {key: one[key] for key in ("state", "linked", "severed", "open_conflicts", "open_failures", "held")}
        assert told == {
            "state": "active",
            "linked": len(self.expected),
            "severed": 0,
            "open_conflicts": 0,
            "open_failures": FAILURES,
            "held": 0,
        }
        assert [warning for warning in one["warnings"] if "failures" not in warning] == []
        assert self.pair.open_intents() == 0
        assert self.pair.sql("SELECT count(*) FROM syncer.applied") == [(0,)]
        running = self.stage.state("SELECT count(*) FROM syncer_state.run WHERE status = 'running'")
        assert running == [(0,)]

    # the truth about writes, and the audit's word on it; both as counts of (side, action, line, column)

    def _start_log(self):
        """What was deleted is put further back than the delete guard looks: a round deletes a quarter of the shop."""
        self.control.clear_calls()
        self.pair.sql("TRUNCATE journal")
        self.stage.change_state("UPDATE syncer_state.audit SET at = at - interval '2 hours'")
        self._names = {record: name for name, record in self.pair.by("订单号").items()}
        self._audited = len(self.pair.audits())

    def check_audit(self):
        """Every write that took effect stands in the audit, and none twice."""
        audited, took_effect = self.audited(), self.took_effect()
        assert audited == took_effect, {"only audited": audited - took_effect, "not audited": took_effect - audited}

    def took_effect(self):
        return self._in_database() + self._in_feishu()

    def _in_database(self):
        found = Counter()
        for op, old, new in self.pair.sql("SELECT op, old, new FROM journal ORDER BY place"):
            name = (new or old)["order_no"]
            changed = [None] if op != "UPDATE" else [column for column in new if new[column] != old[column]]
            found.update(("database", DONE[op], name, column) for column in changed)
        return found

    def _in_feishu(self):
        found, tokens = Counter(), set()
        for call in filter(_took_effect, self.control.calls(bodies=True)):
            token = call["query"].get("client_token")
            if token not in tokens:  # the same body again makes no second record
                verb = call["api"].rpartition("_")[2]
                for record in orjson.loads(call["body"])["records"]:
                    found.update(("feishu", verb, *line) for line in self._written(verb, record))
            tokens.update([token] if token else [])
        return found

    def _written(self, verb, record):
        if verb == "delete":
            return [(self._names[record], None)]
        if verb == "create":
            return [(record["fields"]["订单号"], None)]
        name = self._names[record["record_id"]]
        return [(name, COLUMN_OF[field]) for field in record["fields"]]

    def audited(self):
        found = Counter()
        rows = {str(key): name for name, key in self.pair.rows("order_no, id")}
        for side, action, record, key, before, after, _ in self.pair.audits()[self._audited :]:
            if action == "update":
                name = self._names[record] if side == "feishu" else rows[_only(key)]
                found.update((side, action, name, column) for column in after)
            else:
                found[side, action, (before if action == "delete" else after)["order_no"], None] += 1
        return found

    def forget_token(self):
        """The next process must fetch an access token."""
        with redis.Redis.from_url(self.stage.redis_url) as client:
            for name in client.scan_iter("syncer:token:*"):
                client.delete(name)


def _took_effect(call):
    """Whether a call wrote something: it succeeded, or it was held up only after it had."""
    writes = call["api"].startswith("bitable.record.batch_") and not call["api"].endswith("get")
    return writes and (call["code"] == 0 or call["fault"] == "hang")


def _only(key):
    (value,) = orjson.loads(key) if isinstance(key, str) else key
    return str(value)
