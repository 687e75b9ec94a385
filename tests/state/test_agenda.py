"""What is due is asked for once, taken once, and never forgotten: whoever dies, doubles or loses messages."""

import threading
from datetime import timedelta

import pytest

from syncer.core.schedule import Schedule, Trouble
from syncer.ports.signals import SignalKind
from syncer.state.agenda import Ask, Kind
from syncer.state.mappings import State
from syncer.state.store import Store
from tests.state.rooms import LAYOUT, F

EVERY_MINUTE = Schedule(timedelta(minutes=1), "0 3 * * *")
POLL, FULL, EVENTS = Kind.INCREMENTAL, Kind.FULL, Kind.INTERACTIVE


class LostError(Exception):
    """The broker did not take it."""


@pytest.fixture
def agenda(store):
    plan(store)
    return store.agenda


def plan(store, schedule=EVERY_MINUTE):
    for one in store.agenda.unplanned():
        store.agenda.plan(one, schedule)


def asked(agenda):
    with agenda.ripe() as asks:
        return list(asks)


def lose(agenda):
    with agenda.ripe() as asks:
        assert asks
        raise LostError


def notice(store, name="orders"):
    store.noticing.raise_(name, F, SignalKind.LINE, ["rec1"], "an event")


def call(agenda, *names):
    with agenda.called(names or ("orders",)) as asks:
        return list(asks)


def settle(store):
    signals = store.noticing.signals("orders")
    signals.settle(signals.claim(100))


def test_a_new_mapping_is_due_at_once_and_asked_for_once(agenda):
    assert asked(agenda) == [Ask("orders", POLL)]
    assert asked(agenda) == []


def test_after_a_run_the_next_is_due_by_the_rhythm_from_its_beginning(agenda, clock):
    turn = agenda.take("orders", POLL, "one")
    clock.sleep(20)
    agenda.done(turn, EVERY_MINUTE)
    assert asked(agenda) == []
    clock.sleep(39)
    assert asked(agenda) == []
    clock.sleep(1)
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_full_run_counts_as_a_poll_but_not_the_other_way_round(agenda, clock):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    clock.sleep(86400)
    assert {ask.kind for ask in asked(agenda)} == {POLL, FULL}
    agenda.done(agenda.take("orders", FULL, "one"), EVERY_MINUTE)
    assert agenda.take("orders", POLL, "two") is None
    clock.sleep(60)
    assert asked(agenda) == [Ask("orders", POLL)]


def test_an_event_asks_once_however_many_come(agenda, store):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    notice(store)
    assert call(agenda) == [Ask("orders", EVENTS)]
    for _ in range(50):
        notice(store)
        assert call(agenda) == []
    turn = agenda.take("orders", EVENTS, "one")
    assert call(agenda) == [], "it is being run: whoever ends the run asks for the next"
    settle(store)
    agenda.done(turn, EVERY_MINUTE)
    with agenda.following("orders") as asks:
        assert not asks


def test_what_came_while_a_run_went_on_is_asked_for_when_it_ends(agenda, store):
    turn = agenda.take("orders", POLL, "one")
    notice(store)
    assert call(agenda) == []
    agenda.done(turn, EVERY_MINUTE)
    with agenda.following("orders") as asks:
        assert list(asks) == [Ask("orders", EVENTS)]


def test_a_call_that_was_lost_is_found_by_the_signals(agenda, store):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    notice(store)
    assert asked(agenda) == []
    assert agenda.stir() == 1
    assert asked(agenda) == [Ask("orders", EVENTS)]


def test_signals_that_rest_wake_nobody(agenda, store):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    store.noticing.signals("orders").leave(F, ["rec1"], "held")
    assert agenda.stir() == 0


