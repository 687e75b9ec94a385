"""What one step of a run leaves behind beside its links: audits, conflicts, failures, and the state of intents.

Every function works within the caller's transaction.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from psycopg import Connection

from syncer.core.values import Json
from syncer.ports.memory import Audit, ConflictNote, FailureNote, IntentState, Memo

# The values of a conflict are compared as they are written; the same ones again write nothing. A choice made for other
# values falls.
_OPEN = """
INSERT INTO syncer_state.conflict AS c
  (mapping, run, link, record, key, pair, field, base, feishu, database, policy, state, reason, estimated, moments, at)
VALUES (%(mapping)s, %(run)s, %(link)s, %(record)s, %(key)s, %(pair)s, %(field)s, %(base)s, %(feishu)s, %(database)s,
  %(policy)s, 'open', %(reason)s, %(estimated)s, %(moments)s, %(at)s)
ON CONFLICT (mapping, link, pair) WHERE state = 'open' DO UPDATE SET
  run = excluded.run, record = excluded.record, key = excluded.key, field = excluded.field, base = excluded.base,
  feishu = excluded.feishu, database = excluded.database, policy = excluded.policy, reason = excluded.reason,
  estimated = excluded.estimated, moments = excluded.moments, at = excluded.at, winner = NULL, value = NULL,
  version = c.version + 1
WHERE (c.base::text, c.feishu::text, c.database::text)
  IS DISTINCT FROM (excluded.base::text, excluded.feishu::text, excluded.database::text)
"""

_SETTLE = """
WITH settled AS (
  UPDATE syncer_state.conflict SET state = 'settled', run = %(run)s, base = %(base)s, feishu = %(feishu)s,
    database = %(database)s, policy = %(policy)s, winner = %(winner)s, reason = %(reason)s, settled_at = %(at)s,
    estimated = %(estimated)s, moments = coalesce(%(moments)s, moments)
  WHERE mapping = %(mapping)s AND link = %(link)s AND pair = %(pair)s AND state = 'open' AND NOT %(apart)s
  RETURNING id
)
INSERT INTO syncer_state.conflict (mapping, run, link, record, key, pair, field, base, feishu, database, policy, state,
  winner, reason, estimated, moments, at, settled_at)
SELECT %(mapping)s, %(run)s, %(link)s, %(record)s, %(key)s, %(pair)s, %(field)s, %(base)s, %(feishu)s, %(database)s,
  %(policy)s, 'settled', %(winner)s, %(reason)s, %(estimated)s, %(moments)s, %(at)s, %(at)s
WHERE NOT EXISTS (SELECT FROM settled)
"""

_CLOSE = """
UPDATE syncer_state.conflict SET state = 'settled', settled_at = %(now)s, reason = 'both sides are equal now'
WHERE mapping = %(mapping)s AND link = %(link)s AND pair = %(pair)s AND state = 'open'
"""

_FORGET_CONFLICTS = """
UPDATE syncer_state.conflict SET state = 'settled', settled_at = %(now)s, reason = 'the lines are no longer linked'
WHERE mapping = %(mapping)s AND state = 'open' AND link = ANY(%(links)s)
"""

_FAIL = """
INSERT INTO syncer_state.failure AS f
  (mapping, run, link, record, key, side, pair, field, code, message, value, log_id, first_at, last_at)
VALUES (%(mapping)s, %(run)s, %(link)s, %(record)s, %(key)s, %(side)s, %(pair)s, %(field)s, %(code)s, %(message)s,
  %(value)s, %(log_id)s, %(at)s, %(at)s)
ON CONFLICT (mapping, side, coalesce(record, ''), coalesce(key, ''), pair) DO UPDATE SET
  run = excluded.run, link = excluded.link, field = excluded.field, code = excluded.code, message = excluded.message,
  value = excluded.value, log_id = excluded.log_id, last_at = excluded.last_at, attempts = f.attempts + 1
