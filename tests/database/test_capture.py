"""What the triggers note, and what a reader is told of it."""

import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from syncer.database.capture.watch import release
from syncer.ports import RowDelete, RowInsert, RowUpdate
from tests.database.looking import Reading, all_rows

COLUMNS = ("order_no", "amount", "note", "tags", "placed_at", "weight")


@pytest.fixture
def reading(watched):
    return Reading(watched)


def count(look, what="log"):
    return look.execute(f"SELECT count(*) FROM syncer.{what}").fetchone()[0]


# What is told --------------------------------------------------------------------------------------------------------


def test_an_insert_an_update_and_a_delete_are_told_with_their_columns(reading, look):
    assert reading() == {}
    look.execute("INSERT INTO orders (order_no, note) VALUES ('A-4', '新 🧾'), ('A-5', NULL)")
    look.execute("UPDATE orders SET amount = 11, note = 'other' WHERE id = 1")
    look.execute("UPDATE orders SET weight = 2 WHERE id = 1")
    look.execute("DELETE FROM orders WHERE id = 2")
    assert reading() == {
        "[4]": ("insert", None),
        "[5]": ("insert", None),
        "[1]": ("update", {"amount", "note", "weight"}),
        "[2]": ("delete", None),
    }
    assert reading() == {}


def test_only_the_rows_of_an_update_that_differ_are_told(reading, look):
    look.execute("UPDATE orders SET note = 'x' WHERE id = 2")
    reading()
    look.execute("UPDATE orders SET note = 'x', weight = coalesce(weight, 1)")
    assert reading() == {"[1]": ("update", {"note"}), "[3]": ("update", {"note", "weight"})}
    look.execute(
        "UPDATE orders SET note = note; UPDATE orders SET note = 'y' WHERE false; DELETE FROM orders WHERE false"
    )
    assert count(look) == 0
    assert reading() == {}


def test_columns_that_nobody_watches_are_no_reason_to_look(orders, watch, look):
    made = watch(columns=("amount",))
    made.install()
    reading = Reading(made)
    look.execute("UPDATE orders SET note = 'x'")
    assert reading() == {}
    look.execute("UPDATE orders SET note = 'y', amount = 3 WHERE id = 1")
    assert reading() == {"[1]": ("update", {"amount"})}


def test_a_changed_key_is_told_by_both_keys(reading, look):
    look.execute("UPDATE orders SET id = 10 WHERE id = 1")
    assert reading() == {"[1]": ("delete", None), "[10]": ("insert", None)}
    look.execute("UPDATE orders SET id = id + 1 WHERE id > 1 AND id < 4 AND id IN (3)")
    assert reading() == {"[3]": ("delete", None), "[4]": ("insert", None)}


def test_every_kind_of_statement_is_noted(reading, look):
    look.execute("INSERT INTO orders (id, order_no) VALUES (1, 'A-1') ON CONFLICT (id) DO UPDATE SET note = 'met'")
    assert reading() == {"[1]": ("update", {"note"})}
    look.execute(
        "MERGE INTO orders o USING (VALUES (2, 'm'), (9, 'n')) AS s(id, note) ON o.id = s.id"
        " WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, order_no) VALUES (s.id, 'A-9')"
    )
    assert reading() == {"[2]": ("delete", None), "[9]": ("insert", None)}
    with look.cursor().copy("COPY orders (id, order_no) FROM STDIN") as copy:
        copy.write("20\tB-20\n21\tB-21\n")
    assert reading() == {"[20]": ("insert", None), "[21]": ("insert", None)}
    look.execute("CREATE TABLE customer (id int PRIMARY KEY); INSERT INTO customer VALUES (1)")
    look.execute("ALTER TABLE orders ADD customer int REFERENCES customer ON DELETE CASCADE")
    look.execute("UPDATE orders SET customer = 1 WHERE id = 20; DELETE FROM customer")
    assert reading() == {"[20]": ("delete", None)}


def test_a_truncate_asks_for_everything(reading, look):
    look.execute("TRUNCATE orders")
    found = reading.step()
    assert (found.whole, found.keys, found.reason) == (True, (), "public.orders was truncated")
    reading.cursor = reading.capture.start()
    look.execute("INSERT INTO orders (order_no) VALUES ('B')")
    assert reading() == {"[4]": ("insert", None)}


