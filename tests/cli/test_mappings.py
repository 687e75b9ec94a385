"""Mapping files become active mappings: what changes is told, revisions come back, what is gone is paused."""

from getpass import getuser
from socket import gethostname

import pytest

from tests.cli.room import FIELDS, MAPPING


@pytest.fixture
def applied(room):
    room.ok("apply")
    return room


def test_applying_tells_what_is_new_what_changed_and_what_did_not(room):
    room.add({"订单号": "A-1"})
    with room.untouched():
        assert "revision 1 is active\n  new" in room.ok("apply").out
        assert "nothing changed, revision 1 is active" in room.ok("apply").out
        room.rewrite(("conflict: manual", "conflict: feishu"))
        assert "revision 2 is active\n  fields.备注: conflict manual -> feishu" in room.ok("apply").out
    changes = [one["changes"] for one in room.json("mappings", "history", "orders")["mappings"]]
    assert changes == [["fields.备注: conflict manual -> feishu"], ["new"]]


def test_warnings_are_told_and_stop_nothing(room):
    room.rewrite(("match: [order_no]", "match: [note]"))
    for command in ("check", "apply"):
        assert "warning: mappings/orders.yaml:9" in room.ok(command).err


def test_an_earlier_revision_is_compared_and_made_active_again(applied):
    applied.rewrite(("conflict: manual", "conflict: feishu"))
    assert applied.json("mappings", "diff", "orders")["changes"] == ["fields.备注: conflict manual -> feishu"]
    applied.ok("apply")
    assert applied.json("mappings", "diff", "orders")["changes"] == []
    assert applied.ok("mappings", "diff", "orders", 1).out == "fields.备注: conflict feishu -> manual\n"
    assert "revision 3 is active" in applied.ok("mappings", "rollback", "orders", 1).out
    assert applied.json("mappings", "diff", "orders", 1)["changes"] == []
    assert [one["revision"] for one in applied.json("mappings", "list")["mappings"]] == [3]


def test_a_revision_tells_who_made_it_and_when(applied):
    (told,) = applied.json("mappings", "history", "orders")["mappings"]
    assert told["by"] == f"{getuser()}@{gethostname()}"
    assert told["by"].split("@")[0] in applied.ok("mappings", "history", "orders").out


def test_a_file_that_was_edited_and_not_applied_is_told_in_status(applied):
    assert "differs" not in applied.ok("status").err
    path = applied.rewrite(("column: amount}", "column: amount, conflict: manual}"))
    (told,) = applied.json("status")["mappings"]
    assert any(f"{path.name} differs from revision 1, which is active" in one for one in told["warnings"]), told
    assert "see `syncer mappings diff orders`" in applied.ok("status", "orders").err
    applied.ok("apply")
    assert "differs" not in applied.ok("status").err


def with_tables_of_its_own(applied):
    """The file of another mapping."""
    applied.sql("CREATE TABLE sales.more (LIKE sales.orders INCLUDING ALL)")
    place = applied.control.create_table(applied.base, "更多", FIELDS)
    text = MAPPING.replace("name: orders", "name: more").replace("sales.orders", "sales.more")
    return applied.write(text.replace("${ORDERS_TABLE_ID}", place.table_id), "more.yaml")


def test_a_mapping_whose_file_is_gone_is_paused_and_said_to_be(applied):
    (applied.folder / "mappings" / "orders.yaml").unlink()
    with_tables_of_its_own(applied)
    assert "mapping orders: its file is gone; paused (`syncer remove orders`" in applied.ok("apply").out
    states = {one["name"]: one["state"] for one in applied.json("status")["mappings"]}
    assert states == {"more": "active", "orders": "paused"}


def test_naming_files_pauses_nothing_else(applied):
    applied.ok("apply", with_tables_of_its_own(applied))
    assert {one["state"] for one in applied.json("status")["mappings"]} == {"active"}


def test_removing_forgets_the_mapping_and_leaves_both_tables(applied):
    applied.add({"订单号": "A-1"})
    applied.ok("sync", "orders")
    with applied.untouched():
        applied.ok("remove", "orders")
    assert applied.json("status")["mappings"] == []
    assert applied.sql("SELECT count(*) FROM syncer.applied") == [(0,)]
    applied.ok("apply")
    assert applied.json("sync", "orders")["linked"] == 1


def test_the_sql_for_an_administrator_is_printed_and_changes_nothing(room):
    out = room.ok("apply", "--sql").out
    assert "CREATE SCHEMA IF NOT EXISTS syncer" in out
    assert room.sql("SELECT to_regclass('syncer.applied')") == [(None,)]
    assert room.json("status")["mappings"] == []
    room.sql("\n".join(line for line in out.splitlines() if not line.startswith("--")))
    room.ok("apply")


