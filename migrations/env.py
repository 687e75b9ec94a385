"""Runs the revisions on the connection that ``syncer.state.migrate`` hands over."""

from alembic import context

from syncer.state.migrate import VERSION_TABLE
from syncer.state.tables import SCHEMA, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    version_table_schema=SCHEMA,
    include_schemas=True,
)
with context.begin_transaction():
    context.run_migrations()
