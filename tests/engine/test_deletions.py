"""Lines deleted on one side: carried over, marked, or left alone for good; and the guard over too many of them."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import ORDER_COLUMNS, equal, insert, numbered, orders

MARKED = ORDER_COLUMNS + ", deleted boolean DEFAULT false"


def synced(stage, rules="", count=20, **others):
    pair = orders(stage, rules, **others)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def test_a_deletion_on_either_side_is_carried_over_and_audited(stage):
    pair, ids = synced(stage)
    pair.drop(ids[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    assert written(pair.sync()) == {"feishu delete": 1, "database delete": 1}
    pair.settle()
    assert len(equal(pair)) == 18
    gone = [(side, before["order_no"]) for side, action, _, _, before, *_ in pair.audits() if action == "delete"]
    assert sorted(gone) == [("database", "A0000"), ("feishu", "A0001")]


def test_a_line_deleted_on_both_sides_is_forgotten(stage):
    pair, ids = synced(stage)
    pair.drop(ids[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0000'")
    assert not pair.sync().writes
    assert pair.standing().linked == 19


def disturb(pair, turn):
    """Something else happens, so that no run may skip its reading; the run itself is now and then a full one."""
    pair.edit(pair.by("订单号")["A0009"], 备注=f"旁 {turn}")
    pair.sql("UPDATE {t} SET amount = %s WHERE order_no = 'A0008'", turn)
    return pair.sync(full=turn % 3 == 0)


def test_a_row_whose_record_was_deleted_under_ignore_stays_and_never_comes_back(stage):
    pair, ids = synced(stage, "deletes: {from_feishu: ignore}\n")
    pair.drop(ids[0])
    assert not pair.sync().writes
    for turn in range(1, 11):
        disturb(pair, turn)
    assert "A0000" not in pair.by("订单号")
    assert pair.sql("SELECT count(*) FROM {t}") == [(20,)]
    assert (pair.standing().linked, pair.standing().severed) == (19, 1)


def test_a_record_whose_row_was_deleted_under_ignore_stays_and_never_comes_back(stage):
    pair, _ = synced(stage, "deletes: {from_database: ignore}\n")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0000'")
    assert not pair.sync().writes
    for turn in range(1, 11):
        disturb(pair, turn)
    assert len(pair.plain()) == 20
    assert pair.sql("SELECT count(*) FROM {t}") == [(19,)]
    assert pair.standing().severed == 1


def test_a_row_whose_record_was_deleted_is_marked_and_never_comes_back(stage):
    rules = "deletes: {from_feishu: {mark: {column: deleted, value: true}}}\n"
    pair, ids = synced(stage, rules, columns=MARKED)
    pair.drop(ids[0])
    assert written(pair.sync()) == {"database update": 1}
    for turn in range(1, 11):
        disturb(pair, turn)
    assert pair.rows("deleted", "order_no")[:2] == [(True,), (False,)]
    assert "A0000" not in pair.by("订单号")
    assert (pair.standing().linked, pair.standing().severed) == (19, 1)


def test_a_record_whose_row_was_deleted_is_marked_and_never_comes_back(stage):
    pair, ids = synced(stage, "deletes: {from_database: {mark: {field: 备注, value: 已删除}}}\n")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0000'")
    assert written(pair.sync()) == {"feishu update": 1}
    for turn in range(1, 11):
        disturb(pair, turn)
    assert pair.plain()[ids[0]]["备注"] == "已删除"
    assert pair.sql("SELECT count(*) FROM {t}") == [(19,)]
    assert pair.standing().severed == 1


def test_an_edit_of_a_marked_line_brings_nothing_back(stage):
    rules = "deletes: {from_feishu: {mark: {column: deleted, value: true}}, from_database: ignore}\n"
    pair, ids = synced(stage, rules, columns=MARKED)
    pair.drop(ids[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    pair.settle()
    pair.sql("UPDATE {t} SET amount = 4711 WHERE order_no = 'A0000'")
    pair.edit(ids[1], 金额=4711)
    for _ in range(3):
        assert not pair.sync().writes
    assert len(pair.plain()) == 19


def test_lines_marked_before_the_first_run_are_out_of_scope(stage):
    rules = "deletes: {from_feishu: {mark: {column: deleted, value: true}}}\n"
    pair = orders(stage, rules, columns=MARKED)
    pair.sql("INSERT INTO {t} (order_no, deleted) VALUES ('旧', true), ('新', false)")
    pair.settle()
    assert set(pair.by("订单号")) == {"新"}


def test_a_line_left_alone_whose_other_half_goes_too_is_forgotten(stage):
    pair, ids = synced(stage, "deletes: {from_feishu: ignore}\n")
    pair.drop(ids[0])
    pair.sync()
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0000'")
    pair.sync()
    assert (pair.standing().linked, pair.standing().severed) == (19, 0)


@pytest.mark.parametrize(("policy", "lines"), [("edit", 20), ("delete", 19), ("manual", 20)])
def test_a_line_deleted_here_and_edited_there_follows_the_delete_policy(stage, policy, lines):
    pair, ids = synced(stage, f"conflicts: {{deletes: {policy}}}\n")
    pair.drop(ids[0])
    pair.sql("UPDATE {t} SET amount = 4711 WHERE order_no = 'A0000'")
    report = pair.sync()
    for _ in range(3):
        pair.sync()
    assert pair.sql("SELECT count(*) FROM {t}") == [(lines,)]
    if policy == "manual":
        assert report.exit_status == 3
        (failure,) = pair.failures()
        assert (failure.code, failure.attempts) == ("delete_conflict", 1)
    else:
        assert len(equal(pair)) == lines


def test_a_refused_deletion_is_a_failure_and_not_sent_again(stage):
    pair, ids = synced(stage)
    stage.sql("CREATE TABLE items (order_id bigint REFERENCES orders(id))")
    stage.sql("INSERT INTO items SELECT id FROM orders WHERE order_no = 'A0000'")
    pair.drop(ids[0])
    assert pair.sync().exit_status == 3
    for _ in range(3):
        assert pair.full().exit_status == 3
    (failure,) = pair.failures()
    assert (failure.code, failure.attempts) == ("23503", 1)
    stage.sql("DELETE FROM items")
    stage.syncer.store.retry([failure.id])
    assert written(pair.sync()) == {"database delete": 1}
    assert pair.failures() == []
    assert len(equal(pair)) == 19


# Guards.


def test_too_many_deletions_are_withheld_the_rest_goes_on_and_an_approval_carries_them_out(stage):
    pair, ids = synced(stage, count=50)
    pair.drop(*ids[:15])
    pair.edit(ids[40], 备注="照常")
    report = pair.sync()
    assert (report.guard.name, report.exit_status) == ("deletes", 4)
    assert written(report) == {"database update": 1}
    again = pair.sync()
    assert (again.guard.name, again.exit_status, again.writes) == ("deletes", 4, 0)
    done = pair.approve(again)
    assert (written(done), done.exit_status) == ({"database delete": 15}, 0)
    pair.settle()
    assert len(equal(pair)) == 35


def test_an_approval_covers_only_what_was_shown(stage):
    """A line that was edited since outlives its deletion; one deleted since is not covered and waits for its own."""
    pair, ids = synced(stage, count=50)
    pair.drop(*ids[:15])
    report = pair.sync()
    pair.sql("UPDATE {t} SET note = '还要' WHERE order_no = 'A0003'")
    pair.drop(*ids[20:32])
    done = pair.approve(report)
    assert done.guard.name == "deletes"
    assert written(done) == {"database delete": 14, "feishu create": 1}
    assert pair.sql("SELECT count(*) FROM {t}") == [(36,)]
    pair.approve(pair.sync())
    pair.settle()
    assert len(equal(pair)) == 24


def test_a_few_deletions_at_a_time_add_up_within_the_hour(stage):
    pair, ids = synced(stage, count=40)
    for start in (0, 5):
        pair.drop(*ids[start : start + 5])
        assert written(pair.sync()) == {"database delete": 5}
    pair.drop(ids[12])
    assert pair.sync().guard.name == "deletes"


def test_emptying_a_table_of_more_than_three_lines_always_asks(stage):
    pair, _ = synced(stage, "deletes: {guard: {lines: 500, share: 1}}\n", count=4)
    pair.sql("DELETE FROM {t}")
    report = pair.sync()
    assert (report.guard.name, report.writes) == ("deletes", 0)
    assert written(pair.approve(report)) == {"feishu delete": 4}
    assert pair.plain() == {}


def test_withheld_deletions_that_were_restored_are_forgotten(stage):
    pair, ids = synced(stage, count=50)
    pair.drop(*ids[:15])
    pair.sync()
    stage.control.restore_records(pair.place.app_token, pair.place.table_id, ids[:15])
    assert pair.sync().exit_status == 0
    assert len(equal(pair)) == 50


def test_clearing_a_whole_field_stops_the_run_until_it_is_approved(stage):
    pair, ids = synced(stage, count=30)
    pair.edit_many({record: {"金额": None} for record in ids[:20]})
    insert(pair, ("B1", 1, None))
    before = pair.truth()
    report = pair.sync()
    assert (report.guard.name, report.exit_status) == ("clears", 4)
    assert pair.truth() == before
    pair.edit(ids[0], 备注="后来")
    done = pair.approve(report)
    assert done.exit_status == 0
    pair.settle()
    lines = equal(pair)
    assert len(lines) == 31
    assert sum(line[1] is None for line in lines) == 20


def test_a_guarded_mapping_shows_in_its_standing_and_is_active_again_afterwards(stage):
    pair, ids = synced(stage, count=50)
    pair.drop(*ids[:15])
    report = pair.sync()
    assert pair.standing().state == "guarded"
    pair.approve(report)
    assert pair.standing().state == "active"


def by_fives(pair, gone):
    """Lines go five at a time, with a run after each; the report of the first run that withholds some."""
    for first in range(0, len(gone), 5):
        pair.drop(*gone[first : first + 5])
        report = pair.sync()
        if report.guard is not None:
            return report
    return None


@pytest.mark.parametrize("rule", ["delete", "{mark: {column: deleted, value: true}}"])
def test_small_runs_of_one_wave_are_judged_together_whether_they_delete_or_mark(stage, rule):
    pair, ids = synced(stage, f"deletes: {{from_feishu: {rule}}}\n", count=60, columns=MARKED)
    report = by_fives(pair, ids[:30])
    assert (report.guard.name, report.exit_status) == ("deletes", 4)
    assert report.guard.counts == {"planned": 5, "last_hour": 10, "linked": 50}
    there = "NOT deleted" if "mark" in rule else "true"
    assert pair.sql(f"SELECT count(*) FROM {{t}} WHERE {there}") == [(50,)]
    assert pair.approve(report).guard is None
    assert pair.sql(f"SELECT count(*) FROM {{t}} WHERE {there}") == [(45,)]


def test_marks_of_one_side_and_deletions_of_the_other_are_judged_together(stage):
    rules = "deletes: {from_feishu: {mark: {column: deleted, value: true}}, from_database: delete}\n"
    pair, ids = synced(stage, rules, count=60, columns=MARKED)
    pair.drop(*ids[:10])
    assert written(pair.sync()) == {"database update": 10}
    pair.sql("DELETE FROM {t} WHERE order_no IN ('A0050', 'A0051')")
    report = pair.sync()
    assert (report.guard.name, report.guard.counts["last_hour"]) == ("deletes", 10)
    assert len(pair.plain()) == 50
    assert [action for _, action, *_ in pair.audits()].count("mark") == 10
