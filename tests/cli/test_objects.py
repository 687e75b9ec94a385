"""What programs read: one JSON object on stdout, its keys and types, the exit status, and nothing else there."""

import re

import pytest

from syncer.nature import SystemClock
from syncer.state.connect import open_engine
from syncer.state.store import Store
from tests.cli import shapes
from tests.cli.room import MAPPING

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


@pytest.fixture
def applied(room):
    room.ok("apply")
    return room


def test_a_run_that_wrote_both_ways_is_told_whole(applied):
    applied.add({"订单号": "A-1", "金额": 1.5, "备注": "你好 😀 [red]"}, {"金额": 3})
    applied.sql("INSERT INTO sales.orders (order_no, amount) VALUES ('B-1', 7)")
    plan = applied.json("plan", "orders")
    shapes.demand(plan, shapes.run("planned"))
    assert "written" not in plan
    assert plan["planned"] == {
        "feishu": {"created": 1, "updated": 0, "deleted": 0},
        "database": {"created": 1, "updated": 0, "deleted": 0},
    }
    assert applied.sql("SELECT count(*) FROM sales.orders") == [(1,)]
    done = applied.json("sync", "orders")
    shapes.demand(done, shapes.run())
    assert (done["mapping"], done["status"], done["written"]) == ("orders", "done", plan["planned"])
    assert (done["linked"], done["held"], done["read"]) == (2, 1, {"feishu": 2, "database": 1})
    assert done["calls"]["bitable.record.batch_create"] == 1
    again = applied.json("sync", "orders", "--full")
    assert sum(count for side in again["written"].values() for count in side.values()) == 0


def test_several_mappings_are_told_in_one_object(applied):
    applied.sql("CREATE TABLE sales.more (LIKE sales.orders INCLUDING ALL)")
    applied.write(MAPPING.replace("name: orders", "name: more").replace("sales.orders", "sales.more"), "more.yaml")
    applied.ok("apply")
    applied.ok("resume", "more")
    for wanted in (["--all"], ["more", "orders", "more"]):
        document = applied.json("sync", *wanted)
        assert set(document) == {"runs"}
        assert [run["mapping"] for run in document["runs"]] == ["more", "orders"]
        for run in document["runs"]:
            shapes.demand(run, shapes.run())
    applied.sql("DROP TABLE sales.more")
    document = applied.json("sync", "--all", status=2)
    assert [run["mapping"] for run in document["runs"]] == ["orders"]
    assert document["errors"][0]["mapping"] == "more"


def test_one_mapping_by_all_is_a_list_of_one(applied):
    assert [run["mapping"] for run in applied.json("sync", "--all")["runs"]] == ["orders"]


def test_a_guard_ends_with_4_and_shows_what_it_stopped(applied):
    (record,) = applied.add({"订单号": "A-1", "金额": 1})
    applied.sql("INSERT INTO sales.orders (order_no, amount) VALUES ('A-1', 2)")
    with applied.untouched():
        for command, counted in (("plan", "planned"), ("sync", "written")):
            told = applied.json(command, "orders", status=4)
            shapes.demand(told, shapes.run(counted, guarded=True))
            assert (told["status"], told["guard"]["name"]) == ("guarded", "first_pairing")
            assert told["guard"]["samples"] == [
                {"record_id": record, "key": {"id": 1}, "fields": {"amount": {"feishu": 1, "database": 2}}}
            ]
    (standing,) = applied.json("status")["mappings"]
    assert standing["state"] == "guarded"
    assert f"syncer approve {told['run']}" in " ".join(standing["warnings"])
    ended = applied.run("resume", "orders")
    assert (ended.status, f"syncer approve {told['run']}" in ended.err) == (2, True)
    approved = applied.json("approve", told["run"], status=3)
    shapes.demand(approved, shapes.run())
    assert approved["conflicts"] == 1


def test_the_decision_about_an_approved_first_pairing_is_carried_out(applied):
    applied.add({"订单号": "A-1", "金额": 1})
    applied.sql("INSERT INTO sales.orders (order_no, amount) VALUES ('A-1', 2)")
    applied.json("approve", applied.json("sync", "orders", status=4)["run"], status=3)
    applied.sql("UPDATE sales.orders SET note = '顺便'")
    assert applied.json("sync", "orders", status=3)["written"]["feishu"]["updated"] == 1
    (conflict,) = applied.json("conflicts", "list")["conflicts"]
    applied.ok("conflicts", "resolve", conflict["id"], "--take", "feishu")
    applied.ok("sync", "orders")
    assert applied.sql("SELECT amount, note FROM sales.orders") == [(1, "顺便")]


def test_a_mapping_that_another_run_holds_ends_with_5_as_busy(applied):
    store = Store(open_engine(applied.state_url), SystemClock())
    with store.open_run("orders", "sync", []):
        ended = applied.run("sync", "orders", "--wait", "0", "--json")
    store._engine.dispose()
    shapes.demand(ended.document, shapes.run())
    assert (ended.status, ended.document["status"]) == (5, "busy")
    assert "another run holds orders" in ended.err
    applied.ok("sync", "orders")


