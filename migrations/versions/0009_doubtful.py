"""Until when an update whose answer was lost may have taken effect once more."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE syncer_state.written ADD COLUMN until timestamptz")
