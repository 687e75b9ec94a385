"""``syncer view create``: a view in the Bitable of the lines that wait for a person."""

import pytest

from syncer.cli.session import syncer
from syncer.feishu.calls import Call


@pytest.fixture
def waiting(room):
    """Three lines; of two something waits."""
    room.sql("INSERT INTO sales.orders (order_no, note) VALUES ('A', 'x'), ('乙 🧾', 'y'), ('C', 'z')")
    room.ok("apply")
    room.ok("sync", "orders")
    cells, *_ = room.truth()
    by = {line["订单号"]: record for record, line in cells.items()}
    for number in ("A", "乙 🧾"):
        room.edit(by[number], 备注=f"飞书 {number}")
        room.sql("UPDATE sales.orders SET note = %s WHERE order_no = %s", f"库 {number}", number)
    room.ok("sync", "orders", status=3)
    return by


def test_a_view_shows_the_waiting_records_and_is_renewed_by_the_next_run(room, waiting):
    told = room.json("view", "create", "orders")
    assert (told["new"], told["shown"], told["field"], told["written"]) == (True, 2, "订单号", True)
    assert seen(room, told["view_id"]) == {waiting["A"], waiting["乙 🧾"]}
    for one in room.json("conflicts", "list")["conflicts"][:1]:
        room.ok("conflicts", "resolve", one["id"], "--take", "feishu")
    room.ok("sync", "orders", status=3)
    again = room.json("view", "create", "orders")
    assert (again["new"], again["shown"], again["view_id"]) == (False, 1, told["view_id"])
    assert len(seen(room, told["view_id"])) == 1


def test_where_nothing_waits_the_view_is_empty(room):
    room.sql("INSERT INTO sales.orders (order_no) VALUES ('A')")
    room.ok("apply")
    room.ok("sync", "orders")
    told = room.json("view", "create", "orders", "--name", "等人 👀")
    assert told["shown"] == 0
    assert seen(room, told["view_id"]) == set()


def test_a_dry_run_makes_nothing(room, waiting):
    ended = room.ok("view", "create", "orders", "--dry-run")
    assert "would make the view syncer orders: 2 records, by 订单号" in ended.out
    assert not [call for call in room.control.calls() if call["api"] == "bitable.view.create"]


def test_a_mapping_whose_records_no_single_field_tells_apart_is_told_so(room):
    room.sql("ALTER TABLE sales.orders ALTER amount SET NOT NULL")
    room.rewrite(("match: [order_no]", "match: [order_no, amount]"))
    room.ok("apply")
    ended = room.run("view", "create", "orders")
    assert ended.status == 2
    assert "tells them apart by 订单号 (text), 金额 (number)" in ended.err


def seen(room, view_id):
    """What a person sees in a view."""
    path = f"/open-apis/bitable/v1/apps/{room.base}/tables/{room.place.table_id}/records/search"
    with syncer() as living:
        answer = living.client("default").call(Call("bitable.record.search", "POST", path, body={"view_id": view_id}))
    return {item["record_id"] for item in answer.data.get("items") or ()}
