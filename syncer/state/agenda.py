"""The agenda: which mappings are due for which kind of run, what workers were asked for, and who has begun.

It is the truth about what is to be run; messages to workers only say when to look here. A message that is lost is sent
again, one that comes twice or late finds nothing to do. Rows are locked, so that any number of schedulers do no harm.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, text

from syncer.core.schedule import Schedule, Trouble, rest_after
from syncer.core.values import Json
from syncer.ports.world import Clock
from syncer.state.connect import reaching
from syncer.state.signals import TIMELY

KEEP_QUIET = timedelta(days=7)
"""How long runs that wrote nothing are kept."""

_BEGINNING = 10.0  # seconds between taking a mapping and its run's lock: a worker that died in between is given up

_AGAIN, _LONGEST = 10.0, 960.0  # seconds until a message that nobody took is sent again: at first, at most


class Kind(StrEnum):
    """What kind of run is due. The names of the queues, too."""

    INTERACTIVE = "interactive"
    """Something was noticed: look there, and nowhere else."""
    INCREMENTAL = "incremental"
    """By the rhythm: poll both sides."""
    FULL = "full"
    """By the cron line: compare everything."""


@dataclass(frozen=True, slots=True)
class Unplanned:
    """A mapping whose schedule is not in the agenda as it stands by now."""

    mapping: int
    name: str
    revision: int
    document: Json
    polled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A run that a worker is to be asked for."""

    name: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Turn:
    """A worker's turn at a mapping, until it is ended."""

    mapping: int
    name: str
    kind: Kind
    who: str
    revision: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Next:
    """What comes next for a mapping; ``waiting_since``: since when something noticed has not been dealt with."""

    next_at: datetime | None
    waiting_since: datetime | None


# A frozen run stops telling that it is alive; a dead one's session is gone.
_BUSY = f"""(
  coalesce(a.taken_at > CAST(:now AS timestamptz) - interval '{_BEGINNING} s', false) OR EXISTS (
    SELECT FROM syncer_state.run r
    JOIN pg_stat_activity s ON s.application_name = r.holder AND s.datname = current_database()
    WHERE r.mapping = a.mapping AND r.status = 'running'
      AND r.alive_at >= clock_timestamp() - make_interval(secs => :lease)
  )
)"""

# What waits for a person to mend it waits no longer once a run by hand went well.
_RESTED = "(a.not_before IS NULL OR a.not_before <= :now OR (a.trouble = 'mend' AND m.state <> 'broken'))"

_WANTED = "(d.kind <> 'interactive' OR m.state <> 'guarded') AND m.state <> 'paused'"

_UNPLANNED = text("""
SELECT m.id, m.name, m.revision, r.document, a.polled_at FROM syncer_state.mapping m
JOIN syncer_state.mapping_revision r ON r.mapping = m.id AND r.revision = m.revision
LEFT JOIN syncer_state.agenda a ON a.mapping = m.id
WHERE a.revision IS DISTINCT FROM m.revision
""")

_PLAN = text("""
INSERT INTO syncer_state.agenda (mapping, revision) VALUES (:mapping, :revision)
ON CONFLICT (mapping) DO UPDATE SET revision = excluded.revision, not_before = NULL, failures = 0, trouble = NULL
WHERE agenda.revision < excluded.revision
""")

_PLAN_KIND = text("""
INSERT INTO syncer_state.due (mapping, kind, due_at) VALUES (:mapping, :kind, :due_at)
ON CONFLICT (mapping, kind) DO UPDATE SET due_at = excluded.due_at, sent_at = NULL, sends = 0
""")

_STIR = text(f"""
UPDATE syncer_state.due d SET due_at = :now
WHERE d.kind = 'interactive' AND d.due_at IS NULL
  AND EXISTS (SELECT FROM syncer_state.signal s WHERE s.mapping = d.mapping AND NOT s.resting AND {TIMELY})
""")  # noqa: S608 - pieces of our own