def test_an_open_conflict_ends_with_3_and_is_told_whole(applied):
    (record,) = applied.add({"订单号": "A-1", "金额": 1.5, "备注": "原来"})
    applied.ok("sync", "orders")
    applied.edit(record, 备注="周一 [b]")
    applied.sql("UPDATE sales.orders SET note = '周二'")
    assert applied.json("sync", "orders", status=3)["conflicts"] == 1
    assert applied.json("sync", "orders", status=3)["status"] == "failed_lines"
    (conflict,) = applied.json("conflicts", "list")["conflicts"]
    shapes.demand(conflict, shapes.CONFLICT)
    assert {name: conflict[name] for name in ("record_id", "key", "field", "base", "feishu", "database", "policy")} == {
        "record_id": record,
        "key": {"id": 1},
        "field": "备注",
        "base": "原来",
        "feishu": "周一 [b]",
        "database": "周二",
        "policy": "manual",
    }
    assert (conflict["state"], conflict["winner"]) == ("open", None)
    shapes.demand(applied.json("conflicts", "show", conflict["id"]), shapes.CONFLICT)
    assert "周一 [b]" in applied.ok("conflicts", "list").out
    applied.ok("conflicts", "resolve", conflict["id"], "--take", "database")
    applied.ok("sync", "orders")
    assert applied.json("conflicts", "list")["conflicts"] == []
    (settled,) = applied.json("conflicts", "list", "--all")["conflicts"]
    assert (settled["state"], settled["winner"]) == ("settled", "database")
    (standing,) = applied.json("status")["mappings"]
    assert standing["open_conflicts"] == 0


def test_a_field_that_does_not_fit_ends_with_3_and_is_told_whole(applied):
    (record,) = applied.add({"订单号": "A-1"})
    applied.ok("sync", "orders")
    applied.edit(record, 订单号="很" * 30)
    assert applied.json("sync", "orders", status=3)["failures"] == 1
    (failure,) = applied.json("failures", "list")["failures"]
    shapes.demand(failure, shapes.FAILURE)
    assert (failure["side"], failure["record_id"], failure["key"]) == ("database", record, {"id": 1})
    assert TIME.fullmatch(failure["first_at"])
    assert "at most 20" in applied.ok("failures", "show", failure["id"]).out
    assert "1 failure will" in applied.ok("failures", "retry", failure["id"]).out
    applied.json("sync", "orders", status=3)
    (failure,) = applied.json("failures", "list")["failures"]
    assert failure["attempts"] == 2
    assert "1 failure forgotten" in applied.ok("failures", "discard", failure["id"]).out
    assert applied.json("failures", "list", "--mapping", "orders")["failures"] == []


def test_a_side_that_does_not_answer_ends_with_5_and_is_told_whole(applied):
    applied.set(SYNCER_CONNECTIONS__ERP="postgresql+psycopg://me:s3cret-word@127.0.0.1:9/erp")
    ended = applied.run("sync", "orders", "--json")
    shapes.demand(ended.document, shapes.run())
    assert (ended.status, ended.document["status"]) == (5, "unreachable")
    assert "s3cret-word" not in ended.err
    assert applied.json("sync", "--all", status=5)["runs"][0]["status"] == "unreachable"
    planned = applied.json("plan", "orders", status=5)
    shapes.demand(planned, shapes.run("planned"))
    (standing,) = applied.json("status")["mappings"]
    assert "could not be reached" in " ".join(standing["warnings"])


def test_what_a_run_did_before_it_was_cut_short_is_counted(applied):
    applied.sql("INSERT INTO sales.orders (order_no) VALUES ('B-1')")
    applied.sql(
        "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS "
        "'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NEW; END'"
    )
    applied.sql("CREATE TRIGGER cut BEFORE INSERT ON sales.orders FOR EACH ROW EXECUTE FUNCTION cut()")
    applied.add({"订单号": "C-1"})
    ended = applied.run("sync", "orders", "--json")
    shapes.demand(ended.document, shapes.run())
    assert (ended.status, ended.document["status"], ended.document["read"]["database"]) == (5, "unreachable", 1)
    assert ended.document["run"] != ""
    assert ended.document["calls"]["bitable.record.search"] >= 1
    assert "try again" in ended.err
    assert "s3cret-word" not in ended.err


def test_the_status_of_a_mapping_is_told_whole(applied):
    (fresh,) = applied.json("status")["mappings"]
    shapes.demand(fresh, shapes.STATUS)
    assert (fresh["last_run"], fresh["lag_seconds"], fresh["state"]) == (None, None, "active")
    applied.ok("sync", "orders")
    applied.ok("plan", "orders")
    (standing,) = applied.json("status", "orders")["mappings"]
    shapes.demand(standing, shapes.STATUS)
    assert TIME.fullmatch(standing["last_run"])
    assert TIME.fullmatch(standing["next_run"])
    assert standing["lag_seconds"] >= 0
    assert standing["run_status"] == "done", "a plan is no run of the mapping"
    applied.ok("pause", "orders")
    (standing,) = applied.json("status")["mappings"]
    assert (standing["state"], standing["next_run"]) == ("paused", None)
    assert "orders" in applied.ok("status").out


def test_a_line_tells_its_life(applied):
    (record,) = applied.add({"订单号": "A-1", "金额": 1.5})
    applied.ok("sync", "orders")
    applied.sql("UPDATE sales.orders SET amount = 9345678901.23")
    applied.ok("sync", "orders")
    by_record = applied.json("history", "orders", "--record", record)["history"]
    assert by_record == applied.json("history", "orders", "--key", '{"id": 1}')["history"]
    assert [(one["action"], one["side"]) for one in by_record] == [("create", "database"), ("update", "feishu")]
    assert (by_record[1]["before"], by_record[1]["after"]) == ({"amount": 1.5}, {"amount": 9345678901.23})
    assert "1.5 -> 9345678901.23" in applied.ok("history", "orders", "--record", record).out
