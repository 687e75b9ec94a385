"""Lines that stand on both sides before they are linked: paired by their match values, never guessed."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import equal, insert, orders

SERIAL = "id serial PRIMARY KEY, order_no text, amount numeric(12,2), note text"


def test_equal_lines_are_linked_without_a_write(stage):
    pair = orders(stage)
    pair.add({"订单号": "A", "金额": 1.5, "备注": "好"}, {"订单号": "B"})
    insert(pair, ("A", 1.5, "好"), ("B", None, None))
    before = pair.truth()
    report = pair.sync()
    assert (report.writes, report.linked, report.exit_status) == (0, 2, 0)
    assert pair.truth() == before


def test_empty_fields_are_filled_from_the_side_that_has_a_value(stage):
    pair = orders(stage)
    pair.add({"订单号": "A", "金额": 1.5}, {"订单号": "B", "备注": "甲"})
    insert(pair, ("A", None, "乙"), ("B", 2, None))
    assert written(pair.sync()) == {"feishu update": 2, "database update": 2}
    pair.settle()
    assert equal(pair) == [("A", 1.5, "乙"), ("B", 2.0, "甲")]


@pytest.fixture
def differing(stage):
    def make(rules=""):
        pair = orders(stage, rules)
        pair.add({"订单号": "A", "金额": 1, "备注": "甲"}, {"订单号": "B", "金额": 2})
        insert(pair, ("A", 9, "甲"), ("B", 2, None), ("C", 3, None))
        return pair

    return make


def test_lines_that_differ_stop_the_run_before_anything_is_written(differing):
    pair = differing()
    before = pair.truth()
    for _ in range(2):
        report = pair.sync()
        assert (report.guard.name, report.exit_status) == ("first_pairing", 4)
        assert report.guard.counts == {"lines": 1}
        assert report.samples[0]["fields"]["amount"]
    assert pair.truth() == before


@pytest.mark.parametrize(("side", "amount"), [("feishu", 1.0), ("database", 9.0)])
def test_pairing_names_the_side_that_wins(differing, side, amount):
    pair = differing(f"pairing: {side}\n")
    pair.settle()
    assert equal(pair) == [("A", amount, "甲"), ("B", 2.0, None), ("C", 3.0, None)]


def test_pairing_by_policy_settles_each_field_by_its_own(differing):
    pair = differing("pairing: policy\nconflicts: {default: database}\n")
    assert pair.sync().conflicts == 1
    pair.settle()
    assert equal(pair)[0] == ("A", 9.0, "甲")
    assert [conflict.winner for conflict in pair.conflicts("settled")] == ["database"]


def test_an_approved_pairing_goes_by_policy_and_only_for_the_lines_shown(differing):
    pair = differing("conflicts: {default: feishu}\n")
    report = pair.sync()
    pair.edit(pair.by("订单号")["A"], 备注="丙")
    assert pair.approve(report).guard.name == "first_pairing"
    assert pair.rows("amount", "order_no")[0] == (9,)
    report = pair.sync()
    assert pair.approve(report).exit_status == 0
    pair.settle()
    assert equal(pair)[0] == ("A", 1.0, "丙")


def test_what_was_approved_once_needs_no_second_word_when_another_line_stops_the_next_run(differing):
    pair = differing("conflicts: {default: feishu}\n")
    report = pair.sync()
    pair.edit(pair.by("订单号")["B"], 金额=20)
    report = pair.approve(report)
    assert (report.guard.name, report.guard.counts) == ("first_pairing", {"lines": 1})
    assert pair.approve(report).exit_status == 0
    assert equal(pair)[:2] == [("A", 1.0, "甲"), ("B", 20.0, None)]


@pytest.mark.parametrize("side", ["feishu", "database", "both"])
def test_duplicates_fail_naming_each_other_and_heal_once_they_are_told_apart(stage, side):
    pair = orders(stage, columns=SERIAL)
    twice = [{"订单号": "A", "金额": 1}, {"订单号": "A", "金额": 2}]
    ids = pair.add(*(twice if side != "database" else twice[:1]), {"订单号": "B", "金额": 3})
    rows = [("A", 1, None), ("A", 2, None)]
    insert(pair, *(rows if side != "feishu" else rows[:1]))
    for _ in range(2):
        assert pair.sync().exit_status == 3
    failures = pair.failures()
    assert {failure.code for failure in failures} == {"duplicate"}
    assert all(failure.attempts >= 1 for failure in failures)
    expected = 4 if side == "both" else 3
    assert len(failures) == expected
    if side != "database":
        assert ids[1] in next(failure.message for failure in failures if failure.record == ids[0])
        pair.edit(ids[1], 订单号="A2")
    if side != "feishu":
        pair.sql("UPDATE {t} SET order_no = 'A2' WHERE amount = 2")
    report = pair.sync()
    assert report.exit_status == 0
    pair.settle()
    assert pair.failures() == []
    assert len(equal(pair)) == 3


def test_lines_without_a_match_value_never_pair(stage):
    pair = orders(stage, columns=SERIAL)
    pair.add({"金额": 1})
    insert(pair, (None, 1, None))
    pair.settle()
    assert len(equal(pair)) == 2


def test_a_new_line_with_the_match_of_a_linked_one_is_a_failure_naming_it(stage):
    pair = orders(stage, columns=SERIAL)
    (first,) = pair.add({"订单号": "A", "金额": 1})
    pair.settle()
    (second,) = pair.add({"订单号": "A", "金额": 2})
    assert pair.sync().exit_status == 3
    assert pair.sync().exit_status == 3
    (failure,) = pair.failures()
    assert (failure.code, failure.record) == ("rival", second)
    assert first in failure.message
    pair.edit(second, 订单号="B")
    assert pair.sync().exit_status == 0
    assert pair.failures() == []
    assert len(equal(pair)) == 2


def test_a_record_deleted_and_made_anew_with_the_same_match_takes_the_others_place(stage):
    pair = orders(stage)
    (first,) = pair.add({"订单号": "A", "金额": 1, "备注": "甲"})
    pair.settle()
    (key,) = pair.rows("id")
    pair.drop(first)
    pair.add({"订单号": "A", "金额": 2, "备注": "甲"})
    report = pair.sync()
    assert written(report) == {"database update": 1}
    pair.settle()
    assert pair.rows("id") == [key]
    assert equal(pair) == [("A", 2.0, "甲")]
    assert pair.standing().linked == 1


def test_a_row_deleted_and_made_anew_with_the_same_match_takes_the_others_place(stage):
    pair = orders(stage)
    (record,) = pair.add({"订单号": "A", "金额": 1})
    pair.settle()
    pair.sql("DELETE FROM {t}")
    insert(pair, ("A", 5, None))
    assert written(pair.sync()) == {"feishu update": 1}
    pair.settle()
    assert list(pair.plain()) == [record]
    assert equal(pair) == [("A", 5.0, None)]


def test_two_linked_lines_that_swap_their_match_values_stay_who_they_are(stage):
    pair = orders(stage, columns=SERIAL)
    first, second = pair.add({"订单号": "A", "金额": 1}, {"订单号": "B", "金额": 2})
    pair.settle()
    pair.edit_many({first: {"订单号": "B"}, second: {"订单号": "A"}})
    assert written(pair.sync()) == {"database update": 2}
    pair.settle()
    assert equal(pair) == [("A", 2.0, None), ("B", 1.0, None)]
    assert set(pair.plain()) == {first, second}
