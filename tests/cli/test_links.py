"""Mappings that link to each other, through the commands."""

import pytest
from sqlalchemy import create_engine

from syncer.nature import SystemClock
from syncer.state.noticing import Noticing

CUSTOMERS = """\
version: 1
name: customers
feishu: {{bitable: {{app_token: {base}, table_id: {customers}}}}}
database: {{connection: erp, table: sales.customers, key: [id], capture: scan}}
match: [no]
fields:
  - {{field: 编号, column: no}}
  - {{field: 头单, column: favourite, link: bills}}
"""
BILLS = """\
version: 1
name: bills
feishu: {{bitable: {{app_token: {base}, table_id: {bills}}}}}
database: {{connection: erp, table: sales.bills, key: [id], capture: scan}}
match: [no]
fields:
  - {{field: 单号, column: no}}
  - {{field: 客户, column: customer, link: customers}}
"""


@pytest.fixture
def shop(room):
    """Customers and bills that name each other; the file of the room's own mapping is gone."""
    room.sql("CREATE TABLE sales.customers (id serial PRIMARY KEY, no text UNIQUE, favourite int)")
    room.sql(
        "CREATE TABLE sales.bills (id serial PRIMARY KEY, no text UNIQUE, customer int REFERENCES sales.customers)"
    )
    room.sql("ALTER TABLE sales.customers ADD FOREIGN KEY (favourite) REFERENCES sales.bills")
    customers = room.control.create_table(room.base, "客户", [{"field_name": "编号", "type": 1}])
    link = {"table_id": customers.table_id, "multiple": False}
    fields = [{"field_name": "单号", "type": 1}, {"field_name": "客户", "type": 18, "property": link}]
    bills = room.control.create_table(room.base, "单据", fields)
    first = {"field_name": "头单", "type": 18, "property": {"table_id": bills.table_id}}
    room.control.create_field(room.base, customers.table_id, first)
    room.tables = {"base": room.base, "customers": customers.table_id, "bills": bills.table_id}
    (room.folder / "mappings" / "orders.yaml").unlink()
    room.write(CUSTOMERS.format(**room.tables), "customers.yaml")
    room.write(BILLS.format(**room.tables), "bills.yaml")
    return room


def test_mappings_that_link_to_each_other_are_brought_over_by_one_command(shop):
    ended = shop.ok("check")
    assert "头单 may link several records, and favourite holds one" in ended.err
    shop.ok("apply")
    shop.sql("INSERT INTO sales.customers (no) VALUES ('K1'), ('K2')")
    shop.sql("INSERT INTO sales.bills (no, customer) VALUES ('B1', 1), ('B2', 2)")
    shop.sql("UPDATE sales.customers SET favourite = id")
    runs = shop.json("sync", "--all")["runs"]
    assert [run.get("pending", 0) for run in runs] in ([2, 0, 0], [0, 2, 0])
    plain = {name: shop.control.plain(shop.base, shop.tables[name]) for name in ("customers", "bills")}
    names = {record: cells.get("编号") or cells["单号"] for lines in plain.values() for record, cells in lines.items()}
    assert {cells["编号"]: [names[one] for one in cells["头单"]] for cells in plain["customers"].values()} == {
        "K1": ["B1"],
        "K2": ["B2"],
    }
    assert [[names[one] for one in cells["客户"]] for cells in plain["bills"].values()] == [["K1"], ["K2"]]
    for run in shop.json("sync", "--all")["runs"]:
        assert not any(run["written"]["feishu"].values()) or run["pending"] == 0


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("link: customers", "link: customer", "there is no mapping customer, among these files or applied before"),
        ("link: customers", "link: bills", "links the table tbl"),
        ("column: customer,", "column: no_of,", "is of type text, and customers is identified by id of type int4"),
        ("column: customer,", "column: flag,", "bool"),
    ],
)
def test_a_link_that_cannot_work_is_told_by_line(shop, old, new, fault):
    shop.sql("ALTER TABLE sales.bills ADD no_of text, ADD flag boolean")
    shop.write(BILLS.format(**shop.tables).replace(old, new), "bills.yaml")
    ended = shop.ok("check", status=2)
    assert fault in ended.err
    assert "bills.yaml:8" in ended.err


