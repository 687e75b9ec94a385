"""One bad cell or line among many: the others go through, it waits with its reason, and nothing is sent in vain."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import ORDER_COLUMNS, equal, insert, numbered, orders

CREATE, UPDATE = "bitable.record.batch_create", "bitable.record.batch_update"


def synced(stage, columns=ORDER_COLUMNS, count=20):
    pair = orders(stage, columns=columns)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def poison(stage, field, value, code=1254060):
    return stage.control.fault("bitable.record.batch_*", "poison", field=field, value=value, code=code)


def sent(stage):
    return sum(stage.writes_seen().values())


def test_one_refused_record_of_fifty_waits_with_its_reason_and_the_others_are_made(stage):
    pair = orders(stage)
    insert(pair, *((f"A{number:04}", number, "毒" if number == 33 else None) for number in range(50)))
    poison(stage, "备注", "毒")
    report = pair.sync()
    assert (written(report), report.failures, report.exit_status) == ({"feishu create": 49}, 1, 3)
    (failure,) = pair.failures()
    assert (failure.code, failure.side, failure.attempts) == ("1254060", "feishu", 1)
    assert failure.log_id
    assert failure.key
    before = sent(stage)
    for full in (False, True, False):
        again = pair.sync(full=full)
        assert (again.writes, again.failures, again.exit_status) == (0, 0, 3)
    assert sent(stage) == before


@pytest.mark.parametrize("heals", ["a new value", "a retry", "a mapping applied anew"])
def test_a_refused_record_is_sent_again_once_there_is_a_reason(stage, heals):
    pair = orders(stage)
    insert(pair, ("A", 1, "毒"), ("B", 2, None))
    number = poison(stage, "备注", "毒")
    pair.sync()
    if heals == "a new value":
        pair.sql("UPDATE {t} SET note = '好' WHERE order_no = 'A'")
    else:
        stage.control.clear_faults(number)
        if heals == "a retry":
            stage.syncer.store.retry([pair.failures()[0].id])
        else:
            stage.syncer.store.retry(mapping=pair.name)
    assert written(pair.sync()) == {"feishu create": 1}
    assert pair.failures() == []
    assert pair.settle().exit_status == 0
    assert len(equal(pair)) == 2


def test_a_refused_field_leaves_the_other_fields_of_its_line_written(stage):
    pair, _ = synced(stage)
    pair.sql("UPDATE {t} SET note = '毒', amount = 4711 WHERE order_no = 'A0003'")
    pair.sql("UPDATE {t} SET amount = 1 WHERE order_no = 'A0004'")
    number = poison(stage, "备注", "毒")
    report = pair.sync()
    assert (report.failures, report.exit_status) == (1, 3)
    (failure,) = pair.failures()
    assert (failure.field, failure.code) == ("备注", "1254060")
    lines = {cells["订单号"]: cells for cells in pair.plain().values()}
    assert lines["A0003"] == {"订单号": "A0003", "金额": 4711}
    assert lines["A0004"]["金额"] == 1
    before = sent(stage)
    assert [pair.sync(full=full).writes for full in (False, True, False)] == [0, 0, 0]
    assert sent(stage) == before
    pair.sql("UPDATE {t} SET amount = 4712 WHERE order_no = 'A0003'")
    assert written(pair.sync()) == {"feishu update": 1}
    stage.control.clear_faults(number)
    stage.syncer.store.retry()
    pair.settle()
    assert pair.failures() == []
    assert ("A0003", 4712.0, "毒") in equal(pair)


def test_a_check_constraint_refuses_one_row_and_the_others_are_made(stage):
    pair = orders(stage, columns=ORDER_COLUMNS + ", CONSTRAINT not_negative CHECK (amount >= 0)")
    ids = pair.add(*({"订单号": f"A{number:04}", "金额": -1 if number == 33 else number} for number in range(50)))
    report = pair.sync()
    assert (written(report)["database create"], report.failures, report.exit_status) == (49, 1, 3)
    (failure,) = pair.failures()
    assert (failure.code, failure.record, failure.attempts) == ("23514", ids[33], 1)
    assert "not_negative" in failure.message
    stamps = pair.truth()[2]
    for full in (False, True, False):
        assert pair.sync(full=full).exit_status == 3
    assert pair.truth()[2] == stamps
    assert pair.failures()[0].attempts == 1
    pair.edit(ids[33], 金额=1)
    assert pair.sync().exit_status == 0
    assert len(equal(pair)) == 50


def test_a_check_constraint_refuses_one_column_and_the_others_of_its_row_are_written(stage):
    pair, ids = synced(stage, ORDER_COLUMNS + ", CONSTRAINT not_negative CHECK (amount >= 0)")
    pair.edit(ids[3], 金额=-1, 备注="好")
    pair.edit(ids[4], 金额=7)
    assert pair.sync().exit_status == 3
    rows = {number: (amount, note) for number, amount, note in pair.rows("order_no, amount, note")}
    assert rows["A0003"] == (3.5, "好")
    assert rows["A0004"] == (7, None)
    (failure,) = pair.failures()
    assert (failure.field, failure.code) == ("金额", "23514")
    pair.edit(ids[3], 金额=2)
    pair.settle()
    assert pair.failures() == []
    assert ("A0003", 2.0, "好") in equal(pair)


def test_a_unique_violation_fails_alone(stage):
    pair, ids = synced(stage)
    pair.edit(ids[3], 订单号="A0004", 备注="好")
    pair.edit(ids[5], 金额=5)
    assert pair.sync().exit_status == 3
    rows = dict(pair.rows("order_no, note"))
    assert rows["A0003"] == "好"
    (failure,) = pair.failures()
    assert (failure.field, failure.code) == ("订单号", "23505")
    assert pair.full().writes == 0
    pair.edit(ids[3], 订单号="A9999")
    pair.settle()
    assert pair.failures() == []
    assert len(equal(pair)) == 20


def test_a_value_that_does_not_fit_is_a_failure_of_its_field_alone(stage):
    columns = "id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note varchar(5)"
    pair, ids = synced(stage, columns)
    pair.edit(ids[3], 备注="太长的备注😀", 金额=8)
    report = pair.sync()
    assert (report.exit_status, report.failures) == (3, 1)
    assert pair.rows("amount, note", "order_no")[3] == (8, None)
    assert [pair.sync(full=full).failures for full in (False, True)] == [0, 0]
    assert pair.failures()[0].attempts == 1
    pair.edit(ids[3], 备注="短")
    pair.settle()
    assert pair.failures() == []
    assert ("A0003", 8.0, "短") in equal(pair)


def test_clearing_a_column_that_may_not_be_null_fails_and_the_record_stays_cleared(stage):
    pair, ids = synced(stage, "id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2) NOT NULL, note text")
    pair.edit(ids[3], 金额=None)
    assert pair.sync().exit_status == 3
    assert pair.rows("amount", "order_no")[3][0] == 3.5
    assert "金额" not in pair.plain()[ids[3]]
    pair.edit(ids[3], 金额=9)
    pair.settle()
    assert pair.failures() == []
    assert len(equal(pair)) == 20


def test_a_line_held_for_a_required_field_is_made_once_it_is_there(stage):
    mapping = """match: [order_no]
fields:
  - {field: 订单号, column: order_no, required: true}
  - {field: 金额, column: amount, required: true}
  - {field: 备注, column: note}
"""
    pair = orders(stage, mapping=mapping)
    (record,) = pair.add({"订单号": "A"})
    for _ in range(3):
        report = pair.sync()
        assert (report.held, report.exit_status, report.writes) == (1, 0, 0)
    pair.edit(record, 金额=3)
    assert written(pair.sync()) == {"database create": 1}


def test_what_a_trigger_makes_of_a_row_and_feishu_does_not_take_is_told(stage):
    """The row was written as planned; its trigger then wrote what Feishu refuses."""
    pair, ids = synced(stage)
    stage.sql(
        "CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.note := repeat('长', 100001);"
        " RETURN NEW; END $$"
    )
    stage.sql("CREATE TRIGGER stamp BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION stamp()")
    pair.edit(ids[3], 金额=8)
    for _ in range(3):
        pair.sync()
    assert [failure.field for failure in pair.failures()] == ["备注"]
