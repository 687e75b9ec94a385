import threading
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256

import psycopg
import pytest

from syncer.core.mapping import ColumnFill
from syncer.errors import BusyError, SchemaError
from syncer.ports import Moved, RowDelete, RowInsert, RowUpdate, Written
from tests.database.looking import all_rows, kinds

WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"


def test_a_batch_deletes_updates_and_inserts_and_shows_what_is_stored(orders, write):
    read = all_rows(orders)
    outcomes = write(
        orders,
        [
            RowInsert(
                "new", {"order_no": "A-4", "amount": Decimal("1.005"), "tags": ["x", "逗,号", '"']}, {"order_no": "A-4"}
            )
        ],
        [RowUpdate("change", "[1]", {"note": None, "placed_at": datetime(2026, 5, 1, tzinfo=UTC)}, read["[1]"].print)],
        [RowDelete("drop", "[3]", read["[3]"].print)],
    )
    assert kinds(outcomes) == {"drop": "gone", "change": "[1]", "new": "[4]"}
    assert outcomes["new"].row.columns == ("A-4", Decimal("1.01"), None, ["x", "逗,号", '"'], None, None)
    after = all_rows(orders)
    assert set(after) == {"[1]", "[2]", "[4]"}
    assert {after[key].print for key in ("[1]", "[4]")} == {outcomes["change"].row.print, outcomes["new"].row.print}


def test_a_row_that_moved_or_vanished_is_left_alone(orders, look, write):
    read = all_rows(orders)
    look.execute("UPDATE orders SET note = 'the ERP was here' WHERE id IN (1, 2)")
    look.execute("DELETE FROM orders WHERE id = 3")
    outcomes = write(
        orders,
        updates=[
            RowUpdate("u", "[1]", {"amount": 1}, read["[1]"].print),
            RowUpdate("v", "[3]", {"amount": 1}, read["[3]"].print),
        ],
        deletes=[RowDelete("d", "[2]", read["[2]"].print)],
    )
    assert set(map(type, outcomes.values())) == {Moved}
    assert look.execute("SELECT id, amount FROM orders ORDER BY id").fetchall() == [
        (1, Decimal(10)),
        (2, Decimal("20.5")),
    ]


def test_a_guard_waits_for_a_transaction_in_flight_and_sees_what_it_left(orders, look, write, database):
    read = all_rows(orders)
    with psycopg.connect(database.replace("+psycopg", "")) as erp:
        erp.execute("UPDATE orders SET amount = 11 WHERE id = 1")
        outcomes = {}
        update = RowUpdate("u", "[1]", {"amount": 99}, read["[1]"].print)
        thread = threading.Thread(target=lambda: outcomes.update(write(orders, updates=[update])))
        thread.start()
        while look.execute(WAITING).fetchone() == (0,):
            assert thread.is_alive()
        erp.commit()
        thread.join()
    assert kinds(outcomes) == {"u": "moved"}


def test_a_row_is_not_inserted_where_one_with_its_match_values_lives(orders, write):
    outcomes = write(
        orders,
        [
            RowInsert("taken", {"order_no": "A-2", "note": "again"}, {"order_no": "A-2"}),
            RowInsert("free", {"order_no": "A-9"}, {"order_no": "A-9"}),
            RowInsert("twin", {"order_no": "A-9"}, {"order_no": "A-9"}),
            RowInsert("empty", {"order_no": "A-10"}, {"note": None}),
            RowInsert("empty too", {"order_no": "A-11"}, {"note": None}),
        ],
    )
    assert kinds(outcomes) == {"taken": "moved", "free": "[4]", "twin": "moved", "empty": "[5]", "empty too": "[6]"}


def test_a_deleted_row_makes_room_for_its_unique_value_in_the_same_batch(orders, write):
    read = all_rows(orders)
    insert = RowInsert("i", {"order_no": "A-1"}, {"order_no": "A-1"})
    outcomes = write(orders, [insert], deletes=[RowDelete("d", "[1]", read["[1]"].print)])
    assert kinds(outcomes) == {"d": "gone", "i": "[4]"}


