"""Formulas follow by themselves while worker and beat run: seconds after an edit, else in their rhythm."""

import time

import pytest

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from tests.worker.scene import until

FIELDS = [
    {"field_name": "订单号", "type": 1},
    {"field_name": "金额", "type": 2},
    {
        "field_name": "双倍",
        "type": 20,
        "expression": {"product": ["金额", {"value": 2}]},
        "property": {"result_type": 2},
    },
    {"field_name": "改于", "type": 1002},
]
MAPPING = """\
version: 1
name: orders
match: [order_no]
schedule: {{every: 1h}}
computed: {computed}
feishu: {{bitable: {{app_token: {base}, table_id: {table}}}}}
database: {{connection: erp, table: orders, capture: scan}}
fields:
  - {{field: 订单号, column: order_no}}
  - {{field: 金额, column: amount}}
  - {{field: 双倍, column: twice, direction: to_database}}
"""


def apply(scene, place, computed):
    path = scene.folder / "orders.yaml"
    path.write_text(MAPPING.format(base=scene.base, table=place.table_id, computed=computed), encoding="utf-8")
    loaded = load_file(path, {})
    with scene.syncer() as living:
        living.apply(living.look(loaded.mapping), loaded.document, digest(loaded.document), "new")


@pytest.mark.timeout(300)
def test_a_formula_is_carried_after_an_edit_and_in_its_rhythm_without_anybody_asking(scene):
    scene.sql("CREATE TABLE orders (id serial PRIMARY KEY, order_no text UNIQUE, amount numeric, twice numeric)")
    place = scene.places["orders"] = scene.control.create_table(scene.base, "orders", FIELDS)
    scene.control.set_switches(computed_lag_seconds=2.0)
    apply(scene, place, "1h")
    scene.part("worker", "--concurrency", "2")
    scene.part("beat")
    (record,) = scene.add("orders", {"订单号": "甲", "金额": 21})
    until(lambda: scene.sql("SELECT twice FROM orders WHERE amount = 21") == [(42,)], told=scene.logs)
    with scene.waking() as notice:
        scene.control.edit_record(scene.base, place.table_id, record, {"金额": 50})
        notice("orders", record)
        until(lambda: scene.sql("SELECT FROM orders WHERE amount = 50 AND twice = 100"), told=scene.logs)
    assert {run[1] for run in scene.runs("orders")[1:]} == {"events"}  # the clock has nothing to do for an hour
    apply(scene, place, "2s")
    scene.control.edit_record(scene.base, place.table_id, record, {"双倍": 7})  # nobody is told
    began = time.monotonic()
    until(lambda: scene.sql("SELECT FROM orders WHERE twice = 7"), told=scene.logs)
    assert time.monotonic() - began < 30