"""

_FAILED = """
SELECT id, link, record, key, pair FROM syncer_state.failure
WHERE mapping = %(mapping)s AND (link = ANY(%(links)s) OR record = ANY(%(records)s) OR key = ANY(%(keys)s))
"""

_FORGET_FAILURES = "DELETE FROM syncer_state.failure WHERE mapping = %(mapping)s AND link = ANY(%(links)s)"

_MOVE_INTENT = """
UPDATE syncer_state.intent SET state = %(state)s, body = CASE WHEN %(keep)s THEN body ELSE '' END
WHERE mapping = %(mapping)s AND id = %(id)s
"""


@dataclass(frozen=True, slots=True)
class MemoWriter:
    """Writes memos of one run of one mapping."""

    connection: "Connection[Any]"
    mapping: int
    run: int
    now: Callable[[], datetime]

    def write(self, memo: Memo) -> None:
        """Store everything of a memo but its links. What is mended goes before what failed anew."""
        self._audits(memo.audits)
        self._conflicts(memo)
        self._failures(memo)
        self._intents(memo)

    def _many(self, statement: str, rows: Iterable[Mapping[str, object]]) -> None:
        parameters = [{"mapping": self.mapping, "run": self.run, **row} for row in rows]
        if parameters:
            with self.connection.cursor() as cursor:
                cursor.executemany(statement, parameters)

    def _audits(self, audits: Sequence[Audit]) -> None:
        if not audits:
            return
        columns = "mapping, run, link, side, action, record, key, before, after, reason, at, read_at, noticed_at,"
        columns += " planned_at, sent_at, whole"
        with (
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY syncer_state.audit ({columns}) FROM STDIN") as copy,
        ):
            for audit in audits:
                copy.write_row(
                    (
                        self.mapping,
                        self.run,
                        audit.link,
                        audit.side.value,
                        audit.action,
                        audit.record,
                        audit.key,
                        json_text(audit.before),
                        json_text(audit.after),
                        _storable(audit.reason),
                        audit.at,
                        audit.read_at,
                        audit.noticed_at,
                        audit.planned_at,
                        audit.sent_at,
                        None if audit.whole is None else json_text(audit.whole),
                    )
                )

    def _conflicts(self, memo: Memo) -> None:
        self._many(_OPEN, (_conflict(note) for note in memo.conflicts if note.winner is None))
        self._many(_SETTLE, (_conflict(note) for note in memo.conflicts if note.winner is not None))
        now = self.now() if memo.closed_conflicts or memo.forgotten else None
        self._many(_CLOSE, ({"link": link, "pair": pair, "now": now} for link, pair in memo.closed_conflicts))
        self._forget(_FORGET_CONFLICTS, memo.forgotten, now)

    def _failures(self, memo: Memo) -> None:
        self._forget(_FORGET_FAILURES, memo.forgotten, None)
        if memo.mended:
            self._mend(memo.mended)
        self._many(_FAIL, map(_failure, memo.failures))

    def _mend(self, mended: Sequence[tuple[int | None, str | None, str | None, str]]) -> None:
        """Delete what is over. A step names every pair it wrote, of which hardly one ever failed: look, then delete."""
        links, records, keys = ({(line[place], line[3]) for line in mended} for place in range(3))
        names = ([name for name, _ in found if name is not None] for found in (links, records, keys))
        wanted = dict(zip(("links", "records", "keys"), map(_distinct, names), strict=True))
        failed = self.connection.execute(_FAILED, {"mapping": self.mapping, **wanted}).fetchall()
        over = [
            number
            for number, link, record, key, pair in failed
            if (link is not None and (link, pair) in links)
            or (record is not None and (record, pair) in records)
            or (key is not None and (key, pair) in keys)
        ]
        if over:
            self.connection.execute("DELETE FROM syncer_state.failure WHERE id = ANY(%s)", [over])

    def _forget(self, statement: str, links: Sequence[int], now: datetime | None) -> None:
        if links:
            self.connection.execute(statement, {"mapping": self.mapping, "links": list(links), "now": now})

    def _intents(self, memo: Memo) -> None:
        """Move intents on; a body is needed while the outcome is open, and while events of it are waited for."""
        kept = {name for name, state in memo.intents.items() if state is IntentState.OPEN or name in memo.sent}
        moved = ({"id": name, "state": state.value, "keep": name in kept} for name, state in memo.intents.items())
        self._many(_MOVE_INTENT, moved)


def _distinct(names: Iterable[object]) -> list[object]:
    return list(dict.fromkeys(names))


def json_text(document: Json) -> str:
    """JSON with its keys in order, so that equal documents are equal texts."""
    return orjson.dumps(document, option=orjson.OPT_SORT_KEYS).decode()


def _conflict(note: ConflictNote) -> Mapping[str, object]:
    return {
        "link": note.link,
        "record": note.record,
        "key": note.key,
        "pair": note.pair,
        "field": note.field,
        "base": json_text(note.base),
        "feishu": json_text(note.feishu),
        "database": json_text(note.database),
        "policy": note.policy,
        "winner": note.winner,
        "reason": _storable(note.reason),
        "estimated": note.estimated,
        "apart": note.apart,
        "moments": None if note.moments is None else json_text(note.moments),
        "at": note.at,
    }


def _failure(note: FailureNote) -> Mapping[str, object]:
    return {
        "link": note.link,
        "record": note.record,
        "key": note.key,
        "side": note.side.value,
        "pair": note.pair,
        "field": note.field,
        "code": note.code,
        "message": _storable(note.message),
        "value": note.value,
        "log_id": note.log_id,
        "at": note.at,
    }


def _storable(text: str) -> str:
    """PostgreSQL's text has no NUL; a message may quote a value that does."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")
