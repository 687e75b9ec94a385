"""What a deletion on one side does to the other: every rule, policy and direction, and pairs that stay severed."""

from dataclasses import replace
from itertools import product

import pytest

from syncer.core.mapping import DeletePolicy, DeleteRule, Direction, Mark
from syncer.core.marks import MARK
from syncer.core.plan import Fate, LinePlan
from syncer.core.planner import plan_create, plan_line
from syncer.core.records import Base, Unreadable
from tests.core.test_planner import rules, told
from tests.core.toys import DATABASE, FEISHU, KEY, RECORD, link, pair, version

BASES = {"name": Base("甲", "甲"), "note": Base("a", "a")}
HELD = {"name": "甲", "note": "a"}
EDITED = {"name": "甲", "note": "b 🚚"}
RULES = {
    "delete": DeleteRule("delete"),
    "ignore": DeleteRule("ignore"),
    "mark": DeleteRule("mark", "已删除", value=True),
}
BOTH, TO_DATABASE, TO_FEISHU = Direction.BOTH, Direction.TO_DATABASE, Direction.TO_FEISHU
EDIT, DELETE, MANUAL = DeletePolicy.EDIT, DeletePolicy.DELETE, DeletePolicy.MANUAL


def mapping(rule="delete", policy=EDIT, direction=BOTH):
    return rules(
        pair("name", direction=direction),
        pair("note", direction=direction),
        direction=direction,
        delete_policy=policy,
        on_deleted=dict.fromkeys((FEISHU, DATABASE), RULES[rule]),
    )


def plan(orders, gone, survivor, severed=False):
    """The plan for a line whose half on ``gone`` is gone."""
    halves = {gone: version(gone, None), gone.other: version(gone.other, survivor)}
    return plan_line(orders, link(BASES, gone if severed else None), halves[FEISHU], halves[DATABASE])


def decision(found: LinePlan) -> str:
    """What a plan does about a deletion, in one word."""
    if found.unfit:
        return "asks"
    if not found.operations:
        return {Fate.SEVER: "severs", Fate.KEEP: "nothing", Fate.FORGET: "forgets"}[found.fate]
    (operation,) = found.operations
    if operation.mark is not None:
        return "marks and severs" if found.fate is Fate.SEVER else "marks"
    if operation.action.value == "delete":
        return "deletes" if found.fate is Fate.FORGET else "deletes, yet remembers"
    return {"create": "revives", "update": "updates"}[operation.action.value]


# gone in,  direction,  rule,  survivor,  under edit / delete / manual
TABLE = """
feishu    both         delete  unedited  deletes           deletes           deletes
feishu    both         delete  edited    revives           deletes           asks
feishu    both         ignore  unedited  severs            severs            severs
feishu    both         ignore  edited    severs            severs            severs
feishu    both         mark    unedited  marks and severs  marks and severs  marks and severs
feishu    both         mark    edited    marks and severs  marks and severs  marks and severs
feishu    to_database  delete  unedited  deletes           deletes           deletes
feishu    to_database  delete  edited    severs            deletes           asks
feishu    to_database  ignore  unedited  severs            severs            severs
feishu    to_database  ignore  edited    severs            severs            severs
feishu    to_database  mark    unedited  marks and severs  marks and severs  marks and severs
feishu    to_database  mark    edited    marks and severs  marks and severs  marks and severs
feishu    to_feishu    delete  unedited  severs            severs            severs
feishu    to_feishu    delete  edited    severs            severs            severs
feishu    to_feishu    ignore  unedited  severs            severs            severs
feishu    to_feishu    ignore  edited    severs            severs            severs
feishu    to_feishu    mark    unedited  severs            severs            severs
feishu    to_feishu    mark    edited    severs            severs            severs
"""
MIRRORED = {"feishu": "database", "both": "both", "to_database": "to_feishu", "to_feishu": "to_database"}


