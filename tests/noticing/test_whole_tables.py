"""What happens to many rows, or to a whole table, in one go while single lines of it were touched."""

import pytest

from syncer.errors import MendError, SyncerError
from syncer.feishu.calls import Call
from syncer.state.mappings import State
from tests.engine.stage import written
from tests.noticing.stage import until

KEYED = """match: [order_no]
deletes: {guard: {lines: 100, share: 0.5}}
fields:
  - {field: 编号, column: id}
  - {field: 订单号, column: order_no}
  - {field: 备注, column: note}"""


@pytest.mark.parametrize("column", ["id", "order_no"])
def test_two_rows_that_swap_their_keys_in_one_transaction_are_told_apart(stage, column):
    columns = (
        "id int, order_no text UNIQUE DEFERRABLE INITIALLY DEFERRED NOT NULL, note text,"
        " CONSTRAINT swap_key PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED"
    )
    pair = stage.listened("swap", fields={"编号": 2, "订单号": 1, "备注": 1}, columns=columns, mapping=KEYED)
    fields = ("编号", "订单号", "备注")
    pair.sql("INSERT INTO {t} VALUES (1, 'A-1', '一'), (2, 'A-2', '二'), (3, 'A-3', '三 🌊')")
    pair.settle()
    stage.quiet()
    pair.settle_signals()
    other = {"id": "CASE id WHEN 1 THEN 2 ELSE 1 END", "order_no": "CASE id WHEN 1 THEN 'A-2' ELSE 'A-1' END"}[column]
    pair.sql(f"UPDATE {{t}} SET {column} = {other}, note = note || ' getauscht' WHERE id < 3")
    until(pair.is_woken)
    for _ in range(3):
        pair.react()
        stage.quiet()
    assert pair.failures() == []
    assert len(pair.assert_equal(fields, "id::float, order_no, note")) == 3
    notes = {"id": ("二", "一"), "order_no": ("一", "二")}[column]
    expected = [(1, "A-2", f"{notes[0]} getauscht"), (2, "A-1", f"{notes[1]} getauscht"), (3, "A-3", "三 🌊")]
    assert sorted(pair.rows("id, order_no, note")) == expected
    assert not pair.sync().writes
    assert not pair.full().writes


def test_a_truncate_with_touched_lines_asks_before_it_deletes_and_loses_no_edit(stage, pair):
    records = pair.begin(*((f"A-{number}", number, "始") for number in range(30)))
    pair.edit(records[0], 备注="touched before")
    stage.quiet()
    pair.sql("TRUNCATE {t}")
    pair.edit(records[1], 备注="touched after")
    stage.quiet()
    report = pair.react()
    assert report.guard is not None
    assert report.guard.name == "deletes"
    assert len(pair.plain()) == 30
    report = pair.sync()
    assert report.guard is not None
    pair.approve(report)
    stage.quiet()
    for _ in range(3):
        pair.sync()
    lines = pair.equal()
    assert [line[0] for line in lines] == ["A-0", "A-1"]  # an edit outlives a deletion
    assert [line[2] for line in lines] == ["touched before", "touched after"]
    assert not pair.full().writes


def test_rows_that_are_written_right_after_a_truncate_are_the_same_lines_again(stage, pair):
    pair.begin(*((f"A-{number}", number, "始") for number in range(12)))
    before = pair.by("订单号")
    pair.sql(
        "WITH kept AS (SELECT 1) INSERT INTO {t} (id, order_no, amount, note)"
        " SELECT 100 + n, 'B-' || n, n, 'old' FROM generate_series(1, 1) n"
    )
    pair.sql(
        "BEGIN; CREATE TEMPORARY TABLE again AS SELECT * FROM {t}; TRUNCATE {t};"
        " INSERT INTO {t} (id, order_no, amount, note) SELECT id, order_no, amount, 'neu' FROM again; COMMIT"
    )
    until(pair.is_woken)
    for _ in range(3):
        pair.react()
        stage.quiet()
    pair.sync()
    pair.equal()
    assert {order: record for order, record in pair.by("订单号").items() if order in before} == before
    assert {cells["备注"] for cells in pair.plain().values()} == {"neu"}


def test_a_bitable_table_that_was_deleted_is_said_and_deletes_nothing(stage, pair):
    pair.begin(("A-1", 1, "始"), ("A-2", 2, "始"))
    stage.control.create_table(stage.base, "another", [{"field_name": "名", "type": 1}])
    path = f"/open-apis/bitable/v1/apps/{pair.place.app_token}/tables/{pair.place.table_id}"
    stage.syncer.client("default").call(Call("bitable.app.get", "DELETE", path))
    pair.sql("UPDATE {t} SET note = 'x' WHERE order_no = 'A-1'")
    until(pair.is_woken)
    for run in (pair.react, pair.sync, pair.full):
        with pytest.raises(SyncerError) as told:
            run()
        assert pair.place.table_id in str(told.value)
    assert told.value.exit_status == MendError.exit_status
    assert pair.standing().state is State.BROKEN
    assert len(pair.rows()) == 2
    assert pair.is_woken()
    assert pair.place.table_id in pair.standing().last_run.error


def test_five_thousand_rows_of_one_update_are_all_carried(stage, pair):
    pair.sql("INSERT INTO {t} (order_no, amount) SELECT 'N-' || n, n FROM generate_series(1, 6000) n")
    pair.settle()
    stage.quiet()
    pair.settle_signals()
    place = len(pair.audits())
    pair.sql("UPDATE {t} SET note = '批 ' || id WHERE id <= 5000")
    with stage.counted() as calls:
        assert written(pair.heard().react()) == {"feishu update": 5000}
    assert calls["record.batch_update"] == 5
    assert {name: number for name, number in calls.items() if name.startswith("record.batch_c")} == {}
    assert len(pair.equal()) == 6000
    audits = pair.audits()[place:]
    assert {(side, action) for side, action, *_ in audits} == {("feishu", "update")}
    assert len({record for _, _, record, *_ in audits}) == len(audits) == 5000
