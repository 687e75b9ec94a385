"""Thousands of orders and hundreds of customers who name each other, brought over for the first time in any order."""

import pytest

from tests.engine.stage import is_quiet

CUSTOMERS = """match: [no]
fields:
  - {field: 编号, column: no}
  - {field: 上级, column: parent, link: customers}"""
ORDERS = """match: [no]
fields:
  - {field: 单号, column: no}
  - {field: 客户, column: customer, link: customers}"""
MANY, SOME = 5000, 500
QUIET = 2  # runs, of which one is full; that five are as quiet is seen of small tables


class House:
    """Customers with a parent among themselves, and their orders."""

    def __init__(self, stage):
        self.stage = stage
        self.place = stage.control.create_table(stage.base, "customers", [{"field_name": "编号", "type": 1}])
        link = {"table_id": self.place.table_id, "multiple": False}
        parent = {"field_name": "上级", "type": 18, "property": link}
        stage.control.create_field(stage.base, self.place.table_id, parent)
        columns = "id serial PRIMARY KEY, no text UNIQUE, parent int REFERENCES customers DEFERRABLE"
        self.customers = stage.pair({}, columns, CUSTOMERS, name="customers", place=self.place)
        fields = {"单号": 1, "客户": {"type": 21, "property": {**link, "back_field_name": "订单"}}}
        columns = "id serial PRIMARY KEY, no text UNIQUE, customer int REFERENCES customers"
        self.orders = stage.pair(fields, columns, ORDERS, name="orders")
        self.moved = {}

    def fill_database(self):
        """Customer K7 stands under K14, order D9 is of customer K10 (all by turns)."""
        self.stage.sql(f"INSERT INTO customers (no) SELECT 'K' || n FROM generate_series(1, {SOME}) n")
        self.stage.sql(f"UPDATE customers SET parent = id * 2 WHERE id * 2 <= {SOME}")
        self.stage.sql(
            f"INSERT INTO orders (no, customer) SELECT 'D' || n, 1 + n % {SOME} FROM generate_series(1, {MANY}) n"
        )

    def fill_bitable(self):
        """The same in Bitable."""
        ids = self.customers.add(*({"编号": f"K{n}"} for n in range(1, SOME + 1)))
        self.customers.edit_many({ids[n - 1]: {"上级": [ids[n * 2 - 1]]} for n in range(1, SOME // 2 + 1)})
        self.orders.add(*({"单号": f"D{n}", "客户": [ids[n % SOME]]} for n in range(1, MANY + 1)))

    def edit_both_sides(self):
        """Orders D1 and D2, customers K3 and K4 name somebody else from now on: one of each on either side."""
        customers, orders = self.customers.by("编号"), self.orders.by("单号")
        self.orders.edit(orders["D1"], 客户=[customers["K5"]])
        self.customers.edit(customers["K3"], 上级=[customers["K7"]])
        self.stage.sql("UPDATE orders SET customer = (SELECT id FROM customers WHERE no = 'K6') WHERE no = 'D2'")
        self.stage.sql("UPDATE customers SET parent = (SELECT id FROM customers WHERE no = 'K8') WHERE no = 'K4'")
        self.moved = {"D1": ["K5"], "D2": ["K6"], "K3": ["K7"], "K4": ["K8"]}

    def wrong(self):
        """What does not name whom it should, on either side."""
        customers, orders = self.customers.plain(), self.orders.plain()
        names = {record: cells["编号"] for record, cells in customers.items()}
        parents = {cells["编号"]: [names[one] for one in cells.get("上级", ())] for cells in customers.values()}
        of = {cells["单号"]: [names[one] for one in cells.get("客户", ())] for cells in orders.values()}
        rows = self.stage.sql("SELECT c.no, p.no FROM customers c LEFT JOIN customers p ON p.id = c.parent")
        bought = self.stage.sql("SELECT o.no, c.no FROM orders o LEFT JOIN customers c ON c.id = o.customer")
        right = {f"K{n}": [f"K{n * 2}"] if n * 2 <= SOME else [] for n in range(1, SOME + 1)}
        sold = {f"D{n}": [f"K{1 + n % SOME}"] for n in range(1, MANY + 1)}
        right |= {no: named for no, named in self.moved.items() if no in right}
        sold |= {no: named for no, named in self.moved.items() if no in sold}
        told = [(parents, right), ({no: [one] if one else [] for no, one in rows}, right)]
        told += [(of, sold), ({no: [one] if one else [] for no, one in bought}, sold)]
        return [place for place, (found, wanted) in enumerate(told) if found != wanted]


@pytest.mark.parametrize(("filled", "first"), [("fill_database", "orders"), ("fill_bitable", "customers")])
def test_a_first_load_links_every_line_in_whatever_order_the_mappings_run(filled, first, stage):
    house = House(stage)
    getattr(house, filled)()
    pairs = [house.customers, house.orders] if first == "customers" else [house.orders, house.customers, house.orders]
    reports = [pair.sync() for pair in pairs]
    assert [report.pending for report in reports] == ([0, 0] if first == "customers" else [MANY, 0, 0])
    assert house.wrong() == []
    assert is_quiet(house.customers, QUIET)
    assert is_quiet(house.orders, QUIET)
    house.edit_both_sides()
    for pair in pairs:
        pair.sync()
    assert house.wrong() == []