def test_triggers_are_told_when_they_come_and_when_they_go(room):
    triggers = "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'syncer%' AND tgrelid = 'sales.orders'::regclass"
    out = room.ok("apply").out
    assert "mapping orders: the function syncer.capture_" in out
    assert "four triggers of sales.orders call it once a statement" in out
    assert "trigger" not in room.ok("apply").out
    assert room.sql(triggers) == [(4,)]
    room.rewrite(("key: [id]", "key: [id]\n  capture: scan"))
    assert "sales.orders: its triggers, their function and their part of syncer.log are gone" in room.ok("apply").out
    assert room.sql(triggers) == [(0,)]
    room.rewrite()
    room.ok("apply")
    assert "are gone" in room.ok("remove", "orders").out
    assert room.sql(triggers) == [(0,)]


def test_a_way_of_noticing_that_cannot_be_is_told_with_its_line(room):
    room.sql("CREATE TABLE sales.parts (LIKE sales.orders INCLUDING IDENTITY, PRIMARY KEY (id)) PARTITION BY HASH (id)")
    room.rewrite(("table: sales.orders", "table: sales.parts\n  capture: trigger"))
    told = room.ok("check", status=2).err
    assert "mappings/orders.yaml:8" in told
    assert "sales.parts is a partitioned table" in told
    room.rewrite(("table: sales.orders", "table: sales.orders\n  capture: watermark\n  watermark: note"))
    assert "note is a text; a watermark is a time or a whole number" in room.ok("check", status=2).err


def test_a_mapping_that_is_pointed_at_another_table_begins_paused(applied):
    applied.add({"订单号": "A-1"})
    applied.ok("sync", "orders")
    applied.sql("CREATE TABLE sales.more (LIKE sales.orders INCLUDING ALL)")
    applied.rewrite(("table: sales.orders", "table: sales.more"))
    told = applied.ok("apply").out
    assert "points at other tables now, so it begins paused; `syncer resume orders` starts it" in told
    with applied.untouched():
        assert "is paused" in applied.ok("sync", "orders", status=2).err
    applied.ok("resume", "orders")
    assert applied.sql("SELECT count(*) FROM sales.more") == [(0,)]


def test_a_mapping_copied_from_another_is_refused_while_the_other_carries_the_same_tables(applied):
    copy = applied.write(MAPPING.replace("name: orders", "name: copy"), "copy.yaml")
    for arguments in ([], [copy]):
        refused = applied.ok("apply", *arguments, status=2).err
        assert "syncs the same two tables; keep them in one mapping" in refused
    assert [one["name"] for one in applied.json("status")["mappings"]] == ["orders"]


@pytest.mark.parametrize("kept", ["Bitable", "database"])
def test_a_copy_that_keeps_one_of_the_two_tables_begins_paused(applied, kept):
    copy = MAPPING.replace("name: orders", "name: copy")
    if kept == "Bitable":
        applied.sql("CREATE TABLE sales.more (LIKE sales.orders INCLUDING ALL)")
        applied.sql("INSERT INTO sales.more (order_no) VALUES ('M-1')")
        copy = copy.replace("table: sales.orders", "table: sales.more")
    else:
        place = applied.control.create_table(applied.base, "别的订单", FIELDS)
        copy = copy.replace("${ORDERS_TABLE_ID}", place.table_id)
    applied.write(copy, "copy.yaml")
    told = applied.ok("apply").out
    assert f"mapping copy has its {kept} table and its fields in common with orders" in told
    with applied.untouched():
        assert "is paused" in applied.ok("sync", "copy", status=2).err
    assert {one["name"]: one["state"] for one in applied.json("status")["mappings"]}["copy"] == "paused"
    applied.ok("resume", "copy")
    applied.ok("sync", "copy")
    assert "copy" not in applied.ok("apply").err


def test_a_second_mapping_of_the_same_table_with_fields_of_its_own_begins_at_once(applied):
    applied.sql(
        "CREATE TABLE sales.notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, number text UNIQUE, words text)"
    )
    own = (
        ("name: orders", "name: notes"),
        ("sales.orders", "sales.notes"),
        ("order_no", "number"),
        ("note,", "words,"),
    )
    copy = MAPPING.replace("  - {field: 金额, column: amount}\n", "")
    for old, new in own:
        copy = copy.replace(old, new)
    applied.write(copy, "notes.yaml")
    assert "paused" not in applied.ok("apply").out
