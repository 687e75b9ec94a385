"""Calls that took effect although nobody was told: looked at, never blindly repeated, so that nothing doubles."""

from collections import Counter

import pytest

from syncer.errors import OutsideError, UnreachableError
from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders

SERIAL = "id serial PRIMARY KEY, order_no text, amount numeric(12,2), note text"
NO_MATCH = """fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount}
  - {field: 备注, column: note}
"""
LINES = [(f"B{number}", number, "新") for number in range(5)]


def synced(stage, rules="", **others):
    pair = orders(stage, rules, **others)
    pair.add(*numbered(20))
    pair.settle()
    return pair


@pytest.fixture(params=["with a match", "without a match"])
def pair(request, stage):
    return synced(stage) if request.param == "with a match" else synced(stage, mapping=NO_MATCH)


@pytest.mark.parametrize(
    ("kind", "how"),
    [
        ("timed_out", {"applied": True}),
        ("timed_out", {"applied": False}),
        ("reset", {"applied": True}),
        ("html", {"applied": True, "status": 504}),
        ("truncated_json", {}),
        ("hang", {"applied": True}),
    ],
)
def test_a_create_without_an_answer_makes_every_record_once(stage, kind, how):
    pair = synced(stage)
    insert(pair, *LINES)
    stage.control.fault("bitable.record.batch_create", kind, **how)
    report = pair.sync()
    assert written(report) == {"feishu create": 5}
    assert not pair.settle().writes
    assert len(equal(pair)) == 25
    assert pair.open_intents() == 0


@pytest.mark.parametrize("applied", [True, False])
def test_without_a_match_too_a_create_without_an_answer_makes_every_record_once(stage, applied):
    pair = synced(stage, mapping=NO_MATCH)
    insert(pair, *LINES)
    stage.control.fault("bitable.record.batch_create", "timed_out", applied=applied)
    assert written(pair.sync()) == {"feishu create": 5}
    assert not pair.settle().writes
    assert len(equal(pair)) == 25


@pytest.mark.parametrize("tokens", ["replay", "ignore"])
def test_a_create_that_nobody_answers_for_long_is_settled_by_a_later_process(stage, pair, tokens):
    stage.control.set_switches(client_tokens=tokens)
    insert(pair, *LINES)
    stage.control.fault("bitable.record.batch_create", "timed_out", applied=True)
    stage.control.fault("bitable.record.search", "fail", times=30)
    with pytest.raises(OutsideError):
        pair.sync()
    assert pair.open_intents() == 1
    stage.control.clear_faults()
    stage.restart()
    pair.settle()
    assert len(equal(pair)) == 25
    assert pair.open_intents() == 0


def test_a_create_that_never_took_place_is_sent_once_by_a_later_process(stage, pair):
    insert(pair, *LINES)
    stage.control.fault("bitable.record.batch_create", "timed_out", times=4)
    with pytest.raises(OutsideError):
        pair.sync()
    stage.restart()
    pair.settle()
    assert len(equal(pair)) == 25


def test_records_of_a_lost_create_that_people_edited_and_deleted_meanwhile_are_still_known(stage):
    pair = synced(stage)
    insert(pair, *LINES)
    stage.control.fault("bitable.record.batch_create", "timed_out", applied=True)
    stage.control.fault("bitable.record.search", "fail", times=30)
    with pytest.raises(OutsideError):
        pair.sync()
    stage.control.clear_faults()
    pair.edit(pair.by("订单号")["B3"], 备注="改过")
    stage.restart()
    pair.settle()
    lines = equal(pair)
    assert len(lines) == 25
    assert ("B3", 3.0, "改过") in lines


def test_equal_lines_without_a_match_are_all_made_once(stage):
    pair = orders(stage, columns=SERIAL, mapping=NO_MATCH)
    insert(pair, *[("同", 1, None)] * 4)
    stage.control.fault("bitable.record.batch_create", "timed_out", applied=True)
    pair.settle()
    assert equal(pair) == [("同", 1.0, None)] * 4


