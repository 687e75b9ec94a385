"""Events that never come, come twice, out of order, ten minutes late, once more: nothing lost, nothing done twice."""

import pytest

from tests.engine.stage import written

LINES = [(f"A-{number}", number, "始") for number in range(12)]


@pytest.fixture
def records(pair):
    return pair.begin(*LINES)


def hands_on(pair, records):
    """An edit, another of the same line, a creation and a deletion on either side; how many writes they are worth."""
    pair.edit(records[0], 备注="一")
    pair.edit(records[0], 备注="二")
    pair.edit(records[1], 金额=11.5)
    pair.add({"订单号": "新-1", "金额": 1})
    pair.drop(records[2])
    pair.sql("UPDATE {t} SET note = 'three' WHERE order_no = 'A-3'")
    pair.sql("INSERT INTO {t} (order_no, amount) VALUES ('N-1', 2)")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A-4'")


ONCE = sorted(
    [
        ("database", "update"),
        ("database", "update"),
        ("database", "create"),
        ("database", "delete"),
        ("feishu", "update"),
        ("feishu", "create"),
        ("feishu", "delete"),
    ]
)


def carried_once(pair, place):
    """Each edit was written once to the other side, and nothing else was; both sides are equal and stay so."""
    assert sorted(pair.written_since(place)) == ONCE
    lines = [(side, record, key) for side, _, record, key, *_ in pair.audits()[place:]]
    assert len(set(lines)) == len(ONCE)
    pair.equal()
    place = len(pair.audits())
    pair.stage.quiet()
    pair.settle_signals()
    assert not pair.sync().writes
    assert not pair.full().writes
    assert pair.written_since(place) == []


def test_what_no_event_told_is_right_after_the_next_poll_deletions_too(stage, pair, records):
    stage.control.set_switches(event_loss=1.0)
    place = len(pair.audits())
    hands_on(pair, records)
    stage.quiet()
    pair.sync()
    carried_once(pair, place)


@pytest.mark.parametrize(
    "switches",
    [
        {"event_doubling": 1.0},
        {"event_reordering": 0.7},
        {"event_loss": 0.5, "event_doubling": 0.5, "event_reordering": 0.5},
        {"event_grouping": "record", "revision_step": "record", "event_empty_value": "no_entry"},
        {"event_grouping": "window", "event_operator": "missing"},
    ],
    ids=["doubled", "reordered", "all of it", "one for each record", "collected"],
)
def test_however_events_come_each_edit_is_written_once(stage, pair, records, switches):
    stage.control.set_switches(**switches)
    place = len(pair.audits())
    hands_on(pair, records)
    for _ in range(3):  # whatever comes, and whenever
        stage.quiet()
        pair.react()
    pair.sync()
    carried_once(pair, place)


def test_events_that_come_ten_minutes_late_find_their_work_done(stage, pair, records):
    stage.control.set_switches(event_delay_seconds=600.0, event_speed=100.0)
    place = len(pair.audits())
    hands_on(pair, records)
    pair.sync()
    assert sorted(pair.written_since(place)) == ONCE
    late = stage.control.event_counts()["pending"]
    assert late
    stage.control.set_switches(event_delay_seconds=0.0, event_speed=1000.0)
    stage.control.advance_clock(600)
    pair.heard()
    carried_once(pair, place)


def test_events_that_come_once_more_wake_nobody(stage, pair, records):
    place, first = len(pair.audits()), max(event["number"] for event in stage.control.events())
    hands_on(pair, records)
    pair.heard().react()
    carried_once(pair, place)
    assert stage.control.replay_events(first)
    stage.quiet()
    assert pair.waiting() == []
    carried_once(pair, place)


def test_an_old_event_of_a_line_that_changed_since_says_where_to_look_and_not_what_to_write(stage, pair, records):
    stage.control.set_switches(event_delay_seconds=600.0, event_speed=100.0)
    pair.edit(records[5], 备注="old")
    stage.control.set_switches(event_delay_seconds=0.0)
    pair.edit(records[5], 备注="new")
    pair.heard()
    report = pair.react()
    assert written(report) == {"database update": 1}
    stage.control.advance_clock(600)
    stage.quiet()
    assert not pair.react().writes
    assert pair.sql("SELECT note FROM {t} WHERE order_no = 'A-5'") == [("new",)]
    pair.equal()
