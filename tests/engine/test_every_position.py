"""Each answer that leaves it open what became of a call, in every place of a run that reads and writes all there is."""

import pytest

from tests.engine.stage import written
from tests.engine.tables import equal, insert, numbered, orders

CALLS = ("search", "batch_get", "batch_create", "batch_update", "batch_delete")
EACH = {f"{side} {action}": 2 for side in ("feishu", "database") for action in ("create", "update", "delete")}


@pytest.mark.parametrize("applied", [False, True], ids=["not done", "done all the same"])
@pytest.mark.parametrize("code", [1254200, 1254608, 1255040])
def test_a_write_that_may_have_been_done_is_looked_at_wherever_it_stands(stage, code, applied):
    pair = orders(stage)
    ids = pair.add(*numbered(20))
    pair.settle()
    audited = len(pair.audits())
    for record, note in zip(ids[:2], "甲乙", strict=True):
        pair.edit(record, 备注=note)
    pair.drop(*ids[2:4])
    pair.add({"订单号": "F1"}, {"订单号": "F2"})
    pair.sql("UPDATE {t} SET note = '丙' WHERE order_no IN ('A0005', 'A0006')")
    pair.sql("DELETE FROM {t} WHERE order_no IN ('A0007', 'A0008')")
    insert(pair, ("D1", 1, None), ("D2", 2, None))
    for call in CALLS:
        stage.control.fault(f"bitable.record.{call}", "code", code=code, applied=applied)
    report = pair.sync(full=True)
    assert (report.status, written(report)) == ("done", EACH)
    assert len(pair.audits()) == audited + sum(EACH.values())
    assert pair.open_intents() == 0
    assert not pair.settle().writes
    assert len(equal(pair)) == 20
