"""A third value that a person gave for an open conflict: both sides come to hold it."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.core.conflicts import Resolution, Third
from syncer.core.merge import Circumstances, merge
from syncer.core.records import Base, Side
from tests.core.toys import Cell, Cents, Same, pair

TEXTS = st.none() | st.text(max_size=5)


@given(before=TEXTS, feishu=TEXTS, database=TEXTS, value=TEXTS, fails=st.booleans())
def test_both_sides_come_to_hold_the_value_even_if_a_write_fails(before, feishu, database, value, fails):
    words = pair(toy=Same())
    cell = Cell(feishu, database, Base(before, before))
    said = Resolution(Third.MERGED, feishu, database, {Side.FEISHU: value, Side.DATABASE: value})
    first = merge(words, cell.base, cell.feishu, cell.database, Circumstances(resolution=said))
    if first.clash is None:
        return
    assert first.verdict.winner == "merged"
    cell.follow(first, fails={Side.DATABASE} if fails else frozenset())
    for _ in range(3):
        cell.follow(merge(words, cell.base, cell.feishu, cell.database, Circumstances(resolution=said)))
    assert (cell.feishu, cell.database) == (value, value)


@pytest.mark.parametrize("moved", [Side.FEISHU, Side.DATABASE])
def test_it_holds_only_for_what_the_person_was_shown(moved):
    numbers, one, two, three = pair(toy=Cents()), Decimal(1), Decimal(2), Decimal(3)
    said = Resolution(Third.MERGED, one, two, dict.fromkeys(Side, three))
    held = {Side.FEISHU: one, Side.DATABASE: two, moved: Decimal(9)}
    done = merge(numbers, Base(three, three), *(held[side] for side in Side), Circumstances(resolution=said))
    assert (done.write, done.verdict.winner) == (None, None)
