"""Every guard as a person meets it: status 4, what it saw in numbers, nothing written, and what lets the plan go on."""

import pytest

from tests.cli.room import MAPPING

LINES = 40
ONE_WAY = MAPPING.replace("match:", "direction: to_database\nmatch:")
KEYED = MAPPING.replace("key: [id]", "key: [order_no]")


def number(place):
    return f"A-{place:03}"


def fill(room, mapping=MAPPING, count=LINES):
    """So many linked lines."""
    room.write(mapping)
    room.ok("apply")
    room.ids = room.add(*({"订单号": number(place), "金额": place, "备注": "旧"} for place in range(count)))
    room.ok("sync", "orders")
    return room


def stopped(room, *arguments, guard, told):
    """A run that a guard stops before it writes anything; its number."""
    with room.untouched():
        text = room.ok(*arguments, status=4).err
        run = room.json(*arguments, status=4)
    assert f"guard {guard}: " in text
    for piece in told:
        assert piece in text, text
    assert (run["status"], run["guard"]["name"], room.json("status")["mappings"][0]["state"]) == (
        "guarded",
        guard,
        "guarded",
    )
    return run["run"]


def drop(room, some):
    room.control.delete_records(room.base, room.place.table_id, [room.ids[place] for place in some])


def deletes(room, some):
    drop(fill(room) if some.start == 0 else room, some)


def clears(room, some):
    for place in some if some.start else [*some][: fill(room) and len(some)]:
        room.edit(room.ids[place], 备注=None)


def keys(room, some):
    for place in some if some.start else [*some][: fill(room, KEYED) and len(some)]:
        room.edit(room.ids[place], 订单号=f"X-{place:03}")


def overwrites(room, some):
    if some.start == 0:
        room.write(ONE_WAY)
        room.ok("apply")
        room.ids = room.add(*({"订单号": number(place), "金额": place} for place in range(LINES)))
        values = ", ".join(f"('{number(place)}', 7000)" for place in range(LINES))
        room.sql(f"INSERT INTO sales.orders (order_no, amount) VALUES {values}")
    else:
        for place in some:
            room.edit(room.ids[place], 金额=4321)


def first_pairing(room, some):
    if some.start == 0:
        room.ok("apply")
        room.ids = room.add(*({"订单号": number(place), "金额": place} for place in range(LINES)))
        values = ", ".join(f"('{number(place)}', 7000)" for place in some)
        room.sql(f"INSERT INTO sales.orders (order_no, amount) VALUES {values}")
    else:
        room.edit(room.ids[0], 金额=4321)


STORIES = {
    "deletes": (deletes, ["15 lines would be deleted", "of 40 linked"]),
    "clears": (clears, ["15 lines would lose 'note' in database"]),
    "keys": (keys, ["15 rows", "order_no"]),
    "overwrites": (overwrites, ["lines of the target would be overwritten"]),
    "first_pairing": (first_pairing, ["15 lines pair for the first time and differ"]),
}


@pytest.mark.parametrize("guard", STORIES)
def test_a_guard_says_what_it_saw_and_an_approval_covers_that_plan_alone(room, guard):
    act, told = STORIES[guard]
    act(room, range(15))
    shown = stopped(room, "sync", "orders", guard=guard, told=told)
    act(room, range(15, 30))
    changed = room.ok("approve", shown, status=4)
    assert f"guard {guard}: " in changed.err
    last = room.json("sync", "orders", "--full", status=4)["run"]
    assert room.run("approve", last).status in (0, 3)
    assert room.run("sync", "orders", "--full").status in (0, 3)
    assert "was not stopped by a guard" in room.ok("approve", room.json("status")["mappings"][0]["run"], status=2).err


def test_a_listing_that_hides_records_cannot_be_approved_and_a_comparison_is_not_fooled(room):
    fill(room)
    room.control.fault("bitable.record.search", "empty_listing", times=1000)
    run = stopped(room, "sync", "orders", "--full", guard="short_reading", told=["40 records", "syncer doctor"])
    assert "syncer approve" not in room.ok("status", "orders").err
    room.ok("approve", run, status=4)
    told = room.json("verify", "orders", status=4)
    assert (told["guard"]["name"], told["doubts"]) == (
        "short_reading",
        ["40 records were missing from the listing but exist"],
    )
    assert "40 records were missing" in room.ok("verify", "orders", status=4).err
    room.control.clear_faults()
    room.ok("approve", run)
    assert room.json("verify", "orders")["status"] == "equal"


@pytest.mark.parametrize(("moved", "who"), [("n - 2", "database"), ("n + 5", "state store")])
def test_a_backup_is_noticed_by_the_numbers_of_both_and_compared_anew_once_approved(room, moved, who):
    fill(room, count=5)
    room.edit(room.ids[0], 金额=50)
    room.ok("sync", "orders")
    (column,) = room.sql(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'syncer' AND table_name = 'mirror'"
        " AND data_type = 'bigint'"
    )
    room.sql(f"UPDATE syncer.mirror SET {column[0]} = {moved.replace('n', column[0])}")
    run = stopped(room, "sync", "orders", guard="restored", told=[who, "Nothing was written"])
    room.ok("approve", run)
    room.ok("sync", "orders")
    assert room.json("verify", "orders")["status"] == "equal"
