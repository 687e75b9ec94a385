"""The decision, line by line: the table of the design, told as a table; then what a new line needs and what fails."""

from decimal import Decimal

import pytest

from syncer.core.mapping import DeleteRule, Direction, Misfit, Pairing, Policy, Rules
from syncer.core.plan import Action, Fate, LinePlan
from syncer.core.planner import WHOLE_LINE, Desk, failed_digest, failed_line, plan_create, plan_line
from syncer.core.records import Base, Owed, Unreadable
from tests.core.toys import DATABASE, FEISHU, KEY, RECORD, Cents, Labels, Same, link, pair, seen, version

D = Decimal
BY_DELETE = {FEISHU: DeleteRule("delete"), DATABASE: DeleteRule("delete")}
ABSENT = None


def rules(*pairs, **changes):
    pairs = pairs or (pair("name"), pair("amount", Cents()), pair("state", Labels()))
    return Rules(**{"name": "orders", "pairs": pairs, "match": ("name",), "on_deleted": BY_DELETE, **changes})


ORDERS = rules()
START_F = {"name": "订单甲", "amount": D(1), "state": "待处理"}
START_D = {"name": "订单甲", "amount": D(1), "state": "pending"}
BASES = {name: Base(START_F[name], START_D[name]) for name in START_F}


def feishu(values=START_F, **changes):
    return version(FEISHU, None if values is None else {**values, **changes})


def database(values=START_D, **changes):
    return version(DATABASE, None if values is None else {**values, **changes})


def told(plan: LinePlan):
    """The operations of a plan as short sentences."""
    return [(operation.side.value, operation.action.value, dict(operation.values)) for operation in plan.operations]


def update(side, **values):
    return (side, "update", values)


# The decision table ---------------------------------------------------------------------------------------------------

DECISIONS = [
    # Feishu since its base, database since its base, link, operations
    ("unchanged / unchanged", feishu(), database(), BASES, []),
    ("changed / unchanged", feishu(name="乙"), database(), BASES, [update("database", name="乙")]),
    ("unchanged / changed", feishu(), database(amount=D(2)), BASES, [update("feishu", amount=D(2))]),
    ("new / -", feishu(), database(ABSENT), None, [("database", "create", START_D)]),
    ("- / new", feishu(ABSENT), database(), None, [("feishu", "create", START_F)]),
    ("new / new, equal", feishu(), database(), None, []),
    ("new / new, one empty", feishu(amount=None), database(), None, [update("feishu", amount=D(1))]),
    ("changed / the same", feishu(state="已发货"), database(state="shipped"), BASES, []),
    (
        "changed / other fields",
        feishu(name="乙"),
        database(amount=D(2)),
        BASES,
        [update("feishu", amount=D(2)), update("database", name="乙")],
    ),
    ("changed / same field", feishu(name="乙"), database(name="丙"), BASES, []),
    ("deleted / unchanged", feishu(ABSENT), database(), BASES, [("database", "delete", {})]),
    ("unchanged / deleted", feishu(), database(ABSENT), BASES, [("feishu", "delete", {})]),
    (
        "deleted / changed",
        feishu(ABSENT),
        database(name="丙"),
        BASES,
        [("feishu", "create", {**START_F, "name": "丙"})],
    ),
    (
        "changed / deleted",
        feishu(name="乙"),
        database(ABSENT),
        BASES,
        [("database", "create", {**START_D, "name": "乙"})],
    ),
    ("deleted / deleted", feishu(ABSENT), database(ABSENT), BASES, []),
    (
        "unchanged / unchanged, owed",
        feishu(),
        database(),
        {**BASES, "amount": Base(D(1), D(1), Owed(FEISHU, D(7)))},
        [update("feishu", amount=D(7))],
    ),
]


@pytest.mark.parametrize(("case", "here", "there", "bases", "expected"), DECISIONS, ids=[row[0] for row in DECISIONS])
def test_a_line_is_decided_as_the_table_says(case, here, there, bases, expected):
    plan = plan_line(ORDERS, None if bases is None else link(bases), here, there)
    assert told(plan) == expected
    assert not plan.unfit


def test_the_decision_does_not_hang_on_chance():
    plans = [plan_line(ORDERS, link(BASES), feishu(name="乙"), database(amount=D(2))) for _ in range(3)]
    assert plans[0] == plans[1] == plans[2]