def test_bad_rows_fail_alone_among_a_thousand(orders, look, write):
    bad = {
        17: ({"amount": "-1"}, "23514", "amount"),
        170: ({"amount": "99999999999"}, "22003", "amount"),
        333: ({"order_no": "A-1"}, "23505", "order_no"),
        334: ({"order_no": None}, "23502", "order_no"),
        500: ({"order_no": "x" * 21}, "22001", "order_no"),
        501: ({"placed_at": "someday"}, "22007", "placed_at"),
        777: ({"note": "nul \0"}, "22000", "note"),
        999: ({"tags": ["\ud83d"]}, "22000", "tags"),
    }
    lines = {
        n: {"order_no": f"N-{n}", "amount": n, "note": None, "tags": ["a"], "placed_at": None} for n in range(1000)
    }
    for place, (values, _, _) in bad.items():
        lines[place] |= values
    outcomes = write(orders, [RowInsert(str(n), values) for n, values in lines.items()])

    refused = {int(id_): (o.code, o.column) for id_, o in outcomes.items() if not isinstance(o, Written)}
    assert refused == {n: (code, column) for n, (_, code, column) in bad.items()}
    assert look.execute("SELECT count(*) FROM orders WHERE order_no LIKE 'N-%'").fetchone() == (992,)
    stored = dict(look.execute("SELECT '[' || id || ']', order_no FROM orders").fetchall())
    assert all(stored[o.row.key] == f"N-{id_}" for id_, o in outcomes.items() if isinstance(o, Written))


def test_bad_updates_and_deletes_fail_alone_too(orders, look, write):
    look.execute("CREATE TABLE items (order_id bigint REFERENCES orders)")
    look.execute("INSERT INTO items VALUES (2)")
    read = all_rows(orders)
    outcomes = write(
        orders,
        updates=[
            RowUpdate("bad", "[1]", {"amount": -5, "note": "y"}, read["[1]"].print),
            RowUpdate("good", "[3]", {"amount": 5, "note": "z"}, read["[3]"].print),
        ],
        deletes=[RowDelete("kept", "[2]", read["[2]"].print)],
    )
    assert kinds(outcomes) == {"bad": "23514", "good": "[3]", "kept": "23503"}
    assert "items" in outcomes["kept"].message


def test_what_triggers_change_is_what_comes_back(look, table, write):
    look.execute(
        "CREATE TABLE names (id serial PRIMARY KEY, name text, upper text GENERATED ALWAYS AS (upper(name)) STORED)"
    )
    look.execute("""
        CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.name = 'swallowed' THEN RETURN NULL; END IF;
            IF NEW.name = 'refused' THEN RAISE EXCEPTION '不行' USING ERRCODE = 'P0001'; END IF;
            IF NEW.name = 'broken' THEN PERFORM no_such_function(); END IF;
            NEW.name := btrim(NEW.name); NEW.id := NEW.id * 10; RETURN NEW;
        END $$""")
    look.execute("CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON names FOR EACH ROW EXECUTE FUNCTION tidy()")
    rows = table("names", "id", "name upper")
    names = ["  b ", "swallowed", "a", "refused", "broken", "c"]
    outcomes = write(rows, [RowInsert(name, {"name": name}) for name in names])
    assert [outcomes[name].row.columns for name in ("  b ", "a", "c")] == [("b", "B"), ("a", "A"), ("c", "C")]
    assert all(outcomes[name].row.key == all_rows(rows)[outcomes[name].row.key].key for name in ("  b ", "a", "c"))
    assert "dropped the row" in outcomes["swallowed"].message
    assert (outcomes["refused"].code, outcomes["refused"].message) == ("P0001", "不行")
    assert "no_such_function" in outcomes["broken"].message

    held = outcomes["a"].row
    changed = write(rows, updates=[RowUpdate("u", held.key, {"name": " aa "}, held.print)])["u"].row
    assert changed.columns == ("aa", "AA")
    assert changed.key != held.key
    swallowed = write(rows, updates=[RowUpdate("u", changed.key, {"name": "swallowed"}, changed.print)])
    assert "dropped the row" in swallowed["u"].message


def test_a_key_that_an_update_changes_is_shown_as_it_is_now(look, table, write):
    look.execute("CREATE TABLE coded (code text PRIMARY KEY, a text)")
    look.execute("INSERT INTO coded VALUES ('x', '1')")
    rows = table("coded", "code", "code a")
    (row,) = all_rows(rows).values()
    assert kinds(write(rows, updates=[RowUpdate("u", row.key, {"code": "y"}, row.print)])) == {"u": '["y"]'}


