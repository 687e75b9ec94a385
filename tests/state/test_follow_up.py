"""A signal that is due later: nobody is told of it before its moment, and every arrival moves that moment."""

from datetime import timedelta

import pytest

from syncer.core.schedule import Schedule
from syncer.ports.signals import SignalKind
from syncer.state.agenda import Ask, Kind
from syncer.testing.signals import InMemoryNoticing
from tests.state.rooms import F

AFTER = timedelta(seconds=5)


@pytest.fixture(params=["dictionaries", "postgres"])
def noticing(request, clock):
    if request.param == "dictionaries":
        return InMemoryNoticing({"orders": ("default", "bascn", "tbl")}, clock)
    return request.getfixturevalue("store").noticing


def claimed(signals, **more):
    return [(signal.kind, signal.line) for signal in signals.claim(10, **more)]


def test_it_is_claimed_by_nobody_before_its_moment(noticing, clock):
    signals = noticing.signals("orders")
    signals.follow_up(["rec甲", "rec乙", "rec甲"], clock.now() + AFTER)
    assert (claimed(signals), claimed(signals, resting=True), dict(noticing.waiting())) == ([], [], {})
    clock.sleep(5)
    assert sorted(claimed(signals)) == [(SignalKind.COMPUTED, "rec乙"), (SignalKind.COMPUTED, "rec甲")]
    assert noticing.waiting() == {"orders": clock.now()}
    signals.settle(signals.claim(10))
    assert (claimed(signals), dict(noticing.waiting())) == ([], {})


def test_an_arrival_moves_it_and_one_that_was_claimed_is_not_settled_by_that(noticing, clock):
    signals = noticing.signals("orders")
    signals.follow_up([""], clock.now() + AFTER)
    clock.sleep(5)
    found = signals.claim(10)
    assert [signal.names_line for signal in found] == [False]
    signals.follow_up([""], clock.now() + AFTER)
    signals.settle(found)
    assert claimed(signals) == []
    clock.sleep(5)
    assert claimed(signals) == [(SignalKind.COMPUTED, "")]


def test_it_stands_beside_what_was_told_of_the_same_line(noticing, clock):
    signals = noticing.signals("orders")
    noticing.raise_("orders", F, SignalKind.LINE, ["rec1"], "an event")
    signals.follow_up(["rec1"], clock.now() + AFTER)
    found = signals.claim(10)
    assert [(signal.kind, signal.names_line) for signal in found] == [(SignalKind.LINE, True)]
    signals.settle(found)
    clock.sleep(5)
    assert claimed(signals) == [(SignalKind.COMPUTED, "rec1")]


def test_it_makes_its_mapping_due_at_its_moment_and_no_sooner(store, clock):
    agenda, schedule = store.agenda, Schedule(timedelta(hours=1), "0 3 * * *")
    for one in agenda.unplanned():
        agenda.plan(one, schedule)
    agenda.done(agenda.take("orders", Kind.INCREMENTAL, "one"), schedule)
    store.noticing.signals("orders").follow_up(["rec1"], clock.now() + AFTER)
    assert agenda.stir() == 0
    assert agenda.next_runs()["orders"].waiting_since is None
    clock.sleep(5)
    assert agenda.stir() == 1
    with agenda.ripe() as asks:
        assert list(asks) == [Ask("orders", Kind.INTERACTIVE)]
    turn = agenda.take("orders", Kind.INTERACTIVE, "two")
    signals = store.noticing.signals("orders")
    signals.settle(signals.claim(10))
    signals.follow_up(["rec2"], clock.now() + AFTER)
    agenda.done(turn, schedule)
    assert agenda.stir() == 0
