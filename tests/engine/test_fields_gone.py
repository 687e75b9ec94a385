"""Fields renamed, deleted, hidden or made anew: nothing is nulled on their account, a renamed one is followed."""

import re

import pytest

from syncer.simulator.control import step
from tests.engine.stage import written
from tests.engine.tables import ORDER_FIELDS, numbered, orders

SEARCH = "bitable.record.search"


@pytest.fixture
def pair(stage):
    pair = orders(stage)
    pair.add(*({**cells, "备注": f"注 {number}"} for number, cells in enumerate(numbered(30))))
    pair.settle()
    return pair


def place(pair):
    return {"app_token": pair.place.app_token, "table_id": pair.place.table_id}


def notes(pair):
    return [note for (note,) in pair.rows("note", "order_no")]


def drift(report):
    (sentence,) = report.drift
    return sentence


NOTES = [f"注 {number}" for number in range(30)]


def test_a_field_deleted_between_two_runs_nulls_nothing_and_the_run_says_what_to_do(stage, pair):
    stage.control.delete_field(**place(pair), field="备注")
    for full in (False, True):
        report = pair.sync(full=full)
        assert re.search(r"备注.*paused alone.*deleted.*restore it", drift(report))
        assert (report.exit_status, report.writes) == (3, 0)
    assert notes(pair) == NOTES


def test_a_field_renamed_between_two_runs_is_followed(stage, pair):
    stage.control.rename_field(**place(pair), field="备注", name="说明 📝")
    pair.edit(pair.by("订单号")["A0003"], **{"说明 📝": "新"})
    pair.sql("UPDATE {t} SET note = '行' WHERE order_no = 'A0004'")
    assert written(pair.sync()) == {"feishu update": 1, "database update": 1}
    assert not pair.settle().writes
    assert notes(pair)[3:5] == ["新", "行"]
    assert pair.plain()[pair.by("订单号")["A0004"]]["说明 📝"] == "行"


def test_two_fields_that_swap_their_names_stay_with_their_columns(stage):
    pair = stage.pair(
        {"订单号": 1, "甲": 1, "乙": 1},
        "id serial PRIMARY KEY, order_no text UNIQUE, a text, b text",
        """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 甲, column: a}
  - {field: 乙, column: b}
""",
    )
    pair.add({"订单号": "A", "甲": "1", "乙": "2"})
    pair.settle()
    for old, new in (("甲", "丙"), ("乙", "甲"), ("丙", "乙")):
        stage.control.rename_field(**place(pair), field=old, name=new)
    for _ in range(3):
        assert not pair.full().writes
    assert pair.rows("a, b") == [("1", "2")]


def test_a_field_deleted_and_made_anew_under_its_name_nulls_nothing(stage, pair):
    stage.control.delete_field(**place(pair), field="备注")
    stage.control.create_field(pair.place.app_token, pair.place.table_id, {"field_name": "备注", "type": 1})
    assert re.search(r"made anew.*syncer apply", drift(pair.sync()))
    assert notes(pair) == NOTES
    stage.apply("orders", pair.place, "orders", "id", ORDER_FIELDS)
    pair.settle()
    assert notes(pair) == NOTES
    assert [cells["备注"] for cells in pair.plain().values()] == NOTES


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_field_renamed_while_the_records_are_read_is_read_anew_under_its_new_name(stage, pair, when):
    pair.edit(pair.by("订单号")["A0003"], 金额=4711)
    stage.control.at(SEARCH, [step("rename_field", **place(pair), field="备注", name="说明")], when=when)
    assert written(pair.sync()) == {"database update": 1}
    assert not pair.settle().writes
    assert notes(pair) == NOTES


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("anew", [False, True], ids=["for good", "and made anew"])
def test_a_field_deleted_while_the_records_are_read_nulls_nothing(stage, pair, when, anew):
    pair.edit(pair.by("订单号")["A0003"], 金额=4711)
    steps = [step("delete_field", **place(pair), field="备注")]
    if anew:
        steps.append(step("create_field", **place(pair), field={"field_name": "备注", "type": 1}))
    stage.control.at(SEARCH, steps, when=when)
    assert "备注" in drift(pair.sync())
    assert notes(pair) == NOTES
    assert pair.rows("amount", "order_no")[3] == (4711,)


def test_a_field_renamed_while_our_write_is_on_the_way_is_written_under_its_new_name(stage, pair):
    pair.sql("UPDATE {t} SET note = '行' WHERE order_no = 'A0004'")
    stage.control.at("bitable.record.batch_update", [step("rename_field", **place(pair), field="备注", name="说明")])
    pair.sync()
    pair.settle()
    assert pair.plain()[pair.by("订单号")["A0004"]]["说明"] == "行"
    assert notes(pair)[4] == "行"
    assert pair.failures() == []


def test_a_field_hidden_from_the_app_nulls_nothing(stage, pair):
    token, app = pair.place.app_token, stage.simulator.app_id
    stage.control.grant(token, app, "edit")
    stage.control.set_advanced(token)
    stage.control.restrict(token, app, hidden_fields=["备注"])
    assert "备注" in drift(pair.sync())
    assert notes(pair) == NOTES


def test_a_field_given_a_type_that_its_column_cannot_take_nulls_nothing(stage, pair):
    stage.control.retype_field(**place(pair), field="备注", type=2)
    assert "备注" in drift(pair.sync())
    assert notes(pair) == NOTES
