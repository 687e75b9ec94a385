"""``syncer failures`` by reasons: many lines with one cause read as one entry."""

from tests.cli import shapes
from tests.cli.room import MAPPING

GROUP = {
    "mapping": str,
    "side": str,
    "field": str,
    "code": str,
    "reason": str,
    "count": int,
    "first_at": str,
    "last_at": str,
    "samples": list,
}


def failing(room, count=300):
    """Orders whose number is too long for its column, each in its own way, and one whose amount is out of range."""
    room.write(MAPPING)
    room.ok("apply")
    room.add(
        *({"订单号": f"一个太长的订单号码 {number:012}", "金额": 1} for number in range(count)),
        {"订单号": "A", "金额": 1e300},
    )
    room.ok("sync", "orders", status=3)


def test_many_lines_with_one_cause_are_one_entry_and_are_retried_and_forgotten_as_one(room):
    failing(room)
    told = room.json("failures", "list")
    assert len(told["failures"]) == 301
    for group in told["groups"]:
        shapes.demand(group, GROUP)
    assert sorted(group["count"] for group in told["groups"]) == [1, 300]
    (many,) = [group for group in told["groups"] if group["count"] == 300]
    assert len(many["samples"]) == 3
    listed = room.ok("failures", "list").out
    assert ("and 297 more" in listed, len(listed.splitlines()) < 20) == (True, True)
    assert len(room.ok("failures", "list", "--all").out.splitlines()) > 300
    number = many["samples"][0]["id"]
    assert "300 failures" in room.ok("failures", "retry", "--like", number).out
    assert "300 failures" in room.ok("failures", "discard", "--like", number).out
    assert [group["count"] for group in room.json("failures", "list")["groups"]] == [1]
    assert room.run("failures", "discard").status == 2
    assert room.run("failures", "retry", "--like", "999999").status == 2
