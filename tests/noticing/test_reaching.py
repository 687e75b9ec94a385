"""Signals reach every mapping they concern, survive what is in their way, and never make a run go round in circles."""

from dataclasses import replace

import pytest

from syncer.errors import MendError, SyncerError
from syncer.listening.subscribing import assert_subscriptions
from syncer.state.mappings import State
from tests.engine.stage import doing, written
from tests.noticing.stage import COLUMNS, FIELDS, MAPPING, Listened, until

ONE_WAY = """match: [order_no]
fields:
  - {field: 订单号, column: order_no}
  - {field: 备注, column: note}"""


def waiting(stage):
    return set(stage.syncer.store.noticing.waiting())


def test_one_row_reaches_the_records_of_every_mapping_on_its_table(stage):
    first = stage.listened("first", table="shared")
    place = stage.control.create_table(
        stage.base, "second", [{"field_name": "订单号", "type": 1}, {"field_name": "备注", "type": 1}]
    )
    second = stage.mapped("second", place, "shared", ONE_WAY)
    first.begin(("A-1", 1, "始"), ("A-2", 2, "始"))
    until(second.is_woken)
    assert written(second.react()) == {"feishu create": 2}
    for _ in range(3):
        stage.quiet()
        first.settle_signals()
        second.settle_signals()
    first.sql("UPDATE {t} SET note = 'one row' WHERE order_no = 'A-1'")
    until(lambda: waiting(stage) == {"first", "second"})
    assert written(first.react()) == written(second.react()) == {"feishu update": 1}
    stage.quiet()
    record = second.by("订单号")["A-2"]
    second.edit(record, 备注="从第二张表")
    until(second.is_woken)
    assert written(second.react()) == {"database update": 1}
    until(first.is_woken)  # the row that the other mapping wrote
    assert written(first.react()) == {"feishu update": 1}
    for pair in (first, second):
        stage.quiet()
        pair.settle_signals()
        pair.equal(("订单号", "备注"), "order_no, note")


def test_the_events_of_a_base_in_a_wiki_reach_the_mapping_that_names_the_wikis_page(stage):
    stage.sql(f"CREATE TABLE orders ({COLUMNS})")
    fields = [{"field_name": name, "type": kind} for name, kind in FIELDS.items()]
    place = stage.control.create_table(stage.base, "orders", fields)
    page = replace(place, app_token=stage.control.add_wiki_node(stage.base))
    stage.apply("orders", page, "orders", "id", MAPPING)
    stage.open_doors()
    assert assert_subscriptions(stage.syncer) == {("default", stage.base): None}
    pair = Listened(stage, "orders", place, "orders", "id")
    (record,) = pair.begin(("A-1", 1, "始"))
    pair.edit(record, 备注="改了 ✏️")
    assert written(pair.heard().react()) == {"database update": 1}
    pair.equal()


def test_an_event_wakes_the_mapping_of_its_table_alone(stage):
    first, second = stage.listened("first"), stage.listened("second")
    (record,) = first.begin(("A-1", 1, "始"))
    second.begin(("B-1", 1, "始"))
    first.edit(record, 备注="改")
    first.heard()
    assert waiting(stage) == {"first"}
    first.react()
    second.sql("UPDATE {t} SET note = 'x'")
    until(second.is_woken)
    assert waiting(stage) == {"second"}


def test_two_mappings_on_one_bitable_table_are_both_woken(stage):
    first = stage.listened("first")
    stage.sql(f"CREATE TABLE second ({COLUMNS})")
    second = stage.mapped("second", first.place, "second")
    (record,) = first.begin(("A-1", 1, "始"))
    second.settle()
    stage.quiet()
    second.settle_signals()
    first.edit(record, 备注="both")
    stage.quiet()
    until(lambda: waiting(stage) == {"first", "second"})
    assert written(first.react()) == written(second.react()) == {"database update": 1}
    assert second.sql("SELECT note FROM {t}") == [("both",)]


def test_a_renamed_field_is_followed_by_the_run_its_event_begins(stage, pair):
    (record,) = pair.begin(("A-1", 1, "始"))
    stage.control.rename_field(pair.place.app_token, pair.place.table_id, "备注", "说明")
    pair.heard()
    assert ("feishu", "schema", "") in pair.waiting()
    assert not pair.react().writes
    assert pair.waiting() == []
    pair.edit(record, 说明="改名之后")
    assert written(pair.heard().react()) == {"database update": 1}
    pair.equal(("订单号", "金额", "说明"))


