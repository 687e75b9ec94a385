"""An edit of a cell that our own write overwrites, with real tables, real calls and Feishu's real events."""

import itertools
from datetime import timedelta

import pytest

from syncer.cli.noticed import event_warnings
from syncer.simulator.control import step

NAMES = [{"name": name} for name in ("新", "急", "老客户", "🎁", "完成", "退货")]
FIELDS = {
    "订单号": 1,
    "金额": 2,
    "备注": 1,
    "说明": 1,
    "状态": {"type": 3, "property": {"options": NAMES}},
    "标签": {"type": 4, "property": {"options": NAMES}},
    "库存": 2,
}
COLUMNS = """id serial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text, remark text, state text,
  tags text[], stock integer"""
MAPPING = """match: [order_no]
deletes: {guard: {lines: 100, share: 0.5}}
fields:
  - {field: 订单号, column: order_no}
  - {field: 金额, column: amount, conflict: database}
  - {field: 备注, column: note, conflict: manual}
  - {field: 说明, column: remark, conflict: feishu}
  - {field: 状态, column: state, conflict: feishu}
  - {field: 标签, column: tags, merge: set}
  - {field: 库存, column: stock, merge: counter}"""
BEGIN = {"金额": 1, "备注": "始", "说明": "始", "状态": "新", "标签": ["新"], "库存": 10}
OURS = "amount = 2, note = '库', remark = '库', state = '完成', tags = '{新,完成}', stock = 12"
THEIRS = {"金额": 55.5, "备注": "人 ✏️", "说明": "人 ✏️", "状态": "急", "标签": ["急", "新"], "库存": 15}
COLUMN = {"金额": "amount", "备注": "note", "说明": "remark", "状态": "state", "标签": "tags", "库存": "stock"}
ENDS = {
    "金额": (2, 2),
    "备注": ("人 ✏️", "库"),
    "说明": ("人 ✏️", "人 ✏️"),
    "状态": ("急", "急"),
    "标签": ({"新", "急", "完成"}, {"新", "急", "完成"}),
    "库存": (17, 17),
}
"""What the field's policy makes of both changes: in Bitable, in the database."""
WINNERS = {"金额": "database", "备注": None, "说明": "feishu", "状态": "feishu", "标签": "merged", "库存": "merged"}
TROUBLE = {
    "as a rule": {},
    "doubled, overtaken, a record each, by nobody": {
        "event_doubling": 0.5,
        "event_reordering": 0.5,
        "event_grouping": "record",
        "event_operator": "missing",
        "revision_step": "record",
    },
}


def edits(pair, records):
    """One edit for each record, of one field after the other, and right before our write of that very cell."""
    fields = itertools.cycle(THEIRS)
    return [
        step(
            "edit_record",
            app_token=pair.place.app_token,
            table_id=pair.place.table_id,
            record_id=record,
            fields={name: THEIRS[name]},
        )
        for record, name in zip(records, fields, strict=False)
    ]


def begun(stage, count):
    pair = stage.listened(fields=FIELDS, columns=COLUMNS, mapping=MAPPING)
    records = pair.add(*({"订单号": f"A-{number:02}", **BEGIN} for number in range(count)))
    pair.settle()
    stage.quiet()
    pair.settle_signals()
    return pair, records


def calm(stage, pair):
    """React until nothing is noticed any more and nothing is written."""
    for _ in range(8):
        stage.quiet()
        if not pair.react().writes and not pair.is_woken():
            return
    raise AssertionError("it never ends")


def unverified(stage, pair, later=timedelta(minutes=2)):
    stage.syncer.clock.skipped += later
    return stage.syncer.store.noticing.unverified()[pair.name]


def as_told(value):
    return set(value) if isinstance(value, list) else value


@pytest.mark.parametrize("switches", TROUBLE.values(), ids=TROUBLE)
def test_what_our_write_overwrote_is_a_conflict_with_its_value_and_the_policy_decides(stage, switches):
    pair, records = begun(stage, 12)
    stage.control.set_switches(**switches)
    stage.control.at("bitable.record.batch_update", edits(pair, records))
    pair.sql(f"UPDATE {{t}} SET {OURS}")
    run = pair.heard().react().run
    calm(stage, pair)
    told = {(one.record, one.field): one for one in pair.conflicts(None)}
    rows = {row[0]: row[1:] for row in pair.rows(f"order_no, {', '.join(COLUMN.values())}")}
    for record, name in zip(records, itertools.cycle(THEIRS), strict=False):
        cells = pair.plain()[record]
        row = dict(zip(COLUMN, rows[cells["订单号"]], strict=True))
        assert (as_told(cells[name]), as_told(row[name])) == ENDS[name], name
        conflict = told[record, name]
        assert f"overwritten by our write in run {run}" in conflict.reason
        assert (conflict.state, conflict.winner) == ("settled" if WINNERS[name] else "open", WINNERS[name])
        others = [other for other in THEIRS if other != name]
        assert all(as_told(cells[other]) == as_told(_ours(other)) for other in others)
    assert len(told) == len(records)
    assert unverified(stage, pair) == 0


