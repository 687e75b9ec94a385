"""What was last read of the sources that are read line by line; a ``ports.shelf.Shelf``."""

from collections.abc import Mapping, Sequence

import orjson
from sqlalchemy import Connection, Engine, text

from syncer.core.sources import GONE, told_as
from syncer.core.values import Json
from syncer.ports.shelf import Kept
from syncer.state.arrays import array_text
from syncer.state.connect import reaching

_STANDING = text("SELECT line, until FROM syncer_state.shelf WHERE source = :source")
_GET = text("""
SELECT line, moved, until, body FROM syncer_state.shelf
WHERE source = :source AND line = ANY(CAST(:lines AS text[]))
""")
_PUT = text("""
INSERT INTO syncer_state.shelf AS s (source, line, moved, until, body)
SELECT :source, * FROM unnest(
  CAST(:lines AS text[]), CAST(:moved AS bigint[]), CAST(:until AS bigint[]), CAST(:bodies AS text[])
) AS given(line, moved, until, body) ORDER BY line
ON CONFLICT (source, line) DO UPDATE SET moved = excluded.moved, until = excluded.until, body = excluded.body
WHERE s.moved <= excluded.moved
""")
_DROP = text("DELETE FROM syncer_state.shelf WHERE source = :source AND line = ANY(CAST(:lines AS text[]))")
_CLEAR = text("DELETE FROM syncer_state.shelf WHERE source = :source")
_CLEAR_NOTE = text("DELETE FROM syncer_state.shelf_note WHERE source = :source")
_NOTE = text("SELECT note FROM syncer_state.shelf_note WHERE source = :source")
_ADVANCE = text("""
INSERT INTO syncer_state.shelf_note (source, note) VALUES (:source, CAST(:note AS json))
ON CONFLICT (source) DO UPDATE SET note = excluded.note
""")
_GONE = text("""
SELECT DISTINCT ON (record_id) record_id, action FROM syncer_state.record_event
WHERE app = :app AND app_token = :app_token AND table_id = :table_id AND record_id = ANY(CAST(:lines AS text[]))
ORDER BY record_id, happened_at DESC, id DESC
""")
_TOGETHER = 500


class PostgresShelf:
    """The lines of one source. ``app`` and ``place`` are how its events name it, ``apart`` what else tells it apart."""

    def __init__(self, engine: Engine, app: str, place: tuple[str, str], apart: str = "") -> None:
        self._engine, self._app, (self._app_token, self._table_id) = engine, app, place
        self._source = "/".join((app, *place, *([apart] if apart else [])))

    def standing(self) -> Mapping[str, int]:
        """Every line there is, and until when it can change."""
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(_STANDING, {"source": self._source}).all()
        return {row.line: row.until for row in rows}

    def get(self, lines: Sequence[str]) -> Mapping[str, Kept]:
        """Those of the named lines that are kept."""
        found: dict[str, Kept] = {}
        with reaching(self._engine), self._engine.connect() as connection:
            for start in range(0, len(lines), _TOGETHER):
                found.update(self._some(connection, lines[start : start + _TOGETHER]))
        return found

    def _some(self, connection: Connection, lines: Sequence[str]) -> dict[str, Kept]:
        rows = connection.execute(_GET, {"source": self._source, "lines": array_text(lines)})
        return {row.line: Kept(row.line, orjson.loads(row.body), row.moved, row.until) for row in rows}

    def put(self, kept: Sequence[Kept]) -> None:
        """Keep lines; one that moved later by what is kept already stays."""
        with reaching(self._engine), self._engine.begin() as connection:
            for start in range(0, len(kept), _TOGETHER):
                some = kept[start : start + _TOGETHER]
                connection.execute(_PUT, {"source": self._source, **_columns(some)})

    def drop(self, lines: Sequence[str]) -> None:
        """Forget lines."""
        if not lines:
            return
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_DROP, {"source": self._source, "lines": array_text(lines)})

    def clear(self) -> None:
        """Forget everything, how far reading went too: names, addresses and numbers of people may be among it."""
        with reaching(self._engine), self._engine.begin() as connection:
            for statement in (_CLEAR, _CLEAR_NOTE):
                connection.execute(statement, {"source": self._source})

    def note(self) -> Mapping[str, Json]:
        """How far reading went, as it was last noted; empty at first."""
        with reaching(self._engine), self._engine.connect() as connection:
            found = connection.execute(_NOTE, {"source": self._source}).scalar()
        return found if isinstance(found, dict) else {}

    def advance(self, note: Mapping[str, Json]) -> None:
        """Note how far reading went."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_ADVANCE, {"source": self._source, "note": orjson.dumps(note).decode()})

    def told_gone(self, lines: Sequence[str]) -> frozenset[str]:
        """Those of the named lines of which the last event of the last hours said that they are gone."""
        if not lines:
            return frozenset()
        place = {"app": self._app, "app_token": self._app_token, "table_id": told_as(self._table_id)}
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(_GONE, {**place, "lines": array_text(lines)})
            return frozenset(row.record_id for row in rows if row.action == GONE)


def _columns(kept: Sequence[Kept]) -> dict[str, object]:
    return {
        "lines": array_text(each.line for each in kept),
        "moved": [each.moved for each in kept],
        "until": [each.until for each in kept],
        "bodies": array_text(orjson.dumps(each.body).decode() for each in kept),
    }
