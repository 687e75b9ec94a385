"""Signals as rows of the table ``signal``: raising them, and the port through which a run claims and settles them.

Rows are always locked in the order of their key, so that arrivals and settlements of the same lines never wait for each
other in a circle.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, text

from syncer.core.records import Side
from syncer.ports.signals import RecordEvent, Signal, SignalKind
from syncer.ports.world import Clock
from syncer.state.arrays import array_text
from syncer.state.connect import reaching
from syncer.state.flows import caught_up

# An arrival for a line that rested is news: its waiting begins now. Of two that come at once the one received first may
# be stored last: the signal is as old as the older, or what that one told would count as told before.
_RAISE = text("""
INSERT INTO syncer_state.signal AS s (mapping, side, kind, line, generation, noticed_at, reason)
SELECT wanted.mapping, :side, :kind, wanted.line, nextval('syncer_state.signal_generation'), :at, :reason
FROM (
  SELECT DISTINCT m.id AS mapping, l.line COLLATE "C" AS line
  FROM unnest(CAST(:mappings AS integer[])) AS m(id), unnest(CAST(:lines AS text[])) AS l(line) ORDER BY 1, 2
) wanted
ON CONFLICT (mapping, side, kind, line) DO UPDATE SET
  generation = excluded.generation, reason = excluded.reason, resting = false,
  noticed_at = CASE WHEN s.resting THEN excluded.noticed_at ELSE least(s.noticed_at, excluded.noticed_at) END
""")

_LEAVE = text("""
INSERT INTO syncer_state.signal AS s (mapping, side, kind, line, generation, noticed_at, reason, resting)
SELECT :mapping, :side, :kind, wanted.line, nextval('syncer_state.signal_generation'), :at, :reason, true
FROM (
  SELECT line COLLATE "C" AS line FROM unnest(CAST(:lines AS text[])) AS l(line) ORDER BY 1
) wanted
ON CONFLICT (mapping, side, kind, line) DO UPDATE SET
  generation = excluded.generation, reason = excluded.reason,
  resting = s.resting OR s.generation = ANY(CAST(:claimed AS bigint[]))
""")

# What every arrival moves: its moment is the last one's.
_FOLLOW_UP = text("""
INSERT INTO syncer_state.signal AS s (mapping, side, kind, line, generation, noticed_at, reason)
SELECT :mapping, :side, :kind, wanted.line, nextval('syncer_state.signal_generation'), :at, :reason
FROM (
  SELECT line COLLATE "C" AS line FROM unnest(CAST(:lines AS text[])) AS l(line) ORDER BY 1
) wanted
ON CONFLICT (mapping, side, kind, line) DO UPDATE SET
  generation = excluded.generation, noticed_at = greatest(s.noticed_at, excluded.noticed_at)
""")

TIMELY = "(s.kind <> 'computed' OR s.noticed_at <= :now)"
"""Whether a signal's moment has come. Only of this kind can it lie ahead: other clocks may be ahead of ours."""

_CLAIM = text(f"""
SELECT side, kind, line, generation, noticed_at, reason FROM syncer_state.signal s
WHERE mapping = :mapping AND NOT resting AND {TIMELY} ORDER BY noticed_at, generation LIMIT :limit
""")  # noqa: S608 - pieces of our own

_CLAIM_ALL = text(f"""
SELECT side, kind, line, generation, noticed_at, reason FROM syncer_state.signal s
WHERE mapping = :mapping AND {TIMELY} ORDER BY resting, noticed_at, generation LIMIT :limit
""")  # noqa: S608 - pieces of our own

