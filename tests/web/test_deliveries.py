"""The stand-in for Feishu delivers to the webhook over real HTTP: signed, encrypted, again and again, in any order."""

import pytest

from syncer.ports.signals import SignalKind
from tests.feishu.sealing import ENCRYPT_KEY, TOKEN


@pytest.fixture
def delivered(served, simulator):
    """A base whose events are sent to the webhook, and a mapping over its table."""
    control, store = simulator.control, served.living.store
    base = control.create_base("订单")
    table = control.create_table(base, "订单", [{"field_name": "单号", "type": 1}, {"field_name": "金额", "type": 2}])
    document = {"document": {"feishu": {"app": "default"}, "database": {"connection": "erp"}}}
    store.apply("real", {**document, "tables": [base, table.table_id, "h/erp", "real"]}, "d", "new")
    control.subscribe(base, simulator.app_id)
    control.set_switches(event_speed=1000)
    told = control.set_webhook(
        simulator.app_id, f"{served.url}/feishu/events", encrypt_key=ENCRYPT_KEY, verification_token=TOKEN
    )
    assert told["challenge_seconds"] < 1
    return control, base, table.table_id


def lines(served) -> list[str]:
    return sorted(one.line for one in served.noticing.signals("real").claim(1000) if one.kind is SignalKind.LINE)


def kept(served, table: str, record: str):
    return served.noticing.signals("real").events_of(table, [record]).get(record, [])


def test_edits_of_people_become_signals_with_their_raw_values(served, delivered):
    control, base, table = delivered
    record = control.add_record(base, table, {"单号": "A-1 😀", "金额": 3})
    control.edit_record(base, table, record, {"金额": 7.5})
    control.delete_records(base, table, [record])
    assert control.settle_events() == 0
    assert lines(served) == [record]
    events = kept(served, table, record)
    assert {event.action for event in events} == {"record_added", "record_edited", "record_deleted"}
    (edited,) = [event for event in events if event.action == "record_edited"]
    assert (list(edited.before.values()), list(edited.after.values())) == (["3"], ["7.5"])
    assert control.event_counts()["refused"] == 0


def test_a_change_of_a_field_asks_for_the_field_list(served, delivered):
    control, base, table = delivered
    control.rename_field(base, table, "金额", "总额")
    control.settle_events()
    assert [one.kind for one in served.noticing.signals("real").claim(10)] == [SignalKind.SCHEMA]


def test_doubled_and_reordered_and_replayed_events_change_nothing(served, delivered):
    control, base, table = delivered
    control.set_switches(event_doubling=0.5, event_reordering=0.5, event_delay_random_seconds=20)
    records = control.add_records(base, table, [{"单号": f"A-{number}"} for number in range(5)])
    for record in records:
        control.edit_record(base, table, record, {"金额": 1})
    control.settle_events(all_of_them=True)
    control.replay_events()
    control.settle_events(all_of_them=True)
    assert lines(served) == sorted(records)
    assert [len(kept(served, table, record)) for record in records] == [2] * 5
    assert served.noticing.poll_missed() == []


def test_what_was_not_answered_is_delivered_again_and_then_counts_once(served, delivered):
    control, base, table = delivered
    with served.living.state_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE syncer_state.inbox RENAME TO away")
    record = control.add_record(base, table, {"单号": "A-1"})
    control.settle_events(seconds=2)
    with served.living.state_engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE syncer_state.away RENAME TO inbox")
    control.settle_events(all_of_them=True)
    (event,) = control.events()
    assert len(event["attempts"]) >= 2
    assert event["state"] == "delivered"
    assert len(kept(served, table, record)) == 1


def test_events_that_were_lost_leave_a_gap(served, delivered):
    control, base, table = delivered
    (record,) = control.add_records(base, table, [{"单号": "A-1"}])
    control.settle_events()
    control.set_switches(event_loss=1.0)
    control.edit_record(base, table, record, {"金额": 1})
    control.edit_record(base, table, record, {"金额": 2})
    control.set_switches(event_loss=0.0)
    control.edit_record(base, table, record, {"金额": 3})
    control.settle_events()
    (found,) = served.noticing.flows()
    assert [gap.last - gap.first + 1 for gap in found.flow.gaps] == [2]
    served.noticing.signals("real").caught_up(found.flow.head)
    assert served.noticing.flows()[0].flow.gaps == ()


def test_times_in_microseconds_are_taken(served, delivered):
    control, base, table = delivered
    control.set_switches(event_create_time="us", event_empty_value="no_entry")
    record = control.add_record(base, table, {"单号": "A-1"})
    control.settle_events()
    (event,) = kept(served, table, record)
    assert abs((event.happened_at - event.received_at).total_seconds()) < 60