def test_an_empty_row_without_a_match_is_made_once(stage):
    pair = orders(stage, columns=SERIAL, mapping=NO_MATCH)
    insert(pair, (None, None, None), ("有", 1, None))
    stage.control.fault("bitable.record.batch_create", "timed_out", applied=True)
    pair.settle()
    assert Counter(equal(pair)) == Counter([(None, None, None), ("有", 1.0, None)])


@pytest.mark.parametrize("applied", [True, False])
def test_an_update_without_an_answer_is_carried_out_and_audited_once(stage, applied):
    pair = synced(stage)
    pair.sql("UPDATE {t} SET amount = 99 WHERE order_no IN ('A0001', 'A0002')")
    stage.control.fault("bitable.record.batch_update", "timed_out", applied=applied)
    audited = len(pair.audits())
    assert written(pair.sync()) == {"feishu update": 2}
    assert not pair.settle().writes
    equal(pair)
    assert len(pair.audits()) == audited + 2


@pytest.mark.parametrize("applied", [True, False])
def test_a_delete_without_an_answer_is_carried_out_once(stage, applied):
    pair = synced(stage)
    pair.sql("DELETE FROM {t} WHERE order_no IN ('A0001', 'A0002')")
    stage.control.fault("bitable.record.batch_delete", "timed_out", applied=applied)
    assert written(pair.sync()) == {"feishu delete": 2}
    pair.settle()
    assert len(equal(pair)) == 18


@pytest.mark.parametrize("applied", [True, False])
@pytest.mark.parametrize("later", [True, False], ids=["a later process", "the same run"])
def test_a_mark_without_an_answer_is_set_all_the_same(stage, applied, later):
    pair = synced(stage, "deletes: {from_database: {mark: {field: 备注, value: 已删除}}}\n")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0001'")
    stage.control.fault("bitable.record.batch_update", "timed_out", applied=applied)
    if later:
        stage.control.fault("bitable.record.batch_get", "fail", nth=1, times=30)
        with pytest.raises(OutsideError):
            pair.sync()
        stage.control.clear_faults()
        stage.restart()
    pair.sync()
    pair.settle()
    assert pair.plain()[pair.by("订单号")["A0001"]]["备注"] == "已删除"
    assert pair.standing().severed == 1


def test_an_answer_that_comes_too_late_for_us_makes_no_double(stage):
    """The call takes effect after it was given up, while we look: the same token makes Feishu answer for both."""
    pair = synced(stage)
    stage.syncer.clock.haste = 1
    insert(pair, *LINES)
    stage.control.set_latency("bitable.record.batch_create", 2.6)
    pair.sync()
    stage.control.set_latency("bitable.record.batch_create", 0)
    pair.settle()
    assert len(equal(pair)) == 25


def test_our_own_database_losing_the_answer_of_a_commit_doubles_nothing(stage, pair):
    """The transaction was committed, but its answer was lost."""
    pair.add(*({"订单号": f"F{number}", "金额": number} for number in range(5)))

    def lose(when, here):
        if (when, here) == ("after", "rows.insert"):
            raise UnreachableError("the connection was lost at commit")

    with stage.tapped(lose), pytest.raises(UnreachableError):
        pair.sync()
    stage.restart()
    pair.settle()
    assert len(equal(pair)) == 25
    assert pair.sql("SELECT count(*) FROM syncer.applied") == [(0,)]


@pytest.mark.parametrize("later", [False, True], ids=["the same run", "a later process"])
def test_a_create_that_did_not_take_place_is_repeated_with_the_identical_body_and_token(stage, later):
    pair = synced(stage)
    insert(pair, *LINES)
    stage.control.clear_calls()
    stage.control.fault("bitable.record.batch_create", "timed_out", times=4 if later else 1)
    if later:
        with pytest.raises(OutsideError):
            pair.sync()
        stage.restart()
    pair.settle()
    calls = stage.control.calls("bitable.record.batch_create", bodies=True)
    assert [call["code"] for call in calls] == [1255040] * (len(calls) - 1) + [0]
    assert len(calls) == (5 if later else 2)
    assert len({(call["query"]["client_token"], call["body"]) for call in calls}) == 1
