"""Tables that change in the middle of a run: the run ends with a sentence, nothing is cleared, the next one goes on."""

from contextlib import suppress

import pytest

from syncer.errors import SyncerError
from tests.engine.stage import doing

FIELDS = {"订单号": 1, "金额": 2, "备注": 1}
COLUMNS = "id bigserial PRIMARY KEY, order_no text UNIQUE, amount numeric(12,2), note text"
MAPPING = (
    "match: [order_no]\npairing: policy\nfields:\n  - {field: 订单号, column: order_no}\n"
    "  - {field: 金额, column: amount}\n  - {field: 备注, column: note}\n"
)
STEPS = [("before", "rows.read"), ("before", "rows.write")]
CHANGES = {
    "the column is dropped": ("ALTER TABLE {t} DROP note", "ALTER TABLE {t} ADD note text"),
    "the column is retyped": (
        "ALTER TABLE {t} ALTER note TYPE bytea USING convert_to(note, 'UTF8')",
        "ALTER TABLE {t} ALTER note TYPE text USING convert_from(note, 'UTF8')",
    ),
    "a column is required": (
        "ALTER TABLE {t} ADD region text NOT NULL DEFAULT 'CN'; ALTER TABLE {t} ALTER region DROP DEFAULT",
        "ALTER TABLE {t} DROP region",
    ),
    "the table is renamed": ("ALTER TABLE {t} RENAME TO away", "ALTER TABLE away RENAME TO {t}"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_table_that_changes_in_the_middle_of_a_run_costs_nobody_anything(stage, change):
    pair = stage.pair(FIELDS, COLUMNS, MAPPING)
    pair.add(*[{"订单号": f"N{n}", "金额": n, "备注": f"注 {n} 🧾"} for n in range(5)])
    pair.full()
    begins, mends = CHANGES[change]
    notes = {cells["订单号"]: cells["备注"] for cells in pair.plain().values()}
    for number, (when, what) in enumerate(STEPS):
        pair.edit(pair.by("订单号")["N0"], 金额=100 + number)
        pair.add({"订单号": f"新{number}", "金额": 1})
        with stage.tapped(doing(when, what, lambda: pair.sql(begins))):
            ended(pair)
        ended(pair)
        assert {line["订单号"]: line["备注"] for line in pair.plain().values() if "备注" in line} == notes, (when, what)
        pair.sql(mends)
        assert len(pair.plain()) == 6 + number
    for _ in range(2):
        ended(pair)
    assert {row[0]: int(row[1]) for row in pair.rows("order_no, amount")}["N0"] == 101
    assert sorted(row[0] for row in pair.rows("order_no")) == sorted(line["订单号"] for line in pair.plain().values())
    assert {line["订单号"]: line["备注"] for line in pair.plain().values() if "备注" in line} == notes


def ended(pair):
    """A run that ended well, or with a sentence that says what is to be mended."""
    with suppress(SyncerError):
        pair.full()
