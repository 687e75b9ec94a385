"""``syncer verify`` as people and programs see it."""

from tests.cli import shapes

SHAPE = {"mapping": str, "status": str, "compared": int, "silent": int, "counts": dict, "lines": list, "read": dict}


def test_equal_sides_end_with_0_and_differing_ones_with_3(room):
    room.ok("apply")
    room.add({"订单号": "A-1", "金额": 1}, {"订单号": "A-2", "金额": 2})
    room.ok("sync", "orders")
    assert "both sides are equal" in room.ok("verify", "orders").out
    room.sql("UPDATE sales.orders SET amount = 20 WHERE order_no = 'A-2'")
    with room.untouched():
        told = room.json("verify", "orders", status=3)
    shapes.demand(told, {**SHAPE, "guard": type(None)})
    (line,) = told["lines"]
    assert (line["kind"], line["key"], told["counts"]) == ("differs", {"id": 2}, {"differs": 1})
    assert line["fields"]["amount"]["database"] == 20
    assert "database changed" in room.ok("verify", "orders", status=3).out
    mended = room.json("verify", "orders", "--repair")
    assert mended["repair"]["written"]["feishu"]["updated"] == 1
    assert (
        "before the repair 2 linked lines compared: both sides are equal" in room.ok("verify", "orders", "--repair").out
    )
    assert room.json("verify", "orders")["status"] == "equal"


def test_a_comparison_is_no_run_of_the_mapping(room):
    room.ok("apply")
    room.ok("verify", "orders")
    (standing,) = room.json("status")["mappings"]
    assert standing["last_run"] is None


def test_where_a_guard_stops_before_anything_is_compared_nothing_is_said_to_be_equal(room):
    room.ok("apply")
    room.add({"订单号": "A-1", "金额": 1})
    room.ok("sync", "orders")
    room.sql("UPDATE syncer.mirror SET run = run + 1000")
    told = room.json("verify", "orders", "--repair", status=4)
    assert (told["status"], told["compared"], told["guard"]["name"]) == ("unknown", 0, "restored")
    ended = room.ok("verify", "orders", "--repair", status=4)
    assert "is not known" in ended.out
    assert "cannot be believed" not in ended.err
    assert room.json("verify", "orders")["status"] == "equal"
