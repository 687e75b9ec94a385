"""A poll asks Feishu what changed lately: a call or two, however large the table is."""

from datetime import timedelta

import pytest

from syncer.core.cursors import TOLD_TRUST
from tests.engine.stage import written
from tests.noticing.stage import FIELDS

TIMED = {**FIELDS, "改于": 1002}
MANY = 10_000


def cursor(stage, side="feishu"):
    return stage.state("SELECT document FROM syncer_state.cursor WHERE side = %s", side)[0][0]


@pytest.fixture
def timed(stage):
    """A table with a field of the modified time; no event of it ever comes."""
    pair = stage.listened(fields=TIMED)
    stage.control.set_switches(event_loss=1.0)
    return pair


def filled(stage, pair, count, minutes=10):
    """Lines on both sides, which nobody has touched for some minutes."""
    records = pair.add(*({"订单号": f"A-{number:05}", "金额": number} for number in range(count)))
    pair.settle()
    stage.control.advance_clock(60 * minutes)
    stage.quiet()
    pair.edit(records[-1], 备注="later")
    pair.settle()
    stage.control.advance_clock(60 * minutes)
    return records


def polled(stage, pair):
    with stage.counted() as calls:
        report = pair.sync()
    pair.equal()
    return report, calls


def test_three_edits_in_ten_thousand_lines_cost_one_search_and_a_deletion_costs_a_scan(stage, timed):
    records = filled(stage, timed, MANY)
    for place, note in ((17, "甲"), (5000, "乙"), (9998, "丙")):
        timed.edit(records[place], 备注=note)
    report, calls = polled(stage, timed)
    assert written(report) == {"database update": 3}
    assert (calls["record.search"], calls["record.batch_get"], calls["records.read"]) == (1, 1, 0)
    report, calls = polled(stage, timed)
    assert (report.writes, calls["record.search"], calls["record.batch_get"]) == (0, 0, 0)
    timed.drop(records[3])
    report, calls = polled(stage, timed)
    assert written(report) == {"database delete": 1}
    assert calls["records.read"] == 1
    assert "came or went untold" in cursor(stage)["why"]


def test_new_records_are_seen_at_the_head_and_our_own_writes_need_no_look(stage, timed):
    filled(stage, timed, 800)
    timed.add({"订单号": "新-1"}, {"订单号": "新-2"})
    report, calls = polled(stage, timed)
    assert written(report) == {"database create": 2}
    assert (calls["record.search"], calls["records.read"]) == (1, 0)
    timed.sql("UPDATE {t} SET note = 'ours' WHERE order_no = 'A-00007'")
    assert written(timed.heard().react()) == {"feishu update": 1}
    report, calls = polled(stage, timed)
    assert (report.writes, calls["record.search"]) == (0, 0)


def test_where_sorting_by_time_is_refused_the_last_days_are_asked_for(stage, timed):
    stage.control.set_switches(sortable_times=False)
    records = timed.add(*({"订单号": f"A-{number}"} for number in range(20)))
    timed.settle()
    for number in (1, 2):
        stage.control.clear_calls()
        timed.edit(records[number], 备注="among the last days")
        report, calls = polled(stage, timed)
        assert (written(report), calls["records.read"]) == ({"database update": 1}, 0)
        assert refused(stage) == []  # the first refusal is remembered: nobody asks for a day


def refused(stage):
    """The searches that Feishu refused."""
    return [call for call in stage.control.calls() if call["api"] == "bitable.record.search" and call["code"]]


def test_a_refused_sort_is_asked_for_again_after_a_day_and_by_nobody_who_shares_redis(stage, timed):
    stage.control.set_switches(sortable_times=False)
    records = timed.add(*({"订单号": f"A-{number}"} for number in range(5)))
    timed.sync()
    assert len(refused(stage)) == 1
    stage.restart()
    timed.edit(records[0], 备注="another process")
    assert written(timed.sync()) == {"database update": 1}
    assert len(refused(stage)) == 1
    stage.syncer.clock.skipped += timedelta(days=1)
    for key in stage.syncer.redis.keys("syncer:unsortable:*"):
        assert 86_000 < stage.syncer.redis.ttl(key) <= 86_400
        stage.syncer.redis.delete(key)  # as it will by itself
    timed.edit(records[0], 备注="a day later")
    timed.sync()
    assert len(refused(stage)) == 2


