"""Lines that were marked as deleted are counted like those that were deleted."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX audit_marks ON syncer_state.audit (mapping, at) WHERE action = 'mark'")
