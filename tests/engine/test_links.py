"""Foreign keys and link fields: lines that name lines of another mapping, or of their own."""

from datetime import UTC, datetime

import pytest

from syncer.ports.signals import ParsedEvent, RecordChange
from tests.engine.stage import DeadError, is_quiet, written

RECORDS_CHANGED = "drive.file.bitable_record_changed_v1"
CUSTOMERS = """match: [no]
fields:
  - {field: 编号, column: no}
  - {field: 名称, column: name}"""
ORDERS = """match: [no]
fields:
  - {field: 单号, column: no}
  - {field: 客户, column: customer, link: customers}
  - {field: 备注, column: note}"""
STAFF = """match: [no]
fields:
  - {field: 工号, column: no}
  - {field: 上级, column: boss, link: staff}"""


class Shop:
    """Customers and their orders."""

    def __init__(self, stage, kind=18, column="customer integer REFERENCES customers", multiple=True):
        self.stage = stage
        self.customers = stage.pair(
            {"编号": 1, "名称": 1}, "id serial PRIMARY KEY, no text UNIQUE, name text", CUSTOMERS, name="customers"
        )
        link = {"table_id": self.customers.place.table_id, "multiple": multiple}
        if kind == 21:
            link["back_field_name"] = "订单"
        self.orders = stage.pair(
            {"单号": 1, "客户": {"type": kind, "property": link}, "备注": 1},
            f"id serial PRIMARY KEY, no text UNIQUE, note text, {column}",
            ORDERS,
            name="orders",
        )

    def settle(self, *pairs):
        for _ in range(4):
            reports = [pair.sync() for pair in pairs or (self.customers, self.orders)]
            if not any(report.writes for report in reports):
                return
        raise AssertionError("still writes")

    def tell_of_the_other_end(self, number):
        """Feishu tells that a customer's record is linked by another order."""
        table = self.customers.place
        fields = self.stage.syncer.look(self.stage.syncer.applied("customers")[1]).record_table.fields
        (end,) = [field.id for field in fields if field.back]
        change = RecordChange(self.customers.by("编号")[number], "record_edited", {end: "[]"}, {end: '["rec"]'})
        event = ParsedEvent(
            "e1", RECORDS_CHANGED, None, table.app_token, table.table_id, None, datetime.now(UTC), {}, (change,)
        )
        assert self.stage.syncer.store.noticing.receive("default", event) == ["customers"]

    def bitable(self):
        """Which customers' numbers each order names in Bitable."""
        names = {record: cells["编号"] for record, cells in self.customers.plain().items()}
        return {cells["单号"]: {names[one] for one in cells.get("客户", ())} for cells in self.orders.plain().values()}

    def database(self):
        """The same in the database."""
        found = self.stage.sql("SELECT o.no, c.no FROM orders o LEFT JOIN customers c ON c.id = o.customer")
        return {order: {customer} - {None} for order, customer in found}

    def assert_equal(self):
        assert self.bitable() == self.database()
        return self.bitable()


@pytest.fixture
def shop(stage):
    return Shop(stage)