def test_a_table_nobody_touched_for_days_is_read_from_its_head_all_the_same(stage, timed):
    stage.control.set_switches(sortable_times=False)
    records = timed.add(*({"订单号": f"A-{number}"} for number in range(5)))
    stage.control.advance_clock(86400 * 30)
    timed.settle()
    timed.edit(records[4], 备注="after a month")
    report, calls = polled(stage, timed)
    assert (written(report), calls["records.read"]) == ({"database update": 1}, 0)


def test_without_such_a_field_a_poll_reads_everything_and_says_why(stage):
    pair = stage.listened()
    records = pair.begin(("A-1", 1, "始"), ("A-2", 1, "始"))
    stage.control.set_switches(event_loss=1.0)
    pair.edit(records[0], 备注="改")
    report, calls = polled(stage, pair)
    assert (written(report), calls["records.read"]) == ({"database update": 1}, 1)
    assert cursor(stage)["why"] == "nothing tells when its records were changed"


def test_an_option_that_got_another_name_is_found_though_no_record_was_edited(stage):
    pair = stage.listened(
        fields={
            "订单号": 1,
            "状态": {"type": 3, "property": {"options": [{"name": "新"}, {"name": "完成"}]}},
            "改于": 1002,
        },
        columns="id serial PRIMARY KEY, order_no text UNIQUE, state text",
        mapping="match: [order_no]\nfields:\n  - {field: 订单号, column: order_no}\n  - {field: 状态, column: state}",
    )
    stage.control.set_switches(event_loss=1.0)
    pair.add(*({"订单号": f"A-{number}", "状态": "新"} for number in range(5)))
    pair.settle()
    stage.control.rename_option(pair.place.app_token, pair.place.table_id, "状态", "新", "处理中")
    assert written(pair.sync()) == {"database update": 5}
    assert pair.sql("SELECT DISTINCT state FROM {t}") == [("处理中",)]
    assert cursor(stage)["why"] == "the definition of a field changed"


def test_after_edits_that_events_told_of_no_poll_reads_the_table_for_some_minutes(stage):
    pair = stage.listened()
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(6)))
    pair.full()
    for number in (1, 2, 3):
        pair.edit(records[number], 备注=f"第{number}次")
        assert written(pair.heard().react()) == {"database update": 1}
    report, calls = polled(stage, pair)
    assert (report.writes, calls["records.read"], calls["record.search"]) == (0, 0, 0)
    stage.syncer.clock.skipped += TOLD_TRUST + timedelta(seconds=1)
    report, calls = polled(stage, pair)
    assert (report.writes, calls["records.read"]) == (0, 1)


def test_an_event_that_never_came_among_others_is_found_by_the_next_poll(stage):
    pair = stage.listened()
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(6)))
    pair.full()
    pair.edit(records[0], 备注="told")
    stage.quiet()
    stage.control.set_switches(event_loss=1.0)
    pair.edit(records[1], 备注="untold")
    stage.quiet()
    stage.control.set_switches(event_loss=0.0)
    pair.edit(records[2], 备注="told")
    assert written(pair.heard().react()) == {"database update": 2}
    assert written(pair.sync()) == {"database update": 1}
    pair.equal()


def test_one_event_lost_of_several_about_one_change_is_found_within_the_bound(stage):
    stage.control.set_switches(event_grouping="record", revision_step="call")
    pair = stage.listened()
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(6)))
    pair.full()
    stage.control.set_switches(event_loss=0.6)
    pair.edit_many({record: {"备注": "together"} for record in records})
    stage.quiet()
    pair.react()
    stage.syncer.clock.skipped += TOLD_TRUST + timedelta(seconds=1)
    pair.sync()
    pair.equal()


def test_where_revisions_are_ignored_a_poll_finds_an_edit_that_moved_none(stage, timed):
    records = filled(stage, timed, 20)
    stage.control.set_switches(cell_edits_bump_revision=False)
    timed.edit(records[3], 备注="人 ✏️")
    assert timed.sync().writes == 0
    stage.syncer.settings = stage.syncer.settings.model_copy(update={"revisions": "ignored"})
    report, calls = polled(stage, timed)
    assert written(report) == {"database update": 1}
    assert (calls["record.search"], calls["records.read"]) == (1, 0)
