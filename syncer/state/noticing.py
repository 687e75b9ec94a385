"""Where all that says "look there" arrives: events, notifications, the clock. Stored before it is acknowledged."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, text

from syncer.core.records import Side
from syncer.core.values import Json
from syncer.ports.signals import ParsedEvent, RecordChange, SignalKind
from syncer.ports.world import Clock
from syncer.state import flows
from syncer.state.connect import reaching
from syncer.state.flows import FlowOf, Spot
from syncer.state.mappings import never_applied
from syncer.state.memo import json_text
from syncer.state.signals import TIMELY, PostgresSignals, raise_signals
from syncer.state.subscriptions import Subscriptions
from syncer.state.written import give_up, unverified

KEPT = timedelta(hours=8)
"""How long events are kept. Feishu delivers one again for up to 6 h 5 min (after 15 s, 5 min, 1 h and 6 h) [doc]."""

_TAKE_IN = text("""
INSERT INTO syncer_state.inbox (app, event_id, type, received_at, created_at, body)
VALUES (:app, :id, :type, :at, :created_at, CAST(:body AS json)) ON CONFLICT DO NOTHING
""")

_ACTION = text("""
INSERT INTO syncer_state.record_event
  (app, event_id, app_token, table_id, record_id, action, revision, operator, happened_at, received_at, before, after,
   people)
VALUES (:app, :event_id, :app_token, :table_id, :record, :action, :revision, CAST(:operator AS json), :happened_at, :at,
  CAST(:before AS json), CAST(:after AS json), CAST(:people AS json))
""")

# The lock keeps a mapping from being removed before its signals stand.
_ACTIVE = """
SELECT m.id, m.name FROM syncer_state.mapping m
JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
WHERE {which} ORDER BY m.id FOR KEY SHARE OF m
"""
_APP = "coalesce(r.document -> 'document' -> 'feishu' ->> 'app', 'default') = :app"
_OF_SPOT = text(
    _ACTIVE.format(
        which=f"{_APP} AND r.document -> 'tables' ->> 0 = :app_token"
        " AND (split_part(r.document -> 'tables' ->> 1, '#', 1) = :table_id OR :table_id = '*')"
    )
)
_OF_APP = text(_ACTIVE.format(which=_APP))
_OF_CONNECTION = text(
    _ACTIVE.format(which="lower(r.document -> 'document' -> 'database' ->> 'connection') = lower(:connection)")
)
_OF_TABLES = text(
    _ACTIVE.format(
        which="lower(r.document -> 'document' -> 'database' ->> 'connection') = lower(:connection)"
        " AND (r.document -> 'tables' ->> 3 = ANY(CAST(:tables AS text[]))"
        " OR EXISTS (SELECT FROM json_array_elements(r.document -> 'document' -> 'fields') f"
        " JOIN unnest(CAST(:tables AS text[])) t(name)"
        " ON replace(f -> 'through' ->> 'table', '\"', '') IN (t.name, split_part(t.name, '.', 2))))"
    )
)
_OF_NAME = text(_ACTIVE.format(which="m.name = :name"))

_LINKING = text(
    _ACTIVE.format(
        which="EXISTS (SELECT FROM json_array_elements(r.document -> 'document' -> 'fields') f"
        " WHERE f ->> 'link' = :name) AND m.name <> :name"
    )
)
_PENDING = text("""
SELECT key FROM syncer_state.link
WHERE mapping = :mapping AND restless <> 0 AND key IS NOT NULL AND severed IS NULL ORDER BY id LIMIT :most
""")
_LEFT = text("""
SELECT side, line FROM syncer_state.signal
WHERE mapping = :mapping AND kind = 'line' AND resting ORDER BY side, line LIMIT :most
""")
MOST_WOKEN = 20_000
"""Waiting lines that are told of one by one; of more it is only said that the sides are to be asked."""

_WAITING = text(f"""
SELECT m.name, first.noticed_at FROM syncer_state.mapping m CROSS JOIN LATERAL (
  SELECT s.noticed_at FROM syncer_state.signal s
  WHERE s.mapping = m.id AND NOT s.resting AND {TIMELY} ORDER BY s.noticed_at LIMIT 1
) first ORDER BY first.noticed_at, m.name
""")  # noqa: S608 - pieces of our own

_SOURCES = text("""
SELECT DISTINCT coalesce(r.document -> 'document' -> 'feishu' ->> 'app', 'default') AS app,
  lower(r.document -> 'document' -> 'database' ->> 'connection') AS connection
