"""A pair that its tables lost, or that was taken out of the mapping, while something of it was under way."""

import pytest

from syncer.engine.tools import Options
from syncer.engine.verify import Verify
from tests.engine.stage import DeadError, written
from tests.engine.tables import ORDER_FIELDS, equal, insert, numbered, orders
from tests.engine.test_undo import undo

NO_MATCH = ORDER_FIELDS.replace("match: [order_no]\n", "")
WITHOUT_NOTE = "  - {field: 备注, column: note}\n"
NEW = [(f"B{number}", number, "新 🌱") for number in range(3)]


def synced(stage, mapping=ORDER_FIELDS, rules=""):
    pair = orders(stage, rules, mapping=mapping)
    pair.add(*numbered(5))
    pair.settle()
    return pair


def lose(stage, pair, how):
    """The note's pair is paused alone, or is mapped no more."""
    if how.startswith(GONE):
        stage.control.delete_field(pair.place.app_token, pair.place.table_id, "备注")
    elif how.startswith(RETYPED):
        pair.sql("ALTER TABLE {t} ALTER note TYPE bytea USING NULL")
    else:
        mapping = (NO_MATCH if "without a match" in how else ORDER_FIELDS).replace(WITHOUT_NOTE, "")
        stage.apply(pair.name, pair.place, pair.table, pair.key, mapping)


def numbers(pair):
    records = sorted((cells["订单号"], cells.get("金额")) for cells in pair.plain().values())
    rows = sorted((number, float(amount)) for number, amount in pair.rows("order_no, amount"))
    assert records == rows
    return [number for number, _ in records]


GONE, RETYPED, LEFT_OUT = "the field is gone", "the column is of another type", "it is mapped no more"


@pytest.mark.parametrize(
    ("loss", "when", "mapping"),
    [
        (GONE, "after", NO_MATCH),
        (GONE, "before", ORDER_FIELDS),
        (RETYPED, "after", NO_MATCH),
        (LEFT_OUT, "after", ORDER_FIELDS),
        (LEFT_OUT, "after", NO_MATCH),
    ],
)
def test_records_that_were_being_created_are_there_once(stage, loss, when, mapping):
    pair = synced(stage, mapping)
    insert(pair, *NEW)
    with stage.dies(when, "records.create"), pytest.raises(DeadError):
        pair.sync()
    lose(stage, pair, loss + (" (without a match)" if mapping is NO_MATCH else ""))
    stage.restart()
    pair.settle()
    assert numbers(pair) == [*(f"A{number:04}" for number in range(5)), "B0", "B1", "B2"]
    assert pair.open_intents() == 0


@pytest.mark.parametrize("loss", [RETYPED, LEFT_OUT])
def test_rows_that_were_being_created_are_there_once(stage, loss):
    pair = synced(stage, NO_MATCH)
    pair.add({"订单号": "B0", "金额": 1, "备注": "新"})
    with stage.dies("after", "rows.insert"), pytest.raises(DeadError):
        pair.sync()
    lose(stage, pair, loss + " (without a match)")
    stage.restart()
    pair.settle()
    assert len(numbers(pair)) == 6


def test_an_update_that_took_effect_is_no_edit_once_the_pair_goes_on(stage):
    pair = synced(stage)
    record = pair.by("订单号")["A0000"]
    pair.sql("UPDATE {t} SET amount = 77, note = 'von uns' WHERE order_no = 'A0000'")
    with stage.dies("after", "records.update"), pytest.raises(DeadError):
        pair.sync()
    pair.sql("ALTER TABLE {t} RENAME note TO memo")
    stage.restart()
    pair.settle()
    pair.sql("ALTER TABLE {t} RENAME memo TO note")
    pair.sql("UPDATE {t} SET note = 'danach' WHERE order_no = 'A0000'")
    report = pair.settle()
    assert (report.exit_status, pair.conflicts(None)) == (0, [])
    assert pair.plain()[record]["备注"] == "danach"


def test_a_conflict_stays_open_and_what_was_decided_is_carried_out_later(stage):
    pair = synced(stage, rules="conflicts: {default: manual}\n")
    record = pair.by("订单号")["A0000"]
    pair.edit(record, 备注="甲")
    pair.sql("UPDATE {t} SET note = '乙' WHERE order_no = 'A0000'")
    pair.sync()
    (one,) = pair.conflicts()
    pair.sql("ALTER TABLE {t} RENAME note TO memo")
    for full in (True, False):
        assert pair.sync(full=full).exit_status == 3
    assert [each.id for each in pair.conflicts()] == [one.id]
    stage.syncer.store.resolve(one.id, "feishu", one.version)
    pair.edit(record, 金额=8)
    assert written(pair.sync()) == {"database update": 1}
    pair.sql("ALTER TABLE {t} RENAME memo TO note")
    pair.full()
    pair.settle()
    assert equal(pair)[0] == ("A0000", 8.0, "甲")
    assert [(each.state, each.winner) for each in pair.conflicts(None)] == [("settled", "feishu")]


def test_an_undo_leaves_its_lines_or_takes_back_the_other_fields(stage):
    pair = synced(stage)
    pair.sql("UPDATE {t} SET amount = 9, note = 'x' WHERE order_no < 'A0002'")
    pair.sql("UPDATE {t} SET note = 'y' WHERE order_no = 'A0002'")
    run = pair.sync()
    pair.sql("ALTER TABLE {t} RENAME note TO memo")
    left = undo(pair, run)
    assert (left.restored, left.skipped, "is paused alone" in left.left[0]["reason"]) == (0, 3, True)
    done = undo(pair, run, by_field=True)
    assert (done.restored, done.skipped, "is paused alone" in done.left[0]["reason"]) == (2, 1, True)
    pair.sql("ALTER TABLE {t} RENAME memo TO note")
    pair.settle()
    assert equal(pair)[:3] == [("A0000", 0.5, "x"), ("A0001", 1.5, "x"), ("A0002", 2.5, "y")]


def test_a_comparison_and_a_repair_leave_it_out_and_say_so(stage):
    pair = synced(stage)
    pair.sql("UPDATE {t} SET note = 'x'")
    pair.settle()
    pair.sql("ALTER TABLE {t} RENAME note TO memo")
    work = Verify(repair=True)
    report = stage.syncer.sync(pair.name, Options(full=True), work=work, kind="repair")
    assert (work.found.differs, written(report), len(report.drift)) == (False, {}, 1)
    pair.sql("ALTER TABLE {t} RENAME memo TO note")
    assert pair.settle().exit_status == 0
    assert {note for *_, note in equal(pair)} == {"x"}
