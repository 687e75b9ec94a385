"""A first load to the database is killed at any point: its rows were made ready in a temporary table, part by part,
while the records were read, and are admitted by the part while the part before is remembered.

One part is refused as a whole, since one of its rows is, and the database changes some rows on their way in.
"""

from collections import Counter

import orjson
import pytest

from tests.killed.deaths import ALL, PATIENCE, WANTED, Commands, chosen, survive_all
from tests.killed.mother import Mother
from tests.killed.scene import JOURNAL, PatientStage, simulator_elsewhere

FIELDS = {"订单号": 1, "金额": 2, "备注": 1}
COLUMNS = """id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2),
  note text CHECK (note NOT LIKE '禁%%')"""
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount}
  - {field: 备注, column: note}
"""
STAMP = """
CREATE OR REPLACE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.note LIKE '改%%' THEN NEW.note := NEW.note || ' ✓'; END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER stamp BEFORE INSERT ON {t} FOR EACH ROW EXECUTE FUNCTION stamp()
"""
LINES = 28
FORBIDDEN, CHANGED = 7, (16, 18, 27)
SHARDS = 4 if ALL else 1
FEWEST = 12
ADMITTED = "step:PostgresAnteroom.admit"
OFTEN = ("PostgresAnteroom", "PostgresMemory.intend", "PostgresMemory.remember", "PostgresRows.forget")
"""What has to do with parts, in the ordinary tests; the rest of a run is killed elsewhere, all of it in a hunt."""


def note(number):
    return "禁" if number == FORBIDDEN else f"改 {number}" if number in CHANGED else f"记录 {number} 😀"


class Load:
    """A new mapping whose database table is empty."""

    def __init__(self, stage, name):
        self.pair = pair = stage.pair(FIELDS, COLUMNS, MAPPING, name=name)
        pair.sql(JOURNAL.replace("journal", f"journal_{name}").replace("note_it", f"note_it_{name}"))
        pair.sql(STAMP)
        self.names = [f"A{number:02}" for number in range(LINES)]
        cells = zip(self.names, range(LINES), strict=True)
        pair.add(*({"订单号": name, "金额": number + 0.5, "备注": note(number)} for name, number in cells))
        self.records = {record: name for name, record in pair.by("订单号").items()}

    def check(self, ended, status):
        assert ended.status == 3, ended  # the forbidden line
        self._check_content()
        self._check_audit()
        self._check_memory(status)

    def _check_content(self):
        wanted = {name: (number + 0.5, note(number)) for number, name in enumerate(self.names)}
        for number in CHANGED:
            wanted[self.names[number]] = (number + 0.5, f"{note(number)} ✓")
        feishu = sorted((cells["订单号"], (cells["金额"], cells["备注"])) for cells in self.pair.plain().values())
        assert feishu == sorted(wanted.items())
        rows = [(name, (float(amount), text)) for name, amount, text in self.pair.rows("order_no, amount, note")]
        del wanted[self.names[FORBIDDEN]]
        assert sorted(rows) == sorted(wanted.items())

    def _check_audit(self):
        """Every row was inserted once, every change told to Bitable once, and the audit says just that."""
        created = Counter(("database", "create", name) for name in self.names if name != self.names[FORBIDDEN])
        told = Counter(("feishu", "update", self.names[number]) for number in CHANGED)
        audited = Counter((side, action, self.records[record]) for side, action, record, *_ in self.pair.audits())
        assert audited == created + told
        done = self.pair.sql(f"SELECT op, coalesce(new, old) ->> 'order_no' FROM journal_{self.pair.name}")
        assert Counter(done) == Counter(("INSERT", name) for *_, name in created)

    def _check_memory(self, status):
        (one,) = [each for each in status["mappings"] if each["name"] == self.pair.name]
        told = {key: one[key] for key in ("state", "linked", "severed", "open_conflicts", "open_failures", "held")}
        wanted = {"state": "active", "linked": LINES - 1, "severed": 0, "open_conflicts": 0, "open_failures": 1}
        assert told == wanted | {"held": 0}
        assert self.pair.open_intents() == 0
        assert self.pair.sql("SELECT count(*) FROM syncer.applied") == [(0,)]
        assert self.pair.stage.state("SELECT count(*) FROM syncer_state.run WHERE status = 'running'") == [(0,)]
        updates = [call for call in self.pair.stage.control.calls(bodies=True) if _updates(call, self.pair)]
        sent = Counter(one["record_id"] for call in updates for one in orjson.loads(call["body"])["records"])
        assert {self.records[record] for record in sent} == {self.names[number] for number in CHANGED}


def _updates(call, pair):
    return call["api"].endswith("batch_update") and call["code"] == 0 and pair.place.table_id in call["path"]


class World:
    """One load after the other."""

    def __init__(self, commands):
        self.commands, self._begun = commands, 0

    def new(self):
        self._begun += 1
        return Load(self.commands.stage, f"load_{self._begun}")

    def points(self):
        load = self.new()
        points, ended = self.commands.points(load.pair.name)
        load.check(ended, self.status(load))
        return points

    def survive(self, point):
        load = self.new()
        killed = self.commands.killed(load.pair.name, point)
        load.check(self.commands("sync", load.pair.name, "--json"), self.status(load))
        return self.commands.begun_after(killed, load.pair.name)

    def status(self, load):
        return self.commands("status", load.pair.name, "--json").json()


@pytest.fixture
def world(database, state_database, redis_url, tmp_path):
    with (
        simulator_elsewhere() as simulator,
        PatientStage(simulator, database, state_database, redis_url, tmp_path) as stage,
        Mother(tmp_path) as mother,
    ):
        yield World(Commands(stage, mother, tmp_path))


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_wherever_a_first_load_is_killed_one_more_run_loads_the_rest_and_nothing_twice(world, shard):
    points = world.points()
    assert len([point for point in points if point[:2] == (ADMITTED, "after")]) >= 5
    taken = points if WANTED else [point for point in points if any(word in point[0] for word in OFTEN)]
    deaths = [(point,) for point in chosen(taken)]
    assert WANTED or len(deaths) >= FEWEST
    survive_all(world.survive, deaths[shard::SHARDS])