_SETTLE = text("""
WITH over AS (
  SELECT s.side, s.kind, s.line, s.generation FROM syncer_state.signal s
  JOIN unnest(
    CAST(:sides AS text[]), CAST(:kinds AS text[]), CAST(:lines AS text[]), CAST(:generations AS bigint[])
  ) AS claimed(side, kind, line, generation)
    ON s.side = claimed.side AND s.kind = claimed.kind AND s.line = claimed.line AND s.generation = claimed.generation
  WHERE s.mapping = :mapping ORDER BY s.side, s.kind, s.line FOR UPDATE OF s
)
DELETE FROM syncer_state.signal s USING over
WHERE s.mapping = :mapping AND s.side = over.side AND s.kind = over.kind AND s.line = over.line
  AND s.generation = over.generation
""")

_NEWEST = text(f"""
SELECT side, kind, line, generation, noticed_at, reason FROM syncer_state.signal s
WHERE mapping = :mapping AND NOT resting AND generation > :after AND line <> '' AND {TIMELY}
ORDER BY generation DESC LIMIT :limit
""")  # noqa: S608 - pieces of our own

_SETTLE_SIDE = text("""
WITH over AS (
  SELECT line, generation FROM syncer_state.signal
  WHERE mapping = :mapping AND side = :side AND kind = 'line' AND NOT resting AND generation <= :stamp
  ORDER BY line FOR UPDATE
)
DELETE FROM syncer_state.signal s USING over
WHERE s.mapping = :mapping AND s.side = :side AND s.kind = 'line' AND s.line = over.line
  AND s.generation = over.generation
""")

_CHANGED = text("""
SELECT record_id, max(received_at) AS last FROM syncer_state.record_event
WHERE received_at >= :since AND table_id = :table_id AND action <> 'record_added' GROUP BY record_id
""")

_HEARS = text("""
SELECT EXISTS (
  SELECT FROM syncer_state.record_event e WHERE e.table_id = r.document -> 'tables' ->> 1
) OR EXISTS (
  SELECT FROM syncer_state.subscription s WHERE s.app_token = r.document -> 'tables' ->> 0 AND s.error IS NULL
)
FROM syncer_state.mapping m JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
WHERE m.id = :mapping
""")

_EVENTS = text("""
SELECT record_id, action, revision, operator, happened_at, received_at, before, after, people
FROM syncer_state.record_event WHERE table_id = :table_id AND record_id = ANY(CAST(:records AS text[])) ORDER BY id
""")


def raise_signals(
    connection: Connection,
    mappings: Iterable[int],
    side: Side,
    kind: SignalKind,
    lines: Iterable[str],
    reason: str,
    at: datetime,
) -> None:
    """Raise one signal per mapping and line, or its generation where one stands."""
    numbers, names = list(mappings), list(lines)
    if numbers and names:
        values = {"mappings": numbers, "lines": array_text(names), "side": side.value, "kind": kind.value}
        connection.execute(_RAISE, {**values, "reason": reason, "at": at})