def test_a_message_the_broker_did_not_take_is_asked_for_again(agenda):
    with pytest.raises(LostError):
        lose(agenda)
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_message_nobody_took_is_sent_again_ever_later(agenda, clock):
    gaps, waited = [], 0
    while len(gaps) < 4:
        waited = waited + 1
        clock.sleep(1)
        if asked(agenda):
            gaps.append(waited)
            waited = 0
    assert gaps == [1, 11, 21, 41]


def test_when_the_broker_lost_everything_what_is_due_is_sent_anew(agenda):
    asked(agenda)
    assert agenda.forget_sent() == 1
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_message_that_comes_twice_or_late_finds_nothing_to_do(agenda):
    turn = agenda.take("orders", POLL, "one")
    assert agenda.take("orders", POLL, "two") is None
    agenda.done(turn, EVERY_MINUTE)
    assert agenda.take("orders", POLL, "two") is None
    assert agenda.take("nobody", POLL, "two") is None


def test_a_worker_that_died_before_its_run_began_is_given_up(agenda, clock):
    agenda.take("orders", POLL, "one")
    clock.sleep(9)
    assert asked(agenda) == []
    clock.sleep(2)
    assert asked(agenda) == [Ask("orders", POLL)]
    assert agenda.take("orders", POLL, "two") is not None


def test_one_that_comes_back_from_the_dead_ends_nobody_elses_turn(agenda, clock):
    late = agenda.take("orders", POLL, "one")
    clock.sleep(11)
    assert agenda.take("orders", POLL, "two") is not None
    agenda.done(late, EVERY_MINUTE)
    agenda.failed(late, EVERY_MINUTE, Trouble.FAULT)
    agenda.give_back(late)
    assert agenda.take("orders", POLL, "three") is None, "the second one's turn still goes on"


def test_while_a_run_goes_on_nobody_is_asked_and_what_is_due_is_remembered(agenda, store, clock):
    with store.open_run("orders", "by hand", LAYOUT) as memory:
        clock.sleep(30)
        assert asked(agenda) == []
        assert agenda.take("orders", POLL, "one") is None
        store.finish_run(memory.run, "done")
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_worker_that_dies_in_its_run_is_followed_at_once(agenda, store):
    turn = agenda.take("orders", POLL, "one")
    with store.open_run("orders", "sync", LAYOUT):
        agenda.begun(turn)
        assert asked(agenda) == []
        assert agenda.take("orders", POLL, "two") is None
    assert asked(agenda) == [Ask("orders", POLL)]
    assert agenda.take("orders", POLL, "two") is not None


def test_an_edited_schedule_holds_at_once(agenda, store, clock):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    clock.sleep(20)
    store.apply("orders", {"name": "orders"}, "digest 2", "schedule")
    plan(store, Schedule(timedelta(seconds=30), "0 3 * * *"))
    clock.sleep(9)
    assert asked(agenda) == []
    clock.sleep(1)
    assert asked(agenda) == [Ask("orders", POLL)]
    assert agenda.unplanned() == []


def test_a_run_that_ends_after_an_edit_does_not_bring_the_old_schedule_back(agenda, store, clock):
    turn = agenda.take("orders", POLL, "one")
    store.apply("orders", {"name": "orders"}, "digest 2", "schedule")
    plan(store, Schedule(timedelta(seconds=5), "0 3 * * *"))
    agenda.done(turn, Schedule(timedelta(days=1), "0 3 * * *"))
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_paused_mapping_waits_and_goes_on_with_what_was_due(agenda, store, clock):
    store.pause("orders")
    clock.sleep(3600)
    assert asked(agenda) == []
    assert agenda.take("orders", POLL, "one") is None
    assert agenda.next_runs()["orders"].next_at is None
    store.resume("orders")
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_guarded_mapping_runs_by_its_schedule_alone(agenda, store, clock):
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    store.set_state("orders", State.GUARDED)
    notice(store)
    agenda.stir()
    assert call(agenda) == []
    assert asked(agenda) == []
    clock.sleep(60)
    assert asked(agenda) == [Ask("orders", POLL)]


