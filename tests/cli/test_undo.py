"""``syncer undo`` as people and programs see it."""

from tests.cli import shapes

UNDONE = {**shapes.run(), "undoes": str, "restored": int, "skipped": int, "left": list}


def overwritten(room):
    room.ok("apply")
    room.add(*({"订单号": f"A-{number}", "金额": number, "备注": "旧"} for number in range(3)))
    room.ok("sync", "orders")
    room.sql("UPDATE sales.orders SET amount = amount + 100")
    return room.json("sync", "orders")["run"]


def test_an_undo_tells_what_it_took_back_and_what_it_left(room):
    run = overwritten(room)
    room.sql("UPDATE sales.orders SET amount = 7 WHERE order_no = 'A-1'")
    with room.untouched():
        shown = room.json("undo", run, "--dry-run", status=3)
    shapes.demand(shown, {**shapes.run("planned"), "undoes": str, "restored": int, "skipped": int, "left": list})
    done = room.json("undo", run, status=3)
    shapes.demand(done, UNDONE)
    assert (done["undoes"], done["restored"], done["skipped"]) == (run, 2, 1)
    (left,) = done["left"]
    assert (left["key"], "金额 was edited in database" in left["reason"]) == ({"id": 2}, True)
    assert done["written"]["feishu"]["updated"] == done["written"]["database"]["updated"] == 2


def test_an_undo_that_a_guard_stopped_goes_on_when_it_is_approved(room):
    room.ok("apply")
    room.add(*({"订单号": f"A-{number}"} for number in range(12)))
    room.ok("sync", "orders")
    room.sql("UPDATE sales.orders SET amount = 5")
    run = room.json("sync", "orders")["run"]
    stopped = room.json("undo", run, status=4)
    assert "stopped by a guard" in room.ok("undo", stopped["run"], status=2).err
    assert stopped["guard"]["name"] == "clears"
    approved = room.json("approve", stopped["run"])
    assert (approved["undoes"], approved["restored"]) == (run, 12)
    assert room.sql("SELECT count(amount) FROM sales.orders") == [(0,)]


def test_a_run_that_wrote_nothing_or_is_unknown_ends_with_2(room):
    run = overwritten(room)
    quiet = room.json("sync", "orders")["run"]
    assert "wrote nothing" in room.ok("undo", quiet, status=2).err
    assert "no run" in room.ok("undo", "999999", status=2).err
    assert "id of a run" in room.ok("undo", "yesterday", status=2).err
    assert "3 lines taken back" in room.ok("undo", run).out
    assert "what it held before that run already" in room.ok("undo", run, status=3).out
