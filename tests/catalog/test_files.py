"""Reading right files: what a mapping becomes, where its keys stand, and what holds between files."""

from datetime import timedelta
from pathlib import Path

import pytest

from syncer.catalog.files import load_files, load_folder
from syncer.core.mapping import (
    ColumnFill,
    DeleteGuard,
    DeletePolicy,
    DeleteRule,
    Direction,
    Merge,
    Pairing,
    PairSpec,
    Policy,
    SyncMapping,
)
from syncer.core.records import Side
from syncer.errors import MappingError
from tests.catalog.samples import RIGHT, loaded

EXAMPLES = Path(__file__).parents[2] / "mappings"
EXAMPLE_ENV = {
    "DEMO_APP_TOKEN": "bascnDemo",
    "ORDERS_TABLE_ID": "tblOrders",
    "PRODUCTS_TABLE_ID": "tblProducts",
    "LEAVE_APPROVAL_CODE": "7C468A54",
    "LEAVE_SINCE": "2026-01-01",
}

FULL = """\
version: 1
name: orders
description: 'on: yes, 2026-01-01'
feishu: {app: tenant-b, bitable: {url: "https://x.feishu.cn/base/bascn1?table=tbl1&view=vew1"}}
database:
  connection: erp-main
  table: sales.orders
  key: [id, region]
  capture: watermark
  watermark: updated_at
  notify: off
  on_insert: {id: {sequence: sales.orders_id_seq}, created_by: {value: 同步}, gone: {value: null}}
  on_update: {updated_at: {now: true}}
direction: to_database
pairing: policy
settle: 0s
weight: 3
fields:
  - {field: fldNo, column: id, values: {"1": one}, default: {feishu: C, database: null}}
  - {field: 等级, column: grade, conflict: manual, direction: to_database}
conflicts: {default: fill_empty, tie: feishu, tolerance: 1m, deletes: manual}
deletes:
  from_feishu: {mark: {column: deleted, value: true}}
  from_database: {mark: {field: 状态, value: 已删除}}
  guard: {lines: 9, share: 1}
schedule: {every: 2h, full: "*/15 1-5,22 * * 1", timezone: UTC}
"""


def test_every_key_of_a_file_reaches_the_mapping(tmp_path):
    mapping = loaded(tmp_path, FULL).mapping
    assert mapping == SyncMapping(
        name="orders",
        description="on: yes, 2026-01-01",
        app="tenant-b",
        app_token="bascn1",
        table_id="tbl1",
        connection="erp-main",
        table="sales.orders",
        key=("id", "region"),
        capture="watermark",
        watermark="updated_at",
        notify=False,
        weight=3,
        on_insert={
            "id": ColumnFill("sequence", "sales.orders_id_seq"),
            "created_by": ColumnFill("value", "同步"),
            "gone": ColumnFill("value", None),
        },
        on_update={"updated_at": ColumnFill("now")},
        direction=Direction.TO_DATABASE,
        match=("id",),
        pairing=Pairing.POLICY,
        pairs=(
            PairSpec(
                "fldNo",
                "id",
                Direction.TO_DATABASE,
                values={"1": "one"},
                defaults={Side.FEISHU: "C", Side.DATABASE: None},
            ),
            PairSpec("等级", "grade", Direction.TO_DATABASE, conflict=Policy.MANUAL),
        ),
        policy=Policy.FILL_EMPTY,
        tie=Policy.FEISHU,
        tolerance=timedelta(minutes=1),
        delete_policy=DeletePolicy.MANUAL,
        from_feishu=DeleteRule("mark", "deleted", True),
        from_database=DeleteRule("mark", "状态", "已删除"),
        guard=DeleteGuard(9, 1.0),
    )


def test_what_is_left_out_holds_as_the_contract_says(tmp_path):
    item = loaded(tmp_path)
    mapping, schedule = item.mapping, item.document.schedule
    assert (mapping.app, mapping.pairing, mapping.policy, mapping.tie) == (
        "default",
        Pairing.ASK,
        Policy.LATEST,
        Policy.MANUAL,
    )
    assert (mapping.tolerance, mapping.delete_policy) == (timedelta(seconds=2), DeletePolicy.EDIT)
    assert (mapping.from_feishu, mapping.from_database) == (DeleteRule("delete"), DeleteRule("delete"))
    assert (mapping.guard.lines, mapping.guard.share) == (500, 0.2)
    assert (schedule.every, schedule.full) == (timedelta(seconds=30), "0 3 * * *")
    assert [pair.merge for pair in mapping.pairs][3:5] == [Merge.SET, Merge.COUNTER]
    assert mapping.pairs[5].direction is Direction.TO_DATABASE


def test_match_left_out_is_the_mapped_part_of_a_named_key_and_else_open(tmp_path):
    keyed = RIGHT.replace("match: [order_no]\n", "").replace("key: [id]", "key: [order_no]")
    assert loaded(tmp_path, keyed).mapping.match == ("order_no",)
    assert loaded(tmp_path, keyed.replace("  key: [order_no]\n", "")).mapping.match == ()


