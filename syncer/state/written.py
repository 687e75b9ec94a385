"""Updates of records that wait for their events, and how many no event ever told of.

A write is *unverified* once its event is later than ``PATIENCE``. Events are kept for some hours; after that a write
that none told of is given up, and counted by its day for ``COUNTED``. Of a table that sends no events nothing is.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy
from psycopg import Connection
from sqlalchemy import Engine, text

from syncer.core.records import Side
from syncer.ports.memory import Intent, Memo, Unverified
from syncer.state.connect import reaching

PATIENCE = timedelta(minutes=1)
COUNTED = timedelta(days=7)

_SENT = """
INSERT INTO syncer_state.written (mapping, record, intent, at, until)
SELECT %(mapping)s, record, %(intent)s, %(at)s, %(until)s FROM unnest(%(records)s::text[]) record
ON CONFLICT DO NOTHING
"""

_VERIFIED = """
DELETE FROM syncer_state.written w USING unnest(%(intents)s::text[], %(records)s::text[]) AS told (intent, record)
WHERE w.mapping = %(mapping)s AND w.record = told.record AND w.intent = told.intent
"""

_REPORTED = """
UPDATE syncer_state.written SET reported = %(reported)s
WHERE mapping = %(mapping)s AND record = %(record)s AND intent = %(intent)s
"""

_OF_RECORDS = """
SELECT w.record, w.intent, i.run, w.reported, w.until
FROM syncer_state.written w JOIN syncer_state.intent i ON i.id = w.intent
WHERE w.mapping = %s AND w.record = ANY(%s) ORDER BY i.place
"""

_INTENTS = "SELECT id, side, action, body, token, created_at, seen FROM syncer_state.intent WHERE id = ANY(%s)"

_GIVE_UP = (
    text("""
    WITH gone AS (
      DELETE FROM syncer_state.written WHERE at < :until RETURNING mapping, CAST(at AS date) AS day, reported
    )
    INSERT INTO syncer_state.unverified AS u (mapping, day, lines)
    SELECT mapping, day, count(*) FROM gone WHERE reported = '{}' AND EXISTS (
      SELECT FROM syncer_state.mapping m
      JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
      JOIN syncer_state.record_event e ON e.table_id = r.document -> 'tables' ->> 1 WHERE m.id = gone.mapping
    ) GROUP BY mapping, day
    ON CONFLICT (mapping, day) DO UPDATE SET lines = u.lines + excluded.lines
    """),
    text("""
    UPDATE syncer_state.intent SET body = '' WHERE state = 'done' AND body <> '' AND created_at < :until
    """),
    text("DELETE FROM syncer_state.unverified WHERE day < CAST(:counted AS date)"),
)

_COUNT = text("""
SELECT m.name,
  EXISTS (SELECT FROM syncer_state.record_event e WHERE e.table_id = r.document -> 'tables' ->> 1) AS heard,
  (SELECT count(*) FROM syncer_state.written w
   WHERE w.mapping = m.id AND w.at < :late AND w.reported = '{}') AS waiting,
  coalesce((SELECT sum(u.lines) FROM syncer_state.unverified u WHERE u.mapping = m.id), 0) AS given_up
FROM syncer_state.mapping m
JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
""")


class Written:
    """The updates of one mapping that wait, within the transactions of its memory."""

    def __init__(self, connection: "Connection[Any]", mapping: int) -> None:
        self._connection, self._mapping = connection, mapping

    def note(self, memo: Memo, now: datetime) -> None:
        """Store what a memo says of them."""
        for intent, records in memo.sent.items():
            self._do(_SENT, intent=intent, records=list(records), at=now, until=memo.doubtful.get(intent))
        for (intent, record), reported in memo.reported.items():
            self._do(_REPORTED, intent=intent, record=record, reported=sorted(reported))
        if memo.verified:
            intents, records = zip(*memo.verified, strict=True)
            self._do(_VERIFIED, intents=list(intents), records=list(records))

    def _do(self, statement: str, **values: object) -> None:
        self._connection.execute(statement, {"mapping": self._mapping, **values})

    def of(self, records: Sequence[str]) -> list[Unverified]:
        """Those of some records, oldest first."""
        rows = self._connection.execute(_OF_RECORDS, [self._mapping, list(records)]).fetchall()
        intents = self._intents(list({row[1] for row in rows})) if rows else {}
        return [Unverified(rec, intents[name], str(run), frozenset(told), till) for rec, name, run, told, till in rows]

    def _intents(self, names: list[str]) -> Mapping[str, Intent]:
        rows = self._connection.execute(_INTENTS, [names])
        return {name: Intent(name, Side(side), *rest) for name, side, *rest in rows}


def give_up(connection: sqlalchemy.Connection, until: datetime, now: datetime) -> None:
    """Count the writes older than that as unverified, and forget them one by one."""
    for statement in _GIVE_UP:
        connection.execute(statement, {"until": until, "counted": now - COUNTED})


def unverified(engine: Engine, now: datetime) -> Mapping[str, int | None]:
    """How many writes of each mapping no event has told of; ``None`` where no event of the table came at all."""
    with reaching(engine), engine.connect() as connection:
        rows = connection.execute(_COUNT, {"late": now - PATIENCE}).all()
    silent = {row.name for row in rows if row.waiting and not row.heard}
    return {row.name: None if row.name in silent else int(row.waiting + row.given_up) for row in rows}
