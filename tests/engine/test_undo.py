"""Taking back what a run did: both sides hold what was there before, wherever nobody edited since, and stay so."""

import pytest

from syncer.engine.tools import Options
from syncer.engine.undo import Undo
from tests.engine.stage import DeadError, doing, written
from tests.engine.tables import ORDER_COLUMNS, ORDER_FIELDS, ORDERS, equal, insert, numbered, orders


def undo(pair, run, **options):
    """An undo of a run; ``run`` is a report or a number."""
    number = getattr(run, "run", run)
    work = Undo(number, pair.stage.syncer.store, by_field=options.pop("by_field", False))
    approved = options.pop("approved_run", None)
    return pair.stage.syncer.sync(pair.name, Options(**options), work=work, kind="undo", approved_run=approved)


def synced(stage, count=5, rules="", **others):
    pair = orders(stage, rules, **others)
    ids = pair.add(*numbered(count))
    pair.settle()
    return pair, ids


def stays(pair):
    """Both sides agree, and no later run writes anything."""
    for full in (False, True):
        report = pair.sync(full=full)
        assert (written(report), report.exit_status) == ({}, 0)
    return equal(pair)


def test_a_thousand_lines_come_back_but_for_the_fifty_that_somebody_edited_since(stage):
    pair, ids = synced(stage, 1000)
    before = dict(enumerate(equal(pair)))
    pair.sql("UPDATE {t} SET amount = amount + 7000")
    run = pair.sync()
    assert written(run) == {"feishu update": 1000}
    for number in range(25):
        pair.edit(ids[number], 备注="后来改的")
    pair.sql("UPDATE {t} SET amount = 1 WHERE order_no BETWEEN 'A0900' AND 'A0924'")
    shown = undo(pair, run, dry=True)
    assert (shown.restored, shown.skipped, pair.sync().writes) == (950, 50, 50)
    done = undo(pair, run)
    assert (done.restored, done.skipped, len(done.left), done.exit_status) == (950, 50, 50, 3)
    assert written(done) == {"feishu update": 950, "database update": 950}
    assert "edited since" in done.left[0]["reason"]
    lines = stays(pair)
    untouched = [number for number in range(1000) if number >= 25 and not 900 <= number <= 924]
    assert [lines[number] for number in untouched] == [before[number] for number in untouched]
    assert lines[3][2] == "后来改的"
    assert lines[901][1] == 1.0


@pytest.mark.parametrize("side", ["feishu", "database"])
def test_what_was_overwritten_comes_back_on_both_sides_and_the_undo_can_be_undone(stage, side):
    pair, ids = synced(stage)
    before = equal(pair)
    if side == "database":
        pair.sql("UPDATE {t} SET amount = 99 WHERE order_no = 'A0001'")
    else:
        pair.edit(ids[1], 金额=99)
    run = pair.sync()
    after = equal(pair)
    taken = undo(pair, run)
    assert (taken.restored, taken.exit_status) == (1, 0)
    assert stays(pair) == before
    assert undo(pair, taken).restored == 1
    assert stays(pair) == after
    assert {reason for *_, reason in pair.audits()[-4:]} == {f"undo of run {run.run}", f"undo of run {taken.run}"}


def test_a_first_pairing_taken_back_leaves_what_the_values_came_from(stage):
    pair = orders(stage)
    pair.add({"订单号": "A0001", "金额": 7}, {"订单号": "A0002", "备注": "人写的"})
    insert(pair, ("A0001", None, "ERP 的"), ("A0002", 5, None))
    run = pair.sync()
    assert equal(pair) == [("A0001", 7.0, "ERP 的"), ("A0002", 5.0, "人写的")]
    taken = undo(pair, run)
    assert (taken.restored, taken.left) == (2, [])
    for _ in range(2):
        assert pair.rows("order_no, amount, note", "order_no") == [("A0001", None, "ERP 的"), ("A0002", 5, None)]
        records = {one["订单号"]: (one.get("金额"), one.get("备注")) for one in pair.plain().values()}
        assert records == {"A0001": (7, None), "A0002": (None, "人写的")}
        assert not pair.sync(full=True).writes
    assert undo(pair, taken).restored == 2
    assert stays(pair) == [("A0001", 7.0, "ERP 的"), ("A0002", 5.0, "人写的")]