def told_rows():
    for line in TABLE.strip().splitlines():
        gone, direction, rule, state, rest = line.split(maxsplit=4)
        outcomes = [part.strip() for part in rest.split("  ") if part.strip()]
        for policy, outcome in zip((EDIT, DELETE, MANUAL), outcomes, strict=True):
            yield gone, direction, rule, state, policy, outcome
            yield MIRRORED[gone], MIRRORED[direction], rule, state, policy, outcome


ROWS = sorted(told_rows())


def test_the_table_names_every_case_once():
    every = product(
        ("feishu", "database"), ("both", "to_database", "to_feishu"), RULES, ("edited", "unedited"), DeletePolicy
    )
    assert sorted(row[:-1] for row in ROWS) == sorted(every)


@pytest.mark.parametrize(("gone", "direction", "rule", "state", "policy", "expected"), ROWS)
def test_a_deletion_does_what_rule_policy_and_direction_say(gone, direction, rule, state, policy, expected):
    side = FEISHU if gone == "feishu" else DATABASE
    orders = mapping(rule, policy, Direction(direction))
    found = plan(orders, side, EDITED if state == "edited" else HELD)
    assert decision(found) == expected
    if expected not in ("asks", "revives", "nothing"):
        assert found.deleted_on is side


def test_a_deletion_keeps_what_it_deletes_for_the_audit():
    (operation,) = plan(mapping(), FEISHU, HELD).operations
    assert (operation.side, operation.line, operation.before) == (DATABASE, KEY, HELD)
    assert operation.reason == "deleted in feishu"


def test_an_unreadable_cell_neither_stops_a_deletion_nor_counts_as_an_edit():
    (operation,) = plan(mapping(), DATABASE, {"name": "甲", "note": Unreadable("odd")}).operations
    assert (operation.line, operation.before) == (RECORD, {"name": "甲"})


def test_a_mark_names_the_target_and_its_value_and_touches_no_pair():
    (operation,) = plan(mapping("mark"), FEISHU, HELD).operations
    assert operation.mark == ("已删除", True)
    assert (operation.side, operation.line, dict(operation.values)) == (DATABASE, KEY, {})


def test_a_conflict_over_a_deletion_is_asked_about_and_nothing_is_done():
    found = plan(mapping(policy=MANUAL), FEISHU, EDITED)
    (asked,) = found.unfit
    assert (asked.pair, asked.code) == ("", "delete_conflict")
    assert "deleted in feishu and changed in database" in asked.reason
    assert (found.operations, found.fate) == ((), Fate.KEEP)


def test_an_edit_that_outlives_a_deletion_brings_back_the_whole_line():
    one_way_note = rules(pair("name"), pair("note", direction=TO_DATABASE), pair("sum", writable=frozenset({DATABASE})))
    held = {"name": "乙", "note": "a", "sum": "3"}
    found = plan(one_way_note, FEISHU, held)
    assert told(found) == [("feishu", "create", {"name": "乙", "note": "a"})]
    assert found.operations[0].reason == "an edit in database outlived the deletion in feishu"


def test_a_line_brought_back_waits_like_a_new_one_for_what_is_required():
    strict = rules(pair("name", required=True), pair("note"))
    assert plan(strict, FEISHU, {"name": None, "note": "b"}) == LinePlan(held=("字段 name",))


def test_a_line_brought_back_does_not_wait_for_what_is_not_carried_that_way():
    one_way = rules(pair("name"), pair("note", direction=TO_DATABASE, required=True))
    assert told(plan(one_way, FEISHU, {"name": "乙", "note": None})) == [("feishu", "create", {"name": "乙"})]


# Marks ---------------------------------------------------------------------------------------------------------------

MARKED = replace(mapping("mark"), marks={DATABASE: Mark("已删除", True, bool, bool)})


def test_a_line_that_bears_the_mark_at_first_sight_is_out_of_scope():
    marked, free = ({**HELD, MARK: value} for value in (True, False))
    assert plan_line(MARKED, None, version(FEISHU, None), version(DATABASE, marked)) == LinePlan()
    assert plan_line(MARKED, None, version(FEISHU, HELD), version(DATABASE, marked)) == LinePlan()
    assert decision(plan_line(MARKED, None, version(FEISHU, None), version(DATABASE, free))) == "revives"


