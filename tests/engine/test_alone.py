"""Runs that meet: one per mapping at a time; two mappings of one table share it."""

import threading

import pytest

from syncer.engine.tools import Options
from syncer.errors import BusyError
from tests.engine.stage import Pair, Stage, doing, written
from tests.engine.tables import equal, insert, numbered, orders

HALF = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 备注, column: note}
"""


@pytest.fixture
def other(stage):
    """Another process' syncer over the same tables."""
    syncer = stage._make()
    yield syncer
    syncer.close()


def in_thread(work):
    caught = []

    def run():
        try:
            caught.append(work())
        except Exception as error:  # noqa: BLE001 - looked at by the test
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, caught


def test_a_second_run_of_a_mapping_waits_for_the_first_and_doubles_nothing(stage, other):
    pair = orders(stage)
    pair.add(*numbered(30))
    insert(pair, ("B1", 1, None))
    results = []

    def meanwhile():
        results.extend(in_thread(lambda: other.sync("orders", Options())))

    with stage.tapped(doing("before", "rows.insert", meanwhile)):
        first = pair.sync()
    thread, caught = results
    thread.join(60)
    (second,) = caught
    assert written(first) == {"database create": 30, "feishu create": 1}
    assert (second.writes, second.linked) == (0, 31)
    assert len(equal(pair)) == 31


def test_a_run_that_waits_too_long_says_that_another_holds_the_mapping(stage, other):
    pair = orders(stage)
    layout = [("order_no", "x")]
    with (
        other.store.open_run("orders", "sync", layout),
        pytest.raises(BusyError, match="another run holds orders") as no,
    ):
        pair.sync()
    assert no.value.exit_status == 5


def test_two_mappings_on_one_table_at_once_both_end_right(stage: Stage, other):
    pair = orders(stage)
    ids = pair.add(*numbered(200))
    pair.settle()
    stage.sql("CREATE TABLE second (id serial PRIMARY KEY, order_no text UNIQUE, note text)")
    stage.apply("second", pair.place, "second", "id", HALF)
    twin = Pair(stage, "second", pair.place, "second", "id")
    pair.sql("UPDATE {t} SET amount = amount + 1")
    pair.edit_many({record: {"备注": "人"} for record in ids[:100]})
    thread, caught = in_thread(lambda: other.sync("second", Options()))
    pair.sync()
    thread.join(60)
    assert not isinstance(caught[0], Exception), caught
    for _ in range(3):
        pair.settle()
        twin.settle()
    assert len(equal(pair)) == 200
    assert len(twin.assert_equal(("订单号", "备注"), "order_no, note")) == 200
    twin.sql("UPDATE {t} SET note = '二' WHERE order_no = 'A0150'")
    pair.sql("UPDATE {t} SET amount = 1 WHERE order_no = 'A0150'")
    thread, caught = in_thread(lambda: other.sync("second", Options()))
    pair.sync()
    thread.join(60)
    for _ in range(3):
        pair.settle()
        twin.settle()
    assert ("A0150", 1.0, "二") in equal(pair)