def test_an_edit_that_no_run_has_carried_yet_keeps_its_line_from_being_taken_back(stage):
    pair, ids = synced(stage)
    pair.sql("UPDATE {t} SET amount = 99 WHERE order_no < 'A0002'")
    run = pair.sync()
    pair.edit(ids[0], 金额=5)
    done = undo(pair, run)
    assert (done.restored, [one["record_id"] for one in done.left]) == (1, [ids[0]])
    assert pair.settle().exit_status == 0
    assert [line[1] for line in equal(pair)[:2]] == [5.0, 1.5]


def test_a_line_edited_in_another_field_is_taken_back_only_if_that_is_asked_for(stage):
    pair, ids = synced(stage)
    pair.sql("UPDATE {t} SET amount = 99")
    run = pair.sync()
    pair.edit(ids[0], 备注="照常")
    assert pair.sync().writes == 1
    pair.edit(ids[1], 备注="还没带走")
    assert undo(pair, run, dry=True).skipped == 2
    assert undo(pair, run, by_field=True).restored == 5
    assert [line[2] for line in stays_after(pair)[:3]] == ["照常", "还没带走", None]


def stays_after(pair):
    pair.settle()
    return stays(pair)


def test_an_edit_while_it_is_taken_back_outlives_it(stage):
    pair, _ = synced(stage)
    pair.sql("UPDATE {t} SET amount = 99 WHERE order_no < 'A0002'")
    run = pair.sync()
    with stage.tapped(
        doing("after", "rows.fetch", lambda: pair.sql("UPDATE {t} SET amount = 4 WHERE order_no = 'A0000'"))
    ):
        done = undo(pair, run)
    assert (done.restored, done.skipped) == (1, 1)
    pair.settle()
    assert [line[1] for line in equal(pair)[:2]] == [4.0, 1.5]


