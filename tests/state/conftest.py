"""A migrated store, emptied before each test, and the ways in which a memory can be had."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text

from syncer.state import migrate, tables
from syncer.state.connect import open_engine
from syncer.state.store import Store
from syncer.testing import FakeClock
from tests.state.rooms import DictionaryRoom, PostgresRoom, Room


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def migrated(postgres_url: str) -> Iterator[Engine]:
    engine = open_engine(postgres_url)
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def engine(migrated: Engine) -> Engine:
    with migrated.begin() as connection:
        emptied = (f"DELETE FROM {table.fullname}" for table in reversed(tables.metadata.sorted_tables))
        connection.execute(text("; ".join(emptied)))
    return migrated


@pytest.fixture
def database_url(engine: Engine) -> str:
    """For processes of their own."""
    return engine.url.render_as_string(hide_password=False)


@pytest.fixture
def store(engine: Engine, clock: FakeClock) -> Store:
    store = Store(engine, clock)
    store.apply("orders", {"name": "orders"}, "digest 1", "new")
    return store


@pytest.fixture(params=["dictionaries", "postgres"])
def room(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Room]:
    """Every promise of the memory is tried on the twin and on the real thing."""
    if request.param == "dictionaries":
        yield DictionaryRoom(clock)
        return
    with PostgresRoom(request.getfixturevalue("store"), clock) as room:
        yield room