def test_an_update_of_5000_rows_is_one_row_of_the_log(reading, look):
    look.execute("INSERT INTO orders (order_no) SELECT 'B-' || i FROM generate_series(1, 5000) AS i")
    assert (len(reading()), count(look)) == (5000, 0)
    look.execute("UPDATE orders SET amount = 5")
    assert count(look) == 1
    told = reading()
    assert (len(told), set(map(repr, told.values()))) == (5003, {"('update', None)"})
    look.execute("UPDATE orders SET id = -id")
    told = reading()
    assert {f"[{sign}{id_}]" for sign in ("", "-") for id_ in range(1, 5004)} == set(told)
    look.execute("DELETE FROM orders WHERE id < -3")
    assert len(reading()) == 5000


def test_a_statement_that_writes_very_many_rows_asks_for_everything(watched, look, monkeypatch):
    monkeypatch.setattr("syncer.database.capture.functions.MOST", 2000)
    watched.install()
    reading = Reading(watched)
    look.execute("INSERT INTO orders (order_no) SELECT 'B-' || i FROM generate_series(1, 2001) AS i")
    assert reading() == "whole"
    assert look.execute("SELECT keys IS NULL FROM syncer.log").fetchall() == [(True,)]


KEYS = {
    "int4": ["-1", "0", "7"],
    "numeric(20, 2)": ["1.50", "0.10"],
    "text": ["a", "with\ttab", "back\\slash", "zei\nle", "\\N", "客户 🧾", "", " x "],
    "char(4)": ["ab", "abcd"],
    "uuid": ["0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"],
    "date": ["2026-01-31", "0044-03-15 BC"],
    "timestamptz": ["2026-01-31 12:00:00.123456+08"],
    "float8": ["0.1", "1e300"],
}


@pytest.mark.parametrize("type_", KEYS)
def test_keys_are_told_as_rows_have_them_whatever_the_writers_session_says(type_, look, table, watch, another):
    look.execute(f"CREATE TABLE things (k {type_} NOT NULL UNIQUE, a text)")
    rows, made = table("things", "k", "a"), watch("things", ("k",), ("a",))
    made.install()
    reading = Reading(made)
    writer = another()
    writer.execute("SET TimeZone = 'Asia/Shanghai'; SET DateStyle = 'SQL, DMY'; SET extra_float_digits = 0")
    for value in KEYS[type_]:
        writer.execute(f"INSERT INTO things VALUES (%s::text::{type_})", (value,))
    writer.execute("UPDATE things SET a = 'x'")
    writer.commit()
    assert set(reading()) == set(all_rows(rows))


def test_a_key_of_several_columns_and_one_that_is_no_primary_key(look, table, watch):
    look.execute('CREATE TABLE "Lines" (id serial PRIMARY KEY, "Doc" text NOT NULL, n int NOT NULL, "Ä b" text)')
    look.execute('CREATE UNIQUE INDEX ON "Lines" ("Doc", n)')
    rows, made = table("Lines", ["Doc", "n"], ["Ä b"]), watch("Lines", ("Doc", "n"), ("Ä b",))
    made.install()
    reading = Reading(made)
    look.execute("""INSERT INTO "Lines" ("Doc", n) VALUES ('a"b', 1), (E'c\\td', 2)""")
    assert set(reading()) == set(all_rows(rows)) == {'["a\\"b",1]', '["c\\td",2]'}
    look.execute("""UPDATE "Lines" SET "Ä b" = 'x' WHERE n = 1; UPDATE "Lines" SET n = 3 WHERE n = 2""")
    assert reading() == {
        '["a\\"b",1]': ("update", {"Ä b"}),
        '["c\\td",2]': ("delete", None),
        '["c\\td",3]': ("insert", None),
    }


ODD = {
    "json": ("'{}'", "'{ }'"),
    "point": ("'(1,2)'", "'(1,3)'"),
    "text[]": ("'{a}'", "'{b}'"),
    "json[]": ("ARRAY['1'::json]", "ARRAY['2'::json]"),
    "int4range": ("'[1,2)'", "'[1,3)'"),
    "interval": ("'1 mon'", "'30 days'"),
    "mood": ("'sad'", "'happy'"),
    "short": ("'a'", "'b'"),
}