def test_an_operation_says_which_line_what_it_held_and_what_will_be_remembered():
    plan = plan_line(ORDERS, link(BASES), feishu(name="乙"), database(amount=D(2)))
    into_database, into_feishu = plan.operation(DATABASE), plan.operation(FEISHU)
    assert (into_database.line, into_feishu.line) == (KEY, RECORD)
    assert (into_database.before, into_feishu.before) == ({"name": "订单甲"}, {"amount": D(1)})
    assert into_database.after == {"name": Base("乙", "乙")}
    assert into_feishu.after == {"amount": Base(D(2), D(2))}
    assert into_database.reason == "changed in feishu"


def test_equal_changes_move_the_base_without_a_write():
    plan = plan_line(ORDERS, link(BASES), feishu(state="已发货"), database(state="shipped"))
    assert plan == LinePlan(bases={"state": Base("已发货", "shipped")})


def test_lines_that_are_gone_on_both_sides_are_forgotten():
    assert plan_line(ORDERS, link(BASES), feishu(ABSENT), database(ABSENT)) == LinePlan(fate=Fate.FORGET)
    assert plan_line(ORDERS, link(BASES, FEISHU), feishu(ABSENT), database(ABSENT)) == LinePlan(fate=Fate.FORGET)


def test_a_parked_field_does_not_stop_the_others():
    plan = plan_line(ORDERS, link(BASES), feishu(name="乙", state="已取消"), database(name="丙", amount=D(2)))
    assert told(plan) == [update("feishu", amount=D(2)), update("database", state="cancelled")]
    (met,) = plan.collisions
    assert (met.pair, met.clash.feishu, met.clash.database, met.base) == ("name", "乙", "丙", BASES["name"])
    assert met.verdict.winner is None


@pytest.mark.parametrize(
    ("winner", "expected"), [(FEISHU, update("database", name="乙")), (DATABASE, update("feishu", name="丙"))]
)
def test_a_persons_word_on_a_conflict_is_carried_out(winner, expected):
    desk = Desk(resolutions={"name": seen(winner, "乙", "丙")})
    assert told(plan_line(ORDERS, link(BASES), feishu(name="乙"), database(name="丙"), desk)) == [expected]
    assert told(plan_line(ORDERS, link(BASES), feishu(name="丁"), database(name="丙"), desk)) == []


def test_one_bad_cell_fails_alone_and_keeps_its_base():
    plan = plan_line(ORDERS, link(BASES), feishu(name="乙", state="新选项"), database())
    assert told(plan) == [update("database", name="乙")]
    (bad,) = plan.unfit
    assert (bad.side, bad.pair, bad.value) == (DATABASE, "state", "新选项")
    assert "新选项" in bad.reason
    assert "state" not in plan.bases


def test_an_unreadable_cell_fails_alone():
    plan = plan_line(
        ORDERS, link(BASES), feishu(name="乙", amount=Unreadable("eine Liste statt einer Zahl")), database()
    )
    assert told(plan) == [update("database", name="乙")]
    assert [(bad.pair, bad.value) for bad in plan.unfit] == [("amount", None)]


def test_a_field_the_reading_lacks_counts_as_empty():
    here = version(FEISHU, {"amount": D(1), "state": "待处理"})
    assert told(plan_line(ORDERS, link(BASES), here, database())) == [update("database", name=None)]


# First pairing --------------------------------------------------------------------------------------------------------


def test_under_ask_lines_that_differ_write_nothing_at_all():
    plan = plan_line(ORDERS, None, feishu(amount=D(9), state=None), database())
    assert plan.differs == ("amount",)
    assert plan.operations == ()
    assert plan.bases == {"name": BASES["name"]}


@pytest.mark.parametrize(
    ("pairing", "expected"),
    [
        (Pairing.FEISHU, [update("feishu", state="待处理"), update("database", amount=D(9))]),
        (Pairing.DATABASE, [update("feishu", amount=D(1), state="待处理")]),
    ],
)
def test_a_mapping_or_an_approval_says_who_wins_and_empty_fields_are_filled_all_the_same(pairing, expected):
    here = feishu(amount=D(9), state=None)
    by_mapping = plan_line(rules(pairing=pairing), None, here, database())
    by_approval = plan_line(ORDERS, None, here, database(), Desk(pairing=pairing))
    assert told(by_mapping) == told(by_approval) == expected
    assert not by_mapping.overwrites  # who wins was said: nobody need be asked again
    assert not by_mapping.differs


def test_filling_what_is_empty_overwrites_nothing():
    assert not plan_line(ORDERS, None, feishu(amount=None), database()).overwrites