@pytest.mark.parametrize("first", ["customers", "orders"])
@pytest.mark.parametrize("kind", [18, 21])
def test_a_foreign_key_is_a_link_and_back_whichever_mapping_runs_first(first, kind, stage):
    shop = Shop(stage, kind)
    shop.stage.sql("INSERT INTO customers (no, name) VALUES ('K1', '甲'), ('K2', '乙')")
    shop.stage.sql("INSERT INTO orders (no, customer) VALUES ('D1', 1), ('D2', 2), ('D3', NULL)")
    (fresh,) = shop.customers.add({"编号": "K3", "名称": "丙 🙂"})
    shop.orders.add({"单号": "B1", "客户": [fresh]}, {"单号": "B2"})
    order = (shop.customers, shop.orders) if first == "customers" else (shop.orders, shop.customers)
    shop.settle(*order)
    assert shop.assert_equal() == {"D1": {"K1"}, "D2": {"K2"}, "D3": set(), "B1": {"K3"}, "B2": set()}
    assert not [each.message for pair in order for each in pair.failures()]
    assert all(is_quiet(pair) for pair in order)

    (moved,) = [record for record, cells in shop.orders.plain().items() if cells["单号"] == "D1"]
    shop.orders.edit(moved, 客户=[fresh])
    stage.sql("UPDATE orders SET customer = 1 WHERE no = 'B1'")
    stage.sql("UPDATE orders SET customer = NULL WHERE no = 'D2'")
    shop.settle(*order)
    assert shop.assert_equal() == {"D1": {"K3"}, "D2": set(), "D3": set(), "B1": {"K1"}, "B2": set()}
    shop.orders.edit(moved, 客户=None)
    shop.settle(*order)
    assert shop.assert_equal()["D1"] == set()
    assert all(is_quiet(pair, 2) for pair in order)


def test_a_link_to_a_line_that_is_not_there_yet_is_written_later_by_itself(shop):
    shop.stage.sql("INSERT INTO customers (no) VALUES ('K1')")
    shop.stage.sql("INSERT INTO orders (no, customer, note) VALUES ('D1', 1, '急')")
    report = shop.orders.sync()
    assert (written(report), report.pending, report.status) == ({"feishu create": 1}, 1, "done")
    assert written(shop.orders.sync()) == {}
    shop.customers.sync()
    assert written(shop.orders.sync()) == {"feishu update": 1}
    assert shop.assert_equal() == {"D1": {"K1"}}
    assert shop.orders.sync().pending == 0

    (fresh,) = shop.customers.add({"编号": "K2"})
    (order,) = shop.orders.plain()
    shop.orders.edit(order, 客户=[fresh], 备注="不急")
    report = shop.orders.sync()
    assert (written(report), report.pending) == ({"database update": 1}, 1)
    assert shop.stage.sql("SELECT note, customer FROM orders") == [("不急", 1)]
    shop.customers.sync()
    assert written(shop.orders.sync()) == {"database update": 1}
    assert shop.assert_equal() == {"D1": {"K2"}}
    assert is_quiet(shop.orders)


def test_a_row_whose_foreign_key_may_not_be_empty_waits_as_a_whole(stage):
    shop = Shop(stage, column="customer integer NOT NULL REFERENCES customers")
    (fresh,) = shop.customers.add({"编号": "K1"})
    shop.orders.add({"单号": "B1", "客户": [fresh]})
    report = shop.orders.sync()
    assert (written(report), report.held, report.pending, report.failures) == ({}, 1, 1, 0)
    shop.customers.sync()
    assert written(shop.orders.sync()) == {"database create": 1}
    assert shop.assert_equal() == {"B1": {"K1"}}
    assert is_quiet(shop.orders)


def test_lines_of_one_table_that_name_each_other_are_linked_in_one_run(stage):
    place = stage.control.create_table(
        stage.base, "staff", [{"field_name": "工号", "type": 1}, {"field_name": "备注", "type": 1}]
    )
    link = {"field_name": "上级", "type": 18, "property": {"table_id": place.table_id}}
    stage.control.create_field(place.app_token, place.table_id, link)
    columns = "id serial PRIMARY KEY, no text UNIQUE, boss integer REFERENCES staff DEFERRABLE INITIALLY DEFERRED"
    staff = stage.pair({}, columns, STAFF, name="staff", place=place)
    stage.sql("INSERT INTO staff (no, boss) VALUES ('A', 3), ('B', 1), ('C', 2), ('D', 4)")  # a circle, and himself
    first, second = staff.add({"工号": "X"}, {"工号": "Y"})
    staff.edit(first, 上级=[second])
    staff.edit(second, 上级=[first])
    report = staff.sync()
    assert report.pending == 0
    numbers = {record: cells["工号"] for record, cells in staff.plain().items()}
    shown = {cells["工号"]: [numbers[one] for one in cells.get("上级", ())] for cells in staff.plain().values()}
    assert shown == {"A": ["C"], "B": ["A"], "C": ["B"], "D": ["D"], "X": ["Y"], "Y": ["X"]}
    rows = stage.sql("SELECT s.no, b.no FROM staff s JOIN staff b ON b.id = s.boss ORDER BY 1")
    assert dict(rows) == {name: boss for name, (boss,) in shown.items()}
    assert is_quiet(staff)


