"""Putting triggers on a table, as its owner and as a guest, and taking them away."""

import os
import threading
import time

import psycopg
import pytest
from sqlalchemy.engine import make_url

from syncer.database.capture.watch import Watch, release, script, way_of
from syncer.database.connections import make_engine
from syncer.errors import BusyError, SchemaError
from tests.database.looking import Reading

TRIGGERS = (
    "SELECT tgrelid::regclass::text, tgenabled::text FROM pg_trigger WHERE NOT tgisinternal AND tgname ~ 'syncer'"
)


def test_what_is_put_there_is_told_once(orders, watch, look):
    made = watch()
    assert made.check() == ([], [])
    function, triggers = made.install()
    assert "public.orders in syncer.log, which wakes us by NOTIFY syncer" in function
    assert "four triggers of public.orders call it once a statement: syncer_" in triggers
    assert look.execute(TRIGGERS).fetchall() == [("orders", "A")] * 4
    assert made.install() == []
    assert made.check() == ([], [])
    assert look.execute("SELECT count(*) FROM syncer.log").fetchone() == (0,)
    assert look.execute("SELECT to_regclass('syncer.probe')").fetchone() == (None,)


def test_a_new_way_or_another_table_takes_the_old_triggers_away(watched, watch, look):
    look.execute("CREATE TABLE others (id int PRIMARY KEY, note text)")
    moved = watch("others", columns=("note",))
    *_, gone = moved.install()
    assert gone == "public.orders: its triggers, their function and their part of syncer.log are gone"
    assert {table for table, _ in look.execute(TRIGGERS).fetchall()} == {"others"}
    (gone,) = watch("others", columns=("note",), capture="scan").install()
    assert gone.startswith("public.others")
    assert look.execute(TRIGGERS).fetchall() == []


def test_what_watched_a_table_that_is_gone_can_be_taken_away(watched, look):
    look.execute("DROP TABLE orders")
    assert len(release(watched.engine, watched.reader())) == 1
    assert look.execute("SELECT count(*) FROM syncer.source").fetchone() == (0,)
    look.execute("DROP SCHEMA syncer CASCADE")
    assert release(watched.engine, watched.reader()) == []


REFUSED = {
    "a view": "CREATE VIEW odd AS SELECT 1 AS id, 'x' AS note",
    "a partitioned table": "CREATE TABLE odd (id int PRIMARY KEY, note text) PARTITION BY RANGE (id)",
    "a partition": "CREATE TABLE top (id int PRIMARY KEY, note text) PARTITION BY RANGE (id);"
    "CREATE TABLE odd PARTITION OF top DEFAULT",
    "part of an inheritance": "CREATE TABLE odd (id int PRIMARY KEY, note text); CREATE TABLE child () INHERITS (odd)",
}


@pytest.mark.parametrize("what", REFUSED)
def test_tables_whose_triggers_would_miss_something_are_refused_and_scanned_by_default(what, look, watch):
    look.execute(REFUSED[what])
    asked = watch("odd", columns=("note",), capture="trigger")
    ((fault,), warnings) = asked.check()
    assert f"public.odd is {what}" in fault
    assert "write capture: watermark or capture: scan" in fault
    assert warnings == []
    with pytest.raises(SchemaError, match=what):
        asked.install()
    assert watch("odd", columns=("note",)).way == "scan"
    assert watch("odd", columns=("note",), watermark="note").way == "watermark"


def test_a_mapping_that_carries_nothing_from_the_database_needs_no_triggers(orders, watch, look):
    made = watch(direction="to_database")
    assert made.way == "scan"
    assert made.install() == []
    assert look.execute("SELECT to_regclass('syncer.log')").fetchone() == (None,)


def test_the_way_chosen_is_kept_with_the_mapping():
    assert [way_of(stored) for stored in ({"capture": "trigger"}, {"capture": "watermark"}, {})] == [
        "trigger",
        "watermark",
        "scan",
    ]


def test_sessions_of_replication_are_noted_too(watched, look, another):
    reading = Reading(watched)
    session = another()
    session.execute("SET session_replication_role = replica; UPDATE orders SET note = 'x' WHERE id = 1")
    session.commit()
    assert set(reading()) == {"[1]"}


def test_a_table_that_is_locked_is_not_queued_for(orders, watch, look, another, monkeypatch):
    monkeypatch.setattr("syncer.database.capture.install.LOCK_TIMEOUT", "100ms")
    monkeypatch.setattr("syncer.database.capture.install.PAUSE", 0.05)
    monkeypatch.setattr("syncer.database.capture.install.ATTEMPTS", 2)
    holder = another()
    holder.execute("UPDATE orders SET note = 'open' WHERE id = 1")
    with pytest.raises(BusyError, match="orders"):
        watch().install()
    slow = []

    def write():
        began = time.monotonic()
        look.execute("UPDATE orders SET note = 'quick' WHERE id = 2")
        slow.append(time.monotonic() - began)

    monkeypatch.setattr("syncer.database.capture.install.ATTEMPTS", 50)
    installing = threading.Thread(target=watch().install)
    installing.start()
    for _ in range(5):
        write()
    holder.commit()
    installing.join()
    assert max(slow) < 1
    reading = Reading(watch())
    write()
    look.execute("UPDATE orders SET note = 'other' WHERE id = 2")
    assert set(reading()) == {"[2]"}


