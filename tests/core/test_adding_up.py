"""Sets and counters: concurrent changes are both kept, and counted once however often the second half fails."""

from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from syncer.core.mapping import Merge, Policy
from syncer.core.merge import NOTHING, Circumstances, merge
from syncer.core.records import Base, Owed
from syncer.core.values import plain
from tests.core.toys import DATABASE, FEISHU, NOON, Cell, Cents, Labels, Same, Tags, Wall, pair

D = Decimal
NOW = Circumstances(now=NOON)
STOCK = pair("stock", merge=Merge.COUNTER)
PRICE = pair("price", Cents(), merge=Merge.COUNTER)
TAGS = pair("tags", Tags(), merge=Merge.SET)


def tags(*names):
    return frozenset(names) or None


class Spelled(Labels):
    """A set of labels, each with another name in the database."""

    def to_database(self, value):
        return frozenset(self._look(self.table, one) for one in value) if value else None

    def to_feishu(self, value):
        back = {there: here for here, there in self.table.items()}
        return frozenset(self._look(back, one) for one in value) if value else None


SPELLED = pair("tags", Spelled(), merge=Merge.SET)


def run(rules, cell, fails=frozenset()):
    cell.follow(merge(rules, cell.base, cell.feishu, cell.database, NOW), fails=fails)


def settle(rules, cell, runs=4):
    for _ in range(runs):
        run(rules, cell)
    assert merge(rules, cell.base, cell.feishu, cell.database, NOW) in (NOTHING, cell.base)
    return cell.feishu, cell.database


@pytest.mark.parametrize(
    ("rules", "start", "feishu", "database", "result"),
    [
        (STOCK, D(10), D(13), D(9), (D(12), D(12))),
        (STOCK, D(10), D(13), D(13), (D(16), D(16))),
        (STOCK, D(10), D(13), D(7), (D(10), D(10))),
        (STOCK, D(10), D(13), D(10), (D(13), D(13))),
        (STOCK, D("0.1"), D("0.3"), D("0.1") - D(1), (D("-0.7"), D("-0.7"))),
        (PRICE, D(1), D("1.006"), D(2), (D("2.01"), D("2.01"))),
        (TAGS, tags("a"), tags("a", "b"), tags("a", "c"), (tags("a", "b", "c"),) * 2),
        (TAGS, tags("a", "b"), tags("b"), tags("a"), (None, None)),
        (TAGS, tags("a"), None, tags("a", "急"), (tags("急"), tags("急"))),
        (TAGS, None, tags("🎁"), tags("🎁"), (tags("🎁"), tags("🎁"))),
        (TAGS, tags("a", "b"), tags("b", "c"), tags("b", "c"), (tags("b", "c"),) * 2),
    ],
)
def test_concurrent_changes_add_up(rules, start, feishu, database, result):
    assert settle(rules, Cell(feishu, database, Base(start, start))) == result


def test_a_translated_set_adds_up_in_each_sides_own_names():
    cell = Cell(tags("待处理", "已发货"), tags("cancelled"), Base(tags("待处理"), tags("pending")))
    assert settle(SPELLED, cell) == (tags("已发货", "已取消"), tags("shipped", "cancelled"))


def test_an_unknown_name_in_a_set_is_refused_and_nothing_moves():
    cell = Cell(tags("待处理", "新"), tags("cancelled"), Base(tags("待处理"), tags("pending")))
    merged = merge(SPELLED, cell.base, cell.feishu, cell.database, NOW)
    assert (merged.refused, merged.base, merged.write) == (DATABASE, None, None)
    assert "新" in merged.misfit


def test_a_sum_that_does_not_fit_is_refused():
    merged = merge(PRICE, Base(D(0), D(0)), D(60_000_000), D(60_000_000), NOW)
    assert merged.refused is DATABASE
    assert merged.base is None


def test_the_database_is_written_first_and_feishu_is_owed_the_rest_in_the_same_breath():
    merged = merge(STOCK, Base(D(10), D(10)), D(13), D(9), NOW)
    assert (merged.write, merged.value) == (DATABASE, D(12))
    assert merged.base == Base(D(13), D(12), Owed(FEISHU, D(12), NOON))


def test_a_half_that_fails_ten_times_is_counted_once():
    cell = Cell(D(13), D(9), Base(D(10), D(10)))
    for _ in range(10):
        run(STOCK, cell, fails={FEISHU})
    assert (cell.feishu, cell.database) == (D(13), D(12))
    assert settle(STOCK, cell) == (D(12), D(12))
    assert cell.writes == [DATABASE, FEISHU]


def test_what_is_owed_and_arrived_unseen_is_not_counted_again():
    cell = Cell(D(12), D(12), Base(D(13), D(12), Owed(FEISHU, D(12))))
    assert settle(STOCK, cell) == (D(12), D(12))
    assert cell.writes == []


