"""What was read of a source: kept by the twin and by PostgreSQL alike."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from syncer.ports.shelf import ALWAYS, Kept
from syncer.state.shelf import PostgresShelf
from syncer.testing.shelf import MemoryShelf


def shelf_in(engine):
    return PostgresShelf(engine, "default", ("approval", "code"), uuid4().hex)


@pytest.fixture(params=["dictionaries", "postgres"])
def shelf(request):
    return MemoryShelf() if request.param == "dictionaries" else shelf_in(request.getfixturevalue("engine"))


def test_an_older_reading_never_replaces_a_newer_one_and_one_as_new_does(shelf):
    shelf.put([Kept("a 🧾", {"状态": "APPROVED"}, moved=5, until=9), Kept("b", {"n": 1e308}, moved=5)])
    shelf.put([Kept("a 🧾", {"状态": "PENDING"}, moved=4), Kept("b", {"n": None}, moved=5)])
    assert shelf.get(["a 🧾", "b", "c"]) == {
        "a 🧾": Kept("a 🧾", {"状态": "APPROVED"}, moved=5, until=9),
        "b": Kept("b", {"n": None}, moved=5, until=ALWAYS),
    }
    assert shelf.standing() == {"a 🧾": 9, "b": ALWAYS}


def test_what_is_dropped_is_gone_and_may_come_back_older(shelf):
    shelf.put([Kept("a", {}, moved=5)])
    shelf.drop(["a", "never there"])
    shelf.drop([])
    assert shelf.standing() == shelf.get(["a"]) == {}
    shelf.put([Kept("a", {"x": 1}, moved=1)])
    assert shelf.get(["a"]) == {"a": Kept("a", {"x": 1}, moved=1)}


def test_how_far_reading_went_is_what_was_noted_last(shelf):
    assert shelf.note() == {}
    shelf.advance({"窗": 1})
    shelf.advance({"窗": 2, "page": ["x"]})
    assert shelf.note() == {"窗": 2, "page": ["x"]}


def test_what_is_cleared_is_read_anew_from_the_beginning(shelf):
    shelf.put([Kept("a", {"mobile": "+86"})])
    shelf.advance({"reached": 1})
    shelf.clear()
    assert (shelf.standing(), shelf.note()) == ({}, {})


def test_two_sources_know_nothing_of_each_other(engine):
    one, other = shelf_in(engine), shelf_in(engine)
    one.put([Kept("a", {})])
    one.advance({"n": 1})
    assert (other.standing(), other.note()) == ({}, {})


KEPT = st.builds(Kept, st.sampled_from("abc"), st.dictionaries(st.just("v"), st.integers(0, 9)), st.integers(0, 3))
PUTS = st.lists(st.lists(KEPT, max_size=3, unique_by=lambda kept: kept.line), max_size=5)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(PUTS)
def test_whatever_is_put_in_whatever_order_both_keep_the_same(engine, puts):
    twin, real = MemoryShelf(), shelf_in(engine)
    for some in puts:
        twin.put(some)
        real.put(some)
    assert real.get(["a", "b", "c"]) == twin.get(["a", "b", "c"])
