"""What a run sends to Bitable: as few writes as can be, in a safe order, and nothing in them that did not change."""

import json
from math import log2

import pytest

from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders

WRITES = ("batch_update", "batch_create", "batch_delete")


def sent(stage):
    """The writes since the last clear: verb, body (if it is short), code."""
    calls = [(call["api"].rpartition(".")[2], call) for call in stage.control.calls(bodies=True)]
    return [(verb, call.get("body"), call["code"]) for verb, call in calls if verb in WRITES]


def test_many_changes_of_a_line_are_one_write_of_the_fields_that_changed_and_deletes_come_last(stage):
    pair = orders(stage)
    ids = pair.add(*numbered(6))
    pair.settle()
    for note in "甲乙丙":
        pair.sql("UPDATE {t} SET note = %s WHERE order_no IN ('A0000', 'A0001')", note)
    pair.sql("UPDATE {t} SET amount = 7 WHERE order_no = 'A0001'")
    pair.sql("UPDATE {t} SET note = 'x' WHERE order_no = 'A0002'")
    pair.sql("UPDATE {t} SET note = NULL WHERE order_no = 'A0002'")
    pair.sql("DELETE FROM {t} WHERE order_no = 'A0003'")
    insert(pair, ("D1", 1, None), ("D2", 2, "新"))
    stage.control.clear_calls()
    assert written(pair.sync()) == {"feishu update": 2, "feishu create": 2, "feishu delete": 1}
    (first, updates, _), (second, _, _), (third, deletes, _) = sent(stage)
    assert (first, second, third) == WRITES
    assert {each["record_id"]: each["fields"] for each in json.loads(updates)["records"]} == {
        ids[0]: {"备注": "丙"},
        ids[1]: {"备注": "丙", "金额": 7},
    }
    assert json.loads(deletes)["records"] == [ids[3]]
    assert len(equal(pair)) == 7


def test_batches_are_cut_by_bytes_too(stage):
    stage.control.set_switches(max_changeset_bytes=4_000_000)
    pair = orders(stage)
    insert(pair, *((f"A{number:04}", number, "长" * 90_000) for number in range(24)))
    stage.control.clear_calls()
    assert written(pair.sync()) == {"feishu create": 24}
    codes = [code for _, _, code in sent(stage)]
    assert len(codes) > 1
    assert not any(codes)
    assert len(equal(pair)) == 24


@pytest.mark.parametrize("lines", [64, 512])
def test_a_bad_line_is_found_in_about_log2_n_calls_and_fails_with_code_words_and_log_id(stage, lines):
    pair = orders(stage)
    pair.add(*numbered(lines))
    pair.settle()
    pair.sql("UPDATE {t} SET note = CASE WHEN order_no = 'A0037' THEN '毒' ELSE '好' END")
    stage.control.fault("bitable.record.batch_*", "poison", field="备注", value="毒", code=1254060)
    stage.control.clear_calls()
    report = pair.sync()
    assert (written(report), report.failures) == ({"feishu update": lines - 1}, 1)
    assert len(sent(stage)) <= 2 * log2(lines) + 1
    (failure,) = pair.failures()
    assert (failure.code, failure.key) == ("1254060", "[38]")
    assert "TextFieldConvFail" in failure.message
    assert failure.log_id
