"""The youngest signals of a mapping, for a run that goes on for long."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX signal_newest ON syncer_state.signal (mapping, generation) WHERE NOT resting")
