import threading
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from syncer.database.connections import make_engine
from syncer.errors import FaultError, SchemaError, UnreachableError
from syncer.ports import RowDelete, RowInsert, RowUpdate
from tests.database.cable import Cable
from tests.database.looking import all_rows


def test_a_batch_is_recalled_with_the_keys_it_wrote_until_it_is_forgotten(orders):
    read = all_rows(orders)
    assert orders.applied("b1") is None
    outcomes = orders.write(
        "b1",
        [
            RowInsert("i", {"order_no": "A-4"}),
            RowInsert("bad", {"order_no": None}),
            RowInsert("m", {}, {"order_no": "A-1"}),
        ],
        [RowUpdate("u", "[1]", {"note": "x"}, read["[1]"].print), RowUpdate("moved", "[2]", {"note": "x"}, b"other")],
        [RowDelete("d", "[3]", read["[3]"].print)],
    )
    assert orders.applied("b1") == {"i": outcomes["i"].row.key, "u": "[1]", "d": "[3]"}
    orders.write("b2", [], [], [])
    assert orders.applied("b2") == {}
    orders.forget(["b1", "b2", "never"])
    assert orders.applied("b1") is None
    assert orders.applied("b2") is None


def test_a_batch_is_written_once(orders, look):
    orders.write("b1", [RowInsert("i", {"order_no": "A-4"})], [], [])
    with pytest.raises(FaultError, match="b1"):
        orders.write("b1", [RowInsert("i", {"order_no": "A-5"})], [], [])
    assert look.execute("SELECT count(*) FROM orders").fetchone() == (4,)


@pytest.fixture
def cable(database):
    cable = Cable(database)
    yield cable
    cable.close()


@pytest.mark.parametrize(("cut", "remembered"), [("after", {"i": "[4]"}), ("before", None)])
def test_a_connection_lost_at_commit_leaves_the_answer_in_the_database(orders, table, cable, cut, remembered):
    engine = make_engine(cable.url)
    through, orders._engine = orders._engine, engine
    orders.fetch(["[1]"])
    cable.cut = cut
    with pytest.raises(UnreachableError):
        orders.write("b1", [RowInsert("i", {"order_no": "A-4"})], [], [])
    engine.dispose()
    orders._engine = through
    assert orders.applied("b1") == remembered
    assert ("[4]" in all_rows(orders)) is (remembered is not None)


def test_asking_for_a_batch_waits_for_the_writer_that_is_about_to_commit_it(orders, look, database):
    answers = []
    with psycopg.connect(database.replace("+psycopg", "")) as writer:
        writer.execute("INSERT INTO syncer.applied (batch, operation, key) VALUES ('b1', '', ''), ('b1', 'i', '[7]')")
        thread = threading.Thread(target=lambda: answers.append(orders.applied("b1")))
        thread.start()
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        while look.execute(waiting).fetchone() == (0,):
            assert thread.is_alive()
        writer.commit()
    thread.join()
    assert answers == [{"i": "[7]"}]


def test_preparing_is_repeatable_at_once_and_its_script_does_the_same(orders, look):
    look.execute("DROP SCHEMA syncer CASCADE")
    with pytest.raises(SchemaError, match="syncer apply"):
        orders.write("b1", [RowInsert("i", {"order_no": "A-4"})], [], [])
    for _ in range(10):
        look.execute("DROP SCHEMA IF EXISTS syncer CASCADE")
        with ThreadPoolExecutor(8) as several:
            list(several.map(lambda _: orders.prepare(), range(8)))
    orders.write("b1", [RowInsert("i", {"order_no": "A-4"})], [], [])
    look.execute(orders.prepare_sql())
    assert orders.applied("b1") == {"i": "[4]"}
    look.execute("DROP SCHEMA syncer CASCADE")
    look.execute(orders.prepare_sql())
    orders.write("b1", [], [], [])
    assert orders.applied("b1") == {}
