"""The audit at the desk: what was written where, by which run, and why."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, select, text

from syncer.core.records import Side
from syncer.ports.memory import Audit
from syncer.state import tables
from syncer.state.connect import reaching
from syncer.state.runs import run_number

PAGE = 1000

# An intent is stored right before it is sent, and kept for a week.
_WAYS = text("""
SELECT a.id, a.run, r.started_at AS began_at, (
  SELECT max(i.created_at) FROM syncer_state.intent i
  WHERE i.mapping = a.mapping AND i.run = a.run AND i.side = a.side AND i.created_at <= a.at
) AS sent_at
FROM syncer_state.audit a LEFT JOIN syncer_state.run r ON r.id = a.run WHERE a.id = ANY(:ids)
""")


@dataclass(frozen=True, slots=True)
class Way:
    """How a write came about in time: its run, when that began to look, and when it sent the write."""

    run: str | None
    began_at: datetime | None
    sent_at: datetime | None


class Audits:
    """The audits of all mappings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def history(self, mapping: str, *, record: str | None = None, key: str | None = None) -> list[Audit]:
        """What was written to a line, oldest first; ``key`` in its stored form (``core.records.key_text``).

        A line that was written under both names is followed under both.
        """
        audit = tables.audit.c
        number = select(tables.mapping.c.id).where(tables.mapping.c.name == mapping).scalar_subquery()
        line = audit.record == record if record is not None else audit.key == key
        links = select(audit.link).where(audit.mapping == number, line, audit.link.is_not(None))
        statement = select(tables.audit).where(audit.mapping == number, line | audit.link.in_(links)).order_by(audit.id)
        with reaching(self._engine), self._engine.connect() as connection:
            return [as_audit(row) for row in connection.execute(statement)]

    def ways(self, audits: Sequence[Audit]) -> list[Way]:
        """The way of these writes in time, as far as it is still known."""
        numbers = {"ids": [audit.id for audit in audits]}
        with reaching(self._engine), self._engine.connect() as connection:
            found = {row.id: Way(str(row.run), row.began_at, row.sent_at) for row in connection.execute(_WAYS, numbers)}
        return [found.get(audit.id or 0, Way(None, None, None)) for audit in audits]

    def audit_pages(self, run: str, links: int = PAGE) -> Iterator[Sequence[Audit]]:
        """What a run wrote, all of one link's together, so many links a page; each link's in the order confirmed."""
        audit, last = tables.audit.c, 0
        of_run = (audit.run == run_number(run)) & audit.link.is_not(None) & (audit.action != "paused")
        while True:
            numbers = select(audit.link).where(of_run, audit.link > last).distinct().order_by(audit.link).limit(links)
            statement = select(tables.audit).where(of_run, audit.link.in_(numbers)).order_by(audit.link, audit.id)
            with reaching(self._engine), self._engine.connect() as connection:
                page = [as_audit(row) for row in connection.execute(statement)]
            if not page:
                return
            yield page
            last = page[-1].link or 0

    def written_since(self, run: str, links: Sequence[int]) -> set[int]:
        """Those of these links that a later run wrote, but for what was an undo."""
        audit = tables.audit.c
        later = (audit.run > run_number(run)) & audit.link.in_(links) & audit.reason.not_like("undo of run %")
        with reaching(self._engine), self._engine.connect() as connection:
            return set(connection.scalars(select(audit.link).where(later).distinct()))


def as_audit(row: Row[Any]) -> Audit:
    """An audit from its row."""
    line = (row.record, row.key)
    times = (row.at, row.read_at, row.id, row.noticed_at, row.planned_at, row.sent_at)
    return Audit(row.link, Side(row.side), row.action, *line, row.before, row.after, row.reason, *times, row.whole)
