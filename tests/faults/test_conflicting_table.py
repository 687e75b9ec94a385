"""A table that answers 1254291 without end: the run ends with a clear word, and the next one does what it left."""

import pytest

from syncer.errors import UnreachableError
from tests.engine.tables import equal, insert, numbered, orders


@pytest.mark.parametrize("api", ["bitable.record.search", "bitable.record.batch_update"])
def test_a_table_that_never_stops_conflicting_ends_the_run_clearly_and_loses_and_doubles_nothing(stage, api):
    pair = orders(stage)
    records = pair.add(*numbered(5))
    pair.settle()
    pair.edit(records[0], 备注="人 ✏️")
    pair.sql("UPDATE {t} SET note = '行' WHERE order_no = 'A0003'")
    insert(pair, ("B1", 1, None), ("B2", 2, "新 🧾"))
    stage.restart().attempts = 3
    stage.control.fault(api, "conflict", times=1000)
    with pytest.raises(UnreachableError, match="1254291") as caught:
        pair.full()
    assert caught.value.exit_status == 5
    (slow,) = stage.syncer.shared.paces.slow_tables().values()
    assert slow.reads_alone == (api == "bitable.record.search")
    stage.control.clear_faults()
    stage.restart()
    assert pair.full().status == "done"
    assert not pair.full().writes
    assert pair.open_intents() == 0
    assert sorted(number for number, _, _ in equal(pair)) == [*(f"A{number:04}" for number in range(5)), "B1", "B2"]
