"""``syncer plan`` tells every value that would change, and what stands in the way; ``syncer history`` when it went."""

import re

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def test_a_plan_tells_values_conflicts_and_what_stands_in_the_way(room):
    room.ok("apply")
    ids = room.add({"订单号": "A-1", "金额": 1, "备注": "旧"}, {"订单号": "A-2", "金额": 2})
    room.ok("sync", "orders")
    room.edit(ids[0], 金额=5, 备注="甲")
    room.sql("UPDATE sales.orders SET note = '乙' WHERE order_no = 'A-1'")
    room.add({"金额": 9})
    room.edit(ids[1], 金额=1e300)
    with room.untouched():
        told = room.json("plan", "orders", status=3)
        text = room.ok("plan", "orders", status=3).out
    by = {one["record_id"]: one for one in told["details"]}
    (operation,) = by[ids[0]]["operations"]
    assert operation == {
        "side": "database",
        "action": "update",
        "fields": {"amount": {"before": 1, "after": 5}},
        "reason": "changed in feishu",
    }
    (conflict,) = by[ids[0]]["conflicts"]
    assert (conflict["field"], conflict["feishu"], conflict["database"], conflict["winner"]) == (
        "备注",
        "甲",
        "乙",
        None,
    )
    assert (by[ids[0]]["key"], by[ids[1]]["failures"][0]["field"]) == ({"id": 1}, "金额")
    assert [one["held"] for one in told["details"] if one["held"]] == [["订单号"]]
    assert told["details_left_out"] == 0
    for sentence in ("amount 1 -> 5", "conflict on 备注", "does not fit database", "is held: 订单号"):
        assert sentence in text


def test_history_tells_the_way_of_each_write_in_time(room):
    room.ok("apply")
    (record,) = room.add({"订单号": "A-1", "金额": 1})
    room.ok("sync", "orders")
    room.edit(record, 金额=2)
    run = room.json("sync", "orders")["run"]
    *_, write = room.json("history", "orders", "--record", record)["history"]
    times = [write[name] for name in ("began_at", "read_at", "sent_at", "at")]
    assert all(TIME.fullmatch(time) for time in times)
    assert times == sorted(times)
    assert write["run"] == run
    assert f"run {run}: run began" in room.ok("history", "orders", "--record", record).out


def test_the_value_that_lost_a_conflict_is_found_in_the_history_of_its_line(room):
    room.rewrite(("match: [order_no]", "match: [order_no]\nconflicts: {default: feishu}"))
    room.ok("apply")
    (record,) = room.add({"订单号": "A-1", "金额": 1})
    room.ok("sync", "orders")
    room.edit(record, 金额=55)
    room.sql("UPDATE sales.orders SET amount = 77.25")
    room.ok("sync", "orders")
    told = room.ok("history", "orders", "--record", record).out
    assert "update in database: amount: 77.25 -> 55 (changed in feishu; conflict on 金额: policy feishu)" in told
    (conflict,) = room.json("conflicts", "list", "--all")["conflicts"]
    assert (conflict["feishu"], conflict["database"], conflict["winner"]) == (55, 77.25, "feishu")


def test_a_plan_tells_of_lines_that_share_their_match_values(room):
    room.sql("ALTER TABLE sales.orders DROP CONSTRAINT orders_order_no_key")
    room.sql("INSERT INTO sales.orders (order_no) VALUES ('B'), ('B'), ('C')")
    room.ok("apply")
    with room.untouched():
        told = room.json("plan", "orders", status=3)
        text = room.ok("plan", "orders", status=3).out
    assert told["failures"] == 2
    assert told["planned"]["feishu"]["created"] == 1
    assert "shares its match value with [2]; make the match unique" in text
    assert room.json("sync", "orders", status=3)["failures"] == 2
