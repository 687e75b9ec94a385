"""Which bases were subscribed to for which app, and when that was last asserted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, select, text
from sqlalchemy.dialects.postgresql import insert

from syncer.ports.world import Clock
from syncer.state import tables
from syncer.state.connect import reaching

AGAIN, AFTER_ERROR = timedelta(days=1), timedelta(hours=1)
"""A subscription is asserted again after this: Feishu does not say whether one can be lost [silent]."""

# Of an approval it is its definition; events of contacts come to every app that added them.
_BASES = text("""
SELECT DISTINCT coalesce(r.document -> 'document' -> 'feishu' ->> 'app', 'default') AS app,
  CASE WHEN r.document -> 'tables' ->> 0 = 'approval'
    THEN 'approval/' || split_part(r.document -> 'tables' ->> 1, '#', 1)
    ELSE r.document -> 'tables' ->> 0 END AS app_token
FROM syncer_state.mapping m JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
WHERE m.state <> 'paused' AND r.document -> 'tables' ->> 0 IS NOT NULL AND r.document -> 'tables' ->> 0 <> 'contacts'
ORDER BY 1, 2
""")


@dataclass(frozen=True, slots=True)
class Subscription:
    """A base an app was subscribed to. ``error`` says why that failed the last time it was tried."""

    app: str
    app_token: str
    asserted_at: datetime
    error: str | None


class Subscriptions:
    """The subscriptions that were asserted."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def subscribed(self, app: str, app_token: str, error: str | None = None) -> None:
        """A subscription was asserted just now, or refused with an error."""
        values = {"asserted_at": self._clock.now(), "error": error}
        new = insert(tables.subscription).values(app=app, app_token=app_token, **values)
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(new.on_conflict_do_update(index_elements=["app", "app_token"], set_=values))

    def subscriptions(self) -> Sequence[Subscription]:
        """All subscriptions, by app and base."""
        columns = tables.subscription.c
        with reaching(self._engine), self._engine.connect() as connection:
            return [
                Subscription(*row)
                for row in connection.execute(
                    select(columns.app, columns.app_token, columns.asserted_at, columns.error).order_by(
                        columns.app, columns.app_token
                    )
                )
            ]

    def subscriptions_due(self) -> Sequence[tuple[str, str]]:
        """App and base of every mapping that runs, where none was asserted for a day, or refused an hour ago.

        Subscriptions of bases that no mapping names any more are forgotten.
        """
        known = {
            (one.app, one.app_token): one.asserted_at + (AFTER_ERROR if one.error else AGAIN)
            for one in self.subscriptions()
        }
        with reaching(self._engine), self._engine.begin() as connection:
            bases = [(row.app, row.app_token) for row in connection.execute(_BASES)]
            for app, app_token in known.keys() - set(bases):
                columns = tables.subscription.c
                gone = delete(tables.subscription).where(columns.app == app, columns.app_token == app_token)
                connection.execute(gone)
        now = self._clock.now()
        return [base for base in bases if base not in known or known[base] <= now]