FROM syncer_state.mapping m JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
WHERE m.state <> 'paused'
""")

_PRUNE = (
    text("DELETE FROM syncer_state.record_event WHERE received_at < :until"),
    text("DELETE FROM syncer_state.inbox WHERE received_at < :until"),
)


@dataclass(frozen=True, slots=True)
class Sources:
    """What is to be listened to: Feishu apps and database connections, by their names in the settings."""

    apps: tuple[str, ...]
    connections: tuple[str, ...]


class Noticing(Subscriptions):
    """Signals of all mappings. Methods that name a mapping raise ``NotAppliedError``, all ``UnreachableError``."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        Subscriptions.__init__(self, engine, clock)
        self.tell: Callable[[str], None] = lambda _: None
        """Is told of every event taken in: ``accepted``, or ``duplicate``."""

    def receive(self, app: str, event: ParsedEvent) -> Sequence[str]:
        """Take an event in, exactly once; the names of the mappings that got signals of it.

        ``app`` is the name of the app in the settings. A repeated event, and one of a table no mapping knows, give no
        signal: of the latter only the id stays. It is durable when the method returns.
        """
        now = self._clock.now()
        with reaching(self._engine), self._engine.begin() as connection:
            concerned = _mappings(connection, _OF_SPOT, _spot(app, event).named()) if event.table_id else {}
            new = _taken_in(connection, app, event, now, whole=bool(concerned and not event.changes))
            if new and concerned:
                self._keep(connection, app, event, now)
                _raise_for(connection, concerned, event, now)
        self.tell("accepted" if new else "duplicate")
        return list(concerned.values()) if new else []

    def _keep(self, connection: Connection, app: str, event: ParsedEvent, now: datetime) -> None:
        if event.revision is not None:
            flows.heard(connection, _spot(app, event), event.revision, now)
        if event.changes:
            connection.execute(_ACTION, [_action(app, event, change, now) for change in event.changes])

    def raise_(
        self, mapping_name: str, side: Side, kind: SignalKind, lines: Sequence[str] = ("",), reason: str = ""
    ) -> None:
        """Raise a signal of one mapping; ``lines`` are only of use with the kind ``line``."""
        with reaching(self._engine), self._engine.begin() as connection:
            found = _mappings(connection, _OF_NAME, {"name": mapping_name})
            if not found:
                raise never_applied(mapping_name)
            named = lines if kind is SignalKind.LINE else ("",)
            raise_signals(connection, found, side, kind, named, reason, self._clock.now())

    def poll_app(self, app: str, reason: str) -> Sequence[str]:
        """Have every mapping of a Feishu app poll Bitable; their names."""
        return self._poll(_OF_APP, {"app": app}, Side.FEISHU, reason)

    def poll_connection(self, connection: str, reason: str) -> Sequence[str]:
        """Have every mapping of a database connection poll the database; their names."""
        return self._poll(_OF_CONNECTION, {"connection": connection}, Side.DATABASE, reason)

    def poll_tables(self, connection: str, tables: Sequence[str], reason: str) -> Sequence[str]:
        """Have the mappings of these tables of a database connection poll them; their names."""
        return self._poll(_OF_TABLES, {"connection": connection, "tables": list(tables)}, Side.DATABASE, reason)

    def poll_missed(self) -> Sequence[str]:
        """Have those mappings poll Bitable of whose tables events did not come; their names. Call it every few seconds.

        A table is asked for once a minute at most.
        """
        now = self._clock.now()
        names: list[str] = []
        with reaching(self._engine), self._engine.begin() as connection:
            for spot in flows.due(connection, now):
                found = _mappings(connection, _OF_SPOT, spot.named())
                raise_signals(connection, found, Side.FEISHU, SignalKind.POLL, [""], "events are missing", now)
                names += found.values()
        return names

    def _poll(self, statement: Any, values: Mapping[str, object], side: Side, reason: str) -> Sequence[str]:
        with reaching(self._engine), self._engine.begin() as connection:
            found = _mappings(connection, statement, values)
            raise_signals(connection, found, side, SignalKind.POLL, [""], reason, self._clock.now())
        return list(found.values())

    def linking(self, mapping_name: str) -> Sequence[str]:
        """The other mappings whose lines link to lines of this one."""
        with reaching(self._engine), self._engine.connect() as connection:
            return list(_mappings(connection, _LINKING, {"name": mapping_name}).values())

    def wake_pending(self, mapping_name: str) -> None:
        """Lines of this mapping were linked just now: have those of other mappings looked at that may wait for them."""
        now, reason = self._clock.now(), f"lines of {mapping_name} were linked"
        with reaching(self._engine), self._engine.begin() as connection:
            for number in _mappings(connection, _LINKING, {"name": mapping_name}):
                waiting, asked = {side: set[str]() for side in Side}, {"mapping": number, "most": MOST_WOKEN}
                pending = connection.scalars(_PENDING, asked).all()
                if len(pending) == MOST_WOKEN:  # a poll finds them all by itself, page by page
                    raise_signals(connection, [number], Side.DATABASE, SignalKind.POLL, [""], reason, now)
                else:
                    waiting[Side.DATABASE].update(pending)
                while left := connection.execute(_LEFT, asked).all():
                    for side, line in left:
                        waiting[Side(side)].add(line)
                    for side, lines in waiting.items():
                        raise_signals(connection, [number], side, SignalKind.LINE, sorted(lines), reason, now)
                        lines.clear()
                for side, lines in waiting.items():
                    raise_signals(connection, [number], side, SignalKind.LINE, sorted(lines), reason, now)

    def signals(self, mapping_name: str) -> PostgresSignals:
        """The signals of one mapping, for one run."""
        with reaching(self._engine), self._engine.begin() as connection:
            found = _mappings(connection, _OF_NAME, {"name": mapping_name})
        if not found:
            raise never_applied(mapping_name)
        return PostgresSignals(self._engine, next(iter(found)), self._clock)

    def waiting(self) -> Mapping[str, datetime]:
        """Mappings with unsettled signals, and since when; resting signals do not count. The longest waiting first."""
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(_WAITING, {"now": self._clock.now()})
            return {row.name: row.noticed_at for row in rows}

    def sources(self) -> Sources:
        """The apps and connections of all mappings that are not paused."""
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(_SOURCES).all()
        apps, connections = {row.app for row in rows}, {row.connection for row in rows if row.connection}
        return Sources(tuple(sorted(apps)), tuple(sorted(connections)))

    def flows(self) -> Sequence[FlowOf]:
        """Every table of which events came, and what is missing of them."""
        with reaching(self._engine), self._engine.connect() as connection:
            return flows.flows(connection)

    def unverified(self) -> Mapping[str, int | None]:
        """How many writes of each mapping no event has told of; ``None`` where none came at all: see ``written``."""
        return unverified(self._engine, self._clock.now())

    def prune(self, older_than: timedelta = KEPT) -> int:
        """Forget events received longer ago than this; how many rows went. Signals stay until they are settled."""
        until = self._clock.now() - older_than
        with reaching(self._engine), self._engine.begin() as connection:
            give_up(connection, until, self._clock.now())
            return sum(connection.execute(statement, {"until": until}).rowcount for statement in _PRUNE)


