"""The state store: everything the syncer remembers, behind one object."""

from functools import cached_property, partial

from sqlalchemy import Engine

from syncer.ports.world import Clock
from syncer.state.agenda import Agenda
from syncer.state.desk import Desk
from syncer.state.files import PostgresLedger
from syncer.state.identity import identity
from syncer.state.linked import LinkedLines
from syncer.state.mappings import Mappings
from syncer.state.mirrors import Mirrors
from syncer.state.noticing import Noticing
from syncer.state.positions import Positions
from syncer.state.runs import Runs
from syncer.state.shelf import PostgresShelf


class Store(Mappings, Runs, Desk, Positions):
    """Which mappings are active, runs over them, and the desk where a person looks and decides."""

    def __init__(self, engine: Engine, clock: Clock, lease_seconds: float = 60) -> None:
        Mappings.__init__(self, engine, clock)
        Runs.__init__(self, engine, clock, lease_seconds)
        Desk.__init__(self, engine, clock)
        Positions.__init__(self, engine)
        self.noticing = Noticing(engine, clock)
        self.agenda = Agenda(engine, clock, lease_seconds)
        self.mirrors = Mirrors(engine, clock)
        self._identity = partial(identity, engine)
        self.linked_lines = partial(LinkedLines, engine)
        self.shelf = partial(PostgresShelf, engine)
        self.ledger = partial(PostgresLedger, engine)

    @cached_property
    def identity(self) -> str:
        """What tells this store from all others."""
        return self._identity()
