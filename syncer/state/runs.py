"""Runs: how one is opened under the mapping's lock, and what is written when it ends."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from psycopg import Connection
from sqlalchemy import Engine, text

from syncer.batching.standing import while_standing
from syncer.core.values import Json
from syncer.errors import BusyError, MendError
from syncer.ports.world import Clock
from syncer.state.connect import dedicated, reaching
from syncer.state.layouts import open_layouts
from syncer.state.lock import RunLock
from syncer.state.mappings import State, never_applied
from syncer.state.memory import PostgresMemory

RUNNING, DEAD, GUARDED = "running", "dead", "guarded"

KEEP = timedelta(days=7)
"""How long the emptied intents of a mapping and the lines its guards stopped are kept."""

# A survey joins whole tables: room for its hashes and its temporary tables, per run.
_ROOM = "SELECT set_config('work_mem', '32MB', false), set_config('temp_buffers', '32MB', false)"

_LARGEST = 2**63 - 1  # what a number of the store may be

_POLL = 0.2  # seconds between two attempts at the lock

_OPEN = """
WITH fenced AS (
  UPDATE syncer_state.mapping SET fence = fence + 1 WHERE id = %(mapping)s RETURNING id, fence, revision
), dead AS (
  UPDATE syncer_state.run SET status = 'dead', finished_at = %(now)s, error = 'the process ended before the run did'
  WHERE mapping = %(mapping)s AND status = 'running'
)
INSERT INTO syncer_state.run (mapping, kind, status, holder, fence, revision, approved_run, started_at, alive_at)
SELECT id, %(kind)s, 'running', %(holder)s, fence, revision, %(approved)s, %(now)s, clock_timestamp() FROM fenced
RETURNING id, fence
"""

# A person's wish may come while a run still writes those links, so it is carried out here, where no other run is.
_STIR = """
UPDATE syncer_state.link SET record_print = NULL, key_print = NULL, restless = 3 - coalesce(severed, 0)
WHERE id IN (
  SELECT link FROM syncer_state.failure WHERE mapping = %(mapping)s AND value IS NULL
  UNION
  SELECT link FROM syncer_state.conflict WHERE mapping = %(mapping)s AND state = 'open' AND winner IS NOT NULL
)
"""

_FINISH = """
UPDATE syncer_state.run SET status = :status, finished_at = :now, seconds = :seconds, counts = :counts, guard = :guard,
  error = :error
WHERE id = :run AND status = 'running' RETURNING mapping
"""

_NOTE = """
INSERT INTO syncer_state.run
  (mapping, kind, status, holder, fence, revision, started_at, alive_at, finished_at, error)
