"""A line is more than its mapped fields: all of it is audited before it goes, and any edit outlives a deletion."""

import time

import pytest

from tests.engine.stage import doing
from tests.noticing.stage import COLUMNS, FIELDS, MAPPING

WAYS = ["trigger", "scan"]
REST = COLUMNS + ", memo text, precise numeric"


@pytest.fixture(params=WAYS)
def begun(request, stage):
    """Two linked lines whose other half holds more than the pairs carry; and the ids of the records."""

    def make(rules="", way=request.param):
        extra = f", capture: {way}" + (", notify: off" if way == "scan" else "")
        pair = stage.listened(
            fields={**FIELDS, "内部": 1},
            columns=REST,
            mapping=MAPPING.replace("match:", f"{rules}match:", 1),
            extra=extra,
        )
        records = pair.begin(("A-1", 1, "一"), ("A-2", 2, "二"))
        pair.sql("UPDATE {t} SET memo = 'früh 🌱', precise = 0.10000000000000000001 WHERE order_no = 'A-1'")
        pair.edit(records[0], 内部="早")
        pair.full()
        return pair, records

    return make


def whole_of(pair):
    return pair.stage.state("SELECT side, whole FROM syncer_state.audit WHERE action = 'delete' ORDER BY id")


def test_what_was_edited_before_the_last_look_goes_with_its_line_and_stands_in_the_audit(begun):
    pair, records = begun()
    pair.drop(records[0])
    pair.sync()
    ((side, whole),) = whole_of(pair)
    assert (side, whole["memo"], whole["precise"]) == ("database", "früh 🌱", "0.10000000000000000001")
    assert len(pair.equal()) == 1


def test_a_record_is_audited_whole_too(begun):
    pair, _ = begun()
    time.sleep(1.7)  # Feishu's clock is known to a second and a half
    pair.full()
    pair.sql("DELETE FROM {t} WHERE order_no = 'A-1'")
    pair.sync()
    ((side, whole),) = whole_of(pair)
    assert (side, whole["内部"][0]["text"]) == ("feishu", "早")


def test_an_edit_of_a_column_that_no_pair_carries_outlives_the_deletion_of_the_record(begun):
    pair, records = begun()
    pair.drop(records[0])
    pair.sql("UPDATE {t} SET memo = 'spät' WHERE order_no = 'A-1'")
    pair.settle()
    assert [line[0] for line in pair.equal()] == ["A-1", "A-2"]
    assert pair.rows("memo", "order_no")[0] == ("spät",)


def test_an_edit_of_a_field_that_no_pair_carries_outlives_the_deletion_of_the_row(begun, stage):
    pair, records = begun()
    stage.state("UPDATE syncer_state.link SET moved_at = moved_at - interval '1 minute' RETURNING id")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A-1'")
    pair.edit(records[0], 内部="晚")
    pair.settle()
    assert [line[0] for line in pair.equal()] == ["A-1", "A-2"]
    assert pair.plain()[records[0]]["内部"] == "晚"


def test_what_we_wrote_ourselves_is_no_edit(begun):
    pair, records = begun()
    pair.edit(records[0], 金额=5)
    pair.sql("UPDATE {t} SET note = '三' WHERE order_no = 'A-2'")
    assert pair.sync().writes
    pair.drop(records[0])
    pair.sql("DELETE FROM {t} WHERE order_no = 'A-2'")
    pair.sync()
    assert pair.equal() == []


@pytest.mark.parametrize("side", ["feishu", "database"])
def test_under_manual_such_a_line_waits_for_a_person_however_long_that_takes(begun, stage, side):
    pair, records = begun("conflicts: {deletes: manual}\n", "trigger")
    stage.state("UPDATE syncer_state.link SET moved_at = moved_at - interval '1 minute' RETURNING id")
    if side == "feishu":
        pair.drop(records[0])
        pair.sql("UPDATE {t} SET memo = 'spät' WHERE order_no = 'A-1'")
    else:
        pair.sql("DELETE FROM {t} WHERE order_no = 'A-1'")
        pair.edit(records[0], 内部="晚")
    for full in (False, True, False):
        pair.sync(full=full)
        (failure,) = pair.failures()
        assert failure.code == "delete_conflict"
    assert (len(pair.plain()), len(pair.rows())) == ((1, 2) if side == "feishu" else (2, 1))


@pytest.mark.parametrize("side", ["feishu", "database"])
def test_an_edit_between_our_reading_and_our_deletion_outlives_it_too(begun, stage, side):
    pair, records = begun("", "trigger")
    stage.state("UPDATE syncer_state.link SET moved_at = moved_at - interval '1 minute' RETURNING id")
    if side == "database":
        pair.drop(records[0])
        late = doing("before", "rows.write", lambda: pair.sql("UPDATE {t} SET memo = 'spät' WHERE order_no = 'A-1'"))
    else:
        pair.sql("DELETE FROM {t} WHERE order_no = 'A-1'")
        late = doing("before", "records.delete", lambda: pair.edit(records[0], 内部="晚"))
    with stage.tapped(late):
        pair.sync()
    pair.settle()
    assert [line[0] for line in pair.equal()] == ["A-1", "A-2"]
