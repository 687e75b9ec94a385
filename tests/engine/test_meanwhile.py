"""Edits that fall between what a run read and what it writes."""

import pytest

from syncer.simulator.control import step
from tests.engine.stage import DeadError, doing, written
from tests.engine.tables import equal, insert, numbered, orders


def in_bitable(pair, record, **cells):
    return step(
        "edit_record", app_token=pair.place.app_token, table_id=pair.place.table_id, record_id=record, fields=cells
    )


def synced(stage, rules="", count=3):
    pair = orders(stage, rules)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def test_a_field_edited_in_bitable_after_we_read_survives_our_write_of_another_field(stage):
    pair, ids = synced(stage)
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    with stage.tapped(doing("before", "records.update", lambda: pair.edit(ids[1], 备注="同时"))):
        pair.sync()
    pair.settle()
    assert ("A0001", 77.0, "同时") in equal(pair)


def test_a_field_edited_in_bitable_while_the_call_is_under_way_survives_our_write_of_another_field(stage):
    pair, ids = synced(stage)
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    stage.control.at("bitable.record.batch_update", [in_bitable(pair, ids[1], 备注="同时")])
    pair.sync()
    pair.settle()
    assert ("A0001", 77.0, "同时") in equal(pair)


def test_the_same_field_edited_in_bitable_after_we_read_becomes_an_open_conflict(stage):
    pair, ids = synced(stage, "conflicts: {default: manual}\n")
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    with stage.tapped(doing("before", "records.update", lambda: pair.edit(ids[1], 金额=55))):
        pair.sync()
    pair.sync()
    (conflict,) = pair.conflicts()
    assert (conflict.field, conflict.feishu, conflict.database) == ("金额", 55, 77)
    assert pair.plain()[ids[1]]["金额"] == 55
    assert pair.rows("amount")[1][0] == 77


@pytest.mark.parametrize(("policy", "winner"), [("feishu", 55.0), ("database", 77.0)])
def test_the_same_field_edited_in_bitable_after_we_read_is_settled_by_the_policy_and_told(stage, policy, winner):
    pair, ids = synced(stage, f"conflicts: {{default: {policy}}}\n")
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    with stage.tapped(doing("before", "records.update", lambda: pair.edit(ids[1], 金额=55))):
        pair.sync()
    pair.settle()
    assert ("A0001", winner, None) in equal(pair)
    (conflict,) = pair.conflicts("settled")
    assert conflict.winner == policy
    assert (conflict.feishu, conflict.database) == (55, 77)


def test_a_row_edited_after_we_read_is_not_overwritten(stage):
    pair, ids = synced(stage)
    pair.edit(ids[1], 金额=55)
    edit = "UPDATE {t} SET note = 'ERP' WHERE order_no = 'A0001'"
    with stage.tapped(doing("before", "rows.write", lambda: pair.sql(edit))):
        report = pair.sync()
    assert written(report) == {}
    pair.settle()
    assert ("A0001", 55.0, "ERP") in equal(pair)


def test_the_same_column_edited_after_we_read_becomes_an_open_conflict(stage):
    pair, ids = synced(stage, "conflicts: {default: manual}\n")
    pair.edit(ids[1], 金额=55)
    edit = "UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'"
    with stage.tapped(doing("before", "rows.write", lambda: pair.sql(edit))):
        pair.sync()
    pair.sync()
    assert len(pair.conflicts()) == 1
    assert pair.rows("amount")[1][0] == 77


def test_a_row_edited_after_its_record_was_deleted_outlives_the_deletion(stage):
    pair, ids = synced(stage, count=20)
    pair.drop(ids[3])
    edit = "UPDATE {t} SET note = '还要' WHERE order_no = 'A0003'"
    with stage.tapped(doing("before", "rows.write", lambda: pair.sql(edit))):
        pair.sync()
    for _ in range(3):
        pair.sync()
    pair.settle()
    lines = equal(pair)
    assert len(lines) == 20
    assert ("A0003", 3.5, "还要") in lines


def test_a_record_edited_after_its_row_was_deleted_outlives_the_deletion(stage):
    pair, ids = synced(stage, count=20)
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0003'")
    with stage.tapped(doing("before", "records.delete", lambda: pair.edit(ids[3], 备注="还要"))):
        pair.sync()
    for _ in range(3):
        pair.sync()
    pair.settle()
    lines = equal(pair)
    assert len(lines) == 20
    assert ("A0003", 3.5, "还要") in lines


def test_a_record_deleted_while_its_update_is_on_the_way_is_planned_again(stage):
    pair, ids = synced(stage, count=20)
    pair.sql("UPDATE {t} SET amount = 5 WHERE order_no IN ('A0003', 'A0004')")
    gone = step("delete_records", app_token=pair.place.app_token, table_id=pair.place.table_id, record_ids=[ids[3]])
    stage.control.at("bitable.record.batch_update", [gone])
    report = pair.sync()
    assert report.failures == 0
    pair.settle()
    lines = equal(pair)
    assert ("A0003", 5.0, None) in lines
    assert ("A0004", 5.0, None) in lines


def test_a_record_added_with_the_same_match_before_our_create_is_paired_not_doubled(stage):
    pair, _ = synced(stage)
    insert(pair, ("B1", 9, None))
    with stage.tapped(doing("before", "records.revision", lambda: pair.add({"订单号": "B1", "金额": 9}))):
        pair.sync()
    pair.settle()
    assert [line for line in equal(pair) if line[0] == "B1"] == [("B1", 9.0, None)]


def test_a_row_added_with_the_same_match_before_our_insert_is_paired_not_doubled(stage):
    pair = orders(stage, columns="id serial PRIMARY KEY, order_no text, amount numeric(12,2), note text")
    pair.add({"订单号": "B1", "金额": 9})
    with stage.tapped(doing("before", "rows.insert", lambda: insert(pair, ("B1", 9, None)))):
        pair.sync()
    pair.settle()
    assert equal(pair) == [("B1", 9.0, None)]


def test_both_halves_of_a_line_arrive_although_the_process_ended_between_them(stage):
    pair, ids = synced(stage)
    pair.edit(ids[1], 金额=55)
    pair.sql("UPDATE {t} SET note = 'ERP' WHERE order_no = 'A0001'")
    with stage.dies("after", "rows.forget"), pytest.raises(DeadError):
        pair.sync()
    stage.restart()
    pair.settle()
    assert ("A0001", 55.0, "ERP") in equal(pair)