def test_the_environment_fills_texts_and_only_texts(tmp_path):
    text = RIGHT.replace("bascn1", '"${BASE}_${BASE}"').replace("erp\n", "${CONNECTION}\n").replace("both", "${WAY}")
    mapping = loaded(tmp_path, text, {"BASE": "bascn", "CONNECTION": "crm", "WAY": "both"}).mapping
    assert (mapping.app_token, mapping.connection, mapping.direction) == ("bascn_bascn", "crm", Direction.BOTH)


def test_keys_are_not_filled_from_the_environment(tmp_path):
    text = RIGHT.replace("待处理: pending", '"${X}": pending')
    assert "${X}" in loaded(tmp_path, text, {"X": "y"}).mapping.pairs[2].values


def test_yaml_1_2_has_few_words_and_a_bom_does_no_harm(tmp_path):
    text = "\ufeff" + RIGHT.replace("{待处理: pending, 已发货: shipped}", "{no: yes, on: 2026-01-01, 012.: 1_000}")
    assert loaded(tmp_path, text).mapping.pairs[2].values == {"no": "yes", "on": "2026-01-01", "012.": "1_000"}


def test_an_anchor_may_be_used_again(tmp_path):
    text = RIGHT.replace("key: [id]", "key: &k [order_no]").replace("match: [order_no]", "match: *k")
    assert loaded(tmp_path, text).mapping.match == ("order_no",)


def test_the_line_of_every_key_is_known(tmp_path):
    places = loaded(tmp_path).places
    assert places.line("fields", 2, "values", "已发货") == 15
    assert places.line("schedule", "every") == 19
    assert places.line("fields", 4, "no such key") == 17
    assert places.text("database", "table") == "sales.orders"


def test_the_examples_are_right_and_show_what_they_promise():
    leave, orders, people, products = load_folder(EXAMPLES, EXAMPLE_ENV).require()
    assert (orders.mapping.name, orders.mapping.app_token) == ("orders", "bascnDemo")
    assert orders.mapping.match == ("order_no",)
    assert products.mapping.match == ("sku",)
    assert {leave.mapping.direction, people.mapping.direction} == {Direction.TO_DATABASE}
    assert {pair.merge for pair in products.mapping.pairs} == set(Merge)


def test_a_variable_missing_from_the_examples_is_told_per_file():
    faults = load_folder(EXAMPLES, {}).faults
    assert [fault.split("mappings/")[1].split(" is not set")[0] for fault in faults] == [
        "leave.yaml:7: feishu.approval.approval_code: the environment variable LEAVE_APPROVAL_CODE",
        "leave.yaml:7: feishu.approval.since: the environment variable LEAVE_SINCE",
        "orders.yaml:8: feishu.bitable.app_token: the environment variable DEMO_APP_TOKEN",
        "orders.yaml:9: feishu.bitable.table_id: the environment variable ORDERS_TABLE_ID",
        "products.yaml:7: feishu.bitable.app_token: the environment variable DEMO_APP_TOKEN",
        "products.yaml:7: feishu.bitable.table_id: the environment variable PRODUCTS_TABLE_ID",
    ]


def test_a_folder_keeps_its_right_files_beside_its_wrong_ones(tmp_path):
    (tmp_path / "a.yaml").write_text(RIGHT)
    (tmp_path / "b.yml").write_text("")
    (tmp_path / ".c.yaml").write_text("hidden")
    (tmp_path / "d.txt").write_text("no mapping")
    (tmp_path / "sub").mkdir()
    catalog = load_folder(tmp_path, {})
    assert [item.path.name for item in catalog.mappings] == ["a.yaml"]
    assert len(catalog.faults) == 1
    with pytest.raises(MappingError, match="is empty"):
        catalog.require()


def test_an_empty_folder_is_no_fault_and_a_missing_one_is(tmp_path):
    assert load_folder(tmp_path, {}).require() == ()
    assert load_folder(tmp_path / "none", {}).faults == (
        f"{tmp_path}/none: is no folder; create it, or set SYNCER_MAPPINGS to the folder of mapping files",
    )


def test_two_mappings_may_share_neither_name_nor_tables(tmp_path):
    (tmp_path / "a.yaml").write_text(RIGHT)
    (tmp_path / "b.yaml").write_text(RIGHT.replace("tbl1", "tbl2"))
    url = "url: https://x.feishu.cn/base/bascn1?table=tbl1"
    other = RIGHT.replace("name: orders", "name: other").replace("app_token: bascn1, table_id: tbl1", url)
    (tmp_path / "c.yaml").write_text(other)
    (tmp_path / "d.yaml").write_text(
        other.replace("name: other", "name: third").replace("sales.orders", "sales.archive")
    )
    same = f"orders ({tmp_path}/a.yaml) syncs the same two tables"
    assert load_folder(tmp_path, {}).faults == (
        f"{tmp_path}/b.yaml:2: name: orders is the name of {tmp_path}/a.yaml too; every mapping needs its own",
        f"{tmp_path}/c.yaml:7: database.table: {same}; keep them in one mapping",
    )


def test_the_same_file_named_twice_is_read_once(tmp_path):
    item = loaded(tmp_path)
    assert len(load_files([item.path, item.path], {}).require()) == 1
