"""Notifications of a real database become signals; a session that is lost is opened again, and polls."""

import time
from contextlib import closing

import psycopg
import pytest

from syncer.core.records import Side
from syncer.database.connections import make_engine
from syncer.errors import MendError
from syncer.listening.databases import Databases
from syncer.listening.waker import Waker
from syncer.nature import SystemClock
from syncer.ports.signals import SignalKind
from syncer.state.connect import open_engine
from syncer.state.store import Store
from tests.listening.scene import until

OTHERS = " FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"


class Heard:
    def __init__(self, state_url: str, erp_url: str) -> None:
        self.engine, self.erp = open_engine(state_url), make_engine(erp_url)
        self.store = Store(self.engine, SystemClock())
        for name in ("orders", "customers"):
            document = {"document": {"feishu": {}, "database": {"connection": "erp"}}}
            self.store.apply(name, {**document, "tables": ["b", name, "h/erp", f"sales.{name}"]}, "d", "new")
        self.woken: list[str] = []
        self.person = psycopg.connect(erp_url.replace("+psycopg", ""), autocommit=True)

    def open(self, name: str):
        return self.erp

    def notify(self, table: str) -> None:
        self.person.execute("SELECT pg_notify('syncer', %s)", [table])

    def polls(self, name: str) -> list[str]:
        found = self.store.noticing.signals(name).claim(10)
        return [one.reason for one in found if one.kind is SignalKind.POLL and one.side is Side.DATABASE]

    def settle(self) -> None:
        for name in ("orders", "customers"):
            signals = self.store.noticing.signals(name)
            signals.settle(signals.claim(100))

    def sessions(self) -> int:
        return len(self.person.execute("SELECT pid" + OTHERS).fetchall())

    def lose_sessions(self) -> None:
        self.person.execute("SELECT pg_terminate_backend(pid)" + OTHERS)


@pytest.fixture
def heard(state_url, second_database):
    heard = Heard(state_url, second_database)
    yield heard
    heard.person.close()
    heard.erp.dispose()
    heard.engine.dispose()


@pytest.fixture
def listeners(heard):
    with closing(Waker(heard.woken.extend)) as waker:
        with closing(Databases(heard.open, heard.store.noticing, waker)) as databases:
            databases.want(["erp"])
            until(lambda: heard.polls("orders") and heard.polls("customers"), what="the first poll")
            yield databases
        until(lambda: heard.sessions() == 0, 5, "the end of the session")


def test_a_notification_polls_the_mappings_of_its_table_at_once(heard, listeners):
    assert sorted(heard.woken) == ["customers", "orders"]
    heard.settle()
    began = time.monotonic()
    for _ in range(50):
        heard.notify("sales.orders")
    heard.notify("sales.unmapped")
    until(lambda: heard.polls("orders"), what="the poll")
    assert time.monotonic() - began < 1
    assert heard.polls("orders") == ["rows were written"]
    assert heard.polls("customers") == []
    assert heard.sessions() == 1


def test_a_session_that_is_lost_is_opened_again_and_polls(heard, listeners):
    heard.settle()
    heard.lose_sessions()
    until(lambda: heard.polls("orders"), what="the poll of the new session")
    assert heard.polls("customers") == ["the listening session stands anew"]
    heard.settle()
    heard.notify("sales.customers")
    until(lambda: heard.polls("customers") == ["rows were written"], what="the notification")


def test_only_what_is_wanted_is_listened_to(heard, listeners):
    listeners.want([])
    until(lambda: heard.sessions() == 0, 5, "the end of the session")


def test_what_was_heard_while_the_state_store_was_away_is_stored_later(heard, listeners, caplog):
    heard.settle()
    with heard.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE syncer_state.signal RENAME TO away")
    heard.notify("sales.orders")
    until(lambda: "waits to be stored" in caplog.text, what="a word about it")
    time.sleep(1.5)
    with heard.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE syncer_state.away RENAME TO signal")
    until(lambda: heard.polls("orders") == ["rows were written"], what="the poll")
    assert caplog.text.count("waits to be stored") == 1


def test_a_database_that_is_not_set_is_told_and_holds_nobody_up(heard, caplog):
    def unknown(name: str):
        raise MendError("the connection 'erp' is not known: set SYNCER_CONNECTIONS__ERP to its SQLAlchemy URL")

    with (
        closing(Waker(heard.woken.extend)) as waker,
        closing(Databases(unknown, heard.store.noticing, waker)) as databases,
    ):
        databases.want(["erp"])
        until(lambda: "SYNCER_CONNECTIONS__ERP" in caplog.text, what="a word about it")
