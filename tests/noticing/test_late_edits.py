"""A record is edited just before we delete it, after our last look: with real tables, real calls and real events."""

import pytest

from syncer.engine.undeleted import Undeleted
from syncer.simulator.control import step

FIELDS = {"订单号": 1, "备注": 1, "库存": 2, "没人要": 1}
COLUMNS = "id serial PRIMARY KEY, order_no text UNIQUE, note text, stock integer"
MAPPING = """match: [order_no]
deletes: {guard: {lines: 100, share: 1.0}}
conflicts: {deletes: %s}
fields:
  - {field: 订单号, column: order_no}
  - {field: 备注, column: note}
  - {field: 库存, column: stock}"""
EDIT = {"备注": "人 ✏️", "库存": 15}


def begun(stage, policy, count=5, share=1.0):
    mapping = (MAPPING % policy).replace("share: 1.0", f"share: {share}")
    pair = stage.listened(fields=FIELDS, columns=COLUMNS, mapping=mapping)
    cells = {"备注": "始", "库存": 10, "没人要": "旧"}
    records = pair.add(*({"订单号": f"A-{number}", **cells} for number in range(count)))
    pair.settle()
    stage.quiet()
    pair.settle_signals()
    return pair, records


def deleted(stage, pair, edits):
    """Rows are deleted, and their records edited between our last look and our deletion of them."""
    place = {"app_token": pair.place.app_token, "table_id": pair.place.table_id}
    steps = [step("edit_record", **place, record_id=record, fields=fields) for record, fields in edits.items()]
    stage.control.at("bitable.record.batch_delete", steps)
    pair.sql("DELETE FROM {t} WHERE order_no IN ('A-0', 'A-1')")
    pair.heard().react()
    for _ in range(8):
        stage.quiet()
        if not pair.react().writes and not pair.is_woken():
            return pair.plain().values()
    raise AssertionError("it never ends")


@pytest.mark.parametrize("told", [0.0, 0.5], ids=["as a rule", "some events twice"])
def test_an_edit_just_before_our_deletion_outlives_it(stage, told):
    pair, records = begun(stage, "edit")
    stage.control.set_switches(event_doubling=told)
    left = deleted(stage, pair, {records[0]: EDIT})
    assert [(one["备注"], one["库存"]) for one in left if one["订单号"] == "A-0"] == [("人 ✏️", 15)]
    assert pair.rows("note, stock", order="order_no")[0] == ("人 ✏️", 15)
    assert len(left) == len(pair.rows("id")) == 4  # that of A-1, which nobody edited, stays deleted
    notes = {one.field: one for one in pair.conflicts(None)}
    assert {name: (one.feishu, one.winner) for name, one in notes.items()} == {
        "备注": ("人 ✏️", "feishu"),
        "库存": (15, "feishu"),
    }
    assert all("edited just before our deletion" in one.reason for one in notes.values())


def test_where_the_deletion_wins_the_edit_is_told_with_its_value(stage):
    pair, records = begun(stage, "delete")
    left = deleted(stage, pair, {records[0]: EDIT})
    assert len(left) == len(pair.rows("id")) == 3
    told = {one.field: (one.feishu, one.winner, one.state) for one in pair.conflicts(None)}
    assert told["备注"] == ("人 ✏️", "database", "settled")


def test_where_a_person_decides_the_record_waits_for_it(stage):
    pair, records = begun(stage, "manual")
    left = deleted(stage, pair, {records[0]: EDIT})
    assert (len(left), len(pair.rows("id"))) == (4, 3)
    assert [one["备注"] for one in left if one["订单号"] == "A-0"] == ["人 ✏️"]
    assert pair.sync().open_failures == 1


def test_an_edit_of_a_field_that_nobody_carries_outlives_it_too(stage):
    pair, records = begun(stage, "edit")
    left = deleted(stage, pair, {records[0]: {"没人要": "新 ✏️"}})
    assert len(left) == len(pair.rows("id")) == 4
    (told,) = pair.conflicts(None)
    assert (told.field, "新 ✏️" in str(told.feishu), told.winner) == ("没人要", True, "feishu")