def test_lines_that_were_deleted_are_made_anew_on_both_sides(stage):
    pair, ids = synced(stage, 20)
    before = equal(pair)
    pair.drop(ids[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    run = pair.sync()
    assert len(equal(pair)) == 18
    done = undo(pair, run)
    assert (done.restored, written(done)) == (2, {"feishu create": 2, "database create": 2})
    assert stays(pair) == before
    again = undo(pair, done)
    assert written(again) == {"feishu delete": 2} or again.restored == 2


def test_a_line_that_stands_there_again_is_not_made_twice(stage):
    pair, ids = synced(stage, 20)
    pair.drop(ids[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    run = pair.sync()
    pair.add({"订单号": "A0001", "金额": 3})
    insert(pair, ("A0000", 4, None))
    pair.settle()
    done = undo(pair, run)
    assert (done.restored, done.skipped) == (0, 2)
    assert len(stays(pair)) == 20


@pytest.mark.parametrize("side", ["feishu", "database"])
def test_what_a_run_created_is_deleted_and_does_not_come_back(stage, side):
    pair, _ids = synced(stage, 3)
    if side == "feishu":
        insert(pair, ("B1", 1, None), ("B2", 2, None))
    else:
        pair.add({"订单号": "B1", "金额": 1}, {"订单号": "B2", "金额": 2})
    run = pair.sync()
    if side == "feishu":
        pair.edit(pair.by("订单号")["B2"], 备注="有人写了")
    else:
        pair.sql("UPDATE {t} SET note = '有人写了' WHERE order_no = 'B2'")
    done = undo(pair, run)
    assert (done.restored, done.skipped, written(done)) == (1, 1, {f"{side} delete": 1})
    pair.settle()
    assert (len(pair.plain()), len(pair.rows())) == ((4, 5) if side == "feishu" else (5, 4))
    assert pair.standing().severed == 1
    if side == "feishu":
        pair.sql("UPDATE {t} SET amount = 11 WHERE order_no = 'B1'")
        pair.settle()
        assert len(equal(pair)) == 5


def test_a_one_way_target_gets_back_what_stood_there(stage):
    pair, ids = synced(stage, 3, "direction: to_database\n")
    pair.sql("UPDATE {t} SET amount = 1000")
    pair.edit(ids[0], 金额=5)
    run = pair.sync()
    undo(pair, run)
    assert pair.rows("amount", "order_no")[0] == (1000,)
    assert pair.plain()[ids[0]]["金额"] == 5
    for _ in range(2):
        assert not pair.sync(full=True).writes


def test_the_value_that_lost_a_conflict_comes_back_on_both_sides(stage):
    pair, ids = synced(stage, 3, "conflicts: {default: feishu}\n")
    pair.edit(ids[0], 金额=55)
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0000'")
    run = pair.sync()
    assert undo(pair, run).restored == 1
    assert stays(pair)[0][1] == 77.0


def test_a_sum_of_both_sides_is_not_taken_apart(stage):
    fields = ORDER_FIELDS.replace("amount}", "amount, merge: counter}")
    pair, ids = synced(stage, 3, mapping=fields)
    pair.edit(ids[0], 金额=3.5)
    pair.sql("UPDATE {t} SET amount = amount - 1 WHERE order_no = 'A0000'")
    run = pair.sync()
    done = undo(pair, run)
    assert (done.restored, done.skipped) == (0, 1)
    assert "sum" in done.left[0]["reason"]


def test_emptying_many_lines_asks_and_an_approval_lets_the_undo_go_on(stage):
    pair, _ids = synced(stage, 30)
    pair.sql("UPDATE {t} SET note = '填'")
    run = pair.sync()
    stopped = undo(pair, run)
    assert (stopped.guard.name, stopped.exit_status, written(stopped)) == ("clears", 4, {})
    stage.syncer.store.approve(stopped.run)
    assert undo(pair, run, approved_run=stopped.run).restored == 30
    assert {note for *_, note in stays(pair)} == {None}


@pytest.mark.parametrize(
    ("when", "step"),
    [("after", "rows.write"), ("before", "records.update"), ("after", "records.update"), ("before", "memory.remember")],
)
def test_an_undo_that_dies_between_two_steps_is_finished_or_left_whole_by_the_next_run(stage, when, step):
    pair, _ids = synced(stage)
    before = equal(pair)
    pair.sql("UPDATE {t} SET amount = 99")
    run = pair.sync()
    with stage.dies(when, step), pytest.raises(DeadError):
        undo(pair, run)
    stage.restart()
    pair.settle()
    assert equal(pair) == before


@pytest.mark.parametrize(
    ("when", "step"), [("after", "rows.write"), ("before", "records.create"), ("after", "records.create")]
)
@pytest.mark.parametrize("side", ["feishu", "database"])
def test_lines_that_are_being_made_anew_when_the_process_dies_are_there_once(stage, when, step, side):
    pair, ids = synced(stage)
    before = equal(pair)
    if side == "feishu":
        pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    else:
        pair.drop(ids[1])
    run = pair.sync()
    with stage.dies(when, step), pytest.raises(DeadError):
        undo(pair, run)
    stage.restart()
    pair.full()
    pair.settle()
    assert equal(pair) == before


def test_a_trigger_that_answers_differently_is_carried_too(stage):
    stage.sql(f"CREATE TABLE orders ({ORDER_COLUMNS})")
    stage.sql(
        "CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN NEW.note := upper(NEW.note); RETURN NEW; END $$;"
        " CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION shout()"
    )
    pair, ids = synced(stage, 2, columns="")
    pair.edit(ids[0], 备注="abc")
    run = pair.sync()
    assert equal(pair)[0][2] == "ABC"
    assert undo(pair, run).restored == 1
    assert stays(pair)[0][2] is None


MARKED = ORDER_COLUMNS + ", state text"
FLAGGED = ORDER_COLUMNS + ", deleted boolean DEFAULT false"
IN_ROWS = "deletes: {from_feishu: {mark: {column: state, value: 作废}}}\n"
IN_RECORDS = "deletes: {from_database: {mark: {field: 状态, value: 作废}}}\n"


def marked_rows(stage, rules=IN_ROWS, columns=MARKED):
    pair, ids = synced(stage, 12, rules, columns=columns)
    if columns is MARKED:
        pair.sql("UPDATE {t} SET state = '在用 🙂' WHERE order_no < 'A0002'")
        pair.settle()
    pair.drop(ids[0], ids[1], ids[2])
    run = pair.sync()
    assert written(run) == {"database update": 3}
    return pair, ids, run


def test_a_mark_is_taken_off_rows_and_their_records_are_made_anew(stage):
    pair, _, run = marked_rows(stage)
    assert pair.rows("state", "order_no")[:4] == [("作废",), ("作废",), ("作废",), (None,)]
    shown = undo(pair, run, dry=True)
    assert (shown.restored, written(shown)) == (3, {"feishu create": 3, "database update": 3})
    done = undo(pair, run)
    assert (done.restored, done.skipped, done.exit_status) == (3, 0, 0)
    assert pair.rows("state", "order_no")[:4] == [("在用 🙂",), ("在用 🙂",), (None,), (None,)]
    assert len(stays(pair)) == 12
    again = undo(pair, done)
    assert (again.restored, written(again)) == (3, {"feishu delete": 3, "database update": 3})
    assert pair.rows("state", "order_no")[:3] == [("作废",)] * 3
    assert (len(pair.plain()), pair.standing().severed) == (9, 3)
    assert not pair.sync(full=True).writes


def test_a_mark_is_taken_off_records_and_their_rows_are_made_anew(stage):
    pair = stage.pair({**ORDERS, "状态": 1}, ORDER_COLUMNS, ORDER_FIELDS + IN_RECORDS)
    ids = pair.add(*numbered(12))
    pair.settle()
    pair.edit(ids[0], 状态="在用")
    pair.settle()
    pair.sql("DELETE FROM {t} WHERE order_no < 'A0002'")
    run = pair.sync()
    assert [pair.plain()[one]["状态"] for one in ids[:2]] == ["作废", "作废"]
    done = undo(pair, run)
    assert (done.restored, done.exit_status) == (2, 0)
    assert [pair.plain()[one].get("状态") for one in ids[:2]] == ["在用", None]
    assert len(stays(pair)) == 12


def test_a_mark_in_a_mapped_field_gives_way_to_what_stood_there(stage):
    pair, ids = synced(stage, 12, "deletes: {from_database: {mark: {field: 备注, value: 已删除}}}\n")
    pair.edit(ids[0], 备注="留着 🙂")
    pair.settle()
    pair.sql("DELETE FROM {t} WHERE order_no < 'A0002'")
    run = pair.sync()
    assert undo(pair, run).restored == 2
    assert [line[2] for line in stays(pair)[:3]] == ["留着 🙂", None, None]


def test_a_marked_line_that_somebody_edited_unmarked_or_deleted_since_stays_as_it_is(stage):
    rules = "deletes: {from_feishu: {mark: {column: deleted, value: true}}}\n"
    pair, _, run = marked_rows(stage, rules, FLAGGED)
    pair.sql("UPDATE {t} SET amount = 4711 WHERE order_no = 'A0000'")
    pair.sql("UPDATE {t} SET deleted = false WHERE order_no = 'A0001'")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0002'")
    done = undo(pair, run)
    assert (done.restored, done.skipped, done.exit_status, written(done)) == (0, 3, 3, {})
    told = " | ".join(one["reason"] for one in done.left)
    for why in ("金额 was edited in database since", "was taken off since", "was deleted since"):
        assert why in told
    assert undo(pair, run, by_field=True).restored == 1
    assert pair.rows("deleted", "order_no")[0] == (False,)


def test_a_marked_line_whose_other_half_stands_there_again_is_not_made_twice(stage):
    pair, _, run = marked_rows(stage)
    pair.add({"订单号": "A0000", "金额": 1})
    done = undo(pair, run)
    assert (done.restored, done.skipped) == (2, 1)
    assert "has its match values by now" in done.left[0]["reason"]
    pair.settle()
    assert len(stays(pair)) == 12
