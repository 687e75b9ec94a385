"""One session per database that hears what the triggers call out."""

import threading
import time
from contextlib import contextmanager
from queue import Empty, Queue

import psycopg
import pytest

from syncer.database.capture.listen import EVERYWHERE, listen
from syncer.database.connections import make_engine
from syncer.errors import MendError
from syncer.ports import RowUpdate
from tests.database.looking import all_rows


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


def test_tables_that_change_are_heard_and_everything_at_first(watched, look, engine):
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


def test_notify_off_is_heard_by_looking(orders, watch, look, engine):
    watch(notify=False).install()
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'x'")
        assert heard.get(timeout=5) == "public.orders"


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
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'syncer.armed|COMMIT' AND pid <>"
            " pg_backend_pid() AND state = 'idle' AND datname = current_database() AND application_name = 'syncer'"
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


class Deaf(psycopg.Connection):
    """A session behind a pooler that passes no notifications on."""

    def notifies(self, **options):
        list(super().notifies(**options))
        return iter(())


def test_notifications_that_never_come_are_not_needed(watched, look, database):
    engine = make_engine(database)
    lent = engine.raw_connection()
    lent.driver_connection.__class__ = Deaf
    lent.close()
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'x'")
        assert heard.get(timeout=5) == "public.orders"
    engine.dispose()


def test_nobody_is_called_who_is_not_there_or_awake(watched, look, engine, another):
    other = another()
    other.execute("LISTEN syncer")
    other.commit()

    def called():
        return [one.payload for one in other.notifies(timeout=0.1)]

    look.execute("UPDATE orders SET note = 'nobody'")
    assert called() == []
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        armed = "SELECT last_value > extract(epoch FROM now()) * 1000 FROM syncer.armed"
        wait_for(look, armed)
        look.execute("UPDATE orders SET note = 'asleep'")
        assert heard.get(timeout=5) == "public.orders"
        wait_for(look, armed.replace(">", "<"))
        look.execute("UPDATE orders SET note = 'awake'")
        assert heard.get(timeout=5) == "public.orders"
        assert called() == ["public.orders"]
        wait_for(look, armed)
    assert look.execute(armed).fetchone() == (False,)


def wait_for(look, query):
    deadline = time.monotonic() + 5
    while look.execute(query).fetchone() != (True,):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_transaction_that_commits_late_is_heard_of_when_it_does(watched, look, engine, another):
    late = another()
    late.execute("UPDATE orders SET note = 'late' WHERE id = 1")
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        look.execute("UPDATE orders SET note = 'early' WHERE id = 2")
        assert heard.get(timeout=5) == "public.orders"
        time.sleep(0.3)
        late.commit()
        assert heard.get(timeout=5) == "public.orders"


def test_our_own_batches_wake_nobody_but_other_readers(watched, watch, orders, look, engine):
    orders._writer = lambda: "orders@here"
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        orders.write("b-1", [], [RowUpdate("u", "[1]", {"note": "ours"}, all_rows(orders)["[1]"].print)], [])
        with pytest.raises(Empty):
            heard.get(timeout=1.5)
        watch(reader="other").install()
        orders.write("b-2", [], [RowUpdate("u", "[1]", {"note": "again"}, all_rows(orders)["[1]"].print)], [])
        assert heard.get(timeout=5) == "public.orders"


def test_a_database_where_nothing_is_noted_yet_is_listened_to_all_the_same(orders, watch, look, engine):
    with listening(engine) as (heard, _):
        assert heard.get(timeout=5) == EVERYWHERE
        watch().install()
        look.execute("UPDATE orders SET note = 'x'")
        assert heard.get(timeout=5) == "public.orders"