@pytest.mark.parametrize("type_", ODD)
def test_a_change_of_any_type_is_seen(type_, look, watch):
    look.execute("CREATE TYPE mood AS ENUM ('sad', 'happy'); CREATE DOMAIN short AS varchar(5) NOT NULL DEFAULT ''")
    one, other = ODD[type_]
    look.execute(f"CREATE TABLE things (id int PRIMARY KEY, a {type_}); INSERT INTO things VALUES (1, {one})")
    made = watch("things", columns=("a",))
    made.install()
    reading = Reading(made)
    look.execute(f"UPDATE things SET a = {other}")
    assert reading() == {"[1]": ("update", {"a"})}
    look.execute(f"UPDATE things SET a = {other}")
    assert reading() == {}


def test_more_columns_than_a_number_has_bits_are_told_as_unknown_beyond(look, watch):
    names = [f"c{place}" for place in range(70)]
    look.execute(f"CREATE TABLE wide (id int PRIMARY KEY, {', '.join(f'{name} int' for name in names)})")
    look.execute("INSERT INTO wide (id) VALUES (1)")
    made = watch("wide", columns=names)
    made.install()
    reading = Reading(made)
    look.execute("UPDATE wide SET c0 = 1, c60 = 1")
    assert reading() == {"[1]": ("update", {"c0", "c60"})}
    look.execute("UPDATE wide SET c69 = 1")
    assert reading() == {"[1]": ("update", None)}


def test_the_time_is_that_of_the_statement(reading, look):
    look.execute("BEGIN; SELECT pg_sleep(0.2); UPDATE orders SET note = 'x' WHERE id = 1; COMMIT")
    (told,) = reading.step().keys
    assert timedelta(0) <= datetime.now(UTC) - told.at < timedelta(seconds=0.2)


# Our own writes ------------------------------------------------------------------------------------------------------


def test_rows_that_our_own_batch_wrote_are_told_as_such_unless_somebody_else_wrote_them_too(orders, watch, look):
    orders._writer = lambda: "orders@here"
    made = watch()
    made.install()
    reading, prints = Reading(made), {key: row.print for key, row in all_rows(orders).items()}
    orders.write(
        "b-1",
        [RowInsert("i", {"order_no": "A-4"})],
        [
            RowUpdate("u", "[1]", {"note": "ours"}, prints["[1]"]),
            RowUpdate("v", "[3]", {"note": "ours"}, prints["[3]"]),
        ],
        [RowDelete("d", "[2]", prints["[2]"])],
    )
    look.execute("UPDATE orders SET note = 'theirs' WHERE id = 3")
    told = reading.step().keys
    assert {one.key: one.batch for one in told} == {"[4]": "b-1", "[1]": "b-1", "[2]": "b-1", "[3]": None}
    others = watch(reader="orders@there").capture()
    assert {one.batch for one in others.changes(reading.capture.start(), 10).keys} == set()


def test_what_triggers_make_of_our_batch_is_not_our_own(orders, watch, look):
    orders._writer = lambda: "orders@here"
    look.execute("""
        CREATE FUNCTION also() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN UPDATE orders SET amount = coalesce(amount, 0) + 1 WHERE id = NEW.id + 1; RETURN NULL; END $$;
        CREATE TRIGGER also AFTER UPDATE OF note ON orders FOR EACH ROW EXECUTE FUNCTION also()""")
    made = watch()
    made.install()
    reading = Reading(made)
    orders.write("b-1", [], [RowUpdate("u", "[1]", {"note": "ours"}, all_rows(orders)["[1]"].print)], [])
    assert {one.key: one.batch for one in reading.step().keys} == {"[1]": "b-1", "[2]": None}


# When it is told -----------------------------------------------------------------------------------------------------


def test_a_transaction_that_commits_late_is_told_when_it_commits(reading, look, another):
    late = another()
    late.execute("UPDATE orders SET note = 'late' WHERE id = 1")
    for place in range(3):
        look.execute("UPDATE orders SET note = %s WHERE id = 2", (f"early {place}",))
        assert reading() == {"[2]": ("update", {"note"})}
    late.commit()
    assert reading() == {"[1]": ("update", {"note"})}
    assert reading() == {}
    assert count(look) == 0


def test_what_is_rolled_back_is_not_told(reading, look, another):
    writer = another()
    writer.execute("UPDATE orders SET note = 'a' WHERE id = 1; SAVEPOINT s; UPDATE orders SET note = 'b' WHERE id = 2")
    writer.execute("ROLLBACK TO s; UPDATE orders SET note = 'c' WHERE id = 3")
    writer.commit()
    assert set(reading()) == {"[1]", "[3]"}
    writer.execute("UPDATE orders SET note = 'd'")
    writer.rollback()
    assert reading() == {}


