"""What is remembered of the files of one base; a ``ports.files.Ledger``.

Every upload is noted at once, by itself: a run that is killed afterwards does not upload the same content again.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Engine, TextClause, text

from syncer.ports.files import FileNote
from syncer.state.arrays import array_text
from syncer.state.connect import reaching

_SELECT = "SELECT place, token, name, size, digest, stamp FROM syncer_state.file WHERE base = :base AND "
_AT = text(f"{_SELECT} place = :place")
_OF = text(f"{_SELECT} token = :token ORDER BY noted_at DESC, place LIMIT 1")
_LIKE = text(f"{_SELECT} digest = :digest AND name = :name ORDER BY noted_at DESC, place LIMIT 1")
_NOTE = text("""
INSERT INTO syncer_state.file AS f (base, place, token, name, size, digest, stamp, noted_at)
VALUES (:base, :place, :token, :name, :size, :digest, :stamp, clock_timestamp())
ON CONFLICT (base, place) DO UPDATE SET token = excluded.token, name = excluded.name, size = excluded.size,
  digest = excluded.digest, stamp = excluded.stamp, noted_at = excluded.noted_at
""")
_FORGET = text("DELETE FROM syncer_state.file WHERE base = :base AND place = ANY(CAST(:places AS text[]))")


class PostgresLedger:
    """The files of one base, which is an ``app_token`` at one domain."""

    def __init__(self, engine: Engine, base: str) -> None:
        self._engine, self._base = engine, base

    def at(self, place: str) -> FileNote | None:
        """The file that was last seen at a place."""
        return self._one(_AT, place=place)

    def of(self, token: str) -> FileNote | None:
        """Where a file stands, by its token: the place noted last."""
        return self._one(_OF, token=token)

    def like(self, digest: str, name: str) -> FileNote | None:
        """A file of this content and name."""
        return self._one(_LIKE, digest=digest, name=name)

    def note(self, notes: Sequence[FileNote]) -> None:
        """Remember files, at once."""
        if not notes:
            return
        rows = [
            {
                "base": self._base,
                "place": one.place,
                "token": one.token,
                "name": one.name,
                "size": one.size,
                "digest": one.digest,
                "stamp": one.stamp,
            }
            for one in notes
        ]
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_NOTE, rows)

    def forget(self, places: Iterable[str]) -> None:
        """Remember nothing of these places any more."""
        with reaching(self._engine), self._engine.begin() as connection:
            connection.execute(_FORGET, {"base": self._base, "places": array_text(places)})

    def _one(self, statement: TextClause, **asked: Any) -> FileNote | None:
        with reaching(self._engine), self._engine.connect() as connection:
            row = connection.execute(statement, {"base": self._base, **asked}).one_or_none()
        return None if row is None else FileNote(row.place, row.token, row.name, row.size, row.digest, row.stamp)