def test_after_a_failure_outside_a_mapping_rests_twice_as_long_each_time(agenda, clock):
    for seconds in (1, 2, 4, 8):
        rest = agenda.failed(agenda.take("orders", POLL, "one"), EVERY_MINUTE, Trouble.OUTSIDE)
        assert rest == timedelta(seconds=seconds)
        clock.sleep(seconds - 0.1)
        assert asked(agenda) == []
        clock.sleep(0.1)
        assert asked(agenda) == [Ask("orders", POLL)]
    agenda.done(agenda.take("orders", POLL, "one"), EVERY_MINUTE)
    clock.sleep(60)
    assert agenda.failed(agenda.take("orders", POLL, "one"), EVERY_MINUTE, Trouble.OUTSIDE) == timedelta(seconds=1)


def test_what_a_person_must_mend_is_seldom_tried_until_a_run_by_hand_or_an_edit(agenda, store, clock):
    def broken():
        turn = agenda.take("orders", POLL, "one")
        store.set_state("orders", State.BROKEN)
        return agenda.failed(turn, EVERY_MINUTE, Trouble.MEND)

    assert [broken() for _ in range(1)] == [timedelta(minutes=1)]
    clock.sleep(59)
    assert asked(agenda) == []
    store.set_state("orders", State.ACTIVE)  # as a run by hand does that went well
    assert asked(agenda) == [Ask("orders", POLL)]
    assert broken() == timedelta(minutes=2)
    store.apply("orders", {"name": "orders"}, "digest 2", "mended")
    plan(store)
    assert asked(agenda) == [Ask("orders", POLL)]


def test_a_full_run_that_fails_outside_is_due_still_and_one_to_mend_waits_for_its_next_time(agenda, clock):
    clock.sleep(86400)
    agenda.failed(agenda.take("orders", FULL, "one"), EVERY_MINUTE, Trouble.OUTSIDE)
    clock.sleep(1)
    assert FULL in {ask.kind for ask in asked(agenda)}
    agenda.failed(agenda.take("orders", FULL, "one"), EVERY_MINUTE, Trouble.MEND)
    clock.sleep(3600)
    assert {ask.kind for ask in asked(agenda)} == {POLL}


def test_two_schedulers_at_once_ask_once(agenda, store):
    for number in range(20):
        store.apply(f"m{number}", {"name": f"m{number}"}, "digest", "new")
    plan(store)
    found, gate = [], threading.Barrier(4)

    def tick():
        gate.wait()
        found.extend(asked(Store(store._engine, store._clock).agenda))

    threads = [threading.Thread(target=tick) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == len(set(found)) == 21


def test_what_comes_next_is_told(agenda, store, clock):
    turn, began = agenda.take("orders", POLL, "one"), clock.now()
    agenda.done(turn, EVERY_MINUTE)
    told = agenda.next_runs()["orders"]
    assert told.next_at == began + timedelta(minutes=1)
    assert told.waiting_since is None
    clock.sleep(5)
    notice(store)
    assert agenda.next_runs()["orders"].waiting_since == clock.now()
    clock.sleep(60)
    rest = agenda.failed(agenda.take("orders", POLL, "one"), EVERY_MINUTE, Trouble.FAULT)
    assert agenda.next_runs()["orders"].next_at == clock.now() + rest


def test_old_runs_that_wrote_nothing_are_forgotten_but_the_last(agenda, store, clock):
    for _ in range(3):
        with store.open_run("orders", "sync", LAYOUT) as memory:
            store.finish_run(memory.run, "done")
    clock.sleep(8 * 86400)
    assert agenda.prune() == 2
    assert len(store.runs("orders")) == 1


def test_a_removed_mapping_takes_its_agenda_with_it(agenda, store):
    store.remove("orders")
    assert asked(agenda) == []
    assert agenda.take("orders", POLL, "one") is None
