"""``syncer migrate``: the state store's tables."""

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.state import migrate as migrations


@app.command()
def migrate() -> None:
    """Upgrade the state store to what this version needs."""
    with syncer() as living:
        console.say(f"the state store is at revision {migrations.current(living.state_engine)}")
