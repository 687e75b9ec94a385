"""The scope of a mapping: which lines may enter, and what becomes of those that leave."""

from dataclasses import replace

import pytest

from syncer.catalog.conditions import names_in
from syncer.core.mapping import WhereSpec
from syncer.core.records import Side
from tests.scenarios.worlds import MemoryWorld, Rules

F, D = Side.FEISHU, Side.DATABASE
SMALL = {F: [{"field": "金额", "lt": 100}], D: [{"column": "amount", "lt": 100}]}


def world(side=D, on_leave="keep", conditions=None, **rules):
    made = MemoryWorld(Rules(**rules))
    given = conditions or SMALL[side]
    made.mapping = replace(made.mapping, where={side: WhereSpec(given, names_in(given, side), on_leave)})
    return made


def line(number, amount, note=None):
    return {"no": number, "amount": amount, "note": note}


@pytest.mark.parametrize("side", Side)
def test_only_lines_inside_enter_and_the_others_when_they_are_changed_so(side):
    it = world(side)
    it.add(side, line("A", 5), line("乙", 500))
    it.sync()
    assert set(it.held(side.other)) == {"A"}
    it.pass_time()
    it.edit(side, "乙", {"amount": 50})
    it.sync(full=False)
    assert set(it.held(side.other)) == {"A", "乙"}
    assert not it.failures()


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("full", [True, False])
def test_a_linked_pair_stays_in_sync_wherever_its_line_moves(side, full):
    it = world(side)
    it.add(side, line("A", 5))
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 900, "note": "出去了"})
    it.sync(full=full)
    it.pass_time()
    it.edit(side.other, "A", {"note": "回来"})
    it.sync(full=full)
    assert it.held(F) == it.held(D) == {"A": {"amount": 900.0, "note": "回来", "marked": False}}
    assert not it.sync(full=full).writes


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("full", [True, False])
def test_under_sever_the_link_is_dissolved_and_both_lines_stay_as_they_are(side, full):
    it = world(side, "sever")
    it.add(side, line("A", 5, "x"), line("B", 6))
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 900})
    it.sync(full=full)
    assert it.severed() == 1
    it.pass_time()
    it.edit(side.other, "A", {"note": "他改"})
    it.edit(side, "A", {"note": "我改"})
    it.sync(full=full)
    assert it.held(side)["A"] == {"amount": 900.0, "note": "我改", "marked": False}
    assert it.held(side.other)["A"] == {"amount": 5.0, "note": "他改", "marked": False}
    assert it.numbers(F) == it.numbers(D) == {"A": 1, "B": 1}


@pytest.mark.parametrize("side", Side)
def test_a_line_that_comes_back_is_paired_with_its_old_half_again(side):
    it = world(side, "sever")
    it.add(side, line("A", 5, "x"))
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 900})
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 7})
    it.sync()
    it.sync()
    assert it.held(F)["A"]["amount"] == it.held(D)["A"]["amount"] == 7.0
    assert it.severed() == 0
    assert it.numbers(F) == it.numbers(D) == {"A": 1}


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("full", [True, False])
def test_under_delete_the_other_half_goes_with_an_audit_and_the_line_itself_stays(side, full):
    it = world(side, "delete")
    it.add(side, line("A", 5, "x"), line("B", 6))
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 900})
    it.sync(full=full)
    assert set(it.held(side.other)) == {"B"}
    assert set(it.held(side)) == {"A", "B"}
    (gone,) = [audit for audit in it.memory.book.audits if audit.action == "delete"]
    assert gone.side is side.other
    assert gone.before["note"] == "x"
    assert f"left the scope in {side}" in gone.reason
    assert not it.sync(full=full).writes


@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("on_leave", ["sever", "delete"])
def test_what_we_write_ourselves_takes_no_line_out_of_scope(side, on_leave):
    """Who edits or adds the other half did not ask for its deletion: that the line is outside is our own doing."""
    it = world(side, on_leave)
    it.add(side, line("A", 5))
    it.sync()
    it.pass_time()
    it.edit(side.other, "A", {"amount": 900})
    it.add(side.other, line("B", 800))
    for note in "xyz":
        it.sync()
        it.pass_time()
        it.edit(side, "A", {"note": note})
        it.edit(side, "B", {"note": note})
    it.sync()
    assert it.severed() == 0
    assert it.held(F) == it.held(D)
    assert it.held(D)["B"] == {"amount": 800.0, "note": "z", "marked": False}
    assert not [audit for audit in it.memory.book.audits if audit.action == "delete"]


@pytest.mark.parametrize("side", Side)
def test_a_narrower_scope_deletes_nothing(side):
    it = world(side, "delete")
    it.add(side, line("A", 5), line("B", 50))
    it.sync()
    name = "field" if side is F else "column"
    given = [{name: "金额" if side is F else "amount", "lt": 10}]
    it.mapping = replace(it.mapping, where={side: WhereSpec(given, names_in(given, side), "delete")})
    it.pass_time()
    it.edit(side, "B", {"note": "改"})
    it.sync()
    assert it.held(side.other)["B"]["note"] == "改"
    it.pass_time()
    it.edit(side, "B", {"amount": 60})
    it.sync()
    assert set(it.held(side.other)) == {"A"}


def test_many_that_leave_at_once_wait_for_a_person():
    it = world(D, "delete", share=0.2)
    it.add(D, *[line(f"N{n}", 5) for n in range(30)])
    it.sync()
    it.pass_time()
    for n in range(20):
        it.edit(D, f"N{n}", {"amount": 500})
    stopped = it.sync()
    assert stopped.guard.name == "deletes"
    assert len(it.held(F)) == 30
    it.sync(approve=stopped.run)
    assert len(it.held(F)) == 10
    assert len(it.held(D)) == 30


@pytest.mark.parametrize("side", Side)
def test_an_edit_of_the_other_half_outlives_the_leaving(side):
    it = world(side, "delete")
    it.add(side, line("A", 5))
    it.sync()
    it.pass_time()
    it.edit(side, "A", {"amount": 900})
    it.edit(side.other, "A", {"note": "别删"})
    it.sync()
    assert it.held(side.other)["A"]["note"] == "别删"
    assert it.severed() == 1


@pytest.mark.parametrize("side", Side)
def test_nothing_is_doubled_where_a_line_outside_has_the_match_values(side):
    it = world(side)
    it.add(side, line("A", 500))
    it.add(side.other, line("A", 5))
    it.sync()
    it.sync(full=False)
    assert it.numbers(F) == it.numbers(D) == {"A": 1}
    if side is F:
        assert it.failures() == ["rival"]


def test_a_wider_scope_lets_in_at_the_next_run_what_nobody_touched():
    it = world(D)
    it.add(D, line("A", 5), line("B", 500))
    it.sync()
    assert set(it.held(F)) == {"A"}
    it.mapping = replace(it.mapping, where={D: WhereSpec([{"column": "amount", "lt": 1000}], ("amount",))})
    it.sync()
    assert set(it.held(F)) == {"A", "B"}


def test_conditions_may_be_on_fields_that_are_not_mapped_and_be_nested():
    given = [
        {
            "any": [
                {"field": "作废", "is": True},
                {"all": [{"field": "金额", "gte": 10}, {"field": "备注", "empty": True}]},
            ]
        }
    ]
    it = world(F, conditions=given)
    it.add(F, line("A", 5), line("B", 10), line("C", 11, "x"))
    for name, kept in it.records.records.items():
        if kept.cells["金额"] == 5:
            it.records.edit(name, {"作废": True})
            break
    it.sync()
    assert set(it.held(D)) == {"A", "B"}
