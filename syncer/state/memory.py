"""What the engine remembers of one mapping, in PostgreSQL, for one run.

Every write begins by holding the mapping's row with the run's fence number in it: a newer run raises the number first,
so a write is either wholly before its takeover or refused.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import psycopg
from psycopg import Connection
from sqlalchemy import Engine, select

from syncer.core.plan import Removed
from syncer.core.records import Side
from syncer.core.survey import Remembered
from syncer.core.values import Json, digest
from syncer.errors import FaultError, FencedError, UnreachableError
from syncer.ports.memory import ConflictNote, Intent, Memo, Seen, Standing, Unverified
from syncer.ports.world import Clock
from syncer.state.connect import reaching
from syncer.state.layouts import Layouts
from syncer.state.links import LinkTable
from syncer.state.memo import MemoWriter, json_text
from syncer.state.survey import PostgresSurvey
from syncer.state.tables import SIDE_CODES
from syncer.state.tables import mapping as mappings
from syncer.state.written import Written

_FAILED_LINES = """
SELECT id, {line}, pair, value FROM syncer_state.failure
WHERE mapping = %s AND link IS NULL AND {line} = ANY(%s) ORDER BY last_at, id
"""

_LOOSE = """
SELECT DISTINCT {line} FROM syncer_state.failure
WHERE mapping = %s AND link IS NULL AND {line} IS NOT NULL LIMIT %s
"""

_OPEN_CONFLICTS = """
SELECT link, record, key, pair, field, base, feishu, database, policy, winner, reason, at, estimated, value, moments
FROM syncer_state.conflict WHERE mapping = %s AND state = 'open' AND link = ANY(%s)
"""

_STANDING = """
SELECT
  (SELECT count(*) FROM syncer_state.link WHERE mapping = %(mapping)s AND severed IS NULL),
  (SELECT count(*) FROM syncer_state.link WHERE mapping = %(mapping)s AND severed IS NOT NULL),
  (SELECT count(*) FROM syncer_state.conflict WHERE mapping = %(mapping)s AND state = 'open'),
  (SELECT count(*) FROM syncer_state.failure WHERE mapping = %(mapping)s)
"""

_LINES = {Side.FEISHU: "record", Side.DATABASE: "key"}
_COUNT = """
SELECT count(*) FROM syncer_state.link WHERE mapping = %s AND {line} IS NOT NULL AND severed IS DISTINCT FROM %s
"""

_SWEEP = """
DELETE FROM syncer_state.failure
WHERE mapping = %s AND link IS NULL AND run <> %s AND ((record IS NOT NULL AND %s) OR (key IS NOT NULL AND %s))
"""

_WRITTEN_OFTEN = """
SELECT a.link FROM syncer_state.audit a
WHERE a.mapping = %(mapping)s AND a.link = ANY(%(links)s) AND a.at > %(since)s AND a.action = 'update'
  AND NOT EXISTS (
    SELECT FROM syncer_state.audit p
    WHERE p.mapping = a.mapping AND p.link = a.link AND p.action = 'paused' AND p.id > a.id
  )