def test_a_long_open_transaction_elsewhere_delays_nothing_and_keeps_nothing(reading, look, another, second_database):
    elsewhere, here = psycopg.connect(second_database.replace("+psycopg", "")), another()
    for open_one in (elsewhere, here):
        open_one.execute("CREATE TABLE other (id int)")
        open_one.execute("SELECT pg_current_xact_id()")
    here.execute("DECLARE c CURSOR FOR SELECT * FROM orders; FETCH 1 FROM c")
    for place in range(20):
        look.execute("UPDATE orders SET note = %s WHERE id = 2", (f"now {place}",))
        assert reading() == {"[2]": ("update", {"note"})}
        assert count(look) == 0
    elsewhere.close()


def test_a_prepared_transaction_is_told_when_it_is_over(reading, look):
    if look.execute("SHOW max_prepared_transactions").fetchone() == ("0",):
        pytest.skip("this server allows no prepared transactions")
    look.execute("BEGIN; UPDATE orders SET note = 'x' WHERE id = 1; PREPARE TRANSACTION 'p'")
    assert reading() == {}
    look.execute("COMMIT PREPARED 'p'")
    assert set(reading()) == {"[1]"}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
def test_a_limit_loses_nothing_and_repeats_nothing(reading, look, another, limit):
    late = another()
    late.execute("INSERT INTO orders (order_no) VALUES ('late')")
    look.execute("INSERT INTO orders (order_no) SELECT 'B-' || i FROM generate_series(1, 5) AS i")
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    look.execute("INSERT INTO orders (order_no) SELECT 'C-' || i FROM generate_series(1, 4) AS i")
    told, waiting = [], []
    while True:
        found = reading.step(limit)
        again = [reading.capture.changes(reading.cursor, limit) for _ in range(2)]
        assert again[0].keys == again[1].keys
        told += [one.key for one in found.keys]
        waiting.append(found.waiting)
        look.execute("UPDATE orders SET weight = 1 + coalesce(weight, 0) WHERE id = 3")
        late.commit()
        reading.capture.read(reading.cursor)
        if not found.more:
            break
    assert sorted(told) == sorted(["[1]", *(f"[{id_}]" for id_ in range(5, 14))])
    assert waiting == [max(0, 10 - limit * (at + 1)) for at in range(len(waiting))]
    assert set(reading()) == {"[4]", "[3]"}
    assert count(look) == 0


def test_several_processes_that_write_at_once_are_all_told(reading, look, another):
    writers = [another() for _ in range(8)]

    def work(connection, place):
        for step in range(15):
            connection.execute(
                "INSERT INTO orders (id, order_no) VALUES (%s, %s)", (1000 * place + step, f"{place}-{step}")
            )
            if step % 3 == 0:
                time.sleep(0.002)
            if step % 4 == 3:
                connection.commit()
        connection.commit()

    threads = [threading.Thread(target=work, args=(one, place)) for place, one in enumerate(writers, 1)]
    for thread in threads:
        thread.start()
    told = []
    while any(thread.is_alive() for thread in threads):
        told += reading()
    told += reading()
    assert sorted(told) == sorted(f"[{1000 * place + step}]" for place in range(1, 9) for step in range(15))
    assert count(look) == 0


# Several readers -----------------------------------------------------------------------------------------------------


def test_two_mappings_share_triggers_and_log_which_keeps_what_one_has_not_read(watched, watch, look):
    other = watch(columns=("note", "weight"), reader="others@here")
    first = Reading(watched)
    assert len(other.install()) == 0
    second = Reading(other)
    assert look.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal").fetchone() == (4,)
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1; UPDATE orders SET amount = 1 WHERE id = 2")
    assert first() == {"[1]": ("update", {"note"}), "[2]": ("update", {"amount"})}
    assert count(look) == 2
    assert second() == {"[1]": ("update", {"note"}), "[2]": ("update", {"amount"})}
    assert count(look) == 0
    assert release(watched.engine, "orders@here") == []
    look.execute("UPDATE orders SET note = 'y' WHERE id = 1")
    assert set(second()) == {"[1]"}
    assert first() == "whole"
    assert len(release(watched.engine, "others@here")) == 1
    assert (count(look), count(look, "source"), count(look, "reader")) == (0, 0, 0)
    assert look.execute("SELECT count(*) FROM pg_trigger WHERE NOT tgisinternal").fetchone() == (0,)
    assert look.execute("SELECT count(*) FROM pg_proc WHERE proname LIKE 'capture%'").fetchone() == (0,)
    look.execute("UPDATE orders SET note = 'z' WHERE id = 1")