def test_a_write_that_waited_for_the_triggers_is_noted(orders, watch, look, another):
    first = another()
    first.execute("BEGIN; LOCK TABLE orders IN ROW EXCLUSIVE MODE")
    made = watch()
    installing = threading.Thread(target=made.install)
    installing.start()
    time.sleep(0.1)
    first.execute("UPDATE orders SET note = 'before' WHERE id = 1")
    first.commit()
    installing.join()
    reading = Reading(made)
    assert reading() == {}
    assert look.execute("SELECT note FROM orders WHERE id = 1").fetchone() == ("before",)


# A role that owns nothing ---------------------------------------------------------------------------------------------


@pytest.fixture
def guest(orders, look, database, watch):
    """The watch of a role that may read and write the table, and no more."""
    role = f"guest_{os.getpid()}"
    look.execute(f"DROP SCHEMA syncer CASCADE; CREATE ROLE {role}; GRANT USAGE ON SCHEMA public TO {role}")
    look.execute(f"GRANT SELECT, INSERT, UPDATE, DELETE ON orders TO {role}; GRANT ALL ON orders_id_seq TO {role}")
    url = make_url(database).update_query_dict({"options": f"-c role={role}"})
    engine = make_engine(url.render_as_string(hide_password=False))
    owner = watch()
    guest = Watch(engine, owner.mapping, owner.key, owner.columns, lambda: "guest")
    yield guest, role
    engine.dispose()
    look.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")


def test_missing_rights_are_told_with_what_to_do(guest, look):
    made, role = guest
    faults, _ = made.check()
    assert [fault.split(":")[0] for fault in faults] == [
        "the role lacks TRIGGER on public.orders",
        "the role may not create functions in the schema syncer",
    ]
    assert all("syncer apply --sql" in fault and "capture: scan" in fault for fault in faults)
    with pytest.raises(SchemaError, match="syncer apply --sql"):
        made.install()
    look.execute(f"CREATE SCHEMA syncer AUTHORIZATION {role}; GRANT TRIGGER ON orders TO {role}")
    assert made.check() == ([], [])
    assert len(made.install()) == 2
    assert look.execute(TRIGGERS).fetchall() == [("orders", "O")] * 4  # only the owner may let them fire always


def test_the_sql_for_an_administrator_is_all_that_a_guest_needs(guest, watch, look, orders):
    made, _ = guest
    orders.prepare()
    sql = script([made, watch(columns=("note", "weight"))])
    for _ in range(2):
        look.execute(sql)
        assert made.check() == ([], [])
        assert made.install() == []
    reading = Reading(made)
    look.execute("UPDATE orders SET note = 'x', weight = 7 WHERE id = 1")
    assert reading() == {"[1]": ("update", {"note", "weight"})}
    narrow = Watch(made.engine, made.mapping, made.key, ("order_no",), made.reader)
    assert narrow.install() == []
    wider = Watch(made.engine, made.mapping, made.key, (*made.columns, "id"), made.reader)
    assert len(wider.install()) == 1  # the function is the guest's own
    (owner,) = look.execute("SELECT proowner::regrole::text FROM pg_proc WHERE proname LIKE 'capture%'").fetchone()
    assert owner.startswith("guest")
    (gone,) = release(made.engine, "guest")
    assert "are gone" in gone
    assert look.execute(TRIGGERS).fetchall() == []


def test_there_is_no_sql_where_nothing_is_needed(watch, orders):
    assert script([watch(capture="scan")]) == ""


def test_a_function_that_cannot_note_is_not_put_there(orders, watch, look, monkeypatch):
    monkeypatch.setattr("syncer.database.capture.source.Source.mask", lambda _: "o.no_such_column")
    with pytest.raises(SchemaError, match="no_such_column"):
        watch().install()
    assert look.execute(TRIGGERS).fetchall() == []
    assert look.execute("SELECT count(*) FROM syncer.reader").fetchone() == (0,)


def test_nobody_else_may_call_the_function(watched, look):
    (name,) = look.execute("SELECT oid::regproc::text FROM pg_proc WHERE proname LIKE 'capture%'").fetchone()
    assert look.execute("SELECT has_function_privilege('public', %s, 'EXECUTE')", (f"{name}()",)).fetchone() == (False,)
    with pytest.raises(psycopg.errors.FeatureNotSupported):
        look.execute(f"SELECT {name}()")
