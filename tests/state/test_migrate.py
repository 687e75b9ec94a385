"""The tables come to be once, whoever asks, and are those the code speaks of."""

import threading

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from syncer.errors import MendError, UnreachableError
from syncer.state import migrate, tables
from syncer.state.connect import open_engine
from syncer.state.store import Store
from syncer.testing import FakeClock


def test_an_empty_store_has_no_revision_and_is_told_to_migrate(database: str) -> None:
    engine = open_engine(database)
    assert migrate.current(engine) is None
    with pytest.raises(MendError, match="run `syncer migrate`"):
        Store(engine, FakeClock()).mappings()
    engine.dispose()


def test_two_upgrades_at_once_and_a_third_leave_one_store(database: str) -> None:
    engines = [open_engine(database) for _ in range(2)]
    threads = [threading.Thread(target=migrate.upgrade, args=[engine]) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    migrate.upgrade(engines[0])
    assert migrate.current(engines[0]) == migrate.needed()
    with engines[0].connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM syncer_state.schema_version")) == 1
    for engine in engines:
        engine.dispose()


def test_the_migrated_tables_are_those_of_the_code(database: str) -> None:
    engine = open_engine(database)
    migrate.upgrade(engine)

    def ours(name: str | None, kind: str, _: object) -> bool:
        return kind != "schema" or name == tables.SCHEMA

    options = {
        "include_schemas": True,
        "include_name": ours,
        "version_table": migrate.VERSION_TABLE,
        "version_table_schema": tables.SCHEMA,
        "compare_server_default": True,
    }
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata) == []
    engine.dispose()


def test_a_store_that_does_not_answer_is_told_without_its_password() -> None:
    engine = open_engine("postgresql+psycopg://syncer:secret@127.0.0.1:9/state")
    with pytest.raises(UnreachableError, match="SYNCER_DATABASE_URL") as caught:
        migrate.upgrade(engine)
    assert "secret" not in str(caught.value)
    engine.dispose()
