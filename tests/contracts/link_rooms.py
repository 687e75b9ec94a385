"""One way to orders and customers that link one another, over the twins, Bitable (simulator) and PostgreSQL."""

from itertools import count

import psycopg

from syncer.batching.writer import LocalWriter
from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows
from syncer.feishu.bitable import BitableRecords
from syncer.ports import ColumnInfo, FieldInfo, RowTableInfo
from syncer.testing import BitableTable, FakeClock, InMemoryRecords, InMemoryRows, SqlTable
from tests.feishu.stage import WallClock, client_of

FIELDS = {
    "orders": ("单号", "标签客户", "主客户", "往来"),
    "customers": ("编号", "订单", "上级", "下级"),
}
"""往来 of an order and 订单 of a customer are the ends of one link, 上级 and 下级 those of one within a table."""


def _plain(records):
    return {record.id: dict(record.cells) for page in records for record in page.records}


class TwinLinks:
    """Both tables as twins."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        customers = (
            FieldInfo("fldNo", "编号", 1, "", is_primary=True),
            FieldInfo("fldOrders", "订单", 21, "", target="orders", back="fldDealings"),
            FieldInfo("fldUp", "上级", 21, "", multiple=False, target="customers", back="fldDown"),
            FieldInfo("fldDown", "下级", 21, "", target="customers", back="fldUp"),
        )
        orders = (
            FieldInfo("fldNo", "单号", 1, "", is_primary=True),
            FieldInfo("fldTagged", "标签客户", 18, "", target="customers"),
            FieldInfo("fldMain", "主客户", 18, "", multiple=False, target="customers"),
            FieldInfo("fldDealings", "往来", 21, "", target="customers", back="fldOrders"),
        )
        self.tables = {
            "customers": BitableTable(customers, self.clock),
            "orders": BitableTable(orders, self.clock),
        }
        for table in self.tables.values():
            table.neighbours = self.tables
        self.doors = {name: InMemoryRecords(table) for name, table in self.tables.items()}

    def cells(self, name):
        return _plain(self.doors[name].read(FIELDS[name]))

    def close(self):
        pass


class SimulatorLinks:
    """Both tables of one base of the simulator."""

    def __init__(self, simulator) -> None:
        control = simulator.control
        base = control.create_base("订单")
        places = {"customers": control.create_table(base, "customers", [{"field_name": "编号", "type": 1}]).table_id}
        to = {"table_id": places["customers"]}
        orders = [
            {"field_name": "单号", "type": 1},
            {"field_name": "标签客户", "type": 18, "property": to},
            {"field_name": "主客户", "type": 18, "property": to | {"multiple": False}},
            {"field_name": "往来", "type": 21, "property": to | {"back_field_name": "订单"}},
        ]
        places["orders"] = control.create_table(base, "orders", orders).table_id
        up = {"field_name": "上级", "type": 21, "property": to | {"multiple": False, "back_field_name": "下级"}}
        control.create_field(base, places["customers"], up)
        self.client = client_of(simulator)
        writer = LocalWriter(WallClock(), patience=5)
        self.doors = {name: BitableRecords(self.client, base, place, writer) for name, place in places.items()}

    def cells(self, name):
        return _plain(self.doors[name].read(FIELDS[name]))

    def close(self):
        self.client.close()


class TwinKeys:
    """Rows that name one another, as twins."""

    def __init__(self) -> None:
        self.tables = {}
        self.tables["customers"] = self._table("customers", [ColumnInfo("parent", "int4")])
        self.tables["customers"].refer("parent", self.tables["customers"])
        columns = [ColumnInfo("customer", "int4"), ColumnInfo("tags", "int4[]")]
        self.tables["orders"] = self._table("orders", columns)
        self.tables["orders"].refer("customer", self.tables["customers"])
        columns = {"customers": ("no", "parent"), "orders": ("no", "customer", "tags")}
        self.doors = {name: InMemoryRows(self.tables[name], seen, FakeClock()) for name, seen in columns.items()}

    @staticmethod
    def _table(name, columns):
        numbers = count(1)
        own = [ColumnInfo("id", "int4", nullable=False, has_default=True), ColumnInfo("no", "text"), *columns]
        info = RowTableInfo(name, tuple(own), ("id",), (("id",),))
        return SqlTable(info, ("id",), {"id": lambda: next(numbers)})

    def close(self):
        pass


class PostgresKeys:
    """The same in PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.engine = make_engine(url)
        with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            connection.execute(
                "CREATE TABLE customers (id serial PRIMARY KEY, no text, parent int REFERENCES customers);"
                "CREATE TABLE orders (id serial PRIMARY KEY, no text, customer int REFERENCES customers, tags int[])"
            )
        columns = {"customers": ("no", "parent"), "orders": ("no", "customer", "tags")}
        self.doors = {
            name: PostgresRows(self.engine, name, key=("id",), columns=seen, clock=FakeClock(), mapping=name)
            for name, seen in columns.items()
        }
        for door in self.doors.values():
            door.prepare()

    def close(self):
        self.engine.dispose()