def test_fills_add_what_the_operation_does_not_name(look, table, write):
    look.execute(
        'CREATE SEQUENCE "My.Seq" START 70; CREATE TABLE f (id int PRIMARY KEY, a text, by text, at timestamptz, n int)'
    )
    rows = table(
        "f",
        "id",
        "a by at n",
        on_insert={
            "id": ColumnFill("sequence", '"My.Seq"'),
            "by": ColumnFill("value", "syncer"),
            "n": ColumnFill("value", 3),
        },
        on_update={"at": ColumnFill("now")},
    )
    created = write(rows, [RowInsert("i", {"a": "x", "by": "somebody"})])["i"].row
    assert (created.key, created.columns) == ("[70]", ("x", "somebody", None, 3))
    updated = write(rows, updates=[RowUpdate("u", created.key, {"a": "y"}, created.print)])["u"].row
    assert updated.columns[2].tzinfo is not None
    stamped = write(rows, updates=[RowUpdate("u", updated.key, {}, updated.print)])["u"].row
    assert stamped.columns[2] > updated.columns[2]


def test_an_empty_update_and_an_insert_of_defaults_alone_are_allowed(look, table, write):
    look.execute("CREATE TABLE bare (id serial PRIMARY KEY, a text DEFAULT 'x')")
    rows = table("bare", "id", "a")
    outcomes = write(rows, [RowInsert("i", {}), RowInsert("j", {})])
    assert kinds(outcomes) == {"i": "[1]", "j": "[2]"}
    same = write(rows, updates=[RowUpdate("u", "[1]", {}, outcomes["i"].row.print)])["u"].row
    assert same.print == outcomes["i"].row.print


def test_identifiers_of_any_kind_are_quoted(look, table, write):
    odd = [
        'a"b',
        "percent%s",
        "$1",
        "dot.dot",
        "订单 号",
        "Upper",
        "t",
        "s",
        "n",
        "v0",
        "{}",
        "back\\slash",
        "k; DROP TABLE x",
    ]
    quoted = ", ".join(f"{psycopg.sql.Identifier(name).as_string()} text" for name in odd)
    look.execute('CREATE SCHEMA "My.Schema"')
    look.execute('CREATE TYPE "My.Schema"."Mo""od" AS ENUM (\'好\', \'bad\')')
    look.execute(f'CREATE TABLE "My.Schema"."T ""%s" (id int PRIMARY KEY, mood "My.Schema"."Mo""od", {quoted})')
    rows = table('"My.Schema"."T ""%s"', ["id"], ["mood", *odd], on_insert={"id": ColumnFill("value", 1)})
    values = {name: f"value of {name}" for name in odd} | {"mood": "好"}
    created = write(rows, [RowInsert("i", values, values)])["i"].row
    assert created.columns == ("好", *[values[name] for name in odd])
    changed = write(
        rows, updates=[RowUpdate("u", created.key, dict.fromkeys(odd, "new") | {"mood": "bad"}, created.print)]
    )
    assert rows.find(["mood", *odd], [("bad", *["new"] * len(odd))])[0].print == changed["u"].row.print
    assert kinds(write(rows, [RowInsert("j", values | {"mood": "??"})])) == {"j": "22P02"}
    assert kinds(write(rows, deletes=[RowDelete("d", created.key, changed["u"].row.print)])) == {"d": "gone"}


def test_types_without_equality_and_floats_are_guarded_exactly(look, table, write):
    look.execute(
        "CREATE TABLE odd (id int PRIMARY KEY, doc json, place point, ratio float8, docs jsonb, padded char(8))"
    )
    look.execute(
        """INSERT INTO odd VALUES (1, '{"b": 1,  "a": [1.0]}', '(1,2)', 0.1::float8 + 0.2, '{"x": 1e400}', 'ab')"""
    )
    rows = table("odd", "id", "doc place ratio docs padded")
    (row,) = all_rows(rows).values()
    assert row.columns[2] == 0.1 + 0.2
    outcome = write(
        rows, updates=[RowUpdate("u", row.key, {"doc": {"名": [1, None]}, "place": "(3,4)", "docs": "[1]"}, row.print)]
    )["u"]
    assert outcome.row.columns[:4] == ('{"名": [1, null]}', "(3,4)", 0.1 + 0.2, "[1]")
    look.execute("UPDATE odd SET ratio = ratio * (1 + 3e-16)")
    assert kinds(write(rows, deletes=[RowDelete("d", row.key, outcome.row.print)])) == {"d": "moved"}
    assert [found.key for found in rows.find(["place"], [("(3,4)",)])] == ["[1]"]


