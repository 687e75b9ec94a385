"""A state store with nothing in it, for tests of other rooms: migrated only once in a session."""

import pytest
from sqlalchemy import text

from syncer.state import migrate, tables
from syncer.state.connect import open_engine


@pytest.fixture
def state_url(postgres_url: str) -> str:
    """A state store with nothing in it; it is migrated only once."""
    engine = open_engine(postgres_url)
    migrate.upgrade(engine)
    with engine.begin() as connection:
        emptied = (f"DELETE FROM {table.fullname}" for table in reversed(tables.metadata.sorted_tables))
        connection.execute(text("; ".join(emptied)))
    engine.dispose()
    return postgres_url