def test_a_row_known_by_two_columns_and_a_link_at_both_ends_are_told(shop):
    shop.sql("ALTER TABLE sales.customers ADD UNIQUE (id, no), ALTER no SET NOT NULL")
    shop.write(CUSTOMERS.format(**shop.tables).replace("key: [id]", "key: [id, no]"), "customers.yaml")
    assert "identified by [id, no], and the column customer holds one" in shop.ok("check", status=2).err
    shop.write(CUSTOMERS.format(**shop.tables), "customers.yaml")
    both = {"table_id": shop.tables["customers"], "back_field_name": "单据", "multiple": False}
    shop.control.create_field(shop.base, shop.tables["bills"], {"field_name": "双向", "type": 21, "property": both})
    shop.write(BILLS.format(**shop.tables).replace("客户,", "双向,"), "bills.yaml")
    shop.write(CUSTOMERS.format(**shop.tables).replace("头单", "单据"), "customers.yaml")
    assert "the other end of this two-way link; keep one" in shop.ok("check", status=2).err


JOINED = """\
version: 1
name: students
feishu: {{bitable: {{app_token: {base}, table_id: {students}}}}}
database: {{connection: erp, table: students, key: [id]}}
match: [no]
fields:
  - {{field: 学号, column: no}}
  - {{field: 课程, link: courses, merge: set, through: {{table: enrolment, here: student, there: course}}}}
"""
COURSES = """\
version: 1
name: courses
feishu: {{bitable: {{app_token: {base}, table_id: {courses}}}}}
database: {{connection: erp, table: courses, key: [id]}}
match: [no]
fields:
  - {{field: 课号, column: no}}
"""


def test_a_join_table_may_be_called_like_a_column_and_without_its_schema(room):
    room.sql("CREATE TABLE students (id serial PRIMARY KEY, no text UNIQUE, enrolment int DEFAULT 3)")
    room.sql("CREATE TABLE courses (id serial PRIMARY KEY, no text UNIQUE)")
    room.sql(
        "CREATE TABLE enrolment (student int NOT NULL REFERENCES students, course int NOT NULL REFERENCES courses, "
        "PRIMARY KEY (student, course))"
    )
    courses = room.control.create_table(room.base, "课", [{"field_name": "课号", "type": 1}])
    link = {"table_id": courses.table_id}
    fields = [{"field_name": "学号", "type": 1}, {"field_name": "课程", "type": 18, "property": link}]
    students = room.control.create_table(room.base, "学生", fields)
    (room.folder / "mappings" / "orders.yaml").unlink()
    tables = {"base": room.base, "courses": courses.table_id, "students": students.table_id}
    room.write(JOINED.format(**tables), "students.yaml")
    room.write(COURSES.format(**tables), "courses.yaml")
    room.sql("INSERT INTO courses (no) VALUES ('K1'), ('K2')")
    room.sql("INSERT INTO students (no) VALUES ('S1')")
    room.sql("INSERT INTO enrolment VALUES (1, 1)")
    room.ok("apply")
    room.ok("sync", "--all")
    ids = {cells["课号"]: record for record, cells in room.control.plain(room.base, courses.table_id).items()}
    [(student, cells)] = room.control.plain(room.base, students.table_id).items()
    assert cells["课程"] == [ids["K1"]]
    room.control.edit_record(room.base, students.table_id, student, {"课程": [ids["K2"]]})
    room.ok("sync", "students")
    assert room.sql("SELECT * FROM enrolment") == [(1, 2)]
    assert room.sql("SELECT enrolment FROM students") == [(3,)]
    engine = create_engine(room.state_url)
    noticing = Noticing(engine, SystemClock())
    assert noticing.poll_tables("erp", ["public.enrolment"], "written") == ["students"]
    assert noticing.poll_tables("erp", ["other.enrolments"], "written") == []
    engine.dispose()
