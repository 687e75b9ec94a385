"""Updates of records wait for their events: kept by the twin and by PostgreSQL alike, and counted in the end."""

from dataclasses import replace
from datetime import timedelta

import pytest

from syncer.ports import Intent, IntentState, Memo
from syncer.state.store import Store
from tests.state.rooms import F, PostgresRoom, Room, conflict


def sent(room: Room, name: str, *records: str, awaited: bool = True):
    """A memory in which an update of these records was done."""
    memory = room.run()
    memory.intend([Intent(name, F, "update", f"body of {name} 体".encode(), created_at=room.clock.now(), seen=41)])
    memory.remember(Memo(intents={name: IntentState.DONE}, sent={name: records} if awaited else {}))
    return memory


def test_what_waits_is_told_with_the_body_that_was_sent_and_the_revision_before(room: Room) -> None:
    sent(room, "one", "rec1", "rec2 🧾")
    memory = sent(room, "two", "rec2 🧾")
    found = memory.unverified(["rec2 🧾", "rec9"])
    assert [(row.record, row.intent.id, row.intent.seen) for row in found] == [
        ("rec2 🧾", "one", 41),
        ("rec2 🧾", "two", 41),
    ]
    assert found[0].intent.body == "body of one 体".encode()
    assert int(found[0].run) < int(found[1].run)
    assert found[0].intent.created_at == room.clock.now()


def test_a_write_of_which_an_event_told_waits_no_more(room: Room) -> None:
    memory = sent(room, "one", "rec1", "rec2")
    memory.remember(Memo(verified=[("one", "rec1"), ("none", "rec2")]))
    assert [row.record for row in memory.unverified(["rec1", "rec2"])] == ["rec2"]


def test_what_was_reported_of_a_write_stands_with_it(room: Room) -> None:
    memory = sent(room, "one", "rec1", "rec2")
    memory.remember(Memo(reported={("one", "rec1"): frozenset({"丙", "b"})}))
    assert {row.record: row.reported for row in memory.unverified(["rec1", "rec2"])} == {
        "rec1": frozenset({"丙", "b"}),
        "rec2": frozenset(),
    }


def test_until_when_a_write_without_an_answer_may_stand_there_again_is_kept_with_it(room: Room) -> None:
    memory, until = room.run(), room.clock.now() + timedelta(seconds=10)
    memory.intend([Intent(name, F, "update", b"body", created_at=room.clock.now()) for name in ("one", "two")])
    states = dict.fromkeys(("one", "two"), IntentState.DONE)
    memory.remember(Memo(intents=states, sent={"one": ["rec1"], "two": ["rec1"]}, doubtful={"two": until}))
    assert {row.intent.id: row.until for row in memory.unverified(["rec1"])} == {"one": None, "two": until}


def test_the_body_of_a_write_that_nothing_is_awaited_of_is_not_kept(room: Room) -> None:
    memory = sent(room, "one", "rec1", awaited=False)
    assert memory.unverified(["rec1"]) == []
    assert memory.open_intents() == []


@pytest.fixture
def heard(store: Store, clock) -> PostgresRoom:
    """A mapping, of whose table events come."""
    store.apply("orders", {"tables": ["app", "tbl", "place", "orders"]}, "digest 2", "a table")
    return PostgresRoom(store, clock)


def event(store: Store, clock) -> None:
    with store.noticing._engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO syncer_state.record_event (app, event_id, app_token, table_id, record_id, action, happened_at,"
            " received_at, before, after)"
            " VALUES ('default', 'e', 'app', 'tbl', 'rec0', 'record_added', %s, %s, '{}', '{}')",
            (clock.now(), clock.now()),
        )


def test_a_write_counts_after_a_minute_by_its_day_after_eight_hours_and_no_more_after_a_week(
    heard: PostgresRoom, store: Store, clock
) -> None:
    with heard:
        event(store, clock)
        memory = sent(heard, "one", "rec1", "rec2", "rec3")
        memory.remember(Memo(verified=[("one", "rec1")], reported={("one", "rec2"): frozenset({"told"})}))
    steps = []
    for hours in (0, 0.1, 9, 24 * 6, 24 * 2):
        clock.move(3600 * hours)
        store.noticing.prune(timedelta(hours=8))
        steps.append(store.noticing.unverified())
    assert steps == [{"orders": 0}, {"orders": 1}, {"orders": 1}, {"orders": 1}, {"orders": 0}]


def test_where_no_event_ever_comes_nothing_is_counted(heard: PostgresRoom, store: Store, clock) -> None:
    with heard:
        sent(heard, "one", "rec1")
    clock.move(120)
    assert store.noticing.unverified() == {"orders": None}
    clock.move(9 * 3600)
    store.noticing.prune()
    assert store.noticing.unverified() == {"orders": 0}


def test_what_is_told_of_an_edit_that_is_over_settles_no_open_conflict_of_its_field(room: Room) -> None:
    memory = room.run()
    memory.remember(Memo(conflicts=[conflict(1)]))
    memory.remember(Memo(conflicts=[replace(conflict(1, feishu="别的 ✏️", winner="database"), apart=True)]))
    assert memory.open_conflicts([1])[1, "金额"].feishu == 2
    memory.remember(Memo(conflicts=[conflict(1, winner="database")]))
    assert memory.open_conflicts([1]) == {}
