"""Formulas and lookups: Feishu tells of no change of theirs, and works them out some time after an edit."""

from datetime import timedelta

import pytest

from syncer.core.cursors import FOLLOWS_AFTER
from tests.engine.stage import written
from tests.noticing.test_polls import cursor

FIELDS = {
    "订单号": 1,
    "单价 💰": 2,
    "数量": 2,
    "合计": {"type": 20, "expression": {"product": ["单价 💰", "数量"]}, "property": {"result_type": 2}},
    "改于": 1002,
}
COLUMNS = "id serial PRIMARY KEY, order_no text UNIQUE, price numeric(12,2), quantity int, total numeric(14,2)"
MAPPING = """match: [order_no]
computed: 10m
fields:
  - {field: 订单号, column: order_no}
  - {field: 单价 💰, column: price}
  - {field: 数量, column: quantity}
  - {field: 合计, column: total, direction: to_database}"""
LAG = 3.0
RHYTHM = timedelta(minutes=10)


@pytest.fixture
def computed(stage):
    """Orders whose total Feishu works out, three seconds after it has told of an edit."""
    stage.control.set_switches(computed_lag_seconds=LAG)
    return stage.listened(fields=FIELDS, columns=COLUMNS, mapping=MAPPING)


def passed(stage, span):
    """Time passes, for Feishu and for the syncer."""
    stage.syncer.clock.skipped += span
    stage.control.advance_clock(span.total_seconds())


def totals(pair):
    return dict(pair.sql("SELECT order_no, total::float FROM {t} ORDER BY order_no"))


def begun(stage, pair, count=3):
    """Lines whose totals are known on both sides, and nothing left to do."""
    records = pair.add(*({"订单号": f"A-{n}", "单价 💰": n + 0.5, "数量": 2} for n in range(count)))
    pair.settle()
    stage.quiet()
    passed(stage, FOLLOWS_AFTER)
    pair.react()
    pair.settle()
    pair.settle_signals()
    assert totals(pair) == {f"A-{n}": 2 * n + 1.0 for n in range(count)}
    return records


def polled(stage, pair):
    with stage.counted() as calls:
        report = pair.sync()
    return written(report), calls


def test_an_edited_line_is_looked_at_again_after_five_seconds(stage, computed):
    first, *_ = begun(stage, computed)
    computed.edit(first, 数量=8)
    assert written(computed.heard().react()) == {"database update": 1}
    assert totals(computed)["A-0"] == 1.0  # Feishu had not worked it out by then
    assert not computed.is_woken()
    passed(stage, FOLLOWS_AFTER)
    assert computed.is_woken()
    with stage.counted() as calls:
        assert written(computed.react()) == {"database update": 1}
    assert totals(computed)["A-0"] == 4.0
    assert (calls["record.batch_get"], calls["record.search"]) == (1, 0)
    passed(stage, FOLLOWS_AFTER)
    assert not computed.react().writes
    passed(stage, FOLLOWS_AFTER)
    assert not computed.is_woken()


@pytest.mark.parametrize("loss", [0.0, 1.0])
def test_a_line_that_we_wrote_is_looked_at_again_whether_or_not_events_come(stage, computed, loss):
    begun(stage, computed)
    stage.control.set_switches(event_loss=loss)
    computed.sql("UPDATE {t} SET price = 100 WHERE order_no = 'A-2'")
    computed.sql("INSERT INTO {t} (order_no, price, quantity) VALUES ('N-1', 7, 6)")
    assert written(computed.heard().react()) == {"feishu update": 1, "feishu create": 1}
    stage.quiet()
    computed.react()
    passed(stage, FOLLOWS_AFTER)
    assert computed.is_woken()
    assert written(computed.react()) == {"database update": 2}
    assert totals(computed) == {"A-0": 1.0, "A-1": 3.0, "A-2": 200.0, "N-1": 42.0}


def test_what_changes_by_itself_is_found_in_the_rhythm_by_one_search(stage, computed):
    first, *_ = begun(stage, computed)
    passed(stage, RHYTHM)
    computed.sync()
    computed.edit(first, 合计=77)  # no event, no revision, no modified time
    passed(stage, RHYTHM - timedelta(seconds=30))
    assert polled(stage, computed)[0] == {}
    passed(stage, timedelta(seconds=30))
    report, calls = polled(stage, computed)
    assert report == {"database update": 1}
    assert (calls["record.search"], calls["record.batch_get"]) == (1, 1)
    assert totals(computed)["A-0"] == 77.0
    assert cursor(stage)["why"] == "it was never read before"
    assert polled(stage, computed)[0] == {}


def test_a_first_load_of_many_lines_asks_for_their_formulas_together(stage, computed):
    computed.sql("INSERT INTO {t} (order_no, price, quantity) SELECT 'B-' || n, n, 3 FROM generate_series(1, 900) n")
    computed.settle()
    stage.quiet()
    computed.react()
    assert set(totals(computed).values()) == {None}
    passed(stage, FOLLOWS_AFTER)
    with stage.counted() as calls:
        assert written(computed.react()) == {"database update": 900}
    assert calls["record.search"] <= 5  # the formulas of all, the newest change, and all that differ
    assert totals(computed) == {f"B-{n}": 3.0 * n for n in range(1, 901)}
    passed(stage, FOLLOWS_AFTER)
    computed.settle_signals()
    assert computed.waiting() == []


def test_an_edit_of_the_looked_up_table_reaches_those_who_look_it_up(stage):
    customers = stage.control.create_table(stage.base, "客户", [{"field_name": "名", "type": 1}])
    (customer,) = stage.control.add_records(customers.app_token, customers.table_id, [{"名": "华为 📱"}])
    link = {"type": 18, "property": {"table_id": customers.table_id}}
    pair = stage.listened(
        fields={
            "订单号": 1,
            "客户": link,
            "客户名": {"type": 19, "expression": {"lookup": "名", "through": "客户"}, "property": {"result_type": 1}},
            "改于": 1002,
        },
        columns="id serial PRIMARY KEY, order_no text UNIQUE, customer text",
        mapping="match: [order_no]\nfields:\n  - {field: 订单号, column: order_no}\n"
        "  - {field: 客户名, column: customer, direction: to_database}",
    )
    pair.add({"订单号": "A-1", "客户": [customer]})
    pair.settle()
    assert pair.rows("customer") == [("华为 📱",)]
    stage.control.edit_record(customers.app_token, customers.table_id, customer, {"名": "中兴"})
    passed(stage, RHYTHM)
    assert polled(stage, pair)[0] == {"database update": 1}
    assert pair.rows("customer") == [("中兴",)]
