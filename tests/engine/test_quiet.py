"""Once both sides are equal nobody writes any more; and what one side clears or changes, the other loses or gets."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import FIELD_OF, FULL_RECORD, FULL_ROW, add_row, all_equal, equal, everything, numbered, orders


def fill(pair):
    """Lines from both sides with everything, with nothing, and with what rounding and noise make of numbers."""
    records = pair.add(
        {"编号": "F1", **FULL_RECORD},
        {"编号": "F2"},
        {"编号": "F3", "金额": 2.675, "浮点": 1 / 3, "定长": "abcdefgh", "已付": False, "文本": ""},
        {"编号": "F4", "金额": -0.0, "浮点": 123456789.125, "整数": 0, "标签": []},
    )
    add_row(pair, "D1", **FULL_ROW)
    add_row(pair, "D2")
    add_row(pair, "D3", fixed="", words="", tags=[], amount="0.10", measure=0.1 + 0.7)
    return records


@pytest.fixture
def pair(stage):
    return everything(stage)


def test_after_any_run_five_more_and_five_full_ones_write_nothing_on_either_side(stage, pair):
    fill(pair)
    first = pair.sync()
    assert (first.exit_status, first.linked) == (0, 7), pair.failures()
    lines = all_equal(pair)
    assert lines["F1"]["大写"] == "LOUD"
    truth, calls = pair.truth(), stage.writes_seen()
    for _ in range(5):
        assert (written(pair.sync()), written(pair.full())) == ({}, {})
    assert pair.truth() == truth
    assert stage.writes_seen() == calls


def test_after_edits_of_every_field_on_both_sides_nothing_is_written_any_more(stage, pair):
    records = fill(pair)
    pair.settle()
    pair.edit(records[1], **FULL_RECORD)
    changes = ", ".join(f"{name} = %s" for name in FULL_ROW)
    pair.sql(f"UPDATE {{t}} SET {changes} WHERE code = 'D2'", *FULL_ROW.values())
    report = pair.sync()
    assert written(report) == {"database update": 1, "feishu update": 2}
    all_equal(pair)
    truth, calls = pair.truth(), stage.writes_seen()
    for _ in range(5):
        assert (written(pair.sync()), written(pair.full())) == ({}, {})
    assert pair.truth() == truth
    assert stage.writes_seen() == calls


def test_a_cell_cleared_in_bitable_is_null_in_its_row_for_every_kind_of_field(pair):
    (record, *_) = fill(pair)
    pair.settle()
    pair.edit(record, **dict.fromkeys(FIELD_OF))
    assert written(pair.sync()) == {"database update": 1}
    (row,) = pair.sql(f"SELECT {', '.join(FULL_ROW)} FROM {{t}} WHERE code = 'F1'")
    assert set(row) <= {None, False, ""}
    pair.settle()
    assert set(all_equal(pair)["F1"]) == {"主键"}


def test_a_column_set_to_null_is_an_empty_cell_in_bitable_for_every_kind_of_field(pair):
    fill(pair)
    pair.settle()
    pair.sql("UPDATE {t} SET " + ", ".join(f"{name} = NULL" for name in FULL_ROW) + " WHERE code = 'D1'")
    assert written(pair.sync()) == {"feishu update": 1}
    pair.settle()
    assert set(all_equal(pair)["D1"]) == {"主键"}


def test_a_field_edited_here_and_another_edited_there_both_survive(stage):
    pair = orders(stage)
    records = pair.add(*numbered(3))
    pair.settle()
    pair.edit(records[1], 备注="多维表格")
    pair.sql("UPDATE {t} SET amount = 77 WHERE order_no = 'A0001'")
    assert written(pair.sync()) == {"feishu update": 1, "database update": 1}
    assert not pair.settle().writes
    assert ("A0001", 77.0, "多维表格") in equal(pair)
    assert pair.conflicts(None) == []


def test_a_thousand_lines_edited_on_both_sides_at_once_keep_both_edits(stage):
    pair = orders(stage)
    records = pair.add(*numbered(1000))
    pair.settle()
    pair.edit_many({record: {"备注": f"注 {number}"} for number, record in enumerate(records)})
    pair.sql("UPDATE {t} SET amount = amount + 1000")
    assert written(pair.sync()) == {"feishu update": 1000, "database update": 1000}
    assert not pair.settle().writes
    assert equal(pair) == [(f"A{number:04}", number + 1000.5, f"注 {number}") for number in range(1000)]
    assert pair.conflicts(None) == []


def test_the_same_edit_on_both_sides_is_no_write_and_no_conflict(stage):
    pair = orders(stage)
    records = pair.add(*numbered(3))
    pair.settle()
    pair.edit(records[1], 备注="同")
    pair.sql("UPDATE {t} SET note = '同' WHERE order_no = 'A0001'")
    report = pair.sync()
    assert (report.writes, report.conflicts) == (0, 0)
    pair.edit(records[1], 备注="后")
    assert written(pair.sync()) == {"database update": 1}
