"""Which file of a base stands at which place, and what it holds."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE syncer_state.file (
      base text NOT NULL,
      place text COLLATE "C" NOT NULL,
      token text NOT NULL,
      name text NOT NULL,
      digest text NOT NULL,
      stamp text NOT NULL,
      size bigint NOT NULL,
      noted_at timestamptz NOT NULL,
      PRIMARY KEY (base, place)
    )
    """)
    op.execute("CREATE INDEX file_base_token ON syncer_state.file (base, token)")
    op.execute("CREATE INDEX file_base_digest ON syncer_state.file (base, digest)")
