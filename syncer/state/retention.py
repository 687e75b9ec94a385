"""How long the past is kept: audits and settled conflicts go after so many days, a bounded number at a time."""

from datetime import timedelta

from sqlalchemy import Engine, text

from syncer.ports.world import Clock
from syncer.state.connect import reaching

SLICE = 20_000
"""So many audits are deleted in one transaction, so that nobody waits for long."""

# By the runs that wrote them, for these are indexed and begin in the order of their numbers; old ones may be gone.
_AUDITS = """
DELETE FROM syncer_state.audit WHERE id = ANY(ARRAY(
  SELECT a.id FROM syncer_state.audit a
  WHERE a.at < :before
    AND a.run < coalesce((SELECT min(r.id) FROM syncer_state.run r WHERE r.started_at >= :before), 4611686018427387904)
  ORDER BY a.run LIMIT :slice
))
"""

_CONFLICTS = "DELETE FROM syncer_state.conflict WHERE state = 'settled' AND settled_at < :before"


class Retention:
    """Forgets what is older than somebody wants to know."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def prune_history(self, days: int) -> int:
        """Forget audits and settled conflicts older than so many days (0: none); how many audits there were.

        An older run cannot be undone any more. Raises ``UnreachableError``.
        """
        if not days:
            return 0
        before, count = self._clock.now() - timedelta(days=days), 0
        while True:
            with reaching(self._engine), self._engine.begin() as connection:
                gone = connection.execute(text(_AUDITS), {"before": before, "slice": SLICE}).rowcount
            count += gone
            if gone < SLICE:
                break
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(text(_CONFLICTS), {"before": before})
        return count
