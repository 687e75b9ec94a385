"""Tables that change in the middle of a run: the run ends with a sentence, nothing is cleared, the next one goes on."""

import pytest
from sqlalchemy.engine import make_url

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
    "the column is renamed": ("ALTER TABLE {t} RENAME note TO remark", "ALTER TABLE {t} RENAME remark TO note"),
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


RIGHTS = {
    "to change a column": "REVOKE UPDATE ON orders FROM {r}; GRANT UPDATE (order_no, amount) ON orders TO {r}",
    "to change rows": "REVOKE UPDATE ON orders FROM {r}",
    "to add rows": "REVOKE INSERT ON orders FROM {r}",
    "to read": "REVOKE SELECT ON orders FROM {r}",
}
ROLE = "clerk_of_midway"


@pytest.fixture
def clerk(stage):
    """The syncer works as a role with rights of its own."""
    stage.sql(f"CREATE TABLE orders ({COLUMNS})")
    stage.sql(f"CREATE ROLE {ROLE} LOGIN PASSWORD 'x'")
    (database,) = stage.sql("SELECT current_database()")[0]
    stage.sql(f'GRANT CREATE ON DATABASE "{database}" TO {ROLE}')
    stage.sql(
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {ROLE}; GRANT USAGE ON SEQUENCE orders_id_seq TO {ROLE}"
    )
    stage.database = make_url(stage.database).set(username=ROLE, password="x").render_as_string(hide_password=False)
    stage.restart()
    yield stage
    stage.syncer.close()
    stage.sql(f"DROP OWNED BY {ROLE} CASCADE; DROP ROLE {ROLE}")


@pytest.mark.parametrize("lost", RIGHTS.values(), ids=RIGHTS)
@pytest.mark.parametrize(("when", "what"), STEPS)
def test_a_right_that_is_lost_in_the_middle_of_a_run_costs_nobody_anything(clerk, lost, when, what):
    pair = clerk.pair(FIELDS, None, MAPPING)
    pair.add(*[{"订单号": f"N{n}", "金额": n, "备注": f"注 {n}"} for n in range(5)])
    pair.full()
    pair.edit(pair.by("订单号")["N0"], 金额=100, 备注="新 🧾")
    pair.add({"订单号": "N5", "金额": 5})
    with clerk.tapped(doing(when, what, lambda: pair.sql(lost.format(r=ROLE)))):
        said = ended(pair)
    assert "GRANT" in said, said
    ended(pair)
    assert len(pair.plain()) == 6
    assert [note for (note,) in pair.rows("note", "order_no")[1:5]] == [f"注 {n}" for n in range(1, 5)]
    pair.sql(f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {ROLE}")
    for _ in range(2):
        ended(pair)
    found = [(order, int(amount), note) for order, amount, note in pair.rows("order_no, amount, note", "order_no")]
    assert found[0] == ("N0", 100, "新 🧾")
    assert found[5] == ("N5", 5, None)
    assert len(found) == len(pair.plain()) == 6


def ended(pair):
    """A run that ended well, or with a sentence that says what is to be mended; what it said."""
    try:
        return "\n".join(pair.full().drift)
    except SyncerError as error:
        return str(error)