def test_under_policy_a_first_pairing_is_settled_like_a_conflict():
    who = rules(pair("amount", Cents(), policy=Policy.DATABASE), pairing=Pairing.POLICY)
    plan = plan_line(who, None, feishu(amount=D(9)), database())
    assert told(plan) == [update("feishu", amount=D(1))]
    assert [met.pair for met in plan.collisions] == ["amount"]
    assert not plan.overwrites


def test_a_pair_that_is_new_in_the_mapping_is_paired_while_the_others_go_on_as_before():
    bases = {name: base for name, base in BASES.items() if name != "amount"}
    plan = plan_line(ORDERS, link(bases), feishu(name="乙"), database())
    assert told(plan) == [update("database", name="乙")]
    assert plan.bases == {"amount": Base(D(1), D(1))}


# One way --------------------------------------------------------------------------------------------------------------

ONE_WAY = rules(
    pair("name", direction=Direction.TO_DATABASE),
    pair("amount", Cents(), direction=Direction.TO_DATABASE),
    direction=Direction.TO_DATABASE,
)


def test_one_way_a_target_edit_stays_until_the_source_changes_that_very_field():
    edited = database(name="改", amount=D(5))
    assert told(plan_line(ONE_WAY, link(BASES), feishu(), edited)) == []
    assert told(plan_line(ONE_WAY, link(BASES), feishu(amount=D(2)), edited)) == [update("database", amount=D(2))]


def test_one_way_nothing_is_cleared_at_first_pairing_but_differences_are_overwritten_under_guard():
    plan = plan_line(ONE_WAY, None, feishu(name=None, amount=D(9)), database())
    assert told(plan) == [update("database", amount=D(9))]
    assert plan.overwrites
    assert plan.bases == {"name": Base(None, "订单甲")}
    later = {"name": Base(None, "订单甲"), "amount": Base(D(9), D(9))}
    assert plan_line(ONE_WAY, link(later), feishu(name=None, amount=D(9)), database(amount=D(9))) == LinePlan()


def test_one_way_a_new_line_of_the_target_stays_where_it_is():
    assert plan_line(ONE_WAY, None, feishu(ABSENT), database()) == LinePlan()


def test_one_way_pairs_of_both_ways_lines_are_left_out_of_a_new_line_the_other_way():
    both = rules(pair("name"), pair("amount", Cents(), direction=Direction.TO_DATABASE))
    plan = plan_line(both, None, feishu(ABSENT), database())
    assert told(plan) == [("feishu", "create", {"name": "订单甲"})]
    assert plan.operation(FEISHU).after["amount"] == Base(None, D(1))


# New lines ------------------------------------------------------------------------------------------------------------


def test_a_new_line_is_remembered_as_both_sides_will_hold_it():
    plan = plan_line(ORDERS, None, feishu(amount=D("1.006")), database(ABSENT))
    operation = plan.operation(DATABASE)
    assert operation.action is Action.CREATE
    assert operation.line is None
    assert operation.after == {**BASES, "amount": Base(D("1.006"), D("1.01"))}
    assert operation.reason == "new in feishu"


def test_an_empty_field_is_not_sent_with_a_new_line_but_remembered():
    plan = plan_create(ORDERS, DATABASE, feishu(amount=None))
    assert "amount" not in plan.operation(DATABASE).values
    assert plan.operation(DATABASE).after["amount"] == Base(None, None)


@pytest.mark.parametrize("missing", [None, "", frozenset()])
def test_a_line_is_held_while_a_required_field_is_empty(missing):
    strict = rules(pair("name", required=True), pair("amount", Cents(), required=True))
    assert plan_create(strict, DATABASE, feishu(name=missing, amount=None)) == LinePlan(
        held=("字段 name", "字段 amount")
    )
    assert told(plan_create(strict, DATABASE, feishu())) == [("database", "create", {"name": "订单甲", "amount": D(1)})]


def test_false_and_zero_fill_a_required_field():
    strict = rules(pair("done", required=True), pair("count", required=True))
    plan = plan_create(strict, DATABASE, version(FEISHU, {"done": False, "count": D(0)}))
    assert told(plan) == [("database", "create", {"done": False, "count": D(0)})]


def test_a_new_line_with_a_bad_value_waits_as_a_whole_and_names_every_bad_field():
    plan = plan_create(ORDERS, DATABASE, feishu(state="新选项", amount=D("1E9")))
    assert plan.operations == ()
    assert [(bad.pair, bad.value) for bad in plan.unfit] == [("amount", D("1E9")), ("state", "新选项")]