def test_a_mapping_that_watches_more_columns_disturbs_no_other(orders, watch, look):
    small = watch(columns=("note",), reader="small")
    small.install()
    first = Reading(small)
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    big = watch(columns=("weight", "amount"), reader="big")
    (told,) = big.install()
    assert "syncer.capture_" in told
    look.execute("UPDATE orders SET weight = 5 WHERE id = 2")
    assert first() == {"[1]": ("update", {"note"}), "[2]": ("update", {"weight"})}
    more = watch(columns=("note", "tags"), reader="small")
    assert more.capture().changes(first.cursor, 10).whole
    more.install()
    assert more.capture().changes(first.cursor, 10).whole
    assert Reading(more)() == {}


def test_mappings_by_different_keys_have_triggers_of_their_own(watched, watch, look):
    other = watch(key=("order_no",), columns=("note",), reader="others@here")
    other.install()
    first, second = Reading(watched), Reading(other)
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    assert (set(first()), set(second())) == ({"[1]"}, {'["A-1"]'})
    release(other.engine, "others@here")
    assert second() == "whole"
    look.execute("UPDATE orders SET note = 'y' WHERE id = 1")
    assert set(first()) == {"[1]"}


def test_a_reader_not_seen_for_weeks_holds_nothing_back_and_reads_everything_when_it_returns(watched, watch, look):
    gone = watch(reader="gone")
    gone.install()
    first, second = Reading(watched), Reading(gone)
    look.execute("UPDATE syncer.reader SET at = now() - interval '15 days' WHERE name = 'gone'")
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    first()
    assert (count(look), count(look, "reader")) == (0, 1)
    assert second() == "whole"
    second.cursor = second.capture.start()
    look.execute("UPDATE orders SET note = 'y' WHERE id = 1")
    assert set(first()) == set(second()) == {"[1]"}


def test_looking_while_nothing_happens_writes_nothing(reading, look):
    before = look.execute("SELECT xmin::text, ctid::text FROM syncer.reader").fetchall()
    look.execute("CREATE TABLE noise AS SELECT 1")
    assert reading() == {}
    assert look.execute("SELECT xmin::text, ctid::text FROM syncer.reader").fetchall() == before


# Cursors that do not fit any more ------------------------------------------------------------------------------------

DISTURBED = {
    "triggers off and on": "ALTER TABLE orders DISABLE TRIGGER ALL; ALTER TABLE orders ENABLE TRIGGER ALL",
    "a trigger dropped": "DO $$ DECLARE t name; BEGIN SELECT tgname INTO t FROM pg_trigger WHERE tgname LIKE"
    " 'syncer%delete'; EXECUTE format('DROP TRIGGER %I ON orders', t); END $$",
    "a column renamed": "ALTER TABLE orders RENAME note TO remark; ALTER TABLE orders RENAME remark TO note",
    "a column rewritten": "ALTER TABLE orders ALTER note TYPE text USING upper(note)",
    "the table exchanged": "CREATE TABLE fresh (LIKE orders INCLUDING ALL); ALTER TABLE orders RENAME TO old;"
    "ALTER TABLE fresh RENAME TO orders",
    "the log emptied": "TRUNCATE syncer.log",
    "the reader forgotten": "DELETE FROM syncer.reader",
    "everything of ours gone": "DROP SCHEMA syncer CASCADE",
}


@pytest.mark.parametrize("what", DISTURBED)
def test_whatever_may_have_lost_changes_asks_for_everything_until_it_is_mended(what, reading, watched, look):
    look.execute(DISTURBED[what])
    found = reading.step()
    assert found.whole
    assert found.reason
    assert found.keys == ()
    watched.install()
    reading.cursor = reading.capture.start()
    look.execute("INSERT INTO orders (id, order_no) VALUES (77, 'after')")
    assert set(reading()) == {"[77]"}


def test_a_database_set_back_asks_for_everything(reading):
    _, high, _ = reading.cursor["snapshot"].split(":")
    ahead = {**reading.cursor, "snapshot": f"{int(high) + 50}:{int(high) + 50}:"}
    found = reading.capture.changes(ahead, 10)
    assert (found.whole, found.reason) == (True, "the database was set back")


def test_a_cursor_older_than_what_was_deleted_asks_for_everything(reading, look):
    before = reading.cursor
    look.execute("UPDATE orders SET note = 'x' WHERE id = 1")
    assert set(reading()) == {"[1]"}
    found = reading.capture.changes(before, 10)
    assert (found.whole, found.reason) == (True, "the log was cleared of changes that were not read yet")


