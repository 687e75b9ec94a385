"""The desk: how the mappings stand, what happened to a line, what a guard stopped, and letting it go on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, text, update

from syncer.core.values import Json
from syncer.errors import MendError
from syncer.ports.world import Clock
from syncer.state import tables
from syncer.state.audits import Audits
from syncer.state.conflicts import Conflicts
from syncer.state.connect import reaching
from syncer.state.mappings import State, never_applied
from syncer.state.mirrors import accept, unconfirm_links
from syncer.state.reasons import Reasons
from syncer.state.retention import Retention
from syncer.state.runs import GUARDED, run_number


@dataclass(frozen=True, slots=True)
class Run:
    """One pass over a mapping. ``status`` is ``running`` until it ends; ``dead``: its process did before it."""

    id: str
    mapping: str
    kind: str
    status: str
    revision: int
    started_at: datetime
    finished_at: datetime | None
    seconds: float | None
    counts: Mapping[str, Json]
    guard: Json
    error: str | None
    approved_run: str | None
    approved_at: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a mapping stands.

    ``lag_seconds``: how long ago the last run began that looked for changes on both sides and did its work.
    """

    name: str
    state: State
    linked: int
    severed: int
    last_run: Run | None
    open_conflicts: int
    open_failures: int
    lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class Stopped:
    """What one guard stopped in a run. ``lines`` says how many lines an approval covers."""

    name: str
    counts: Mapping[str, int]
    samples: Sequence[Json]
    lines: int


@dataclass(frozen=True, slots=True)
class GuardedRun:
    """A run that guards stopped, wholly or in part."""

    run: Run
    guards: Sequence[Stopped] = field(default_factory=tuple)


RESTORED = "restored"
"""The guard over a state store or a database that came from a backup."""

_STATUS = """
SELECT m.id, m.name, m.state,
  (SELECT count(*) FROM syncer_state.link l WHERE l.mapping = m.id AND l.severed IS NULL) AS linked,
  (SELECT count(*) FROM syncer_state.link l WHERE l.mapping = m.id AND l.severed IS NOT NULL) AS severed,
  (SELECT max(r.id) FROM syncer_state.run r WHERE r.mapping = m.id AND r.kind <> 'plan') AS last_run,
  (SELECT max(r.started_at) FROM syncer_state.run r
   WHERE r.mapping = m.id AND r.status IN ('done', 'failed_lines') AND r.kind NOT IN ('events', 'undo')) AS fresh_at,
  (SELECT count(*) FROM syncer_state.conflict c WHERE c.mapping = m.id AND c.state = 'open') AS conflicts,
  (SELECT count(*) FROM syncer_state.failure f WHERE f.mapping = m.id) AS failures
FROM syncer_state.mapping m WHERE cast(:name AS text) IS NULL OR m.name = :name ORDER BY m.name
"""

_GUARDS = """
SELECT g.name, g.counts, g.samples, (SELECT count(*) FROM syncer_state.guard_line l WHERE l.digest = g.digest) AS lines
FROM syncer_state.guard g WHERE g.run = :run ORDER BY g.name
"""


class Desk(Conflicts, Reasons, Audits, Retention):
    """Where a person looks and decides. Methods raise ``UnreachableError``, and ``MendError`` for what is unknown."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        Conflicts.__init__(self, engine)
        Reasons.__init__(self, engine)
        Audits.__init__(self, engine)
        Retention.__init__(self, engine, clock)
        self._engine = engine
        self._clock = clock

    def status(self, name: str | None = None) -> list[Standing]:
        """How one mapping or all of them stand, by name."""
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(text(_STATUS), {"name": name}).all()
            if name is not None and not rows:
                raise never_applied(name)
            runs = _runs(connection, tables.run.c.id.in_([row.last_run for row in rows]))
        last = {run.id: run for run in runs}
        return [self._standing(row, last.get(str(row.last_run))) for row in rows]

    def _standing(self, row: Row[Any], last_run: Run | None) -> Standing:
        lag = None if row.fresh_at is None else (self._clock.now() - row.fresh_at).total_seconds()
        return Standing(row.name, State(row.state), row.linked, row.severed, last_run, row.conflicts, row.failures, lag)

    def runs(self, mapping: str | None = None, *, limit: int = 50) -> list[Run]:
        """The latest runs of one mapping or of all, newest first."""
        where = [] if mapping is None else [tables.mapping.c.name == mapping]
        with reaching(self._engine), self._engine.connect() as connection:
            return _runs(connection, *where, limit=limit)

    def run(self, run: str) -> Run:
        """One run."""
        with reaching(self._engine), self._engine.connect() as connection:
            return _run(connection, run)

    def guarded_run(self, run: str) -> GuardedRun:
        """What the guards stopped in a run."""
        with reaching(self._engine), self._engine.connect() as connection:
            found = _run(connection, run)
            rows = connection.execute(text(_GUARDS), {"run": run_number(run)}).all()
        return GuardedRun(found, tuple(Stopped(row.name, row.counts, row.samples, row.lines) for row in rows))

    def approve(self, run: str) -> Run:
        """Write down that a person lets a guarded run go on; then open a run with it as its ``approved_run``.

        Raises ``MendError`` if no guard stopped that run, its lines are forgotten, or the mapping changed since.
        """
        stopped = self.guarded_run(run)
        with reaching(self._engine), self._engine.begin() as connection:
            revision = select(tables.mapping.c.revision).where(tables.mapping.c.name == stopped.run.mapping)
            _check(stopped, connection.scalar(revision))
            change = update(tables.run).where(tables.run.c.id == run_number(run)).values(approved_at=self._clock.now())
            connection.execute(change)
            self._begin_anew(connection, stopped)
            return _run(connection, run)

    def _begin_anew(self, connection: Connection, stopped: GuardedRun) -> None:
        """After a backup was restored nothing that links remember counts any more."""
        for guard in stopped.guards:
            if guard.name == RESTORED:
                accept(connection, self._clock, stopped.run.mapping, sorted(set(guard.counts.values()), reverse=True))
                unconfirm_links(connection, stopped.run.mapping)


def _check(stopped: GuardedRun, revision: int | None) -> None:
    run = stopped.run
    if run.status != GUARDED and not stopped.guards:
        raise MendError(f"run {run.id} of {run.mapping} was not stopped by a guard (it is {run.status})")
    if not stopped.guards:
        raise MendError(f"what run {run.id} of {run.mapping} would have done is forgotten by now; run it again")
    if revision != run.revision:
        raise MendError(
            f"{run.mapping} was changed since run {run.id} (revision {run.revision}, now {revision}); run it again"
        )


def _run(connection: Connection, run: str) -> Run:
    found = _runs(connection, tables.run.c.id == run_number(run))
    if not found:
        raise MendError(f"no run {run}; see `syncer status`")
    return found[0]


def _runs(connection: Connection, *where: Any, limit: int | None = None) -> list[Run]:
    run = tables.run.c
    statement = (
        select(tables.run, tables.mapping.c.name)
        .join_from(tables.run, tables.mapping, run.mapping == tables.mapping.c.id)
        .where(*where)
        .order_by(run.id.desc())
        .limit(limit)
    )
    return [_as_run(row) for row in connection.execute(statement)]


def _as_run(row: Row[Any]) -> Run:
    return Run(
        str(row.id),
        row.name,
        row.kind,
        row.status,
        row.revision,
        row.started_at,
        row.finished_at,
        row.seconds,
        row.counts or {},
        row.guard,
        row.error,
        None if row.approved_run is None else str(row.approved_run),
        row.approved_at,
    )