def _mappings(connection: Connection, statement: Any, values: Mapping[str, object]) -> dict[int, str]:
    """The names of mappings by their number, in the order of their numbers."""
    return {row.id: row.name for row in connection.execute(statement, values)}


def _spot(app: str, event: ParsedEvent) -> Spot:
    return Spot(app, event.app_token, event.table_id)


def _taken_in(connection: Connection, app: str, event: ParsedEvent, now: datetime, *, whole: bool) -> bool:
    """Whether the event is new. Its body is kept where it matters and no row of its own holds what it says."""
    values = {"app": app, "id": event.id, "type": event.type, "at": now, "created_at": event.created_at}
    return connection.execute(_TAKE_IN, {**values, "body": event.body if whole and event.body else None}).rowcount > 0


def _raise_for(connection: Connection, mappings: Iterable[int], event: ParsedEvent, now: datetime) -> None:
    lines = [change.record for change in event.changes]
    raise_signals(connection, mappings, Side.FEISHU, SignalKind.LINE, lines, event.type, now)
    if event.fields:
        raise_signals(connection, mappings, Side.FEISHU, SignalKind.SCHEMA, [""], event.type, now)
    if event.whole:
        raise_signals(connection, mappings, Side.FEISHU, SignalKind.FULL, [""], event.type, now)
    if event.unclear:
        raise_signals(connection, mappings, Side.FEISHU, SignalKind.POLL, [""], event.type, now)


def _action(app: str, event: ParsedEvent, change: RecordChange, now: datetime) -> dict[str, object]:
    people: dict[str, Json] = {"before": change.before_people, "after": change.after_people}
    return {
        "app": app,
        "event_id": event.id,
        "app_token": event.app_token,
        "table_id": event.table_id,
        "record": change.record,
        "action": change.action,
        "revision": event.revision,
        "operator": json_text(event.operator) if event.operator else None,
        "happened_at": event.happened_at or event.created_at or now,
        "at": now,
        "before": json_text(change.before),
        "after": json_text(change.after),
        "people": json_text(people) if any(people.values()) else None,
    }
