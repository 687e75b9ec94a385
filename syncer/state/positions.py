"""How far each mapping was read on both sides, for people to see."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine, text

from syncer.core.records import Side
from syncer.core.values import Json
from syncer.state.connect import reaching

_POSITIONS = text("""
SELECT m.name, c.side, c.document, c.moved_at FROM syncer_state.cursor c
JOIN syncer_state.mapping m ON m.id = c.mapping WHERE cast(:name AS text) IS NULL OR m.name = :name
""")


@dataclass(frozen=True, slots=True)
class Position:
    """A cursor as it is stored, and when it last moved."""

    document: Mapping[str, Json] = field(default_factory=dict)
    moved_at: datetime | None = None


class Positions:
    """Reads cursors. Raises ``UnreachableError``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def positions(self, name: str | None = None) -> Mapping[str, Mapping[Side, Position]]:
        """The cursors of one mapping or of all, by its name; a side that was never read is missing."""
        found: dict[str, dict[Side, Position]] = {}
        with reaching(self._engine), self._engine.connect() as connection:
            for row in connection.execute(_POSITIONS, {"name": name}):
                if row.side in list(Side):
                    found.setdefault(row.name, {})[Side(row.side)] = Position(row.document, row.moved_at)
        return found