GROUP BY a.link
HAVING least(count(*) FILTER (WHERE a.side = 'feishu'), count(*) FILTER (WHERE a.side = 'database')) > %(times)s
"""

# Each of the two has an index of its own.
_REMOVED = """
SELECT 'delete', side, count(*) FROM syncer_state.audit
WHERE mapping = %(mapping)s AND at > %(since)s AND action = 'delete' GROUP BY side
UNION ALL
SELECT 'mark', side, count(*) FROM syncer_state.audit
WHERE mapping = %(mapping)s AND at > %(since)s AND action = 'mark' GROUP BY side
"""

_ADVANCE = """
INSERT INTO syncer_state.cursor (mapping, side, document, moved_at) VALUES (%s, %s, %s, %s)
ON CONFLICT (mapping, side) DO UPDATE SET document = excluded.document, moved_at = excluded.moved_at
"""

_INTEND = """
INSERT INTO syncer_state.intent (id, mapping, run, side, action, state, token, body, created_at, seen)
VALUES (%s, %s, %s, %s, %s, 'open', %s, %s, %s, %s)
"""

# Every batch is forgotten as soon as it is remembered, so that only the last one of a run that died can be left.
_UNFORGOTTEN = """
SELECT last.id FROM (
  SELECT id, run FROM syncer_state.intent
  WHERE mapping = %s AND state = 'done' AND side = 'database' ORDER BY place DESC LIMIT 1
) last JOIN syncer_state.run r ON r.id = last.run WHERE r.status IN ('dead', 'unreachable')
"""

_APPROVED = """
SELECT g.name, l.line FROM syncer_state.guard g LEFT JOIN syncer_state.guard_line l ON l.digest = g.digest
WHERE g.run = %s
"""

_GUARD = """
INSERT INTO syncer_state.guard (run, name, counts, samples, digest, at) VALUES (%s, %s, %s, %s, %s, %s)
ON CONFLICT (run, name) DO UPDATE SET
  counts = excluded.counts, samples = excluded.samples, digest = excluded.digest, at = excluded.at
