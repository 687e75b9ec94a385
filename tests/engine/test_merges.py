"""Counters and sets: both sides' changes are added up, once, however often the second half fails."""

import pytest

from syncer.errors import OutsideError

FIELDS = {
    "订单号": 1,
    "库存": 2,
    "标签": {"type": 4, "property": {"options": [{"name": name} for name in "甲乙丙丁戊己"]}},
}
COLUMNS = "id serial PRIMARY KEY, order_no text UNIQUE, stock numeric(12,2), tags text[]"
MAPPING = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 库存, column: stock, merge: counter}
  - {field: 标签, column: tags, merge: set}
"""


@pytest.fixture
def pair(stage):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    pair.add({"订单号": "A", "库存": 10, "标签": ["甲", "乙"]})
    pair.settle()
    return pair


def state(pair):
    """Both sides' stock and tags, which must agree."""
    (cells,) = pair.plain().values()
    ((stock, tags),) = pair.rows("stock, tags")
    assert (cells.get("库存"), set(cells.get("标签", []))) == (float(stock), set(tags or []))
    return float(stock), "".join(sorted(tags or []))


def record(pair):
    return next(iter(pair.plain()))


def test_concurrent_changes_are_added_up(pair):
    pair.edit(record(pair), 库存=13, 标签=["甲", "乙", "丙"])
    pair.sql("UPDATE {t} SET stock = stock - 1, tags = ARRAY['甲', '丁']")
    pair.settle()
    assert state(pair) == (12.0, "".join(sorted("甲丙丁")))


@pytest.mark.parametrize("restarts", [False, True], ids=["the same process", "a new process each time"])
def test_a_second_half_that_fails_for_three_runs_loses_nothing_and_counts_nothing_twice(stage, pair, restarts):
    name = record(pair)
    pair.edit(name, 库存=13, 标签=["甲", "乙", "丙"])
    pair.sql("UPDATE {t} SET stock = stock - 1, tags = ARRAY['甲', '丁']")
    stock, tags = 13, ["甲", "乙", "丙"]
    news = iter("戊己")
    for turn in range(3):
        fault = stage.control.fault("bitable.record.batch_update", "timed_out", times=100)
        with pytest.raises(OutsideError):
            pair.sync()
        stage.control.clear_faults(fault)
        if restarts:
            stage.restart()
        if turn < 2:
            stock, tags = stock + 5, [*tags, next(news)]
            pair.edit(name, 库存=stock, 标签=tags)
            pair.sql("UPDATE {t} SET stock = stock - 2")
    pair.settle()
    # 10 here +3 +5 +5, there -1 -2 -2; 丙 戊 己 came here, 丁 there, which also took 乙 away
    assert state(pair) == (18.0, "".join(sorted("甲丙丁戊己")))
    assert not pair.settle().writes
    assert pair.conflicts(None) == []


def test_a_second_half_that_was_done_although_it_failed_counts_nothing_twice(stage, pair):
    name = record(pair)
    pair.edit(name, 库存=13)
    pair.sql("UPDATE {t} SET stock = stock - 1")
    stage.control.fault("bitable.record.batch_update", "timed_out", applied=True)
    stage.control.fault("bitable.record.batch_get", "fail", times=100)
    with pytest.raises(OutsideError):
        pair.sync()
    stage.control.clear_faults()
    stage.restart()
    pair.sql("UPDATE {t} SET stock = stock + 100")
    pair.settle()
    assert state(pair)[0] == 112.0


def test_a_first_half_that_was_refused_leaves_the_sum_to_the_next_run(stage, pair):
    pair.sql("ALTER TABLE {t} ADD CONSTRAINT most CHECK (stock < 12)")
    pair.edit(record(pair), 库存=13)
    pair.sql("UPDATE {t} SET stock = stock - 1")
    assert pair.sync().exit_status == 3
    pair.sql("ALTER TABLE {t} DROP CONSTRAINT most")
    stage.syncer.store.retry()
    pair.settle()
    assert state(pair)[0] == 12.0
    assert pair.failures() == []