def test_an_unreadable_cell_keeps_a_new_line_waiting():
    plan = plan_create(ORDERS, DATABASE, feishu(amount=Unreadable("odd")))
    assert plan.operations == ()
    assert [bad.pair for bad in plan.unfit] == ["amount"]


def test_an_unreadable_cell_that_is_not_carried_that_way_keeps_nothing_waiting():
    one = rules(pair("name"), pair("amount", Cents(), direction=Direction.TO_FEISHU))
    plan = plan_create(one, DATABASE, feishu(amount=Unreadable("odd")))
    assert told(plan) == [("database", "create", {"name": "订单甲"})]


@pytest.mark.parametrize(("given", "expected"), [(None, "C"), ("A", "A")])
def test_a_default_fills_what_a_new_line_lacks(given, expected):
    graded = rules(pair("name"), pair("grade", defaults={DATABASE: "C"}))
    plan = plan_create(graded, DATABASE, version(FEISHU, {"name": "甲", "grade": given}))
    assert plan.operation(DATABASE).values["grade"] == expected


def test_a_default_of_the_other_side_fills_nothing_here():
    graded = rules(pair("name"), pair("grade", defaults={FEISHU: "C"}))
    assert (
        "grade"
        not in plan_create(graded, DATABASE, version(FEISHU, {"name": "甲", "grade": None})).operation(DATABASE).values
    )


def test_what_a_default_filled_on_one_side_reaches_the_other_in_the_next_run():
    graded = rules(pair("name"), pair("state", Labels(), defaults={DATABASE: "pending"}))
    here = version(FEISHU, {"name": "甲", "state": None})
    made = plan_create(graded, DATABASE, here).operation(DATABASE)
    there = version(DATABASE, dict(made.values))
    after = plan_line(graded, link(made.after), here, there)
    assert told(after) == [update("feishu", state="待处理")]
    settled = version(FEISHU, {"name": "甲", "state": "待处理"})
    assert plan_line(graded, link({**made.after, **after.operation(FEISHU).after}), settled, there) == LinePlan()


# What failed is not sent again ----------------------------------------------------------------------------------------


def test_a_value_that_failed_is_not_sent_again_until_it_changes():
    desk = Desk(failed={"name": failed_digest("乙")})
    assert plan_line(ORDERS, link(BASES), feishu(name="乙"), database(), desk) == LinePlan(blocked=("name",))
    assert told(plan_line(ORDERS, link(BASES), feishu(name="丙"), database(), desk)) == [update("database", name="丙")]


def test_the_good_fields_of_a_line_go_on_beside_a_failed_one():
    desk = Desk(failed={"name": failed_digest("乙")})
    plan = plan_line(ORDERS, link(BASES), feishu(name="乙", amount=D(2)), database(), desk)
    assert told(plan) == [update("database", amount=D(2))]


def test_a_new_line_that_failed_is_not_sent_again_until_something_in_it_changes():
    desk = Desk(failed={WHOLE_LINE: failed_line(START_D)})
    assert plan_create(ORDERS, DATABASE, feishu(), desk) == LinePlan(blocked=(WHOLE_LINE,))
    assert told(plan_create(ORDERS, DATABASE, feishu(name="乙"), desk)) == [
        ("database", "create", {**START_D, "name": "乙"})
    ]


def test_a_value_moved_to_the_right_field_is_something_new():
    texts = rules(pair("code"), pair("note"))
    moved = version(FEISHU, {"code": None, "note": "a long text"})
    desk = Desk(failed={WHOLE_LINE: failed_line({"code": "a long text"})})
    assert told(plan_create(texts, DATABASE, moved, desk)) == [("database", "create", {"note": "a long text"})]


def test_an_update_that_was_refused_as_a_whole_is_not_sent_again_until_it_changes():
    desk = Desk(failed={WHOLE_LINE: failed_line({"name": "乙"})})
    assert plan_line(ORDERS, link(BASES), feishu(name="乙"), database(), desk) == LinePlan(blocked=(WHOLE_LINE,))
    changed = plan_line(ORDERS, link(BASES), feishu(name="乙", amount=D(3)), database(), desk)
    assert told(changed) == [update("database", name="乙", amount=D(3))]


def test_a_failure_of_one_value_is_told_apart_from_that_of_its_look_alike():
    assert failed_digest("1") != failed_digest(D(1))
    assert failed_digest(True) != failed_digest(D(1))
    assert failed_digest(None) != failed_digest("")


def test_a_misfit_is_an_everyday_finding_with_a_reason():
    with pytest.raises(Misfit, match="is not one of"):
        Labels().to_database("新选项")
    assert Same().to_database("新选项") == "新选项"
