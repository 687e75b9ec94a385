"""Why was this late? A line's history tells when its change was noticed, read, planned, sent and confirmed."""

from datetime import datetime

ORDER = ("noticed_at", "read_at", "planned_at", "sent_at", "at")


def last_write(pair, **line):
    return pair.stage.syncer.store.history(pair.name, **line)[-1]


def test_an_event_about_a_record_is_followed_to_its_row(stage, pair):
    records = pair.begin(("A-1", 1, None))
    pair.edit(records[0], 金额=2)
    before = stage.syncer.clock.now()
    pair.heard()
    (noticed,) = stage.state("SELECT noticed_at FROM syncer_state.signal WHERE kind = 'line'")
    pair.react()
    write = last_write(pair, record=records[0])
    steps = [getattr(write, name) for name in ORDER]
    assert all(isinstance(step, datetime) for step in steps)
    assert steps == sorted(steps)
    assert steps[0] == noticed[0]
    assert (steps[0] - before).total_seconds() < 20


def test_a_notification_about_a_row_is_followed_to_its_record(stage, pair):
    records = pair.begin(("A-1", 1, None))
    pair.sql("UPDATE {t} SET amount = 2 WHERE order_no = 'A-1'")
    pair.heard()
    (noticed,) = stage.state("SELECT noticed_at FROM syncer_state.signal WHERE side = 'database'")
    pair.react()
    write = last_write(pair, record=records[0])
    steps = [getattr(write, name) for name in ORDER]
    assert steps[0] == noticed[0]
    assert steps == sorted(steps)


def test_what_a_run_found_by_reading_was_not_noticed_before(pair):
    records = pair.begin(("A-1", 1, None))
    pair.stage.close_doors()
    pair.edit(records[0], 金额=2)
    pair.full()
    write = last_write(pair, record=records[0])
    assert write.noticed_at is None
    assert write.read_at <= write.planned_at <= write.sent_at <= write.at
