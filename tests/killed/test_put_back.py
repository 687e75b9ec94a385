"""A run that puts back what our write before it overwrote is killed at any point: the edit ends where its policy wants
it all the same, once, and is told once.
"""

from collections import Counter

import pytest

from syncer.simulator.control import step
from tests.killed.deaths import ALL, PATIENCE, WANTED, Commands, chosen, survive_all
from tests.killed.mother import Mother
from tests.killed.scene import simulator_elsewhere
from tests.noticing.stage import NoticingStage

FIELDS = {"订单号": 1, "金额": 2, "说明": 1, "库存": 2, "状态": 1}
COLUMNS = "id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), remark text, stock integer, state text"
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount, conflict: database}
  - {field: 说明, column: remark, conflict: feishu}
  - {field: 库存, column: stock, merge: counter}
  - {field: 状态, column: state, conflict: feishu}"""
BEGIN = {"金额": 1, "说明": "始", "库存": 10, "状态": "新"}
OURS = "amount = 2, remark = '库', stock = 12, state = '完成'"
THEIRS = {"金额": 55, "说明": "人 ✏️", "库存": 15, "状态": "急"}
ENDS = {"金额": 2, "说明": "人 ✏️", "库存": 17, "状态": "急"}
"""What the policies make of both changes, on both sides; of all other cells what ``OURS`` says remains."""
AFTER = {"金额": 2, "说明": "库", "库存": 12, "状态": "完成"}
WINNERS = {"金额": "database", "说明": "feishu", "库存": "merged", "状态": "feishu"}
SHARDS = 4 if ALL else 1
FEWEST = 6
OFTEN = ("Overwritten", "store_links", "PostgresMemory.intend", "call:batch_update")
"""What is done for an edit, in the ordinary tests; all points of the run in a hunt."""


class LateStage(NoticingStage):
    """Its commands write five records at a time and wait for an answer as long as a real installation."""

    def environment(self):
        return {**super().environment(), "SYNCER_FEISHU_TIMEOUT": "30", "SYNCER_BATCH_RECORDS": "5"}


class World:
    """Rounds of new lines, of which each loses another edit to a write of ours."""

    def __init__(self, stage, commands):
        self.stage, self.commands, self.round = stage, commands, 0
        self.pair = stage.listened(fields=FIELDS, columns=COLUMNS, mapping=MAPPING)

    def overwrite(self):
        """Edits that our write overwrites, and whose events are kept; the records by the field that was edited."""
        self.round += 1
        names = {field: f"R{self.round:03}-{field}" for field in THEIRS}
        added = self.pair.add(*({"订单号": name, **BEGIN} for name in names.values()))
        records = dict(zip(names, added, strict=True))
        self.pair.settle()
        self.stage.quiet()
        self.pair.settle_signals()
        self.stage.control.at("bitable.record.batch_update", [self._edit(*item) for item in records.items()])
        self.pair.sql(f"UPDATE {{t}} SET {OURS} WHERE order_no LIKE %s", f"R{self.round:03}-%")
        self.pair.heard().react()
        self.stage.quiet()
        return records

    def _edit(self, field, record):
        place = self.pair.place
        where = {"app_token": place.app_token, "table_id": place.table_id, "record_id": record}
        return step("edit_record", fields={field: THEIRS[field]}, **where)

    def good(self, records, ended):
        """One run was made; what it put back is carried over by those that it wakes."""
        assert ended.status == 0, ended
        self._calm()
        self._check(records)
        self._check_told(records)
        (one,) = self.commands("status", "--json").json()["mappings"]
        told = {key: one[key] for key in ("state", "linked", "severed", "open_conflicts", "open_failures", "held")}
        linked = self.round * len(THEIRS)
        wanted = {"state": "active", "linked": linked, "severed": 0, "open_conflicts": 0, "open_failures": 0}
        assert told == wanted | {"held": 0}
        assert self.pair.open_intents() == 0

    def _calm(self):
        for _ in range(8):
            self.stage.quiet()
            if not self.pair.react().writes and not self.pair.is_woken():
                return
        raise AssertionError("it never ends")

    def _check(self, records):
        plain = self.pair.plain()
        rows = {name: cells for name, *cells in self.pair.rows("order_no, amount, remark, stock, state")}
        for edited, record in records.items():
            cells = plain[record]
            wanted = {field: (ENDS if field == edited else AFTER)[field] for field in THEIRS}
            assert {field: cells[field] for field in THEIRS} == wanted, edited
            assert dict(zip(THEIRS, rows[cells["订单号"]], strict=True)) == wanted, edited

    def _check_told(self, records):
        """Every edit is told once with who won, and what was put back stands in the audit once."""
        of_record = {record: field for field, record in records.items()}
        conflicts = [one for one in self.pair.conflicts(None) if one.record in of_record]
        assert Counter((of_record[one.record], one.field, one.winner) for one in conflicts) == Counter(
            (field, field, winner) for field, winner in WINNERS.items()
        )
        backs = [row for row in self.pair.audits() if row[6].startswith("put back") and row[2] in of_record]
        put_back = Counter((of_record[record], side, action) for side, action, record, *_ in backs)
        wanted = [field for field, winner in WINNERS.items() if winner != "database"]
        assert put_back == Counter((field, "feishu", "update") for field in wanted)

    def points(self):
        records = self.overwrite()
        points, ended = self.commands.points("orders")
        self.good(records, ended)
        return points

    def survive(self, point):
        records = self.overwrite()
        killed = self.commands.killed("orders", point)
        ended = self.commands("sync", "orders", "--json")
        waited = self.commands.begun_after(killed, "orders")
        self.good(records, ended)
        return waited


@pytest.fixture
def world(database, state_database, redis_url, tmp_path):
    with (
        simulator_elsewhere() as simulator,
        LateStage(simulator, database, state_database, redis_url, tmp_path) as stage,
        Mother(tmp_path) as mother,
    ):
        yield World(stage, Commands(stage, mother, tmp_path))


@pytest.mark.timeout(PATIENCE)
@pytest.mark.parametrize("shard", range(SHARDS))
def test_wherever_a_run_that_puts_an_edit_back_is_killed_the_edit_is_back_and_told_once(world, shard):
    points = world.points()
    assert ("step:Overwritten.put_back", "after") in {point[:2] for point in points}
    taken = points if WANTED else [point for point in points if any(word in point[0] for word in OFTEN)]
    deaths = [(point,) for point in chosen(taken)]
    assert WANTED or len(deaths) >= FEWEST
    survive_all(world.survive, deaths[shard::SHARDS])