SELECT id, :kind, :status, '', fence, revision, :now, :now, :now, :error FROM syncer_state.mapping WHERE name = :name
"""

_MOVE_STATE = """
UPDATE syncer_state.mapping SET state = CASE WHEN :guarded THEN 'guarded' ELSE 'active' END
WHERE id = :mapping AND state IN ('active', 'guarded')
"""

_FORGET_OLD = (
    "DELETE FROM syncer_state.intent WHERE mapping = :mapping AND state <> 'open' AND created_at < :since",
    """
    DELETE FROM syncer_state.guard g USING syncer_state.run r
    WHERE r.id = g.run AND r.mapping = :mapping AND g.at < :since
    """,
    """
    DELETE FROM syncer_state.guard_line l
    WHERE NOT EXISTS (SELECT FROM syncer_state.guard g WHERE g.digest = l.digest)
    """,
)


@dataclass(frozen=True, slots=True)
class Opening:
    """What a run is opened with."""

    name: str
    kind: str
    layout: Sequence[tuple[str, str]]
    paused: Collection[str]
    approved_run: int | None


class Runs:
    """Opens runs and ends them. ``lease_seconds``: how long a frozen run keeps its lock."""

    def __init__(self, engine: Engine, clock: Clock, lease_seconds: float = 60) -> None:
        self._engine = engine
        self._clock = clock
        self._lease = lease_seconds

    @contextmanager
    def open_run(
        self,
        name: str,
        kind: str,
        layout: Sequence[tuple[str, str]],
        *,
        paused: Collection[str] = (),
        wait_seconds: float = 60,
        approved_run: str | None = None,
    ) -> Iterator[PostgresMemory]:
        """A mapping's memory for one run, alone until the block ends.

        ``layout`` holds the name and signature of every pair: bases of a pair whose signature is another one by now
        are unconfirmed; those of ``paused`` pairs are kept as they are. Raises ``NotAppliedError``, ``BusyError`` if
        another run holds the mapping for ``wait_seconds``, and ``UnreachableError``. A block left without
        ``finish_run`` leaves a run that is ``dead``.
        """
        opening = Opening(name, kind, layout, paused, None if approved_run is None else run_number(approved_run))
        with ExitStack() as stack:
            with reaching(self._engine):
                memory, lock = self._open(opening, wait_seconds, stack)
            try:
                with while_standing(lock.demand_standing):
                    yield memory
            except BaseException as error:
                self.finish_run(memory.run, DEAD, error=str(error) or type(error).__name__)
                raise
            self.finish_run(memory.run, DEAD, error="the run ended without a result")

    def _open(self, opening: Opening, wait_seconds: float, stack: ExitStack) -> tuple[PostgresMemory, RunLock]:
        session, work = dedicated(self._engine), dedicated(self._engine)
        stack.callback(work.close)
        mapping = _mapping(session, opening.name)
        lock = RunLock(session, mapping, self._lease)
        stack.callback(lock.close)
        lock.name(work)
        work.execute(_ROOM)
        self._wait_for(lock, opening.name, wait_seconds)
        return self._memory(opening, mapping, lock, work), lock

    def _wait_for(self, lock: RunLock, name: str, seconds: float) -> None:
        deadline = self._clock.now() + timedelta(seconds=seconds)
        while not lock.take():
            if self._clock.now() >= deadline:
                raise BusyError(f"another run holds {name} for {seconds:g} s already; try again when it is over")
            self._clock.sleep(_POLL)

    def _memory(self, opening: Opening, mapping: int, lock: RunLock, work: "Connection[Any]") -> PostgresMemory:
        values = {"kind": opening.kind, "approved": opening.approved_run, "holder": lock.holder}
        with work.transaction():
            row = work.execute(_OPEN, {"mapping": mapping, "now": self._clock.now(), **values}).fetchone()
            if row is None:
                raise never_applied(opening.name)
            work.execute(_STIR, {"mapping": mapping})
            layouts = open_layouts(work, mapping, opening.layout, opening.paused)
        run, fence = row
        lock.keep_alive(run)
        return PostgresMemory(
            self._engine,
            work,
            self._clock,
            mapping=(mapping, opening.name),
            run=run,
            fence=fence,
            approved_run=opening.approved_run,
            layouts=layouts,
        )

    def finish_run(
        self,
        run: str,
        status: str,
        counts: Mapping[str, Json] | None = None,
        guard: Json = None,
        seconds: float | None = None,
        error: str | None = None,
    ) -> None:
        """Write down how a run ended, and whether a guard holds the mapping. A run that has ended stays as it is."""
        outcome = {"status": status, "seconds": seconds, "error": error, "counts": _json(counts), "guard": _json(guard)}
        now = self._clock.now()
        with reaching(self._engine), self._engine.begin() as connection:
            mapping = connection.scalar(text(_FINISH), {"run": run_number(run), "now": now, **outcome})
            if mapping is None:
                return
            if status in {GUARDED, "done", "failed_lines", "unfinished"}:
                connection.execute(text(_MOVE_STATE), {"mapping": mapping, "guarded": status == GUARDED})
            for statement in _FORGET_OLD:
                connection.execute(text(statement), {"mapping": mapping, "since": now - KEEP})

    def note_ended(self, name: str, kind: str, status: str, error: str) -> None:
        """Write down a run that ended before it could be opened."""
        values = {"name": name, "kind": kind, "status": status, "now": self._clock.now(), "error": error}
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(text(_NOTE), values)


def run_number(run: str) -> int:
    """A run's number from its id. Raises ``MendError`` for what is no run's id."""
    if not run.isascii() or not run.isdigit() or int(run[:20]) > _LARGEST:
        raise MendError(f"{run!r} is not the id of a run; see `syncer status`")
    return int(run)


def _mapping(connection: "Connection[Any]", name: str) -> int:
    row = connection.execute("SELECT id FROM syncer_state.mapping WHERE name = %s", [name]).fetchone()
    if row is None:
        connection.close()
        raise never_applied(name)
    return int(row[0])


def _json(document: Json) -> str | None:
    return None if document is None else orjson.dumps(document).decode()


__all__ = ["DEAD", "GUARDED", "KEEP", "RUNNING", "Runs", "State", "run_number"]
