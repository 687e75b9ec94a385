"""The process may end between any two steps of a run; what it began is settled by the next one, and nothing doubles."""

from collections import Counter

import pytest

from tests.engine.stage import DeadError
from tests.engine.tables import plain

FIELDS = {"订单号": 1, "库存": 2, "备注": 1, "编号": 2}
COLUMNS = "id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no text UNIQUE, stock numeric(12,2), note text"
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 库存, column: stock, merge: counter}
  - {field: 备注, column: note}
  - {field: 编号, column: id, direction: to_feishu}
deletes: {guard: {lines: 500, share: 1}}
"""
STEPS = {
    f"{door}.{step}"
    for door, steps in {
        "memory": ("intend", "remember", "advance"),
        "rows": ("write", "insert", "forget"),
        "records": ("create", "update", "delete"),
    }.items()
    for step in steps
}


class Shop:
    """Both sides' expected content, kept beside the real one while rounds of edits are made."""

    def __init__(self, stage):
        self.pair = stage.pair(FIELDS, COLUMNS, MAPPING)
        self.expected = {}
        self.round = 0
        for name in ("both", "disjoint", "feishu", "database"):
            self.pair.add({"订单号": name, "库存": 10})
            self.expected[name] = (10.0, None)
        self.pair.settle()

    def edit(self):
        """One round: every kind of operation on both sides, among them a line whose two halves are both written."""
        self.round += 1
        mark, pair, records = f"r{self.round}", self.pair, self.pair.by("订单号")
        if self.round > 1:
            self._delete(f"r{self.round - 1}", records)
        self._add_up("both", 3, -1, records)
        pair.edit(records["disjoint"], 备注=mark)
        pair.sql("UPDATE {t} SET stock = stock + 1 WHERE order_no = 'disjoint'")
        self.expected["disjoint"] = (self.expected["disjoint"][0] + 1, mark)
        pair.edit(records["feishu"], 备注=mark)
        pair.sql("UPDATE {t} SET note = %s WHERE order_no = 'database'", mark)
        self.expected["feishu"] = self.expected["database"] = (10.0, mark)
        pair.add({"订单号": f"F-{mark}", "库存": 1, "备注": "新😀"}, {"订单号": f"F2-{mark}"})
        pair.sql("INSERT INTO {t} (order_no, stock) VALUES (%s, 2), (%s, NULL)", f"D-{mark}", f"D2-{mark}")
        self.expected |= {f"F-{mark}": (1.0, "新😀"), f"F2-{mark}": (None, None)}
        self.expected |= {f"D-{mark}": (2.0, None), f"D2-{mark}": (None, None)}

    def _delete(self, mark, records):
        self.pair.drop(records[f"F-{mark}"])
        self.pair.sql("DELETE FROM {t} WHERE order_no = %s", f"D-{mark}")
        del self.expected[f"F-{mark}"], self.expected[f"D-{mark}"]

    def _add_up(self, name, feishu, database, records):
        stock, note = self.expected[name]
        self.pair.edit(records[name], 库存=stock + feishu)
        self.pair.sql("UPDATE {t} SET stock = stock + %s WHERE order_no = %s", database, name)
        self.expected[name] = (stock + feishu + database, note)

    def check(self):
        """Both sides hold what was expected, each line once, with its key; and nothing is left open."""
        columns, fields = "order_no, stock, note, id", ("订单号", "库存", "备注", "编号")
        lines = self.pair.assert_equal(fields, columns, lambda name, stock, note, key: (name, plain(stock), note, key))
        assert Counter(line[0] for line in lines) == Counter(self.expected.keys())
        assert {name: (stock, note) for name, stock, note, _ in lines} == self.expected
        assert self.pair.open_intents() == 0
        assert self.pair.failures() == []
        assert self.pair.conflicts() == []
        assert self.pair.standing().linked == len(self.expected)


@pytest.fixture
def shop(stage):
    return Shop(stage)


def steps_of(stage, shop):
    """Every step of a run over one round that leaves something behind, as (when, step, which)."""
    seen, points = Counter(), []

    def note(when, step):
        if step in STEPS:
            seen[when, step] += 1
            points.append((when, step, seen[when, step]))

    shop.edit()
    with stage.tapped(note):
        shop.pair.sync()
    shop.pair.settle()
    shop.check()
    return points


def test_whichever_step_a_process_dies_at_the_next_one_goes_on_and_nothing_is_lost_or_doubled(stage, shop):
    shop.edit()
    shop.pair.settle()
    points = steps_of(stage, shop)
    assert {step for _, step, _ in points} == STEPS
    for when, step, nth in points:
        shop.edit()
        audited = len(shop.pair.audits())
        with stage.dies(when, step, nth), pytest.raises(DeadError):
            shop.pair.sync()
        shop.pair.settle()
        try:
            shop.check()
        except AssertionError as error:
            raise AssertionError(f"after a death {when} {step} {nth}: {error}") from error
        check_audit(shop, audited, (when, step, nth))


def check_audit(shop, audited, point):
    """Every write of the round is in the audit, once."""
    mark = f"r{shop.round}"
    news = shop.pair.audits()[audited:]
    created = Counter((side, after.get("order_no")) for side, action, *_, after, _ in news if action == "create")
    wanted = {("database", f"F-{mark}"), ("database", f"F2-{mark}"), ("feishu", f"D-{mark}"), ("feishu", f"D2-{mark}")}
    assert created == Counter(wanted), point
    deleted = Counter(side for side, action, *_ in news if action == "delete")
    assert deleted == Counter({"database": 1, "feishu": 1}), point
    updated = Counter((side, name) for side, action, *_, after, _ in news if action == "update" for name in after)
    assert updated == Counter(
        {
            ("database", "stock"): 1,
            ("feishu", "stock"): 2,
            ("database", "note"): 2,
            ("feishu", "note"): 1,
            ("feishu", "id"): 2,
        }
    ), point
