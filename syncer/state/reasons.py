"""Failures by their reason: ten thousand lines with one cause are one entry."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, text

from syncer.core.records import Side
from syncer.errors import MendError
from syncer.state.connect import reaching
from syncer.state.failures import Failure, Failures

SAMPLES = 3

# What differs from line to line in a message: quoted values, record ids, numbers. (E'' would need them doubled.)
_SHAPE = r"""regexp_replace(f.message, '''[^'']*''|"[^"]*"|“[^”]*”|\mrec\w+|\m\d[\d.,:]*', '…', 'g')"""

_GROUPS = f"""
SELECT m.name, f.side, f.pair, max(f.field) AS field, f.code, {_SHAPE} AS shape, count(*) AS count,
  min(f.first_at) AS first_at, max(f.last_at) AS last_at, (array_agg(f.id ORDER BY f.id))[1:{SAMPLES}] AS samples
FROM syncer_state.failure f JOIN syncer_state.mapping m ON m.id = f.mapping
WHERE cast(:mapping AS text) IS NULL OR m.name = :mapping
GROUP BY m.name, f.side, f.pair, f.code, shape ORDER BY min(f.id)
"""  # noqa: S608 - nothing but the constants above

_ALIKE = f"""
SELECT f.id FROM syncer_state.failure f, (
  SELECT mapping, side, pair, code, {_SHAPE} AS shape FROM syncer_state.failure f WHERE id = :number
) one
WHERE f.mapping = one.mapping AND f.side = one.side AND f.pair = one.pair AND f.code = one.code
  AND {_SHAPE} = one.shape ORDER BY f.id
"""  # noqa: S608 - likewise


@dataclass(frozen=True, slots=True)
class Group:
    """Failures of one mapping, side and field with one code and one reason. ``samples`` are the first of them."""

    mapping: str
    side: Side
    field: str
    code: str
    reason: str
    count: int
    first_at: datetime
    last_at: datetime
    samples: Sequence[Failure]


class Reasons(Failures):
    """The failures of all mappings, one by one and by their reasons."""

    def __init__(self, engine: Engine) -> None:
        Failures.__init__(self, engine)
        self._engine = engine

    def failure_groups(self, mapping: str | None = None) -> list[Group]:
        """Failures of one mapping or of all by their reasons, oldest first.

        A reason is the message of the first one, if it is the only one, else what their messages have in common.
        """
        with reaching(self._engine), self._engine.connect() as connection:
            rows = connection.execute(text(_GROUPS), {"mapping": mapping}).all()
        samples = {one.id: one for one in self.failures_by_id([number for row in rows for number in row.samples])}
        return [_group(row, [samples[number] for number in row.samples if number in samples]) for row in rows]

    def alike(self, number: int) -> list[int]:
        """The numbers of all failures with the reason of this one. Raises ``MendError`` if there is none of it."""
        with reaching(self._engine), self._engine.connect() as connection:
            found = list(connection.scalars(text(_ALIKE), {"number": number}))
        if not found:
            raise MendError(f"no failure {number}; see `syncer failures list`")
        return found


def _group(row: object, samples: Sequence[Failure]) -> Group:
    get = row._mapping  # type: ignore[attr-defined]  # noqa: SLF001 - a row's public view of its columns by name
    reason = samples[0].message if get["count"] == 1 and samples else get["shape"]
    times = (get["first_at"], get["last_at"])
    return Group(get["name"], Side(get["side"]), get["field"], get["code"], reason, get["count"], *times, samples)