def test_deferred_constraints_hold_at_the_end_and_still_single_out_a_row(look, table, write):
    look.execute(
        "CREATE TABLE tree (id int PRIMARY KEY, parent int REFERENCES tree DEFERRABLE INITIALLY DEFERRED, note text)"
    )
    rows = table("tree", "id", "id parent note")
    child_first = [
        RowInsert("child", {"id": 2, "parent": 1, "note": "x"}),
        RowInsert("parent", {"id": 1, "parent": None}),
    ]
    assert kinds(write(rows, child_first)) == {"child": "[2]", "parent": "[1]"}
    orphan = [RowInsert("orphan", {"id": 3, "parent": 77}), RowInsert("fine", {"id": 4, "parent": 1})]
    outcomes = write(rows, orphan)
    assert kinds(outcomes) == {"orphan": "23503", "fine": "[4]"}
    assert outcomes["orphan"].column == "parent"


def test_two_writers_that_cross_each_other_both_finish(orders, look, database, write):
    """A deadlock: the ERP holds row 2 and wants row 1, while the batch holds 1 and wants 2."""
    read = all_rows(orders)
    updates = [RowUpdate(key, key, {"amount": 1}, read[key].print) for key in ("[1]", "[2]")]
    outcomes = {}
    thread = threading.Thread(target=lambda: outcomes.update(write(orders, updates=updates)))
    with psycopg.connect(database.replace("+psycopg", "")) as erp:
        erp.execute("SET deadlock_timeout = '60s'")  # the batch is the one to notice
        erp.execute("SELECT FROM orders WHERE id = 2 FOR UPDATE")
        thread.start()
        while look.execute(WAITING).fetchone() == (0,):
            assert thread.is_alive()
        erp.execute("UPDATE orders SET note = 'ERP' WHERE id = 1")
        erp.commit()
    thread.join()
    assert kinds(outcomes) == {"[1]": "moved", "[2]": "[2]"}


def test_a_lost_right_is_an_error_of_the_whole_and_not_of_each_row(orders, look, write):
    look.execute("ALTER TABLE orders DROP COLUMN weight")
    with pytest.raises(SchemaError, match="weight"):
        write(orders, [RowInsert("i", {"order_no": "B-1"})])


def test_a_table_locked_for_long_is_busy(orders, look, write, database, engine):
    from sqlalchemy import event

    event.listen(engine, "checkout", lambda connection, *_: connection.execute("SET lock_timeout = '50ms'"))
    with psycopg.connect(database.replace("+psycopg", "")) as erp:
        erp.execute("LOCK TABLE orders")
        with pytest.raises(BusyError, match="try again later"):
            write(orders, [RowInsert("i", {"order_no": "B-1"})])


def test_dates_booleans_and_domains_go_through_their_base_types(look, table, write):
    look.execute("CREATE DOMAIN short AS varchar(3); CREATE DOMAIN code AS short CHECK (VALUE <> 'bad')")
    look.execute(
        "CREATE TABLE typed (id serial PRIMARY KEY, d date, b bool, c code, bits bit(4), r int4range, u uuid, h bytea)"
    )
    rows = table("typed", "id", "d b c bits r u h")
    good = {"d": date(2026, 2, 28), "b": True, "c": "abc", "bits": "1010", "r": "[1,5)", "u": "0" * 32, "h": b"\0\xff"}
    outcomes = write(
        rows,
        [
            RowInsert("good", good),
            RowInsert("long", good | {"c": "abcd"}),
            RowInsert("bad", good | {"c": "bad"}),
            RowInsert("bits", good | {"bits": "10101"}),
        ],
    )
    assert outcomes["good"].row.columns[:4] == (date(2026, 2, 28), True, "abc", "1010")
    assert outcomes["good"].row.columns[6] == sha256(b"\0\xff").digest()  # of bytes only that is read
    assert kinds(outcomes) | {"good": ""} == {"good": "", "long": "22001", "bad": "23514", "bits": "22026"}
    assert (outcomes["long"].column, outcomes["bad"].column) == ("c", "c")
