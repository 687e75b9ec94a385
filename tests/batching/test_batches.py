"""Cutting and bisecting batches."""

from itertools import pairwise
from math import ceil, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncer.batching.batches import Bad, Sent, bisect, cut, even, halves
from syncer.errors import RefusedError, TooLargeError, UnknownOutcomeError

SIZES = st.lists(st.integers(1, 50), max_size=60)


class Table:
    """Takes a batch whole, or refuses it for one bad line or for its length."""

    def __init__(self, bad: set[int], most: int = 10**6) -> None:
        self.bad, self.most = bad, most
        self.calls: list[list[int]] = []
        self.held: list[int] = []

    def __call__(self, batch):
        self.calls.append(list(batch))
        if len(batch) > self.most:
            raise TooLargeError("too many")
        if self.bad & set(batch):
            raise RefusedError(f"{min(self.bad & set(batch))} is bad")
        self.held.extend(batch)
        return len(batch)


@given(SIZES, st.integers(1, 20), st.integers(1, 120))
def test_cutting_keeps_every_item_in_order_and_every_batch_inside_both_limits(sizes, most, most_bytes):
    batches = list(cut(sizes, most, most_bytes, lambda size: size))
    assert [item for batch in batches for item in batch] == sizes
    assert all(batch and len(batch) <= most for batch in batches)
    assert all(sum(batch) <= most_bytes or len(batch) == 1 for batch in batches)


@given(SIZES, st.integers(1, 20), st.integers(1, 120))
def test_no_batch_could_have_taken_the_next_item_too(sizes, most, most_bytes):
    batches = list(cut(sizes, most, most_bytes, lambda size: size))
    for batch, following in pairwise(batches):
        assert len(batch) == most or sum(batch) + following[0] > most_bytes


def test_a_batch_that_may_hold_nothing_is_refused():
    with pytest.raises(ValueError, match="at least one"):
        list(cut([1], 0, 10, lambda size: size))


@given(st.lists(st.integers(), max_size=30))
def test_halves_are_the_whole_in_order_and_nearly_equal(batch):
    first, second = halves(batch)
    assert first + second == batch
    assert 0 <= len(second) - len(first) <= 1


@given(st.integers(0, 80), st.sets(st.integers(0, 79), max_size=6))
def test_good_items_go_through_once_and_bad_ones_are_named_once(count, bad):
    table = Table(bad)
    results = list(bisect(range(count), table))
    assert sorted(table.held) == sorted(set(range(count)) - bad)
    assert sorted(r.item for r in results if isinstance(r, Bad)) == sorted(bad & set(range(count)))
    assert sum(r.answer for r in results if isinstance(r, Sent)) == len(table.held)


@given(st.integers(0, 80), st.sets(st.integers(0, 79), max_size=6))
def test_nothing_is_called_bad_that_was_not_refused_alone(count, bad):
    table = Table(bad)
    for result in bisect(range(count), table):
        if isinstance(result, Bad):
            assert [result.item] in table.calls
            assert str(result.error) == f"{result.item} is bad"


@given(st.integers(2, 1000).flatmap(lambda count: st.tuples(st.just(count), st.integers(0, count - 1))))
def test_one_bad_item_among_n_is_found_in_about_log2_n_calls(case):
    count, bad = case
    table = Table({bad})
    assert len(list(bisect(range(count), table))) >= 2
    assert len(table.calls) <= 2 * ceil(log2(count)) + 2


@given(st.integers(1, 64), st.integers(1, 64))
def test_a_batch_that_is_only_too_large_goes_through_in_smaller_ones(count, most):
    table = Table(set(), most)
    assert all(isinstance(result, Sent) for result in bisect(range(count), table))
    assert table.held == list(range(count))


def test_an_item_that_is_too_large_alone_is_bad():
    (result,) = bisect(["x"], Table(set(), 0))
    assert isinstance(result, Bad)
    assert isinstance(result.error, TooLargeError)


def test_what_went_through_is_told_before_another_error_ends_it():
    def send(batch):
        if batch == [1, 2, 3, 4]:
            raise RefusedError("somewhere")
        if batch == [1, 2]:
            return "done"
        raise UnknownOutcomeError("the line went dead")

    results = bisect([1, 2, 3, 4], send)
    assert next(results) == Sent([1, 2], "done")
    with pytest.raises(UnknownOutcomeError):
        next(results)


def test_an_empty_batch_is_not_sent():
    table = Table(set())
    assert list(bisect([], table)) == []
    assert table.calls == []


@given(st.integers(1, 1000), st.integers(1, 1000))
def test_a_batch_that_is_too_large_is_cut_to_what_was_learned_meanwhile(count, most):
    table, learned = Table(set(), most), [1000]

    def send(batch):
        try:
            return table(batch)
        except TooLargeError:
            learned.append((len(batch) + 1) // 2)
            raise

    assert all(isinstance(result, Sent) for result in bisect(range(count), send, lambda: min(learned)))
    assert table.held == list(range(count))
    assert sum(len(call) > most for call in table.calls) <= ceil(log2(count or 1)) + 1


@given(SIZES, st.integers(1, 20))
def test_even_parts_hold_everything_in_order_and_differ_by_one_at_most(items, most):
    parts = list(even(items, most))
    assert [item for part in parts for item in part] == items
    lengths = {len(part) for part in parts}
    assert len(parts) == -(-len(items) // most)
    assert max(lengths, default=0) - min(lengths, default=0) <= 1
