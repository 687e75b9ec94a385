"""What the log of changed rows keeps for readers that do not come: it grows with every write of anybody until then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import psycopg
from psycopg import sql
from sqlalchemy import Engine

from syncer.database.capture.log import is_prepared
from syncer.database.capture.source import function_of
from syncer.database.connections import session

LATE = timedelta(days=1)
"""A reader that was not seen for so long is told of, whatever the rhythm of its mapping."""
MOST = 1_000_000
"""So many statements are counted, not more."""

_END = sql.SQL(
    "DROP FUNCTION {function} CASCADE; DELETE FROM syncer.log WHERE source = {source}; "
    "DELETE FROM syncer.source WHERE id = {source}"
)
_FORGET = sql.SQL("DELETE FROM syncer.reader WHERE name = {}")

_KEPT = """
SELECT s.id, s.relation, r.name, r.at, pg_total_relation_size('syncer.log'),
  (SELECT count(*) FROM (SELECT FROM syncer.log l WHERE l.source = s.id LIMIT %(most)s) counted)
FROM syncer.source s LEFT JOIN syncer.reader r ON r.source = s.id
WHERE (%(name)s::text IS NULL OR r.name = %(name)s)
  AND (r.at IS NULL OR r.at < clock_timestamp() - %(late)s::interval) ORDER BY s.relation, r.name
"""


@dataclass(frozen=True, slots=True)
class Kept:
    """How many ``statements`` the log keeps of a table (at most ``MOST`` are counted) for a reader.

    ``reader`` is ``mapping@state store``, ``None`` where nobody reads the table any more. ``size`` is the whole log's,
    in bytes.
    """

    source: int
    relation: str
    reader: str | None
    seen_at: datetime | None
    size: int
    statements: int

    def ending(self) -> str:
        """The SQL that ends the noting of the table's changes for everybody, for a person to run."""
        function, source = sql.SQL(function_of(self.source)), sql.Literal(self.source)
        return _END.format(function=function, source=source).as_string()

    def forgetting(self) -> str:
        """The SQL that forgets this reader alone."""
        return _FORGET.format(sql.Literal(self.reader)).as_string()

    def in_words(self) -> str:
        """How much that is."""
        least = "at least " if self.statements >= MOST else ""
        since = f" since {self.seen_at.isoformat(timespec='seconds')}" if self.seen_at else ""
        count = f"{least}{self.statements:,} statement{'' if self.statements == 1 else 's'} on {self.relation}{since}"
        return f"syncer.log keeps {count}, and grows with every further one ({self.size / 1e6:,.1f} MB by now)"


def kept(engine: Engine, reader: str | None = None, late: timedelta = LATE) -> Sequence[Kept]:
    """What is kept for readers not seen for so long, or for one of them; nothing where nothing is noted at all.

    Raises ``UnreachableError``, and ``SchemaError`` where the role may not look.
    """
    with session(engine) as connection:
        if not is_prepared(connection):
            return ()
        rows = _rows(connection, reader, late)
    return [one for one in rows if one.statements]


def _rows(connection: psycopg.Connection, reader: str | None, late: timedelta) -> list[Kept]:
    found = connection.execute(_KEPT, {"most": MOST, "name": reader, "late": late})
    return [Kept(*row) for row in found]
