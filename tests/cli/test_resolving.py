"""``syncer conflicts resolve``: one conflict, a line, a mapping; a third value; and never over newer edits."""

from decimal import Decimal

import pytest

RULE = "\nconflicts: {default: manual}\n"


@pytest.fixture
def quarrel(room):
    """Three orders, each with amount and note edited on both sides."""
    room.rewrite(("note, conflict: manual}", "note}" + RULE))
    room.ok("apply")
    room.ids = room.add(*({"订单号": f"A-{number}", "金额": 1, "备注": "旧"} for number in range(3)))
    room.ok("sync", "orders")
    for record in room.ids:
        room.edit(record, 金额=5, 备注="甲")
    room.sql("UPDATE sales.orders SET amount = 7, note = '乙'")
    room.ok("sync", "orders", status=3)
    return room


def conflicts(room):
    return room.json("conflicts", "list")["conflicts"]


def rows(room):
    return room.sql("SELECT amount, note FROM sales.orders ORDER BY order_no")


def test_a_third_value_is_written_to_both_sides(quarrel):
    one = conflicts(quarrel)[0]
    assert one["field"] == "金额"
    quarrel.ok("conflicts", "resolve", one["id"], "--value", "12.345")
    done = quarrel.json("sync", "orders", status=3)
    assert done["written"]["feishu"]["updated"] == done["written"]["database"]["updated"] == 1
    held = quarrel.control.plain(quarrel.base, quarrel.place.table_id)[quarrel.ids[0]]["金额"]
    assert (rows(quarrel)[0][0], held) == (Decimal("12.34"), 12.345)
    everything = quarrel.json("conflicts", "list", "--all")["conflicts"]
    (settled,) = [each for each in everything if each["state"] == "settled"]
    assert (settled["id"], settled["winner"]) == (one["id"], "merged")
    assert quarrel.json("sync", "orders", "--full", status=3)["written"]["feishu"]["updated"] == 0


@pytest.mark.parametrize("value", ['"viel"', "1e30", "[1]", "nonsense"])
def test_a_value_that_does_not_fit_both_sides_is_refused(quarrel, value):
    one = conflicts(quarrel)[0]
    assert quarrel.run("conflicts", "resolve", one["id"], "--value", value).status == 2
    assert conflicts(quarrel)[0]["winner"] is None


def test_a_whole_line_is_decided_at_once(quarrel):
    quarrel.ok("conflicts", "resolve", "--mapping", "orders", "--record", quarrel.ids[1], "--take", "feishu")
    quarrel.ok("conflicts", "resolve", "--mapping", "orders", "--key", '{"id": 3}', "--take", "database")
    quarrel.ok("sync", "orders", status=3)
    assert rows(quarrel) == [(7, "乙"), (5, "甲"), (7, "乙")]
    assert len(conflicts(quarrel)) == 2


def test_all_of_a_mapping_is_decided_by_a_rule_and_field_by_field(quarrel):
    of_all = ("conflicts", "resolve", "--mapping", "orders", "--field")
    assert "3 conflicts decided" in quarrel.ok(*of_all, "备注", "--value", '"丙"').out
    assert "3 conflicts decided" in quarrel.ok(*of_all, "amount", "--take", "feishu").out
    quarrel.ok("sync", "orders")
    assert rows(quarrel) == [(5, "丙")] * 3
    assert conflicts(quarrel) == []


def test_a_conflict_that_moved_since_it_was_shown_is_refused_and_the_others_are_decided(quarrel):
    shown = conflicts(quarrel)
    quarrel.edit(quarrel.ids[0], 金额=6)
    quarrel.ok("sync", "orders", status=3)
    ended = quarrel.ok("conflicts", "resolve", "--mapping", "orders", "--take", "database", status=2)
    assert (str(shown[0]["id"]) in ended.err, "5 conflicts decided" in ended.out) == (True, True)
    ended = quarrel.ok("conflicts", "resolve", shown[0]["id"], "--take", "feishu", status=2)
    assert "moved since it was shown" in ended.err
    assert "Bitable holds 6, the database 7" in ended.err
    quarrel.ok("conflicts", "resolve", shown[0]["id"], "--take", "feishu")
    quarrel.ok("sync", "orders")
    assert rows(quarrel) == [(6, "乙"), (7, "乙"), (7, "乙")]


@pytest.mark.parametrize(
    "arguments", ["--take feishu", "1", "1 --take feishu --value 3", "1 --mapping orders --take feishu"]
)
def test_what_is_meant_must_be_said(quarrel, arguments):
    assert quarrel.run("conflicts", "resolve", *arguments.split()).status == 2
