"""One pair of one line: what a merge decides, told as a table and as laws that hold for every kind of field."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.core.conflicts import Moment
from syncer.core.mapping import Direction, Merge, Pairing, Policy
from syncer.core.merge import NOTHING, Circumstances, merge
from syncer.core.records import Base, Owed, Unreadable
from tests.core.toys import (
    DATABASE,
    FEISHU,
    NOON,
    TOYS,
    Cell,
    Cents,
    Labels,
    Trimmed,
    Wall,
    carried,
    holds,
    merges_of,
    pair,
    sample,
    seen,
)

D = Decimal
CALM = Circumstances(now=NOON)
ONE_WAY = {"to_database": Direction.TO_DATABASE, "to_feishu": Direction.TO_FEISHU}


def outcome(merged):
    """What a person would say of a merge, in one word and the value."""
    if merged.refused is not None:
        return "refused", merged.refused
    if merged.differs:
        return "differs"
    if merged.verdict is not None and merged.verdict.winner is None:
        return "parked"
    if merged.write is not None:
        return merged.write, merged.value
    return "base moves" if merged.base is not None else "nothing"


# Field by field: what changed since the base, and what comes of it ----------------------------------------------------

SHEET = [
    # pair, base, Feishu now, database now, outcome
    ("nothing changed", pair(), Base("a", "a"), "a", "a", "nothing"),
    ("only Feishu changed", pair(), Base("a", "a"), "b", "a", (DATABASE, "b")),
    ("only the database changed", pair(), Base("a", "a"), "a", "b", (FEISHU, "b")),
    ("both changed alike", pair(), Base("a", "a"), "b", "b", "base moves"),
    ("both changed, manual", pair(), Base("a", "a"), "b", "c", "parked"),
    ("both changed, feishu wins", pair(policy=Policy.FEISHU), Base("a", "a"), "b", "c", (DATABASE, "b")),
    ("both changed, database wins", pair(policy=Policy.DATABASE), Base("a", "a"), "b", "c", (FEISHU, "c")),
    ("Feishu cleared", pair(), Base("a", "a"), None, "a", (DATABASE, None)),
    ("the database cleared", pair(), Base("a", "a"), "a", None, (FEISHU, None)),
    ("cleared against changed", pair(policy=Policy.FILL_EMPTY), Base("a", "a"), None, "c", (FEISHU, "c")),
    (
        "a label is translated",
        pair(toy=Labels()),
        Base("待处理", "pending"),
        "已发货",
        "pending",
        (DATABASE, "shipped"),
    ),
    ("a label back", pair(toy=Labels()), Base("待处理", "pending"), "待处理", "shipped", (FEISHU, "已发货")),
    ("an unknown label", pair(toy=Labels()), Base("待处理", "pending"), "新选项", "pending", ("refused", DATABASE)),
    ("an unknown label back", pair(toy=Labels()), Base("待处理", "pending"), "待处理", "lost", ("refused", FEISHU)),
    ("labels changed alike", pair(toy=Labels()), Base("待处理", "pending"), "已发货", "shipped", "base moves"),
    ("rounded on arrival", pair(toy=Cents()), Base(D(1), D(1)), D("2.345"), D(1), (DATABASE, D("2.34"))),
    ("below what the column keeps", pair(toy=Cents()), Base(D(1), D(1)), D("1.004"), D(1), "base moves"),
    ("a rounded value at rest", pair(toy=Cents()), Base(D("1.006"), D("1.01")), D("1.006"), D("1.01"), "nothing"),
    ("too big", pair(toy=Cents()), Base(D(1), D(1)), D("1E9"), D(1), ("refused", DATABASE)),
    ("blanks at the end", pair(toy=Trimmed()), Base("张三", "张三"), "张三  ", "张三", "base moves"),
    ("only blanks", pair(toy=Trimmed()), Base("张三", "张三"), "   ", "张三", (DATABASE, None)),
    ("nothing passes", pair(toy=Wall()), Base("a", "a"), "b", "a", ("refused", DATABASE)),
    ("nothing passes back", pair(toy=Wall()), Base("a", "a"), "a", "b", ("refused", FEISHU)),
    ("emptiness passes", pair(toy=Wall()), Base("a", "a"), None, "a", (DATABASE, None)),
    (
        "a counter one side typed",
        pair(toy=Cents(), merge=Merge.COUNTER),
        Base(D("0.001"), D(0)),
        D("-0.045"),
        D(0),
        (DATABASE, D("-0.04")),
    ),
    ("unreadable in Feishu", pair(), Base("a", "a"), Unreadable("odd"), "a", ("refused", DATABASE)),
    ("unreadable in the database", pair(), Base("a", "a"), "a", Unreadable("odd"), ("refused", FEISHU)),
]


@pytest.mark.parametrize(
    ("case", "rules", "base", "feishu", "database", "expected"), SHEET, ids=[row[0] for row in SHEET]
)
def test_a_field_is_merged_by_what_changed_since_its_base(case, rules, base, feishu, database, expected):
    assert outcome(merge(rules, base, feishu, database, CALM)) == expected


@pytest.mark.parametrize(
    ("direction", "feishu", "database", "expected"),
    [
        ("to_database", "b", "a", (DATABASE, "b")),
        ("to_database", "a", "b", "base moves"),
        ("to_database", "b", "c", (DATABASE, "b")),
        ("to_database", "b", "b", "base moves"),
        ("to_database", None, "a", (DATABASE, None)),
        ("to_feishu", "a", "b", (FEISHU, "b")),
        ("to_feishu", "b", "a", "base moves"),
        ("to_feishu", "b", "c", (FEISHU, "c")),
        ("to_feishu", "a", None, (FEISHU, None)),
    ],
)
def test_one_way_only_the_source_counts(direction, feishu, database, expected):
    merged = merge(pair(direction=ONE_WAY[direction]), Base("a", "a"), feishu, database, CALM)
    assert outcome(merged) == expected
    if expected == "base moves" and feishu != database:
        assert merged.base == Base("a", "a"), "a target's edit is no agreement: the base stays"


def test_a_field_only_bitable_computes_is_never_written():
    computed = pair(writable=frozenset({DATABASE}))
    assert outcome(merge(computed, Base("a", "a"), "a", "b", CALM)) == "base moves"
    assert outcome(merge(computed, Base("a", "a"), "b", "c", CALM)) == (DATABASE, "b")


def test_a_pair_nobody_may_write_only_remembers_what_it_saw():
    sealed = pair(writable=frozenset())
    assert merge(sealed, None, "a", "b", CALM).base == Base("a", "b")
    assert merge(sealed, Base("a", "b"), "c", "d", CALM) is NOTHING


# First pairing --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairing", "feishu", "database", "expected"),
    [
        (Pairing.ASK, "a", "a", "base moves"),
        (Pairing.ASK, None, None, "base moves"),
        (Pairing.ASK, None, "b", (FEISHU, "b")),
        (Pairing.ASK, "a", None, (DATABASE, "a")),
        (Pairing.ASK, "a", "b", "differs"),
        (Pairing.FEISHU, "a", "b", (DATABASE, "a")),
        (Pairing.FEISHU, None, "b", (FEISHU, "b")),
        (Pairing.DATABASE, "a", "b", (FEISHU, "b")),
        (Pairing.DATABASE, "a", None, (DATABASE, "a")),
        (Pairing.POLICY, "a", "b", "parked"),
    ],
)
def test_a_pair_met_for_the_first_time_agrees_is_filled_or_asks(pairing, feishu, database, expected):
    assert outcome(merge(pair(), None, feishu, database, Circumstances(pairing=pairing))) == expected


def test_a_first_pairing_by_policy_is_a_conflict_like_any_other():
    later = {FEISHU: Moment(NOON + timedelta(minutes=1)), DATABASE: Moment(NOON)}
    about = Circumstances(pairing=Pairing.POLICY, lines=later)
    merged = merge(pair(policy=Policy.LATEST), None, "a", "b", about)
    assert outcome(merged) == (DATABASE, "a")
    assert (merged.clash.feishu, merged.clash.database) == ("a", "b")


@pytest.mark.parametrize("pairing", list(Pairing))
@pytest.mark.parametrize(
    ("direction", "feishu", "database", "expected"),
    [
        ("to_database", "a", "b", (DATABASE, "a")),
        ("to_database", "a", None, (DATABASE, "a")),
        ("to_database", None, "b", "base moves"),
        ("to_feishu", "a", "b", (FEISHU, "b")),
        ("to_feishu", "a", None, "base moves"),
    ],
)
def test_one_way_the_source_wins_a_first_pairing_but_clears_nothing(pairing, direction, feishu, database, expected):
    rules = pair(direction=ONE_WAY[direction])
    assert outcome(merge(rules, None, feishu, database, Circumstances(pairing=pairing))) == expected


def test_values_that_mean_the_same_need_no_answer_at_first_pairing():
    assert merge(pair(toy=Labels()), None, "已发货", "shipped", CALM).base == Base("已发货", "shipped")
    assert merge(pair(toy=Cents()), None, D("1.006"), D("1.01"), CALM).base == Base(D("1.006"), D("1.01"))
    assert merge(pair(toy=Trimmed()), None, "  ", None, CALM).base == Base("  ", None)


# Conflicts ------------------------------------------------------------------------------------------------------------


def test_a_conflict_is_told_even_when_a_policy_settles_it():
    merged = merge(pair(policy=Policy.DATABASE), Base("a", "a"), "b", "c", CALM)
    assert merged.verdict.winner is DATABASE
    assert (merged.clash.feishu, merged.clash.database) == ("b", "c")


def test_an_open_conflict_waits_moves_no_base_and_closes_by_equality():
    cell = Cell("b", "c", Base("a", "a"))
    for _ in range(3):
        merged = merge(pair(), cell.base, cell.feishu, cell.database, CALM)
        cell.follow(merged)
        assert outcome(merged) == "parked"
        assert cell.base == Base("a", "a")
    cell.database = "b"
    cell.follow(merge(pair(), cell.base, cell.feishu, cell.database, CALM))
    assert (cell.base, cell.writes) == (Base("b", "b"), [])


@pytest.mark.parametrize(("winner", "written"), [(FEISHU, (DATABASE, "b")), (DATABASE, (FEISHU, "c"))])
def test_a_person_settles_the_conflict_they_were_shown(winner, written):
    about = Circumstances(resolution=seen(winner, "b", "c"))
    assert outcome(merge(pair(), Base("a", "a"), "b", "c", about)) == written
    assert outcome(merge(pair(), Base("a", "a"), "b", "newer", about)) == "parked"


def test_a_winner_that_does_not_fit_is_refused_and_writes_nothing():
    merged = merge(pair(toy=Labels(), policy=Policy.FEISHU), Base("待处理", "pending"), "新选项", "shipped", CALM)
    assert outcome(merged) == ("refused", DATABASE)
    assert merged.base is None


# Owed -----------------------------------------------------------------------------------------------------------------


def test_what_is_owed_is_paid_once_and_forgotten():
    cell = Cell("old", "new", Base("old", "new", Owed(FEISHU, "new", NOON)))
    cell.follow(merge(pair(), cell.base, cell.feishu, cell.database, CALM))
    assert (cell.feishu, cell.base) == ("new", Base("new", "new"))
    assert merge(pair(), cell.base, cell.feishu, cell.database, CALM) is NOTHING


def test_what_was_owed_and_arrived_by_itself_is_not_sent_again():
    merged = merge(pair(), Base("old", "new", Owed(FEISHU, "new")), "new", "new", CALM)
    assert (merged.write, merged.base) == (None, Base("new", "new"))


@pytest.mark.parametrize(("side", "feishu", "database"), [(FEISHU, "edited", "b"), (DATABASE, "b", "edited")])
def test_an_edit_where_something_is_owed_is_a_conflict_not_a_loss(side, feishu, database):
    base = Base("a" if side is FEISHU else "b", "a" if side is DATABASE else "b", Owed(side, "b"))
    assert outcome(merge(pair(), base, feishu, database, CALM)) == "parked"


@pytest.mark.parametrize(("side", "feishu", "database"), [(FEISHU, "a", "newer"), (DATABASE, "newer", "a")])
def test_a_newer_edit_on_the_written_side_replaces_what_is_owed(side, feishu, database):
    base = Base("a" if side is FEISHU else "b", "a" if side is DATABASE else "b", Owed(side, "b"))
    assert outcome(merge(pair(), base, feishu, database, CALM)) == (side, "newer")


# Laws, for every kind of field ----------------------------------------------------------------------------------------


@st.composite
def cells(draw):
    """A pair, and two values that agree."""
    toy = draw(st.sampled_from(TOYS))
    rules = pair(toy=toy, merge=draw(st.sampled_from(merges_of(toy))), policy=draw(st.sampled_from(Policy)))
    first = draw(st.sampled_from([FEISHU, DATABASE]))
    value = draw(sample(toy, first).filter(lambda value: carried(rules, value, first.other)))
    agreed = {first: value, first.other: rules.carry(value, first.other)}
    return rules, agreed[FEISHU], agreed[DATABASE]


@given(cells())
def test_law_unchanged_sides_ask_for_nothing(cell):
    rules, feishu, database = cell
    assert merge(rules, Base(feishu, database), feishu, database, CALM) is NOTHING


@given(st.data())
def test_law_one_sides_change_is_carried_as_it_is(data):
    rules, feishu, database = data.draw(cells())
    side = data.draw(st.sampled_from([FEISHU, DATABASE]))
    edit = data.draw(sample(rules.translator, side))
    now = (edit, database) if side is FEISHU else (feishu, edit)
    assume(now != (feishu, database))
    merged = merge(rules, Base(feishu, database), *now, CALM)
    arrives = carried(rules, edit, side.other)
    if not arrives:
        assert outcome(merged) == ("refused", side.other)
    elif rules.same(*now):
        assert (merged.write, merged.base) == (None, Base(*now))
    else:
        assert outcome(merged) == (side.other, arrives[0])
    assert merged.clash is None


@given(st.data())
def test_law_the_same_change_on_both_sides_writes_nothing(data):
    rules, feishu, database = data.draw(cells())
    assume(rules.merge is Merge.REGISTER)
    edit = data.draw(sample(rules.translator, FEISHU))
    arrives = carried(rules, edit, DATABASE)
    assume(arrives)
    merged = merge(rules, Base(feishu, database), edit, arrives[0], CALM)
    assert merged.write is None
    assert merged.clash is None


@given(st.data())
def test_law_following_a_merge_leaves_nothing_to_merge(data):
    rules, feishu, database = data.draw(cells())
    pairing = data.draw(st.sampled_from(list(Pairing)))
    base = data.draw(st.sampled_from([None, Base(feishu, database)]))
    cell = Cell(data.draw(sample(rules.translator, FEISHU)), data.draw(sample(rules.translator, DATABASE)), base)
    about = Circumstances(pairing=pairing, now=NOON)
    first = merge(rules, cell.base, cell.feishu, cell.database, about)
    cell.follow(first)
    second = merge(rules, cell.base, cell.feishu, cell.database, about)
    if first.base is not None and first.base.owed is not None:
        assert outcome(second) == (FEISHU, first.base.owed.value)
        cell.follow(second)
        second = merge(rules, cell.base, cell.feishu, cell.database, about)
    if outcome(first) in ("parked", "differs") or first.refused is not None:
        assert second == first
    else:
        assert second.write is None
        assert second.base in (None, cell.base)
        assert rules.same(cell.feishu, cell.database)


@given(st.data())
def test_law_a_run_never_answers_its_own_writes(data):
    """No oscillation: whatever rounding or trimming does on arrival, an edit is answered once a side at most."""
    rules, feishu, database = data.draw(cells())
    cell = Cell(feishu, database, Base(feishu, database))
    for _ in range(3):
        side = data.draw(st.sampled_from([FEISHU, DATABASE]))
        edit = data.draw(sample(rules.translator, side))
        cell.writes.clear()
        if side is FEISHU:
            cell.feishu = edit
        else:
            cell.database = edit
        for _ in range(4):
            cell.follow(merge(rules, cell.base, cell.feishu, cell.database, CALM))
        assert len(cell.writes) == len(set(cell.writes))


@given(st.data())
def test_law_one_way_the_target_ends_as_the_source_says(data):
    toy = data.draw(st.sampled_from(TOYS))
    rules = pair(toy=toy, direction=Direction.TO_DATABASE)
    feishu, database = data.draw(sample(toy, FEISHU)), data.draw(sample(toy, DATABASE))
    cell = Cell(feishu, database)
    cell.follow(merge(rules, None, feishu, database, CALM))
    edit = data.draw(sample(toy, FEISHU))
    assume(cell.base is not None)
    assume(edit != cell.feishu)
    cell.feishu = edit
    cell.follow(merge(rules, cell.base, cell.feishu, cell.database, CALM))
    arrives = carried(rules, edit, DATABASE)
    assert cell.feishu == edit
    if arrives:
        assert cell.database == arrives[0]
    assert FEISHU not in cell.writes


def test_toys_hold_what_they_say():
    assert holds(Cents(), D("1.01"))
    assert not holds(Cents(), D("1.006"))
