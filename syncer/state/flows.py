"""The flow of events of each Bitable table, kept to find the ones that never came; see ``core.gaps``."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from syncer.core import gaps
from syncer.core.gaps import Flow
from syncer.state.memo import json_text

_BEGIN = text("""
INSERT INTO syncer_state.event_flow (app, app_token, table_id, document, moved_at)
VALUES (:app, :app_token, :table_id, CAST(:document AS json), :at) ON CONFLICT DO NOTHING
""")

_HOLD = text("""
SELECT document FROM syncer_state.event_flow
WHERE app = :app AND app_token = :app_token AND table_id = :table_id FOR UPDATE
""")

_KEEP = text("""
UPDATE syncer_state.event_flow SET document = CAST(:document AS json), moved_at = :at
WHERE app = :app AND app_token = :app_token AND table_id = :table_id
""")

# Whoever holds a flow just now looks at its gaps himself, or the next look does.
_OPEN = text("""
SELECT app, app_token, table_id, document FROM syncer_state.event_flow
WHERE json_array_length(document -> 'gaps') > 0 OR document ->> 'off_since' IS NOT NULL
ORDER BY app, app_token, table_id FOR UPDATE SKIP LOCKED
""")

_TABLE_OF = text("""
SELECT coalesce(r.document -> 'document' -> 'feishu' ->> 'app', 'default') AS app,
  r.document -> 'tables' ->> 0 AS app_token, r.document -> 'tables' ->> 1 AS table_id
FROM syncer_state.mapping m JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
WHERE m.id = :mapping
""")

_ALL = text("SELECT app, app_token, table_id, document FROM syncer_state.event_flow ORDER BY app, app_token, table_id")


@dataclass(frozen=True, slots=True)
class Spot:
    """One table of one base, as one app sees it."""

    app: str
    app_token: str
    table_id: str

    def named(self) -> dict[str, str]:
        """The values of a statement."""
        return {"app": self.app, "app_token": self.app_token, "table_id": self.table_id}


@dataclass(frozen=True, slots=True)
class FlowOf:
    """The events of one table as they came."""

    spot: Spot
    flow: Flow


def heard(connection: Connection, spot: Spot, revision: int, at: datetime) -> None:
    """An event of this revision of the table came."""
    _move(connection, spot, at, lambda flow: gaps.heard(flow, revision, at))


def caught_up(connection: Connection, mapping: int, revision: int, at: datetime) -> None:
    """The table of a mapping, by its number, was read as it stood at this revision."""
    row = connection.execute(_TABLE_OF, {"mapping": mapping}).first()
    if row is not None and row.table_id is not None:
        _move(connection, Spot(row.app, row.app_token, row.table_id), at, lambda flow: gaps.caught_up(flow, revision))


def due(connection: Connection, at: datetime) -> list[Spot]:
    """The tables that need a poll now because events did not come; they are not named again for a minute."""
    asked = []
    for row in connection.execute(_OPEN).all():
        spot, before = Spot(*row[:3]), gaps.from_json(row.document)
        after, wanted = gaps.ask(before, at)
        if after != before:
            connection.execute(_KEEP, {**spot.named(), "document": json_text(gaps.to_json(after)), "at": at})
        if wanted:
            asked.append(spot)
    return asked


def flows(connection: Connection) -> list[FlowOf]:
    """Every table of which events came."""
    return [FlowOf(Spot(*row[:3]), gaps.from_json(row.document)) for row in connection.execute(_ALL)]


def _move(connection: Connection, spot: Spot, at: datetime, move: Callable[[Flow], Flow]) -> None:
    """Hold the flow until the transaction ends, and put another in its place."""
    new = {**spot.named(), "document": json_text(gaps.to_json(Flow())), "at": at}
    row = connection.execute(_HOLD, spot.named()).first()
    if row is None:
        connection.execute(_BEGIN, new)
        row = connection.execute(_HOLD, spot.named()).one()
    before = gaps.from_json(row.document)
    after = move(before)
    if after != before:
        connection.execute(_KEEP, {**new, "document": json_text(gaps.to_json(after))})