def test_a_cursor_of_another_way_asks_for_everything(reading, watch):
    assert reading.capture.changes(watch(capture="scan").capture().start(), 10).whole
    assert watch(capture="scan").capture().changes(reading.cursor, 10).whole
    assert watch(capture="watermark", watermark="placed_at").capture().changes(reading.cursor, 10).whole
    assert reading.capture.changes({}, 10).whole


# The writes of others never fail -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "write"),
    [
        ("ALTER TABLE orders ADD colour text DEFAULT 'red'", "UPDATE orders SET colour = 'blue'"),
        ("ALTER TABLE orders RENAME note TO remark", "UPDATE orders SET remark = 'x'"),
        ("ALTER TABLE orders DROP note", "UPDATE orders SET weight = 5"),
        ("ALTER TABLE orders RENAME id TO number", "UPDATE orders SET note = 'x'"),
        ("ALTER TABLE orders DROP id CASCADE", "UPDATE orders SET note = 'x'"),
        ("ALTER TABLE orders ALTER note TYPE json USING NULL", "UPDATE orders SET note = '{}'"),
        ("ALTER TABLE orders ALTER id TYPE text", "UPDATE orders SET note = 'x'"),
        ("DROP TABLE syncer.log", "UPDATE orders SET note = 'x'"),
        ("ALTER SCHEMA syncer RENAME TO syncer_old", "UPDATE orders SET note = 'x'"),
        ("ALTER TABLE syncer.log RENAME TO old", "UPDATE orders SET note = 'x'"),
        ("ALTER TABLE orders RENAME TO old", "UPDATE old SET note = 'x'"),
    ],
)
def test_a_changed_table_never_makes_a_write_fail(reading, look, another, change, write):
    session = another()
    session.execute("UPDATE orders SET weight = 1")
    session.commit()
    table = "old" if "orders RENAME TO old" in change else "orders"
    look.execute(change)
    for connection in (session, look):  # one that has its plans already, and a new one
        connection.execute(write)
        connection.execute(f"DELETE FROM {table} WHERE order_no = 'A-2'")
        connection.execute(f"INSERT INTO {table} (order_no) VALUES ('A-2')" if "id" not in change else "SELECT 1")
        connection.commit()
    if "syncer" not in change and table == "orders" and "DROP id" not in change and "RENAME id" not in change:
        assert reading() == "whole" or "ADD" in change


def test_what_the_function_cannot_do_is_noted_as_everything_with_its_reason(reading, look):
    look.execute("ALTER TABLE orders RENAME note TO remark")
    look.execute("UPDATE orders SET remark = 'x'")
    ((action, fault),) = look.execute("SELECT action::text, fault FROM syncer.log").fetchall()
    assert (action, "note does not exist" in fault) == ("w", True)


def test_a_transaction_of_many_statements_has_no_subtransactions_of_ours(reading, look):
    with look.transaction():
        for _ in range(10):
            look.execute("UPDATE orders SET weight = coalesce(weight, 0) + 1 WHERE id = 1")
        ours = "SELECT subxact_count FROM pg_stat_get_backend_idset() AS b, pg_stat_get_backend_subxact(b)"
        assert look.execute(f"{ours} WHERE pg_stat_get_backend_pid(b) = pg_backend_pid()").fetchone() == (0,)


def test_who_has_no_rights_on_our_schema_may_write_all_the_same(watched, look, another):
    reading = Reading(watched)
    look.execute(
        "CREATE ROLE clerk; GRANT USAGE ON SCHEMA public TO clerk; GRANT ALL ON orders, orders_id_seq TO clerk"
    )
    try:
        clerk = another()
        clerk.execute("SET ROLE clerk; SET search_path = public; UPDATE orders SET note = 'x' WHERE id = 1")
        clerk.execute("INSERT INTO orders (order_no) VALUES ('B'); DELETE FROM orders WHERE id = 3")
        clerk.commit()
        assert set(reading()) == {"[1]", "[4]", "[3]"}
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            clerk.execute("SELECT * FROM syncer.log")
        clerk.rollback()
        clerk.execute("SET ROLE clerk; TRUNCATE orders")
        clerk.commit()
        assert reading() == "whole"
        clerk.close()
    finally:
        look.execute("DROP OWNED BY clerk; DROP ROLE clerk")