def test_a_renamed_option_is_carried_by_the_run_its_event_begins(stage):
    state = {"type": 3, "property": {"options": [{"name": "新"}, {"name": "完成"}]}}
    pair = stage.listened(
        fields={"订单号": 1, "状态": state},
        columns="id serial PRIMARY KEY, order_no text UNIQUE, state text",
        mapping="match: [order_no]\nfields:\n  - {field: 订单号, column: order_no}\n  - {field: 状态, column: state}",
    )
    pair.add(*({"订单号": f"A-{number}", "状态": "新"} for number in range(3)))
    pair.settle()
    stage.quiet()
    pair.settle_signals()
    stage.control.rename_option(pair.place.app_token, pair.place.table_id, "状态", "新", "处理中")
    assert written(pair.heard().react()) == {"database update": 3}
    assert pair.sql("SELECT DISTINCT state FROM {t}") == [("处理中",)]


@pytest.mark.parametrize("step", ["records.fetch", "rows.write"])
def test_an_edit_while_a_run_has_claimed_the_signal_is_not_lost(stage, pair, step):
    (record,) = pair.begin(("A-1", 1, "始"))

    def again():
        pair.edit(record, 备注="second")
        stage.quiet()

    pair.edit(record, 备注="first")
    pair.heard()
    with stage.tapped(doing("after", step, again)):
        pair.react()
    assert pair.is_woken()
    pair.react()
    assert pair.sql("SELECT note FROM {t}") == [("second",)]
    pair.equal()


def test_deletions_that_a_guard_withholds_wait_for_approval_and_begin_no_run_after_run(stage):
    pair = stage.listened(mapping=MAPPING.replace("lines: 100", "lines: 1"))
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(8)))
    pair.drop(*records[:6])
    report = pair.heard().react()
    assert report.guard is not None
    assert report.guard.name == "deletes"
    assert len(pair.rows()) == 8
    pair.edit(records[7], 备注="goes on meanwhile")
    stage.quiet()
    again = pair.react()
    assert written(again) == {"database update": 1}
    pair.approve(again)
    pair.equal()
    assert len(pair.rows()) == 2
    stage.quiet()
    pair.settle_signals()


def test_an_event_of_a_paused_mapping_waits_until_it_is_resumed(stage, pair):
    (record,) = pair.begin(("A-1", 1, "始"))
    stage.syncer.store.set_state(pair.name, State.PAUSED)
    pair.edit(record, 备注="paused")
    stage.quiet()
    with pytest.raises(MendError, match="paused"):
        pair.react()
    assert ("feishu", "line", record) in pair.waiting()
    stage.syncer.store.set_state(pair.name, State.ACTIVE)
    assert written(pair.react()) == {"database update": 1}
    pair.equal()


def test_a_record_that_may_not_be_read_loses_nothing_and_is_said(stage, pair):
    records = pair.begin(("A-1", 1, "始"), ("A-2", 2, "始"))
    app, place = stage.simulator.app_id, pair.place
    pair.edit(records[0], 备注="hidden")
    pair.edit(records[1], 备注="seen")
    pair.heard()
    stage.control.set_advanced(place.app_token)
    stage.control.grant(place.app_token, app, "edit")
    stage.control.restrict(place.app_token, app, forbidden_records=[records[0]])
    report = pair.react()
    assert report.writes == 1
    assert sorted(pair.sql("SELECT order_no, note FROM {t}")) == [("A-1", "始"), ("A-2", "seen")]
    assert pair.open_intents() == 0
    assert (report.held, pair.sync().held) == (1, 1)
    assert pair.waiting() == []  # it rests, and begins no run by itself
    stage.control.restrict(place.app_token, app, forbidden_records=[])
    stage.control.grant(place.app_token, app, "manage")
    pair.sync()
    pair.equal()


def test_a_table_that_is_gone_is_said_and_the_signal_stays(stage, pair):
    pair.begin(("A-1", 1, "始"))
    pair.sql("UPDATE {t} SET note = 'x'")
    until(pair.is_woken)
    pair.sql("ALTER TABLE {t} RENAME TO elsewhere")
    with pytest.raises(SyncerError, match="orders"):
        pair.react()
    assert pair.standing().state is State.BROKEN
    assert pair.is_woken()
    pair.sql("ALTER TABLE elsewhere RENAME TO {t}")
    assert written(pair.react()) == {"feishu update": 1}
    pair.equal()