def test_two_links_where_the_column_holds_one_are_a_failure_that_names_both(shop):
    customers = shop.customers.add({"编号": "K1"}, {"编号": "K2"})
    shop.customers.sync()
    (order,) = shop.orders.add({"单号": "B1"})
    shop.settle()
    shop.orders.edit(order, 客户=customers)
    assert shop.orders.sync().failures == 1
    (failure,) = shop.orders.failures()
    assert "links 2 records of customers" in failure.message
    assert all(key in failure.message for key in ("[1]", "[2]"))
    shop.orders.edit(order, 客户=customers[:1])
    shop.settle()
    assert (shop.assert_equal(), shop.orders.failures()) == ({"B1": {"K1"}}, [])


def test_both_sides_that_name_a_line_not_linked_yet_wait_and_never_conflict(shop):
    """Lines that meet for the first time, each with its link: that they agree shows once the customers are linked."""
    (record,) = shop.customers.add({"编号": "K1", "名称": "甲"})
    shop.stage.sql("INSERT INTO customers (no, name) VALUES ('K1', '甲')")
    shop.orders.add({"单号": "B1", "客户": [record]})
    shop.stage.sql("INSERT INTO orders (no, customer) VALUES ('B1', 1)")
    report = shop.orders.sync()
    assert (report.guard, report.pending, report.linked) == (None, 1, 1)
    shop.customers.sync()
    assert (written(shop.orders.sync()), shop.orders.sync().pending) == ({}, 0)
    assert shop.assert_equal() == {"B1": {"K1"}}
    assert is_quiet(shop.orders)


def test_a_deleted_customer_takes_its_links_along_as_the_database_has_it(stage):
    shop = Shop(stage, column="customer integer REFERENCES customers ON DELETE SET NULL")
    stage.sql("INSERT INTO customers (no) VALUES ('K1'), ('K2')")
    stage.sql("INSERT INTO orders (no, customer) VALUES ('D1', 1), ('D2', 2)")
    shop.settle()
    stage.sql("DELETE FROM customers WHERE no = 'K1'")
    (gone,) = [record for record, cells in shop.customers.plain().items() if cells["编号"] == "K2"]
    shop.customers.drop(gone)
    shop.settle()
    assert shop.assert_equal() == {"D1": set(), "D2": set()}
    assert stage.sql("SELECT count(*) FROM customers") == [(0,)]
    assert all(is_quiet(pair, 2) for pair in (shop.customers, shop.orders))