_CALL = text("""
UPDATE syncer_state.due d SET due_at = coalesce(d.due_at, :now) FROM (
  SELECT d.mapping FROM syncer_state.due d JOIN syncer_state.mapping m ON m.id = d.mapping
  WHERE d.kind = 'interactive' AND m.name = ANY(:names) ORDER BY d.mapping FOR UPDATE OF d
) found WHERE found.mapping = d.mapping AND d.kind = 'interactive'
""")

_RIPE = """
SELECT d.mapping, d.kind, m.name FROM syncer_state.due d
JOIN syncer_state.mapping m ON m.id = d.mapping JOIN syncer_state.agenda a ON a.mapping = d.mapping
WHERE d.due_at <= :now AND {which} AND {wanted} AND {rested}
  AND (d.sent_at IS NULL OR d.sent_at < CAST(:now AS timestamptz)
       - make_interval(secs => least({longest}, {again} * 2.0 ^ greatest(d.sends - 1, 0))))
  AND NOT {busy}
ORDER BY d.due_at, d.mapping LIMIT 1000 FOR UPDATE OF d SKIP LOCKED
"""


def _ripe(which: str) -> Any:
    return text(_RIPE.format(which=which, wanted=_WANTED, rested=_RESTED, busy=_BUSY, again=_AGAIN, longest=_LONGEST))


_RIPE_ALL = _ripe("true")
_RIPE_NAMED = _ripe("m.name = ANY(:names)")

_SENT = text("""
UPDATE syncer_state.due SET sent_at = :now, sends = sends + 1 WHERE mapping = :mapping AND kind = :kind
""")

_FORGET_SENT = text("UPDATE syncer_state.due SET sent_at = NULL, sends = 0 WHERE sent_at IS NOT NULL")

_LOCK = text("""
SELECT a.mapping FROM syncer_state.agenda a JOIN syncer_state.mapping m ON m.id = a.mapping
WHERE m.name = :name FOR UPDATE OF a
""")

_ARRIVED = text("""
UPDATE syncer_state.due SET sent_at = NULL, sends = 0 WHERE mapping = :mapping AND kind = :kind
""")

_FREE = text(f"""
SELECT a.revision FROM syncer_state.due d
JOIN syncer_state.mapping m ON m.id = d.mapping JOIN syncer_state.agenda a ON a.mapping = d.mapping
WHERE d.mapping = :mapping AND d.kind = :kind AND d.due_at <= :now AND {_WANTED} AND {_RESTED} AND NOT {_BUSY}
""")  # noqa: S608 - pieces of our own

_TAKE = text("UPDATE syncer_state.agenda SET taken_at = :now, taken_by = :who WHERE mapping = :mapping")

_BEGUN = text("UPDATE syncer_state.agenda SET taken_at = NULL WHERE mapping = :mapping AND taken_by = :who")

_END = text("""
UPDATE syncer_state.agenda SET taken_at = NULL, taken_by = NULL, failures = 0, trouble = NULL, not_before = NULL,
  polled_at = CASE WHEN :polled THEN :began_at ELSE polled_at END
WHERE mapping = :mapping AND taken_by = :who RETURNING revision
""")

_FAIL = text("""
UPDATE syncer_state.agenda SET taken_at = NULL, taken_by = NULL, failures = failures + 1, trouble = :trouble
WHERE mapping = :mapping AND taken_by = :who RETURNING failures
""")

_REST = text("UPDATE syncer_state.agenda SET not_before = :not_before WHERE mapping = :mapping")

_GIVE_BACK = text("""
UPDATE syncer_state.agenda SET taken_at = NULL, taken_by = NULL WHERE mapping = :mapping AND taken_by = :who
""")

_MOVE = text("UPDATE syncer_state.due SET due_at = :due_at WHERE mapping = :mapping AND kind = :kind")

_SETTLED = text(f"""
UPDATE syncer_state.due d SET due_at = CASE
  WHEN EXISTS (SELECT FROM syncer_state.signal s WHERE s.mapping = d.mapping AND NOT s.resting AND {TIMELY})
  THEN CAST(:now AS timestamptz) END
WHERE d.mapping = :mapping AND d.kind = 'interactive'
""")  # noqa: S608 - pieces of our own

