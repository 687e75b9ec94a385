"""What mirrors outside are compared with: which numbers they may hold, and what is done once a person says go on."""

from collections.abc import Iterable, Sequence
from uuid import uuid4

import orjson
from sqlalchemy import Connection, Engine, text

from syncer.ports.world import Clock
from syncer.state.connect import reaching

_IDENTITY = """
INSERT INTO syncer_state.identity (id, at) SELECT :new, :now WHERE NOT EXISTS (SELECT FROM syncer_state.identity)
"""

_ACCEPTED = """
SELECT c.document FROM syncer_state.cursor c JOIN syncer_state.mapping m ON m.id = c.mapping
WHERE m.name = :name AND c.side = 'mirror'
"""

_ACCEPT = """
INSERT INTO syncer_state.cursor (mapping, side, document, moved_at)
SELECT id, 'mirror', cast(:document AS json), :now FROM syncer_state.mapping WHERE name = :name
ON CONFLICT (mapping, side) DO UPDATE SET document = excluded.document, moved_at = excluded.moved_at
"""

# A layout whose signatures nobody has: what was stored under it is unconfirmed, and looked at again.
_UNKNOWN = """
INSERT INTO syncer_state.layout (mapping, pairs)
SELECT mapping, (SELECT json_agg(json_build_array(pair->>0, 'restored')) FROM json_array_elements(pairs) pair)
FROM syncer_state.layout WHERE id = :layout RETURNING id
"""


class Mirrors:
    """The numbers that mirrors of this store's mappings may hold."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        self._identity: str | None = None

    def identity(self) -> str:
        """The name of this store: that of a restored one is the same, that of a new one another."""
        if self._identity is None:
            with reaching(self._engine), self._engine.begin() as connection:
                found = connection.scalar(text("SELECT id FROM syncer_state.identity"))
                self._identity = str(found or self._make(connection))
        return self._identity

    def _make(self, connection: Connection) -> object:
        connection.execute(text("LOCK TABLE syncer_state.identity IN SHARE ROW EXCLUSIVE MODE"))
        connection.execute(text(_IDENTITY), {"new": str(uuid4()), "now": self._clock.now()})
        return connection.scalar(text("SELECT id FROM syncer_state.identity"))

    def accepted(self, mapping: str) -> Sequence[int]:
        """The numbers that a mirror may hold, newest first; none before the first run that wrote."""
        with reaching(self._engine), self._engine.connect() as connection:
            found = connection.scalar(text(_ACCEPTED), {"name": mapping})
        return list(found) if found else []

    def accept(self, mapping: str, numbers: Sequence[int]) -> None:
        """Say which numbers a mirror may hold from now on."""
        with reaching(self._engine), self._engine.begin() as connection:
            accept(connection, self._clock, mapping, numbers)


def accept(connection: Connection, clock: Clock, mapping: str, numbers: Iterable[int]) -> None:
    """The same within the caller's transaction."""
    document = orjson.dumps(list(numbers)).decode()
    connection.execute(text(_ACCEPT), {"name": mapping, "document": document, "now": clock.now()})


def unconfirm_links(connection: Connection, mapping: str) -> None:
    """Have every link of a mapping compared as if for the first time; nothing of its bases counts any more."""
    number = connection.scalar(text("SELECT id FROM syncer_state.mapping WHERE name = :name"), {"name": mapping})
    used = connection.scalars(
        text("SELECT DISTINCT layout FROM syncer_state.link WHERE mapping = :mapping"), {"mapping": number}
    )
    for layout in list(used):
        unknown = connection.scalar(text(_UNKNOWN), {"layout": layout})
        connection.execute(
            text("UPDATE syncer_state.link SET layout = :unknown WHERE mapping = :mapping AND layout = :layout"),
            {"unknown": unknown, "mapping": number, "layout": layout},
        )