def test_a_sum_that_feishu_already_means_is_only_written_to_the_database():
    cell = Cell(D("2.006"), D("1.01"), Base(D("1.005"), D(1)))
    assert settle(PRICE, cell) == (D("2.006"), D("2.01"))
    assert cell.writes == [DATABASE]


def test_edits_while_something_is_owed_add_up_on_top_of_it():
    cell = Cell(D(13), D(9), Base(D(10), D(10)))
    run(STOCK, cell, fails={FEISHU})
    cell.feishu += 5
    cell.database -= 2
    run(STOCK, cell, fails={FEISHU})
    cell.feishu += 100
    assert settle(STOCK, cell) == (D(10 + 3 - 1 + 5 - 2 + 100),) * 2


@pytest.mark.parametrize("value", [None, "viele"])
def test_a_counter_somebody_emptied_is_settled_by_the_policy(value):
    rules = pair(merge=Merge.COUNTER, policy=Policy.DATABASE)
    merged = merge(rules, Base(D(10), D(10)), value, D(9), NOW)
    assert (merged.write, merged.value, merged.verdict.winner) == (FEISHU, D(9), DATABASE)


def test_a_wall_parks_a_sum_as_a_failure_and_never_half_of_it():
    cell = Cell(D(13), D(9), Base(D(10), D(10)))
    for _ in range(3):
        run(pair(toy=Wall(), merge=Merge.COUNTER), cell)
    assert (cell.feishu, cell.database, cell.writes) == (D(13), D(9), [])


# Laws -----------------------------------------------------------------------------------------------------------------

wholes = st.integers(-(10**6), 10**6).map(lambda whole: plain(Decimal(whole)))
names = st.frozensets(st.sampled_from(["a", "b", "急", "🎁", "老客户"])).map(lambda found: found or None)


@given(wholes, wholes, wholes)
def test_law_counters_commute_and_lose_nothing(start, here, there):
    one = settle(STOCK, Cell(start + here, start + there, Base(start, start)))
    other = settle(STOCK, Cell(start + there, start + here, Base(start, start)))
    assert one == other == (start + here + there,) * 2


@given(names, names, names)
def test_law_sets_commute_and_lose_nothing(start, here, there):
    one = settle(TAGS, Cell(here, there, Base(start, start)))
    other = settle(TAGS, Cell(there, here, Base(start, start)))
    before, here, there = (value or frozenset() for value in (start, here, there))
    kept = ((here | there) - (before - here) - (before - there)) or None
    assert one == other == (kept, kept)


steps = st.lists(
    st.tuples(
        st.sampled_from(["feishu", "database", "run", "run", "run"]),
        wholes.filter(bool),
        st.sampled_from([frozenset(), frozenset({FEISHU}), frozenset({DATABASE}), frozenset({FEISHU, DATABASE})]),
    ),
    max_size=25,
)


@given(wholes, steps)
def test_law_every_count_arrives_once_whatever_fails_meanwhile(start, story):
    """A count that lands a side exactly on what it is owed is left out: nobody can tell it from the payment."""
    cell, total = Cell(start, start, Base(start, start)), start
    for step, delta, fails in story:
        if step == "run":
            run(STOCK, cell, fails)
            continue
        total += delta
        if step == "feishu":
            cell.feishu = plain(cell.feishu + delta)
        else:
            cell.database = plain(cell.database + delta)
        assume(cell.base.owed is None or cell.feishu != cell.base.owed.value)
    assert settle(STOCK, cell) == (total, total)


@given(
    st.lists(
        st.tuples(
            st.sampled_from([FEISHU, DATABASE]),
            st.booleans(),
            st.integers(0, 40),
            st.sets(st.sampled_from([FEISHU, DATABASE])),
        ),
        max_size=25,
    )
)
def test_law_no_member_of_a_set_is_lost_or_comes_back_whatever_fails_meanwhile(story):
    """Every name is added once, and some are taken away again where they stand; any write may fail."""
    start = frozenset({"base"})
    cell, alive, used = Cell(start, start, Base(start, start)), {"base"}, {"base"}
    for side, adds, which, fails in story:
        held = (cell.feishu if side is FEISHU else cell.database) or frozenset()
        name = f"名{which}"
        if adds and name not in used:
            used.add(name)
            alive.add(name)
            held |= {name}
        elif not adds and held:
            name = sorted(held)[which % len(held)]
            alive.discard(name)
            held -= {name}
        if side is FEISHU:
            cell.feishu = held or None
        else:
            cell.database = held or None
        run(TAGS, cell, frozenset(fails))
    expected = frozenset(alive) or None
    assert settle(TAGS, cell) == (expected, expected)


def test_a_plain_pair_is_never_added_up():
    assert merge(pair(toy=Same()), Base(D(1), D(1)), D(2), D(3), NOW).write is None
