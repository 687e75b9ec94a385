"""Figures of all mappings for a monitor: a few cheap queries, asked every few seconds for ever."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from syncer.ports.world import Clock
from syncer.state.connect import reaching
from syncer.state.signals import TIMELY

_MAPPINGS = text(f"""
SELECT m.name, m.state,
  (SELECT count(*) FROM syncer_state.conflict c WHERE c.mapping = m.id AND c.state = 'open') AS conflicts,
  (SELECT count(*) FROM syncer_state.failure f WHERE f.mapping = m.id) AS failures,
  (SELECT count(*) FROM syncer_state.signal s WHERE s.mapping = m.id AND NOT s.resting AND {TIMELY}) AS backlog,
  (SELECT min(s.noticed_at) FROM syncer_state.signal s
   WHERE s.mapping = m.id AND NOT s.resting AND {TIMELY}) AS oldest,
  (SELECT max(r.started_at) FROM syncer_state.run r
   WHERE r.mapping = m.id AND r.status IN ('done', 'failed_lines') AND r.kind NOT IN ('events', 'undo')) AS fresh_at
FROM syncer_state.mapping m ORDER BY m.name
""")  # noqa: S608 - pieces of our own

_RUNS = text("""
SELECT m.name, r.status, count(*) AS runs FROM syncer_state.run r JOIN syncer_state.mapping m ON m.id = r.mapping
GROUP BY m.name, r.status ORDER BY m.name, r.status
""")


@dataclass(frozen=True, slots=True)
class Figures:
    """One mapping. ``backlog`` is how much was noticed and not looked at yet, ``waiting_seconds`` since when.

    ``lag_seconds`` is how long ago the last run began that looked at both sides and did its work.
    """

    mapping: str
    state: str
    conflicts: int
    failures: int
    backlog: int
    waiting_seconds: float
    lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class Kept:
    """How many runs of a mapping ended so, of those that are remembered."""

    mapping: str
    status: str
    runs: int


def figures(engine: Engine, clock: Clock) -> tuple[Sequence[Figures], Sequence[Kept]]:
    """The figures of all mappings, and of their runs. Raises ``UnreachableError``."""
    now = clock.now()
    with reaching(engine), engine.connect() as connection:
        rows, runs = connection.execute(_MAPPINGS, {"now": now}).all(), connection.execute(_RUNS).all()
    found = [
        Figures(
            row.name,
            row.state,
            row.conflicts,
            row.failures,
            row.backlog,
            _ago(now, row.oldest) or 0.0,
            _ago(now, row.fresh_at),
        )
        for row in rows
    ]
    return found, [Kept(*row) for row in runs]


def _ago(now: datetime, moment: datetime | None) -> float | None:
    return None if moment is None else max(0.0, (now - moment).total_seconds())