@pytest.mark.parametrize(("kind", "column"), [(18, "tags integer[]"), (21, "tags text[] NOT NULL DEFAULT '{}'")])
def test_several_links_are_an_array_of_keys(kind, column, stage):
    key = "id serial PRIMARY KEY" if "integer" in column else "id text PRIMARY KEY DEFAULT 'k' || random()"
    tags = stage.pair(
        {"名": 1}, f"{key}, no text UNIQUE", "match: [no]\nfields: [{field: 名, column: no}]", name="tags"
    )
    link = {"type": kind, "property": {"table_id": tags.place.table_id, "back_field_name": "文章"}}
    mapping = "match: [no]\nfields: [{field: 题, column: no}, {field: 标签, column: tags, link: tags, merge: set}]"
    posts = stage.pair(
        {"题": 1, "标签": link}, f"id serial PRIMARY KEY, no text UNIQUE, {column}", mapping, name="posts"
    )
    stage.sql("INSERT INTO tags (no) VALUES ('红'), ('绿 🙂'), ('蓝')")
    keys = dict(stage.sql("SELECT no, id FROM tags"))
    stage.sql("INSERT INTO posts (no, tags) VALUES ('P1', %s)", [keys["红"], keys["蓝"]])
    tags.sync()
    named = {cells["名"]: record for record, cells in tags.plain().items()}
    (post,) = posts.add({"题": "P2", "标签": [named["绿 🙂"], named["红"]]})
    posts.settle()
    shown = {cells["题"]: set(cells["标签"]) for cells in posts.plain().values()}
    assert shown == {"P1": {named["红"], named["蓝"]}, "P2": {named["绿 🙂"], named["红"]}}
    assert set(posts.rows("tags", order="no")[1][0]) == {keys["绿 🙂"], keys["红"]}
    posts.edit(post, 标签=[named["绿 🙂"], named["红"], named["蓝"]])
    stage.sql("UPDATE posts SET tags = %s WHERE no = 'P2'", [keys["绿 🙂"]])
    posts.settle()
    assert set(posts.rows("tags", order="no")[1][0]) == {keys["绿 🙂"], keys["蓝"]}
    assert set(posts.plain()[post]["标签"]) == {named["绿 🙂"], named["蓝"]}
    assert not posts.conflicts()
    assert is_quiet(posts, 2)
    assert is_quiet(tags, 2)


@pytest.mark.parametrize("bumps", [False, True])
def test_the_other_end_of_a_link_is_no_edit_of_its_record(bumps, stage):
    """A customer's row is deleted after an order came: that the order shows on the record outlives nothing."""
    stage.control.set_switches(back_writes_bump_modified=bumps)
    shop = Shop(stage, 21, "customer integer REFERENCES customers ON DELETE SET NULL")
    stage.sql("INSERT INTO customers (no) VALUES ('K1'), ('K2')")
    shop.settle()
    stage.sql("INSERT INTO orders (no, customer) VALUES ('D1', 1)")
    shop.orders.sync()
    assert is_quiet(shop.customers, 2)
    stage.sql("INSERT INTO orders (no, customer) VALUES ('D2', 1)")
    shop.orders.sync()
    if bumps:
        shop.tell_of_the_other_end("K1")
    stage.sql("DELETE FROM customers WHERE no = 'K1'")
    shop.settle()
    assert stage.sql("SELECT no FROM customers") == [("K2",)]
    assert shop.assert_equal() == {"D1": set(), "D2": set()}


@pytest.mark.parametrize(
    ("when", "step"), [("after", "rows.write"), ("after", "records.update"), ("before", "memory.remember")]
)
def test_a_run_that_is_killed_loses_no_link_that_waits(when, step, stage):
    """Links that waited on both sides are written by a run that dies on the way, and by the next one."""
    shop = Shop(stage, 21)
    stage.sql("INSERT INTO customers (no) VALUES ('K1'), ('K2')")
    stage.sql("INSERT INTO orders (no, customer) VALUES ('D1', 1), ('D2', 2)")
    fresh = shop.customers.add({"编号": "K3"}, {"编号": "K4"})
    shop.orders.add({"单号": "B1", "客户": fresh[:1]}, {"单号": "B2", "客户": fresh[1:]})
    assert shop.orders.sync().pending == 4
    shop.customers.sync()
    with stage.dies(when, step), pytest.raises(DeadError):
        shop.orders.sync()
    stage.restart()
    shop.settle()
    assert shop.assert_equal() == {"D1": {"K1"}, "D2": {"K2"}, "B1": {"K3"}, "B2": {"K4"}}
    assert shop.orders.failures() == []
    assert is_quiet(shop.orders, 2)
