"""A migrated store in a database of each test's own, and the ways in which a memory can be had."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.state.store import Store
from syncer.testing import FakeClock
from tests.state.rooms import DictionaryRoom, PostgresRoom, Room


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    engine = open_engine(database)
    migrate.upgrade(engine)
    yield engine
    engine.dispose()


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
