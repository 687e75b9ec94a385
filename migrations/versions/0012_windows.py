"""Links whose lines were read are found in the order they were made, so that many are compared at once."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX link_window ON syncer_state.link (mapping, layout, restless, id)")
    op.execute("DROP INDEX syncer_state.link_mapping_layout_restless")
