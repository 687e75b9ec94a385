"""The scope of a mapping and its revisions on the real stack: what is read, what is written, what is left alone."""

import pytest

from syncer.catalog.files import load_file
from syncer.catalog.revisions import digest
from syncer.core.records import Side
from tests.engine.stage import doing, is_quiet, written

FIELDS = {"订单号": 1, "地区": 3, "金额": 2, "备注": 1}
COLUMNS = "id bigserial PRIMARY KEY, order_no text UNIQUE, region text, amount numeric(12,2), note text, secret text"
RULES = "match: [order_no]\npairing: policy\nconflicts: {default: database}\n"
PAIRS = RULES + "fields:\n  - {field: 订单号, column: order_no}\n"
AMOUNT = "  - {field: 金额, column: amount}\n"
NOTE = "  - {field: 备注, column: note}\n"


@pytest.fixture
def scoped(stage):
    pair = stage.pair(FIELDS, COLUMNS, PAIRS + AMOUNT, extra=", where: [{column: region, in: [CN, HK]}]")
    pair.sql("INSERT INTO {t} (order_no, region, amount) SELECT 'US-' || n, 'US', n FROM generate_series(1, 30) n")
    pair.sql("INSERT INTO {t} (order_no, region, amount) VALUES ('A', 'CN', 1), ('B', 'HK', 2), ('C', NULL, 3)")
    return pair


def test_linked_rows_that_left_the_scope_are_read_and_kept_in_sync_though_a_scan_leaves_them_out(scoped):
    assert scoped.full().read[Side.DATABASE] == 2
    assert set(scoped.by("订单号")) == {"A", "B"}
    scoped.sql("UPDATE {t} SET region = 'US', amount = 100 WHERE order_no = 'A'")
    scoped.full()
    assert {cells["订单号"]: cells["金额"] for cells in scoped.plain().values()} == {"A": 100, "B": 2}
    scoped.edit(scoped.by("订单号")["A"], 金额=7)
    scoped.full()
    assert scoped.rows("amount", order="order_no")[0] == (7,)
    assert scoped.standing().linked == 2
    assert not scoped.failures()
    assert is_quiet(scoped)


def test_a_linked_row_outside_that_is_deleted_takes_its_record_along(scoped):
    scoped.full()
    scoped.sql("UPDATE {t} SET region = 'US' WHERE order_no = 'A'")
    scoped.full()
    scoped.sql("DELETE FROM {t} WHERE order_no = 'A'")
    scoped.full()
    assert set(scoped.by("订单号")) == {"B"}


def test_a_narrower_scope_takes_nothing_away_and_a_wider_one_lets_in(scoped, stage):
    scoped.full()
    again = (scoped.name, scoped.place, scoped.table, "id", PAIRS + AMOUNT)
    stage.apply(*again, extra=", where: {column: region, is: HK}")
    assert written(scoped.sync()) == {}
    assert set(scoped.by("订单号")) == {"A", "B"}
    stage.apply(*again, extra=", where: {any: [{column: region, is: HK}, {column: region, empty: true}]}")
    scoped.sync()
    assert set(scoped.by("订单号")) == {"A", "B", "C"}


def test_fields_of_the_scope_that_nothing_carries_are_followed_by_their_ids(stage):
    pair = stage.pair(FIELDS, COLUMNS, PAIRS + AMOUNT)
    path = stage.folder / "orders.yaml"
    path.write_text(
        path.read_text()
        .replace("\ndatabase:", ", where: {field: 备注, not: 草稿}}\ndatabase:")
        .replace("}}, w", "}, w")
    )
    loaded = load_file(path, {})
    stage.syncer.apply(stage.syncer.look(loaded.mapping), loaded.document, digest(loaded.document), "scope")
    pair.add({"订单号": "A", "备注": "草稿"}, {"订单号": "B"}, {"订单号": "C", "备注": "好"})
    pair.full()
    assert pair.rows("order_no", order="order_no") == [("B",), ("C",)]
    stage.control.rename_field(pair.place.app_token, pair.place.table_id, "备注", "说明")
    pair.add({"订单号": "D", "说明": "草稿"}, {"订单号": "E", "说明": "草"})
    pair.sync()
    assert pair.rows("order_no", order="order_no") == [("B",), ("C",), ("E",)]
    assert len(pair.plain()) == 5


def test_a_pair_that_is_added_fills_that_field_alone_and_its_conflicts_go_by_the_policy(stage):
    pair = stage.pair(FIELDS, COLUMNS, PAIRS + AMOUNT)
    pair.sql("INSERT INTO {t} (order_no, amount, note) VALUES ('A', 1, '库'), ('B', 2, NULL), ('C', 3, '同')")
    pair.full()
    records = pair.by("订单号")
    pair.edit(records["A"], 备注="飞书")
    pair.edit(records["B"], 备注="只有飞书")
    pair.edit(records["C"], 备注="同")
    pair.settle()
    before, audits = pair.plain(), len(pair.audits())
    stage.apply(pair.name, pair.place, pair.table, "id", PAIRS + AMOUNT + NOTE)
    report = pair.sync()
    assert written(report) == {"feishu update": 1, "database update": 1}
    told = {(side, tuple(after)) for side, action, _, _, _, after, _ in pair.audits()[audits:] if action == "update"}
    assert told == {("feishu", ("note",)), ("database", ("note",))}
    assert pair.rows("order_no, note", order="order_no") == [("A", "库"), ("B", "只有飞书"), ("C", "同")]
    after = pair.plain()
    assert {key: {**cells, "备注": None} for key, cells in after.items()} == {
        key: {**cells, "备注": None} for key, cells in before.items()
    }
    assert is_quiet(pair, runs=2)


def test_a_run_ends_on_the_revision_that_it_began_with(stage):
    pair = stage.pair(FIELDS, COLUMNS, PAIRS + AMOUNT)
    pair.sql("INSERT INTO {t} (order_no, amount, note) VALUES ('A', 1, '库')")

    def applied():
        stage.apply(pair.name, pair.place, pair.table, "id", PAIRS + AMOUNT + NOTE)

    with stage.tapped(doing("before", "records.create", applied)):
        pair.full()
    (cells,) = pair.plain().values()
    assert "备注" not in cells
    pair.sync()
    (cells,) = pair.plain().values()
    assert cells["备注"] == "库"