class PostgresSignals:
    """The signals of one mapping (``ports.signals.Signals``), by its number in the store."""

    def __init__(self, engine: Engine, mapping: int, clock: Clock) -> None:
        self._engine = engine
        self._mapping = mapping
        self._clock = clock
        self._claimed: dict[tuple[Side, SignalKind, str], int] = {}

    def claim(self, limit: int, *, resting: bool = False) -> Sequence[Signal]:
        """Unsettled signals, oldest first; nothing is deleted. With ``resting``, those that were left come last."""
        statement = _CLAIM_ALL if resting else _CLAIM
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(statement, {"mapping": self._mapping, "limit": limit, "now": self._clock.now()})
            found = [Signal(Side(row.side), SignalKind(row.kind), *row[2:]) for row in rows]
        self._claimed.update((_place(signal), signal.generation) for signal in found)
        return found

    def stamp(self) -> int:
        """A generation that is younger than all that were given until now, and older than all to come."""
        with reaching(self._engine), self._engine.begin() as connection:
            return int(connection.execute(text("SELECT nextval('syncer_state.signal_generation')")).scalar_one())

    def newest(self, after: int, limit: int) -> Sequence[Signal]:
        """Unsettled signals of lines younger than ``after``, the youngest first; see ``ports.signals.Signals``."""
        with reaching(self._engine), self._engine.connect() as connection:
            asked = {"mapping": self._mapping, "after": after, "limit": limit, "now": self._clock.now()}
            rows = connection.execute(_NEWEST, asked)
            found = [Signal(Side(row.side), SignalKind(row.kind), *row[2:]) for row in rows]
        self._claimed.update((_place(signal), signal.generation) for signal in found)
        return found

    def settle(self, signals: Sequence[Signal]) -> None:
        """These were dealt with and remembered: forget each whose generation is still the one claimed."""
        if not signals:
            return
        values = {
            "mapping": self._mapping,
            "sides": [signal.side.value for signal in signals],
            "kinds": [signal.kind.value for signal in signals],
            "lines": array_text(signal.line for signal in signals),
            "generations": [signal.generation for signal in signals],
        }
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_SETTLE, values)
        for signal in signals:
            self._claimed.pop(_place(signal), None)

    def settle_side(self, side: Side, stamp: int) -> None:
        """All lines of a side were dealt with as they stood after ``stamp``; see ``ports.signals.Signals``."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_SETTLE_SIDE, {"mapping": self._mapping, "side": side.value, "stamp": stamp})

    def leave(self, side: Side, lines: Sequence[str], reason: str) -> None:
        """Have these lines looked at again in a later run, without waking anybody; see ``ports.signals.Signals``."""
        names = list(dict.fromkeys(lines))
        if not names:
            return
        claimed = [self._claimed.pop((side, SignalKind.LINE, line), 0) for line in names]
        values = {"mapping": self._mapping, "side": side.value, "kind": SignalKind.LINE.value, "reason": reason}
        with reaching(self._engine), self._engine.begin() as connection:
            told = {**values, "lines": array_text(names), "claimed": claimed, "at": self._clock.now()}
            connection.execute(_LEAVE, told)

    def follow_up(self, lines: Sequence[str], at: datetime) -> None:
        """Have these records looked at again from that moment on; see ``ports.signals.Signals``."""
        names = list(dict.fromkeys(lines))
        if not names:
            return
        values = {"mapping": self._mapping, "side": Side.FEISHU.value, "kind": SignalKind.COMPUTED.value}
        told = {**values, "lines": array_text(names), "at": at, "reason": "what Feishu computes may follow"}
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_FOLLOW_UP, told)

    def events_of(self, table_id: str, records: Sequence[str]) -> Mapping[str, Sequence[RecordEvent]]:
        """The kept events of these records, oldest first; records without any are missing."""
        found: dict[str, list[RecordEvent]] = {}
        values = {"table_id": table_id, "records": array_text(records)}
        with reaching(self._engine), self._engine.connect() as connection:
            for row in connection.execute(_EVENTS, values):
                found.setdefault(row.record_id, []).append(_event(row))
        return found

    def hears(self) -> bool:
        """Whether events of the mapping's Bitable table can be expected."""
        with reaching(self._engine), self._engine.connect() as connection:
            return bool(connection.scalar(_HEARS, {"mapping": self._mapping}))

    def changed_since(self, table_id: str, since: datetime) -> tuple[Sequence[str], datetime]:
        """The records whose edits or deletions events received since then told of, and when the last of them was."""
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(_CHANGED, {"table_id": table_id, "since": since}).all()
        return [row.record_id for row in rows], max((row.last for row in rows), default=since)

    def caught_up(self, revision: int) -> None:
        """Everything in the Bitable table up to this revision was read."""
        with reaching(self._engine), self._engine.begin() as connection:
            caught_up(connection, self._mapping, revision, self._clock.now())


def _place(signal: Signal) -> tuple[Side, SignalKind, str]:
    return signal.side, signal.kind, signal.line


def _event(row: Any) -> RecordEvent:
    people = row.people or {}
    return RecordEvent(
        row.record_id,
        row.action,
        row.revision,
        row.happened_at,
        row.received_at,
        row.before,
        row.after,
        row.operator or {},
        people.get("before", {}),
        people.get("after", {}),
    )
