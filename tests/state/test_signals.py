"""What was noticed is stored once, settled only if nothing came meanwhile, and kept as long as it is of use."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, text

from syncer.errors import NotAppliedError
from syncer.ports.signals import ParsedEvent, RecordChange, SignalKind
from syncer.state.signals import PostgresSignals
from syncer.state.store import Store
from syncer.testing import FakeClock
from syncer.testing.signals import InMemoryNoticing
from tests.state.rooms import D, F

LINE, POLL, SCHEMA = SignalKind.LINE, SignalKind.POLL, SignalKind.SCHEMA
BASE, TABLE = "bascnOrders", "tblOrders"
TYPE = "drive.file.bitable_record_changed_v1"
TABLES = {
    "orders": ("default", BASE, TABLE),
    "mirror": ("default", BASE, TABLE),
    "customers": ("default", BASE, "tblCustomers"),
    "abroad": ("lark", BASE, TABLE),
}


def apply(store: Store, name: str) -> None:
    app, base, table = TABLES[name]
    document = {"document": {"feishu": {"app": app}, "database": {"connection": "erp"}}}
    store.apply(name, {**document, "tables": [base, table, "localhost/erp", f"sales.{name}"]}, "d1", "new")


@pytest.fixture(params=["dictionaries", "postgres"])
def noticing(request: pytest.FixtureRequest, clock: FakeClock):
    """Every promise is tried on the twin and on the real thing."""
    if request.param == "dictionaries":
        return InMemoryNoticing(TABLES, clock)
    return request.getfixturevalue("real")


@pytest.fixture
def real(engine: Engine, clock: FakeClock):
    store = Store(engine, clock)
    for name in TABLES:
        apply(store, name)
    return store.noticing


def change(record: str, action: str = "record_edited", **values: str) -> RecordChange:
    return RecordChange(record, action, {"fld1": '"旧 😀"'}, values or {"fld1": '"新"'})


def event(number: int, *changes: RecordChange, **more: object) -> ParsedEvent:
    given: dict[str, object] = {"app_token": BASE, "table_id": TABLE, "body": '{"schema": "2.0"}'}
    return ParsedEvent(f"event {number}", TYPE, changes=changes, **{**given, **more})  # type: ignore[arg-type]


def lines(signals) -> list[tuple[str, str]]:
    return [(signal.kind.value, signal.line) for signal in signals]


# Arrival


def test_an_event_leaves_a_line_signal_for_every_mapping_of_its_table(noticing) -> None:
    named = noticing.receive("default", event(1, change("rec2"), change("rec1"), change("rec2")))
    assert sorted(named) == ["mirror", "orders"]
    assert sorted(lines(noticing.signals("orders").claim(10))) == [("line", "rec1"), ("line", "rec2")]
    assert noticing.signals("customers").claim(10) == []
    assert noticing.signals("abroad").claim(10) == []


def test_an_event_delivered_twice_counts_once(noticing) -> None:
    noticing.receive("default", event(1, change("rec1")))
    signals = noticing.signals("orders")
    claimed = signals.claim(10)
    assert noticing.receive("default", event(1, change("rec1"))) == []
    assert signals.claim(10) == claimed
    assert len(signals.events_of(TABLE, ["rec1"])["rec1"]) == 1


def test_two_apps_may_use_the_same_event_id(noticing) -> None:
    noticing.receive("default", event(1, change("rec1")))
    assert noticing.receive("lark", event(1, change("rec1"))) == ["abroad"]


def test_an_event_of_a_table_no_mapping_knows_gives_no_signal(noticing) -> None:
    assert noticing.receive("default", event(1, change("rec1"), table_id="tblElse")) == []
    assert noticing.receive("default", event(2, app_token="", table_id="")) == []
    assert noticing.signals("orders").events_of("tblElse", ["rec1"]) == {}
    assert noticing.waiting() == {}


def test_a_change_of_fields_asks_for_the_field_list(noticing) -> None:
    noticing.receive("default", event(1, fields=("fld1", "fld2")))
    assert lines(noticing.signals("orders").claim(10)) == [("schema", "")]


def test_what_could_not_be_understood_asks_for_a_poll(noticing) -> None:
    noticing.receive("default", event(1, change("rec1"), unclear=True))
    assert sorted(lines(noticing.signals("orders").claim(10))) == [("line", "rec1"), ("poll", "")]


def test_a_signal_can_be_raised_by_name_for_lines_or_as_a_whole(noticing) -> None:
    noticing.raise_("orders", D, LINE, ['{"id": 7}', "键 😀"], "notification")
    noticing.raise_("orders", F, POLL, reason="reconnected")
    found = noticing.signals("orders").claim(10)
    assert {(signal.side, signal.line, signal.reason) for signal in found} == {
        (D, '{"id": 7}', "notification"),
        (D, "键 😀", "notification"),
        (F, "", "reconnected"),
    }
    with pytest.raises(NotAppliedError, match="nobody"):
        noticing.raise_("nobody", F, POLL)
    with pytest.raises(NotAppliedError, match="nobody"):
        noticing.signals("nobody")


# Settling


def test_what_was_claimed_and_settled_is_gone(noticing) -> None:
    noticing.receive("default", event(1, change("rec1"), change("rec2")))
    signals = noticing.signals("orders")
    signals.settle(signals.claim(1))
    assert len(signals.claim(10)) == 1
    signals.settle(signals.claim(10))
    signals.settle([])
    assert "orders" not in noticing.waiting()


def test_what_arrives_between_claim_and_settlement_is_not_settled(noticing, clock) -> None:
    signals = noticing.signals("orders")
    noticing.receive("default", event(1, change("rec1"), change("rec2")))
    claimed = signals.claim(10)
    clock.move(5)
    noticing.receive("default", event(2, change("rec1")))
    signals.settle(claimed)
    (left,) = signals.claim(10)
    assert left.line == "rec1"
    assert left.noticed_at == claimed[0].noticed_at
    assert left.generation > max(signal.generation for signal in claimed)


def test_the_oldest_are_claimed_first(noticing, clock) -> None:
    for line in ("rec3", "rec1", "rec2"):
        noticing.raise_("orders", F, LINE, [line])
        clock.move(1)
    noticing.raise_("orders", F, LINE, ["rec3"])
    assert [signal.line for signal in noticing.signals("orders").claim(2)] == ["rec3", "rec1"]


def test_waiting_names_the_mappings_and_since_when(noticing, clock) -> None:
    began = clock.now()
    noticing.raise_("orders", F, LINE, ["rec1"])
    clock.move(3)
    noticing.raise_("customers", D, POLL)
    noticing.raise_("orders", F, LINE, ["rec2"])
    assert list(noticing.waiting().items()) == [("orders", began), ("customers", began + timedelta(seconds=3))]


def test_a_signal_is_as_old_as_the_first_received_of_its_events_in_whatever_order_they_are_stored(noticing, clock):
    received = clock.now()
    clock.move(0.001)
    noticing.receive("default", event(1, change("rec1", "record_added")))
    clock.move(-0.001)
    noticing.receive("default", event(2, change("rec1")))
    (signal,) = noticing.signals("orders").claim(10)
    assert signal.noticed_at == received
    told = noticing.signals("orders").events_of(TABLE, ["rec1"])["rec1"]
    assert all(one.received_at >= signal.noticed_at for one in told)


# Lines that are left


@pytest.mark.parametrize("settled_first", [True, False])
def test_a_line_that_was_left_rests_until_something_arrives_for_it(noticing, clock, settled_first) -> None:
    noticing.raise_("orders", F, LINE, ["rec1", "rec2"])
    signals = noticing.signals("orders")
    claimed = signals.claim(10)
    if settled_first:
        signals.settle(claimed)
        signals.leave(F, ["rec1"], "held")
    else:
        signals.leave(F, ["rec1"], "held")
        signals.settle(claimed)
    assert noticing.waiting() == {}
    assert signals.claim(10) == []
    assert [(signal.line, signal.reason) for signal in signals.claim(10, resting=True)] == [("rec1", "held")]
    clock.move(60)
    noticing.receive("default", event(1, change("rec1")))
    assert noticing.waiting()["orders"] == clock.now()
    assert [signal.line for signal in signals.claim(10)] == ["rec1"]


def test_a_line_something_arrived_for_meanwhile_does_not_come_to_rest(noticing) -> None:
    noticing.raise_("orders", F, LINE, ["rec1"])
    signals = noticing.signals("orders")
    signals.claim(10)
    noticing.receive("default", event(1, change("rec1")))
    signals.leave(F, ["rec1"], "held")
    assert "orders" in noticing.waiting()


def test_a_line_left_again_and_again_stays_at_rest_and_comes_after_the_news(noticing, clock) -> None:
    for _ in range(3):
        signals = noticing.signals("orders")
        signals.leave(D, ["1", "1", "2"], "guard")
        clock.move(1)
    noticing.raise_("orders", D, LINE, ["3"])
    assert [signal.line for signal in signals.claim(10, resting=True)] == ["3", "1", "2"]
    signals.settle(signals.claim(10, resting=True))
    assert signals.claim(10, resting=True) == []


# Kept events


def test_events_of_records_are_kept_raw_and_in_order(noticing, clock) -> None:
    at = datetime(2026, 3, 1, 8, tzinfo=UTC)
    people = {"fld9": {"users": [{"user_id": {"open_id": "ou_1"}, "name": "张敏"}]}}
    added = RecordChange("rec1", "record_added", {}, {"fld1": '"optX"', "fld9": "{}"}, {}, people)
    noticing.receive("default", event(1, added, revision=4, happened_at=at, operator={"open_id": "ou_1"}))
    clock.move(1)
    noticing.receive("default", event(2, change("rec1"), change("rec2"), revision=5, created_at=at))
    found = noticing.signals("mirror").events_of(TABLE, ["rec1", "rec9"])
    assert list(found) == ["rec1"]
    first, second = found["rec1"]
    assert (first.action, first.revision, first.happened_at) == ("record_added", 4, at)
    assert (first.after, first.after_people, first.operator) == (added.after, people, {"open_id": "ou_1"})
    assert (second.before, second.after) == ({"fld1": '"旧 😀"'}, {"fld1": '"新"'})
    assert (second.happened_at, second.received_at, second.operator) == (at, clock.now(), {})


def test_events_are_forgotten_after_their_time_and_signals_are_not(noticing, clock) -> None:
    noticing.receive("default", event(1, change("rec1")))
    clock.move(8 * 3600 - 1)
    noticing.receive("default", event(2, change("rec2")))
    assert noticing.prune() == 0
    clock.move(2)
    assert noticing.prune() == 2
    signals = noticing.signals("orders")
    assert list(signals.events_of(TABLE, ["rec1", "rec2"])) == ["rec2"]
    assert [signal.line for signal in signals.claim(10)] == ["rec1", "rec2"]


# Events that never came


def test_a_gap_left_open_asks_for_one_poll(noticing, clock) -> None:
    for number in (5, 6, 9):
        noticing.receive("default", event(number, fields=("fld1",), revision=number))
    noticing.signals("orders").settle(noticing.signals("orders").claim(9))
    assert noticing.poll_missed() == []
    clock.move(21)
    assert sorted(noticing.poll_missed()) == ["mirror", "orders"]
    assert lines(noticing.signals("orders").claim(9)) == [("poll", "")]
    clock.move(90)
    assert noticing.poll_missed() == []


def test_reading_the_table_closes_the_gaps_up_to_its_revision(noticing, clock) -> None:
    for number in (5, 9):
        noticing.receive("default", event(number, change("rec1"), revision=number))
    noticing.signals("orders").caught_up(8)
    clock.move(100)
    assert noticing.poll_missed() == []


# The real thing alone


def test_of_an_event_nobody_needs_only_the_id_is_kept(real, engine: Engine) -> None:
    real.receive("default", event(1, change("rec1"), table_id="tblElse"))
    real.receive("default", event(2, change("rec1")))
    real.receive("default", event(3, fields=("fld1",)))
    with engine.connect() as connection:
        bodies = dict(connection.execute(text("SELECT event_id, body FROM syncer_state.inbox")).all())
    assert bodies == {"event 1": None, "event 2": None, "event 3": {"schema": "2.0"}}


def test_one_event_delivered_many_times_at_once_counts_once(real) -> None:
    named: list[object] = []
    threads = [
        threading.Thread(target=lambda: named.append(real.receive("default", event(1, change("rec1")))))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(len, named)) == [0] * 7 + [2]  # type: ignore[arg-type]


def test_arrivals_and_settlements_of_the_same_lines_never_wait_in_a_circle(real, engine: Engine) -> None:
    names = [f"rec{number}" for number in range(200)]
    failed: list[BaseException] = []

    def work(number: int) -> None:
        signals = real.signals("orders")
        try:
            for turn in range(15):
                given = names if number % 2 else names[::-1]
                real.receive("default", event(number * 100 + turn, *map(change, given), revision=turn * 7 + number))
                claimed = list(signals.claim(150))
                signals.settle(claimed[::-1])
                signals.leave(F, [signal.line for signal in claimed[:20]], "held")
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(1, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed, failed
    with engine.connect() as connection:
        generations = connection.execute(text("SELECT generation FROM syncer_state.signal")).scalars().all()
    assert len(generations) == len(set(generations))


def test_a_whole_app_or_connection_can_be_polled(real) -> None:
    assert real.poll_app("default", "reconnected") == ["orders", "mirror", "customers"]
    assert real.poll_connection("ERP", "reconnected") == ["orders", "mirror", "customers", "abroad"]
    found = real.signals("orders").claim(10)
    assert {(signal.side, signal.kind) for signal in found} == {(F, POLL), (D, POLL)}
    assert real.poll_app("nobody", "") == []


def test_the_mappings_of_a_table_of_a_database_can_be_polled(real) -> None:
    assert real.poll_tables("erp", ["sales.orders", "sales.nothing"], "written") == ["orders"]
    assert real.poll_tables("crm", ["sales.orders"], "written") == []
    assert [signal.side for signal in real.signals("orders").claim(10)] == [D]


def test_what_is_to_be_listened_to_is_what_unpaused_mappings_name(engine: Engine, real, clock) -> None:
    assert (real.sources().apps, real.sources().connections) == (("default", "lark"), ("erp",))
    Store(engine, clock).pause("abroad")
    assert real.sources().apps == ("default",)


def test_a_mapping_that_is_removed_takes_its_signals_with_it(engine: Engine, real, clock) -> None:
    real.receive("default", event(1, change("rec1")))
    Store(engine, clock).remove("orders")
    assert list(real.waiting()) == ["mirror"]
    assert real.receive("default", event(2, change("rec1"))) == ["mirror"]


def test_claiming_few_of_very_many_signals_is_quick(real, engine: Engine) -> None:
    real.raise_("orders", F, LINE, [f"rec{number:06}" for number in range(20_000)])
    with engine.begin() as connection:
        connection.execute(text("ANALYZE syncer_state.signal"))
        plan = connection.execute(
            text(
                "EXPLAIN SELECT line FROM syncer_state.signal WHERE mapping = :m AND NOT resting"
                " ORDER BY noticed_at LIMIT 1"
            ),
            {"m": 1},
        )
        assert "signal_waiting" in "\n".join(plan.scalars())
    signals: PostgresSignals = real.signals("orders")
    claimed = signals.claim(500)
    signals.settle(claimed)
    assert len({signal.line for signal in (*claimed, *signals.claim(500))}) == 1000


# Subscriptions


def test_subscriptions_are_due_at_first_and_again_after_a_day_or_an_hour_if_refused(real, clock) -> None:
    assert real.subscriptions_due() == [("default", BASE), ("lark", BASE)]
    real.subscribed("default", BASE)
    real.subscribed("lark", BASE, "no right")
    real.subscribed("default", "bascnGone")
    assert real.subscriptions_due() == []
    assert [(one.app, one.app_token, one.error) for one in real.subscriptions()] == [
        ("default", BASE, None),
        ("lark", BASE, "no right"),
    ]
    clock.move(3600)
    assert real.subscriptions_due() == [("lark", BASE)]
    clock.move(86_400)
    assert real.subscriptions_due() == [("default", BASE), ("lark", BASE)]


# During a long run


def test_the_youngest_signals_of_lines_come_first_and_only_those_after_a_stamp(noticing) -> None:
    signals = noticing.signals("orders")
    noticing.raise_("orders", F, LINE, ["rec1", "rec2"])
    stamp = signals.stamp()
    noticing.raise_("orders", D, LINE, ['{"id": 1}'])
    noticing.raise_("orders", F, POLL)
    noticing.raise_("orders", F, LINE, ["rec1"])
    assert lines(signals.newest(stamp, 10)) == [("line", "rec1"), ("line", '{"id": 1}')]
    assert lines(signals.newest(stamp, 1)) == [("line", "rec1")]
    assert {signal.line for signal in signals.newest(0, 10)} == {"rec1", "rec2", '{"id": 1}'}
    assert noticing.signals("mirror").newest(0, 10) == []


def test_a_signal_among_the_youngest_is_settled_like_any_other(noticing) -> None:
    signals = noticing.signals("orders")
    noticing.raise_("orders", F, LINE, ["rec1", "rec2"])
    claimed = signals.newest(0, 10)
    noticing.raise_("orders", F, LINE, ["rec2"])
    signals.settle(claimed)
    assert lines(signals.newest(0, 10)) == [("line", "rec2")]


def test_what_rests_and_what_is_to_come_is_not_among_the_youngest(noticing, clock) -> None:
    signals = noticing.signals("orders")
    signals.leave(F, ["rec1"], "held")
    signals.follow_up(["rec2", ""], clock.now() + timedelta(seconds=5))
    assert signals.newest(0, 10) == []
    clock.move(6)
    assert lines(signals.newest(0, 10)) == [("computed", "rec2")]


def test_a_side_is_settled_up_to_a_stamp_and_nothing_else_is(noticing) -> None:
    signals = noticing.signals("orders")
    noticing.raise_("orders", F, LINE, ["rec1", "rec2"])
    noticing.raise_("orders", F, POLL)
    noticing.raise_("orders", D, LINE, ['{"id": 1}'])
    noticing.raise_("mirror", F, LINE, ["rec1"])
    signals.leave(F, ["rec4"], "held")
    stamp = signals.stamp()
    noticing.raise_("orders", F, LINE, ["rec2", "rec3"])
    signals.settle_side(F, stamp)
    left = {(signal.kind, signal.line) for signal in signals.claim(10, resting=True)}
    assert left == {(POLL, ""), (LINE, '{"id": 1}'), (LINE, "rec2"), (LINE, "rec3"), (LINE, "rec4")}
    assert lines(noticing.signals("mirror").claim(10)) == [("line", "rec1")]