def test_a_deletion_that_nobody_came_before_is_told_of_and_waits_no_more(stage):
    pair, _ = begun(stage, "edit")
    left = deleted(stage, pair, {})
    assert len(left) == len(pair.rows("id")) == 3
    assert pair.conflicts(None) == []
    assert stage.state("SELECT count(*) FROM syncer_state.written") == [(0,)]


class DiedError(Exception):
    """The process ended just here."""


def test_who_dies_before_the_record_is_made_anew_makes_it_at_the_next_run_and_tells_it_once(stage, monkeypatch):
    pair, records = begun(stage, "edit")
    begin, died = Undeleted._line, []

    def line(self, loss):
        begun_line = begin(self, loss)
        if not died:
            died.append(loss)
            raise DiedError
        return begun_line

    monkeypatch.setattr(Undeleted, "_line", line)
    with pytest.raises(DiedError):
        deleted(stage, pair, {records[0]: EDIT})
    for _ in range(8):
        stage.quiet()
        if not pair.sync().writes:
            break
    left = pair.plain().values()
    assert [(one["备注"], one["库存"]) for one in left if one["订单号"] == "A-0"] == [("人 ✏️", 15)]
    assert pair.rows("note, stock", order="order_no")[0] == ("人 ✏️", 15)
    assert len(left) == len(pair.rows("id")) == 4
    told = [(one.field, one.winner) for one in pair.conflicts(None)]
    assert sorted(told) == [("备注", "feishu"), ("库存", "feishu")]


def guarded(stage, pair, records):
    """An edit that our deletion took with it, and a guard that stands against every run before it is brought back."""
    place = {"app_token": pair.place.app_token, "table_id": pair.place.table_id}
    edit = step("edit_record", **place, record_id=records[0], fields={"备注": "人 ✏️"})
    stage.control.at("bitable.record.batch_delete", [edit])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A-0'")
    pair.heard().react()
    pair.sql("UPDATE {t} SET note = NULL")
    stage.quiet()
    for _ in range(2):  # what was told once is not told again
        report = pair.react()
        assert (report.guard.name, report.writes) == ("clears", 0)
        assert [(one.field, one.feishu, one.winner) for one in pair.conflicts(None)] == [("备注", "人 ✏️", "feishu")]
    return report


def let_go(stage, pair, report):
    """The guard gives way, and all that follows is carried."""
    pair.approve(report)
    for _ in range(8):
        stage.quiet()
        if not pair.react().writes and not pair.is_woken():
            return {cells["订单号"]: cells for cells in pair.plain().values()}
    raise AssertionError("it never ends")


def test_where_a_guard_stands_the_record_is_brought_back_once_it_gives_way(stage):
    pair, records = begun(stage, "edit", 20, 0.5)
    left = let_go(stage, pair, guarded(stage, pair, records))
    assert (len(left), left["A-0"]["备注"], len(pair.rows("id"))) == (20, "人 ✏️", 20)
    assert len(pair.conflicts(None)) == 1


def test_a_record_that_cannot_be_brought_back_after_all_is_told_again(stage):
    """While a guard stood somebody made another one with its match values: the edit comes no more into the result."""
    pair, records = begun(stage, "edit", 20, 0.5)
    report = guarded(stage, pair, records)
    pair.add({"订单号": "A-0", "备注": "新", "库存": 1})
    left = let_go(stage, pair, report)
    assert (len(left), left["A-0"]["备注"], len(pair.rows("id"))) == (20, "新", 20)
    told = sorted((one.feishu, one.winner, one.reason) for one in pair.conflicts(None))
    assert [each[:2] for each in told] == [("人 ✏️", "database"), ("人 ✏️", "feishu")]
    assert "another record has its match values by now" in told[0][2]
