"""One session per database that hears what the triggers call out."""

import threading
from contextlib import contextmanager
from queue import Empty, Queue

import psycopg
import pytest

from syncer.database.capture.listen import EVERYWHERE, listen
from syncer.database.connections import make_engine
from syncer.errors import MendError


@contextmanager
def listening(engine, **options):
    """What is heard, as a queue."""
    stop, heard, told = threading.Event(), Queue(), []

    def work():
        for table in listen(engine, stop, told.append, **options):
            heard.put(table)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield heard, told
    finally:
        stop.set()
        thread.join(5)
        assert not thread.is_alive()


def test_tables_are_heard_once_a_transaction_and_everything_at_first(watched, look, engine):
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'x'")
        assert heard.get(timeout=5) == "public.orders"
        with look.transaction():
            for place in range(5):
                look.execute("UPDATE orders SET note = %s", (f"y {place}",))
        assert heard.get(timeout=5) == "public.orders"
        look.execute("UPDATE orders SET note = note; UPDATE orders SET note = 'z' WHERE false")
        look.execute("NOTIFY syncer, 'sales.客户'")
        assert heard.get(timeout=5) == "sales.客户"


def test_notify_off_is_quiet(orders, watch, look, engine):
    watch(notify=False).install()
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'x'")
        with pytest.raises(Empty):
            heard.get(timeout=0.3)
    assert look.execute("SELECT count(*) FROM syncer.log").fetchone() == (1,)


def test_one_reader_that_wants_quiet_quiets_the_table_and_gives_it_back_when_it_goes(watched, watch, look, engine):
    quiet = watch(reader="quiet", notify=False)
    quiet.install()
    body = "SELECT prosrc LIKE '%pg_notify%' FROM pg_proc WHERE proname LIKE 'capture%'"
    assert look.execute(body).fetchone() == (False,)
    watched.install()
    assert look.execute(body).fetchone() == (False,)
    watch(reader="quiet", notify=True).install()
    assert look.execute(body).fetchone() == (True,)


def test_a_lost_session_is_made_anew_and_then_everything_is_looked_at(watched, look, engine):
    with listening(engine) as (heard, told):
        assert heard.get(timeout=5) == EVERYWHERE
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_notify%'"
            " AND state = 'idle' AND datname = current_database() AND pid <> pg_backend_pid()"
        )
        while not look.execute(end).fetchall():
            pass
        look.execute("UPDATE orders SET note = 'unheard'")
        assert heard.get(timeout=10) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'heard'")
        assert heard.get(timeout=5) == "public.orders"
    assert "listening again soon" in told[0]


def test_a_server_that_is_not_there_is_tried_again(database):
    engine = make_engine("postgresql+psycopg://nobody@127.0.0.1:1/none")
    with listening(engine) as (heard, told):
        with pytest.raises(Empty):
            heard.get(timeout=0.5)
        assert told


def test_a_wrong_password_ends_it(database):
    engine = make_engine(database.replace("postgres@", "nobody_like_that@"))
    with pytest.raises(MendError):
        next(listen(engine, threading.Event()))


def test_notifications_that_never_come_are_told(watched, look, database):
    class Deaf(psycopg.Connection):
        def notifies(self, **options):
            list(super().notifies(**options))
            return iter(())

    engine = make_engine(database)
    lent = engine.raw_connection()
    lent.driver_connection.__class__ = Deaf
    lent.close()
    with listening(engine, answer=0.2) as (heard, told):
        assert heard.get(timeout=5) == EVERYWHERE
        assert heard.get(timeout=5) == EVERYWHERE
    assert "does not pass notifications on" in told[0]
    engine.dispose()