"""


class PostgresMemory:
    """The memory of one run (``ports.Memory``), opened by ``Store.open_run``. One thread at a time."""

    def __init__(  # noqa: PLR0913 - what a run is made of, put together in one place
        self,
        engine: Engine,
        connection: "Connection[Any]",
        clock: Clock,
        *,
        mapping: tuple[int, str],
        run: int,
        fence: int,
        approved_run: int | None,
        layouts: Layouts,
    ) -> None:
        self.run = str(run)
        self.fence = fence
        self._engine = engine
        self._connection = connection
        self._clock = clock
        self._mapping, self._name = mapping
        self._run = run
        self._approved_run = approved_run
        self._links = LinkTable(connection, self._mapping, layouts)
        self._memos = MemoWriter(connection, self._mapping, run, clock.now)
        self._written = Written(connection, self._mapping)

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with reaching(self._engine):
                yield
        except UnreachableError as error:
            if self._overtaken():
                raise self._fenced() from error
            raise

    def _overtaken(self) -> bool:
        """Whether the run lost its session because a newer one ended it; asked on another session."""
        with reaching(self._engine), self._engine.connect() as connection:
            fence = connection.scalar(select(mappings.c.fence).where(mappings.c.id == self._mapping))
        return fence != self.fence

    @contextmanager
    def _writing(self) -> Iterator[None]:
        with self._reading(), self._connection.transaction():
            held = self._connection.execute(
                "SELECT 1 FROM syncer_state.mapping WHERE id = %s AND fence = %s FOR SHARE", [self._mapping, self.fence]
            ).fetchone()
            if held is None:
                raise self._fenced()
            yield

    def _fenced(self) -> FencedError:
        return FencedError(f"run {self.run} of {self._name} was overtaken by a newer one; it has stopped writing")

    def new_links(self, count: int) -> Sequence[int]:
        """Fresh link ids."""
        with self._reading():
            return self._links.new_ids(count)

    def seen(self, side: Side, lines: Sequence[str]) -> Mapping[str, Seen]:
        """The links (severed ones too) of these lines."""
        with self._reading():
            return self._links.seen(side, lines)

    def links(self, ids: Sequence[int]) -> Sequence[Remembered]:
        """Links by id; those forgotten are missing."""
        with self._reading():
            return self._links.load(ids)

    def holders(self, matches: Sequence[bytes]) -> Sequence[int]:
        """The links (severed ones too) that hold one of these match digests."""
        with self._reading():
            return self._links.holders(matches)

    def loose(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side that have a failure but no link, up to a limit."""
        line = "record" if side is Side.FEISHU else "key"
        with self._reading():
            rows = self._connection.execute(_LOOSE.format(line=line), [self._mapping, limit])
            return [row[0] for row in rows]

    def restless(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side that must be looked at: their print is unset, or somebody wants their failure retried."""
        with self._reading():
            return self._links.restless(side, limit)

    def survey(self) -> PostgresSurvey:
        """A new, empty survey of this run; an earlier one is over."""
        with self._reading():
            return PostgresSurvey(self._connection, self._mapping, self._links, self._reading)

    def failed_values(self, links: Sequence[int]) -> Mapping[tuple[int, str], bytes]:
        """Digests of the values that already failed, by link and pair (empty: the whole line).

        A digest is empty, and that of no value, where somebody wants another try.
        """
        with self._reading():
            rows = self._connection.execute(
                "SELECT link, pair, coalesce(value, '') FROM syncer_state.failure"
                " WHERE mapping = %s AND link = ANY(%s) ORDER BY last_at, id",
                [self._mapping, list(links)],
            )
            return {(link, pair): value for link, pair, value in rows}

    def failed_lines(self, side: Side, lines: Sequence[str]) -> Mapping[str, Mapping[str, bytes]]:
        """The same for lines that have no link: digests by line and pair."""
        statement = _FAILED_LINES.format(line="record" if side is Side.FEISHU else "key")
        with self._reading():
            rows = self._connection.execute(statement, [self._mapping, list(lines)]).fetchall()
        if rows:
            self._meet([row[0] for row in rows])
        found: dict[str, dict[str, bytes]] = {}
        for _, line, pair, value in rows:
            found.setdefault(line, {})[pair] = value or b""
        return found

    def _meet(self, failures: Sequence[int]) -> None:
        """A failure whose line was asked for is not over, even if nothing is tried again."""
        with self._writing():
            self._connection.execute(
                "UPDATE syncer_state.failure SET run = %s WHERE id = ANY(%s)", [self._run, list(failures)]
            )

    def open_conflicts(self, links: Sequence[int]) -> Mapping[tuple[int, str], ConflictNote]:
        """Conflicts waiting for a person, by link and pair; one that was resolved carries its ``winner``."""
        with self._reading():
            rows = self._connection.execute(_OPEN_CONFLICTS, [self._mapping, list(links)])
            notes = [ConflictNote(*row) for row in rows]
        return {(note.link, note.pair): note for note in notes}

    def count(self, side: Side) -> int:
        """How many lines of a side are remembered as being there, linked or as what is left of a pair."""
        with self._reading():
            asked = [self._mapping, SIDE_CODES[side]]
            row = self._connection.execute(_COUNT.format(line=_LINES[side]), asked).fetchone()
        assert row is not None
        return int(row[0])

    def standing(self) -> Standing:
        """How the mapping stands now."""
        with self._reading():
            row = self._connection.execute(_STANDING, {"mapping": self._mapping}).fetchone()
        assert row is not None
        return Standing(*row)

    def sweep_failures(self, sides: frozenset[Side]) -> None:
        """Close the failures of lines without a link, on these sides, that this run neither noted nor asked for."""
        with self._writing():
            values = [self._mapping, self._run, Side.FEISHU in sides, Side.DATABASE in sides]
            self._connection.execute(_SWEEP, values)

    def deletions_of_last_hour(self) -> Removed:
        """How many lines any run of this mapping deleted, or marked as deleted, in the last hour."""
        values = {"mapping": self._mapping, "since": self._clock.now() - timedelta(hours=1)}
        found: dict[str, dict[Side, int]] = {"delete": {}, "mark": {}}
        with self._reading():
            for action, side, count in self._connection.execute(_REMOVED, values):
                found[action][Side(side)] = count
        return Removed(found["delete"], found["mark"])

    def written_often(self, links: Sequence[int], since: datetime, times: int) -> Sequence[int]:
        """Those of these links whose lines were updated more often than that on each of both sides."""
        values = {"mapping": self._mapping, "links": list(links), "since": since, "times": times}
        with self._reading():
            return [number for (number,) in self._connection.execute(_WRITTEN_OFTEN, values)]

    def cursor(self, side: Side) -> Mapping[str, Json]:
        """Where reading stopped on one side; empty at first."""
        with self._reading():
            row = self._connection.execute(
                "SELECT document FROM syncer_state.cursor WHERE mapping = %s AND side = %s", [self._mapping, side.value]
            ).fetchone()
        return {} if row is None else row[0]

    def advance(self, side: Side, cursor: Mapping[str, Json]) -> None:
        """Move a cursor."""
        with self._writing():
            self._connection.execute(_ADVANCE, [self._mapping, side.value, json_text(cursor), self._clock.now()])

    def open_intents(self) -> Sequence[Intent]:
        """Intents whose outcome is not stored, oldest first."""
        with self._reading():
            rows = self._connection.execute(
                "SELECT id, side, action, body, token, created_at, seen FROM syncer_state.intent"
                " WHERE mapping = %s AND state = 'open' ORDER BY place",
                [self._mapping],
            )
            return [Intent(name, Side(side), *rest) for name, side, *rest in rows]

    def unverified(self, records: Sequence[str]) -> Sequence[Unverified]:
        """The updates of these records whose events are waited for, oldest first; intents with their bodies."""
        with self._reading():
            return self._written.of(records)

    def unforgotten(self) -> Sequence[str]:
        """Batches an earlier run wrote and remembered, but may not have had forgotten by the rows; at most its last."""
        with self._reading():
            return [name for (name,) in self._connection.execute(_UNFORGOTTEN, [self._mapping])]

    def intend(self, intents: Sequence[Intent]) -> None:
        """Store intents before they are sent."""
        now = self._clock.now()
        with self._writing(), self._connection.cursor() as cursor:
            cursor.executemany(_INTEND, [self._intent(intent, now) for intent in intents])

    def _intent(self, intent: Intent, now: datetime) -> Sequence[object]:
        created = intent.created_at or now
        who = (intent.id, self._mapping, self._run)
        return (*who, intent.side.value, intent.action, intent.token, intent.body, created, intent.seen)

    def remember(self, memo: Memo) -> None:
        """Store what a step leaves behind, atomically."""
        with self._writing():
            self._store_links(memo)
            self._memos.write(memo)
            self._written.note(memo, self._clock.now())

    def _store_links(self, memo: Memo) -> None:
        try:
            self._links.store(memo.links, memo.forgotten)
            for births in memo.births:
                self._links.store_births(births, self._run)
        except psycopg.errors.UniqueViolation as error:
            taken = error.diag.message_detail
            raise FaultError(f"two links of {self._name} would hold the same line: {taken}") from error

    def approval(self) -> Mapping[str, frozenset[str]]:
        """What a person approved for this run: guard name -> the lines (or digests) it covers; empty otherwise."""
        approved: dict[str, set[str]] = {}
        with self._reading():
            for name, line in self._connection.execute(_APPROVED, [self._approved_run]):
                approved.setdefault(name, set()).update([] if line is None else [line])
        return {name: frozenset(lines) for name, lines in approved.items()}

    def guard_stopped(
        self, name: str, counts: Mapping[str, int], samples: Sequence[Json], lines: Sequence[str]
    ) -> None:
        """Store what a guard stopped or withheld in this run, so that it can be approved."""
        wanted = sorted(set(lines))
        named = digest(str(self._mapping).encode(), *(line.encode() for line in wanted))
        with self._writing():
            self._keep_guard_lines(named, wanted)
            told = [self._run, name, json_text(counts), json_text(samples), named, self._clock.now()]
            self._connection.execute(_GUARD, told)

    def _keep_guard_lines(self, named: bytes, lines: Sequence[str]) -> None:
        held = self._connection.execute("SELECT 1 FROM syncer_state.guard_line WHERE digest = %s LIMIT 1", [named])
        if held.fetchone() is not None:
            return
        with (
            self._connection.cursor() as cursor,
            cursor.copy("COPY syncer_state.guard_line (digest, line) FROM STDIN") as copy,
        ):
            for line in lines:
                copy.write_row((named, line))