def _ours(name):
    return {"金额": 2, "备注": "库", "说明": "库", "状态": "完成", "标签": ["新", "完成"], "库存": 12}[name]


def test_nothing_is_put_back_while_a_guard_stands_against_the_run(stage):
    pair, records = begun(stage, 12)
    stage.control.at("bitable.record.batch_update", edits(pair, records))
    pair.sql(f"UPDATE {{t}} SET {OURS}")
    pair.heard().react()
    pair.sql("UPDATE {t} SET note = NULL")
    stage.quiet()
    before = pair.plain()
    for _ in range(2):  # what was told once is not told again
        report = pair.react()
        assert (report.guard.name, report.writes, pair.plain()) == ("clears", 0, before)
        told = [one for one in pair.conflicts(None) if "overwritten by our write" in one.reason]
        assert {one.record for one in told} == set(records)
        assert len(told) == len(records)
    pair.approve(report)
    calm(stage, pair)
    for record, name in zip(records, itertools.cycle(THEIRS), strict=False):
        if name != "备注":
            assert as_told(pair.plain()[record][name]) == ENDS[name][0], name


def test_what_a_call_overwrote_that_was_made_again_is_found_too(stage):
    pair, records = begun(stage, 1)
    place = {"app_token": pair.place.app_token, "table_id": pair.place.table_id, "record_id": records[0]}
    stage.control.fault("bitable.record.batch_update", "timed_out", nth=1, applied=False)
    stage.control.fault("bitable.record.batch_update", "timed_out", nth=2, applied=True)
    edit = step("edit_record", **place, fields={"说明": "人 ✏️"})
    stage.control.at("bitable.record.batch_update", [edit], nth=3)
    pair.sql("UPDATE {t} SET remark = '库'")
    pair.heard().react()
    assert pair.plain()[records[0]]["说明"] == "库"
    calm(stage, pair)
    assert pair.plain()[records[0]]["说明"] == "人 ✏️"
    assert pair.rows("remark") == [("人 ✏️",)]
    (told,) = pair.conflicts(None)
    assert (told.feishu, told.winner) == ("人 ✏️", "feishu")
    assert unverified(stage, pair) == 0


def test_an_open_one_is_resolved_like_any_other(stage):
    pair, records = begun(stage, 2)
    stage.control.at("bitable.record.batch_update", edits(pair, records))
    pair.sql(f"UPDATE {{t}} SET {OURS}")
    pair.heard().react()
    calm(stage, pair)
    (conflict,) = pair.conflicts()
    assert (conflict.field, conflict.feishu, conflict.database) == ("备注", "人 ✏️", "库")
    stage.syncer.store.resolve(conflict.id, "feishu", conflict.version)
    pair.sync()
    assert pair.rows("note", order="order_no")[1][0] == "人 ✏️"
    assert pair.conflicts() == []


def test_where_no_event_came_the_write_is_counted_and_given_up_after_eight_hours(stage):
    pair, records = begun(stage, 3)
    stage.control.set_switches(event_loss=1.0)
    stage.control.at("bitable.record.batch_update", edits(pair, records))
    pair.sql(f"UPDATE {{t}} SET {OURS}")
    pair.sync()
    assert unverified(stage, pair, timedelta()) == 0  # their events may be on their way
    assert unverified(stage, pair) == 3
    stage.syncer.clock.skipped += timedelta(hours=9)
    stage.syncer.store.noticing.prune()
    assert stage.state("SELECT count(*) FROM syncer_state.written") == [(0,)]
    assert stage.state("SELECT count(*) FROM syncer_state.intent WHERE state = 'done' AND body <> ''") == [(0,)]
    assert unverified(stage, pair) == 3


def test_where_no_event_of_the_table_came_that_is_said_and_nothing_is_counted(stage):
    stage.control.set_switches(event_loss=1.0)
    pair = stage.listened(fields=FIELDS, columns=COLUMNS, mapping=MAPPING)
    pair.add({"订单号": "A-1", **BEGIN})
    pair.settle()
    pair.sql("UPDATE {t} SET note = 'unheard'")
    pair.sync()
    assert unverified(stage, pair) == 0  # nobody asked Feishu for events of it, so none is waited for
    stage.syncer.store.noticing.subscribed("default", pair.place.app_token)
    pair.sql("UPDATE {t} SET note = 'heard'")
    pair.sync()
    assert unverified(stage, pair) is None
    applied = stage.syncer.store.mapping(pair.name)
    assert any("no event of its table came" in told for told in event_warnings(stage.syncer.store)(applied))
