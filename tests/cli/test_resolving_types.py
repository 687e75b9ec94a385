"""A third value for every kind of pair: what fits is written to both sides, what does not is refused in words."""

import pytest

from syncer.simulator.tokens import ALL_SCOPES

FIELDS = [
    {"field_name": "订单号", "type": 1},
    {"field_name": "状态", "type": 3, "property": {"options": [{"name": "待处理"}, {"name": "已发货"}]}},
    {"field_name": "标签", "type": 4, "property": {"options": [{"name": "急"}, {"name": "大"}]}},
    {"field_name": "日期", "type": 5},
    {"field_name": "时刻", "type": 5},
    {"field_name": "负责人", "type": 11},
    {"field_name": "链接", "type": 15},
    {"field_name": "备注", "type": 1},
]
TABLE = """CREATE TABLE sales.things (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, order_no text UNIQUE NOT NULL,
  status text, tags text[], day date, at timestamptz, owner text, url text, note text)"""
MAPPING = """\
version: 1
name: orders
feishu:
  bitable: {app_token: "${ORDERS_APP_TOKEN}", table_id: "${ORDERS_TABLE_ID}"}
database: {connection: erp, table: sales.things, key: [id]}
match: [order_no]
timezone: Asia/Shanghai
conflicts: {default: manual}
fields:
  - {field: 订单号, column: order_no, required: true}
  - {field: 状态, column: status, values: {待处理: pending, 已发货: shipped}}
  - {field: 标签, column: tags}
  - {field: 日期, column: day}
  - {field: 时刻, column: at}
  - {field: 负责人, column: owner, person: email}
  - {field: 链接, column: url}
  - {field: 备注, column: note}
"""
WRONG = {
    "状态": ['"nonsense"', '["a"]', "1"],
    "标签": ['{"a": 1}', '""'],
    "日期": ['"06.05.2026"', '"2026-13-45"', "true"],
    "时刻": ['"gestern"', "1"],
    "负责人": ['"niemand@a.cn"', '["a", "b"]', "7"],
    "链接": ['{"link": 1}', "[]"],
}
RIGHT = {
    "状态": '"shipped"',
    "标签": '["急", "新 😀"]',
    "日期": '"2026-05-06"',
    "时刻": '"2026-05-06T07:08:09+08:00"',
    "负责人": '"li@a.cn"',
    "链接": '"https://c.example"',
    "备注": "null",
}
BOTH = "status, tags, day::text, at AT TIME ZONE 'UTC', owner, url, note"


@pytest.fixture
def quarrel(room):
    """One order with every field edited on both sides; and the ids of its conflicts."""
    room.control.set_scopes(room.simulator.app_id, ALL_SCOPES)
    han, li = room.control.hire([{"name": "韩", "email": "han@a.cn"}, {"name": "李", "email": "li@a.cn"}])
    room.place = room.control.create_table(room.base, "东西", FIELDS)
    room.set(ORDERS_TABLE_ID=room.place.table_id)
    room.sql(TABLE)
    room.write(MAPPING)
    room.ok("apply")
    (room.record,) = room.add({"订单号": "A"})
    room.ok("sync", "orders")
    moment = 1772323200000
    cells = {"状态": "待处理", "标签": ["急"], "日期": moment, "时刻": moment, "备注": "甲"}
    room.edit(room.record, 负责人=[{"id": han}], 链接={"text": "a", "link": "https://a.example"}, **cells)
    room.sql(
        "UPDATE sales.things SET status = 'shipped', tags = '{大}', day = '2026-01-01', at = '2026-01-01 00:00+00',"
        " owner = 'li@a.cn', url = 'https://b.example', note = '乙'"
    )
    room.ok("sync", "orders", status=3)
    room.li = li
    room.conflicts = {one["field"]: one["id"] for one in room.json("conflicts", "list")["conflicts"]}
    return room


def test_what_does_not_fit_is_refused_in_words_and_what_fits_is_written_to_both_sides(quarrel):
    assert quarrel.conflicts.keys() == RIGHT.keys()
    for field, values in WRONG.items():
        for value in values:
            ended = quarrel.run("conflicts", "resolve", quarrel.conflicts[field], "--value", value)
            assert (ended.status, f"the value does not fit {field}: " in ended.err) == (2, True), ended
    for field, value in RIGHT.items():
        quarrel.ok("conflicts", "resolve", quarrel.conflicts[field], "--value", value)
    shown = quarrel.json("conflicts", "show", quarrel.conflicts["负责人"])
    assert shown["value"] == {"feishu": quarrel.li, "database": "li@a.cn"}
    quarrel.ok("sync", "orders")
    ((status, tags, day, at, *rest),) = quarrel.sql(f"SELECT {BOTH} FROM sales.things")
    assert (status, sorted(tags), day, str(at)) == ("shipped", ["急", "新 😀"], "2026-05-06", "2026-05-05 23:08:09")
    assert rest == ["li@a.cn", "https://c.example", None]
    assert quarrel.json("verify", "orders")["status"] == "equal"
    assert quarrel.json("conflicts", "list")["conflicts"] == []


def test_a_conflict_of_a_pair_that_is_paused_or_left_out_says_what_becomes_of_a_decision(quarrel):
    quarrel.control.delete_field(quarrel.base, quarrel.place.table_id, "备注")
    quarrel.ok("sync", "orders", status=3)
    number = quarrel.conflicts["备注"]
    assert "is paused alone" in quarrel.ok("conflicts", "resolve", number, "--value", '"x"', status=2).err
    told = quarrel.ok("conflicts", "resolve", number, "--take", "database")
    assert ("the next run that can" in told.out, "is paused alone" in told.err) == (True, True)
    quarrel.write(MAPPING.replace("  - {field: 备注, column: note}\n", ""))
    quarrel.ok("apply")
    told = quarrel.json("conflicts", "show", number)
    assert (told["state"], told["reason"]) == ("settled", "the field is no longer mapped")