def test_a_linked_line_goes_on_whatever_its_marking_column_says():
    found = plan_line(MARKED, link(BASES), version(FEISHU, EDITED), version(DATABASE, {**HELD, MARK: True}))
    assert told(found) == [("database", "update", {"note": "b 🚚"})]


# Severed pairs --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", [FEISHU, DATABASE])
@pytest.mark.parametrize("policy", list(DeletePolicy))
@pytest.mark.parametrize("rule", ["ignore", "mark"])
def test_a_severed_survivor_never_comes_back_whatever_happens_to_it(rule, policy, gone):
    orders = mapping(rule, policy)
    assert plan(orders, gone, HELD).fate is Fate.SEVER
    for run in range(10):
        found = plan(orders, gone, {"name": f"甲 {run}", "note": None}, severed=True)
        assert found == LinePlan(fate=Fate.SEVER, deleted_on=gone)


@pytest.mark.parametrize("gone", [FEISHU, DATABASE])
def test_under_delete_and_edit_a_severed_survivor_is_revived_by_an_edit(gone):
    assert plan(mapping(), gone, HELD, severed=True).operations == ()
    found = plan(mapping(), gone, EDITED, severed=True)
    assert told(found) == [(gone.value, "create", EDITED)]
    assert found.fate is Fate.KEEP


@pytest.mark.parametrize("policy", [DELETE, MANUAL])
def test_under_other_policies_an_edit_revives_nothing(policy):
    assert plan(mapping(policy=policy), FEISHU, EDITED, severed=True) == LinePlan(fate=Fate.SEVER, deleted_on=FEISHU)


def test_one_way_a_source_edit_brings_back_what_the_target_deleted_but_never_the_other_way_round():
    one_way = mapping(direction=TO_DATABASE)
    assert decision(plan(one_way, DATABASE, EDITED, severed=True)) == "revives"
    assert plan(one_way, FEISHU, EDITED, severed=True) == LinePlan(fate=Fate.SEVER, deleted_on=FEISHU)


def test_a_severed_pair_whose_other_half_is_back_goes_on_from_its_base():
    found = plan_line(mapping(), link(BASES, FEISHU), version(FEISHU, EDITED), version(DATABASE, HELD))
    assert told(found) == [("database", "update", {"note": "b 🚚"})]
    assert found.fate is Fate.KEEP


def test_a_mark_that_a_pair_carries_is_no_edit_and_goes_back_once_the_other_half_is_there():
    by_note = replace(mapping("mark"), marks={DATABASE: Mark("note", "已删除", str, str)})
    marked = version(DATABASE, {"name": "甲", "note": "已删除", MARK: "已删除"})
    found = plan_line(by_note, link(BASES, FEISHU), version(FEISHU, HELD), marked)
    assert told(found) == [("database", "update", {"note": "a"})]
    assert found.operations[0].reason == "the line is back in feishu: its mark is taken off"


def test_a_line_that_comes_back_edited_keeps_its_edit_beside_the_mark_taken_off():
    marked = version(DATABASE, {**HELD, MARK: True})
    found = plan_line(MARKED, link(BASES, FEISHU), version(FEISHU, EDITED), marked)
    assert told(found) == [("database", "update", {"note": "b 🚚"})]
    assert found.operations[0].mark == ("已删除", False)


def test_a_severed_pair_is_forgotten_with_its_second_half():
    found = plan_line(mapping("ignore"), link(BASES, FEISHU), version(FEISHU, None), version(DATABASE, None))
    assert found.fate is Fate.FORGET


def test_a_line_without_link_is_new_even_where_deletions_are_ignored():
    assert decision(plan_create(mapping("ignore"), DATABASE, version(FEISHU, HELD))) == "revives"