_NEXT = text(f"""
SELECT m.name, m.state, (
  SELECT greatest(min(d.due_at), CASE WHEN {_RESTED} THEN NULL ELSE a.not_before END)
  FROM syncer_state.due d WHERE d.mapping = m.id AND {_WANTED}
) AS next_at, (
  SELECT min(s.noticed_at) FROM syncer_state.signal s WHERE s.mapping = m.id AND NOT s.resting AND {TIMELY}
) AS waiting_since
FROM syncer_state.mapping m LEFT JOIN syncer_state.agenda a ON a.mapping = m.id
""")  # noqa: S608 - pieces of our own

_PRUNE_RUNS = text("""
DELETE FROM syncer_state.run r
WHERE r.finished_at < :until AND r.guard IS NULL
  AND NOT EXISTS (SELECT FROM syncer_state.audit a WHERE a.run = r.id)
  AND EXISTS (SELECT FROM syncer_state.run l WHERE l.mapping = r.mapping AND l.id > r.id AND l.status = r.status)
""")


class Agenda:
    """What is to be run, for schedulers and workers. Methods raise ``UnreachableError``."""

    def __init__(self, engine: Engine, clock: Clock, lease_seconds: float = 60) -> None:
        self._engine = engine
        self._clock = clock
        self._lease = lease_seconds

    # The scheduler.

    def unplanned(self) -> Sequence[Unplanned]:
        """Mappings that are new, or were applied anew: their schedules are to be planned."""
        with reaching(self._engine), self._engine.connect() as connection:
            return [Unplanned(*row) for row in connection.execute(_UNPLANNED)]

    def plan(self, one: Unplanned, schedule: Schedule) -> None:
        """Plan a mapping by its schedule. A new one is due at once; a failed one gets another try."""
        now = self._clock.now()
        moments = {
            Kind.INTERACTIVE: None,
            Kind.INCREMENTAL: schedule.next_poll(one.polled_at, now),
            Kind.FULL: schedule.next_full(now),
        }
        with reaching(self._engine), self._engine.begin() as connection:
            if connection.execute(_PLAN, {"mapping": one.mapping, "revision": one.revision}).rowcount:
                values = [{"mapping": one.mapping, "kind": kind.value, "due_at": at} for kind, at in moments.items()]
                connection.execute(_PLAN_KIND, values)

    def stir(self) -> int:
        """Make mappings due of which something noticed waits, though nobody called; how many."""
        with reaching(self._engine), self._engine.begin() as connection:
            return connection.execute(_STIR, {"now": self._clock.now()}).rowcount

    @contextmanager
    def ripe(self) -> Iterator[Sequence[Ask]]:
        """What workers are to be asked for now; it counts as asked once the block ends well."""
        with reaching(self._engine), self._engine.begin() as connection:
            yield self._sent(connection, _RIPE_ALL, {})

    @contextmanager
    def called(self, names: Sequence[str]) -> Iterator[Sequence[Ask]]:
        """Something was noticed of these mappings. The rest is as ``ripe``, for them: nothing is asked for twice."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_CALL, {"names": list(names), "now": self._clock.now()})
            yield self._sent(connection, _RIPE_NAMED, {"names": list(names)})

    @contextmanager
    def following(self, name: str) -> Iterator[Sequence[Ask]]:
        """As ``ripe``, for one mapping: what came while it was run."""
        with reaching(self._engine), self._engine.begin() as connection:
            yield self._sent(connection, _RIPE_NAMED, {"names": [name]})

    def _sent(self, connection: Connection, statement: Any, values: Mapping[str, object]) -> Sequence[Ask]:
        now = self._clock.now()
        rows = connection.execute(statement, {**values, "now": now, "lease": self._lease}).all()
        if rows:
            connection.execute(_SENT, [{"mapping": row.mapping, "kind": row.kind, "now": now} for row in rows])
        return [Ask(row.name, Kind(row.kind)) for row in rows]

    def forget_sent(self) -> int:
        """All messages were lost: whatever is due is asked for anew; how many were underway."""
        with reaching(self._engine), self._engine.begin() as connection:
            return connection.execute(_FORGET_SENT).rowcount

    def prune(self, older_than: timedelta = KEEP_QUIET) -> int:
        """Forget runs that ended longer ago and wrote nothing, except the last of each kind of end; how many."""
        with reaching(self._engine), self._engine.begin() as connection:
            return connection.execute(_PRUNE_RUNS, {"until": self._clock.now() - older_than}).rowcount

    def next_runs(self) -> Mapping[str, Next]:
        """What comes next for every mapping, by name."""
        values = {"now": self._clock.now()}
        with reaching(self._engine), self._engine.connect() as connection:
            return {row.name: Next(row.next_at, row.waiting_since) for row in connection.execute(_NEXT, values)}

    # A worker.

    def take(self, name: str, kind: Kind, who: str) -> Turn | None:
        """A turn at a mapping, or none: nothing is due, it rests, it is paused, or another has its turn.

        What is due all the same is asked for again by whoever ends that turn, else by the next tick.
        """
        now = self._clock.now()
        with reaching(self._engine), self._engine.begin() as connection:
            mapping = connection.scalar(_LOCK, {"name": name})
            values = {"mapping": mapping, "kind": kind.value, "now": now}
            connection.execute(_ARRIVED, {"mapping": mapping, "kind": kind.value})
            revision = connection.scalar(_FREE, {**values, "lease": self._lease})
            if revision is None:
                return None
            connection.execute(_TAKE, {"mapping": mapping, "now": now, "who": who})
            return Turn(int(mapping), name, kind, who, int(revision), now)

    def begun(self, turn: Turn) -> None:
        """The run of a turn holds the lock of its mapping: from now on that tells, and it ends with its process."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_BEGUN, {"mapping": turn.mapping, "who": turn.who})

    def done(self, turn: Turn, schedule: Schedule) -> None:
        """The run of a turn did its work: the next one is due by the schedule, or at once if something waits."""
        now = self._clock.now()
        polled = turn.kind is not Kind.INTERACTIVE
        moments = {Kind.INCREMENTAL: schedule.next_poll(turn.began_at, now)} if polled else {}
        if turn.kind is Kind.FULL and (full := schedule.next_full(now)):
            moments[Kind.FULL] = full
        values = {"mapping": turn.mapping, "who": turn.who, "polled": polled, "began_at": turn.began_at}
        with reaching(self._engine), self._engine.begin() as connection:
            revision = connection.scalar(_END, values)
            if revision is not None:
                self._move(connection, turn, moments if revision == turn.revision else {})
                connection.execute(_SETTLED, {"mapping": turn.mapping, "now": now})

    def failed(self, turn: Turn, schedule: Schedule, trouble: Trouble) -> timedelta:
        """The run of a turn failed: how long the mapping rests. What only a person can mend waits for its schedule."""
        now = self._clock.now()
        with reaching(self._engine), self._engine.begin() as connection:
            values = {"mapping": turn.mapping, "who": turn.who, "trouble": trouble.value}
            failures = connection.scalar(_FAIL, values)
            if failures is None:
                return timedelta(0)
            rest = rest_after(trouble, failures)
            connection.execute(_REST, {"mapping": turn.mapping, "not_before": now + rest})
            if trouble is not Trouble.OUTSIDE and turn.kind is Kind.FULL and (full := schedule.next_full(now)):
                self._move(connection, turn, {Kind.FULL: full})
            return rest

    def give_back(self, turn: Turn) -> None:
        """No run came of the turn, or another one overtook it: what was due still is."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_GIVE_BACK, {"mapping": turn.mapping, "who": turn.who})

    def _move(self, connection: Connection, turn: Turn, moments: Mapping[Kind, datetime]) -> None:
        for kind, at in moments.items():
            connection.execute(_MOVE, {"mapping": turn.mapping, "kind": kind.value, "due_at": at})
