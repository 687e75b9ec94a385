"""Brings the state store's tables to the version this code expects.

The revisions stand in ``migrations/`` beside the package, and inside it once installed.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from syncer.errors import FaultError
from syncer.state.connect import reaching
from syncer.state.tables import SCHEMA

VERSION_TABLE = "schema_version"

_LOCK = 0x73796E63_00000001  # "sync", and what is locked: the migrations


def needed() -> str:
    """The revision this code works with."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    if head is None:
        raise FaultError(f"no revision stands in {_folder()}")
    return head


def current(engine: Engine) -> str | None:
    """The revision the store has; ``None`` while it is empty. Raises ``UnreachableError``."""
    with reaching(engine), engine.connect() as connection:
        return _context(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Make the store what ``needed`` says, in one transaction; of two processes the second waits and finds it done.

    Raises ``UnreachableError``.
    """
    with reaching(engine), engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}"))
        if _context(connection).get_current_revision() != needed():
            command.upgrade(_config(connection), "head")


def _context(connection: Connection) -> MigrationContext:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE, "version_table_schema": SCHEMA})


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    installed = Path(__file__).parent / "migrations"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "migrations"
