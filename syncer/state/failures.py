"""The failures at the desk: what could not be written, and trying it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, select, update

from syncer.core.records import Side
from syncer.errors import MendError
from syncer.state import tables
from syncer.state.connect import reaching


@dataclass(frozen=True, slots=True)
class Failure:
    """A field (or a line, then ``pair`` is empty) that could not be written. ``waiting``: a retry is wanted."""

    id: int
    mapping: str
    side: Side
    link: int | None
    record: str | None
    key: str | None
    pair: str
    field: str
    code: str
    message: str
    log_id: str | None
    attempts: int
    first_at: datetime
    last_at: datetime
    run: str
    waiting: bool


class Failures:
    """The failures of all mappings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def failures(self, mapping: str | None = None, *, limit: int | None = None) -> list[Failure]:
        """Failures of one mapping or of all, oldest first."""
        statement = _select().order_by(tables.failure.c.id).limit(limit)
        if mapping is not None:
            statement = statement.where(tables.mapping.c.name == mapping)
        with reaching(self._engine), self._engine.connect() as connection:
            return [_failure(row) for row in connection.execute(statement)]

    def failures_by_id(self, numbers: Sequence[int]) -> list[Failure]:
        """These failures, as far as they still stand."""
        statement = _select().where(tables.failure.c.id.in_(numbers))
        with reaching(self._engine), self._engine.connect() as connection:
            return [_failure(row) for row in connection.execute(statement)]

    def failure(self, number: int) -> Failure:
        """One failure. Raises ``MendError`` if there is none of that number."""
        with reaching(self._engine), self._engine.connect() as connection:
            row = connection.execute(_select().where(tables.failure.c.id == number)).first()
        if row is None:
            raise _unknown([number])
        return _failure(row)

    def retry(self, numbers: Sequence[int] | None = None, *, mapping: str | None = None) -> int:
        """Have the next run try again: these failures, or with ``None`` all (of a mapping). How many there are.

        Raises ``MendError``, and changes nothing, if one of the numbers is unknown.
        """
        change = update(tables.failure).values(value=None)
        with reaching(self._engine), self._engine.begin() as connection:
            if numbers is not None:
                _check(connection, numbers)
                change = change.where(tables.failure.c.id.in_(numbers))
            if mapping is not None:
                change = change.where(tables.failure.c.mapping == _number_of(mapping))
            return connection.execute(change).rowcount

    def discard(self, numbers: Sequence[int]) -> int:
        """Forget failures. A value that still cannot be written fails anew when next tried. How many there were."""
        with reaching(self._engine), self._engine.begin() as connection:
            _check(connection, numbers)
            return connection.execute(delete(tables.failure).where(tables.failure.c.id.in_(numbers))).rowcount


def retry_all(connection: Connection, mapping: int) -> None:
    """Have the next run of a mapping, by its number, try everything again."""
    connection.execute(update(tables.failure).where(tables.failure.c.mapping == mapping).values(value=None))


def _check(connection: Connection, numbers: Sequence[int]) -> None:
    known = set(connection.scalars(select(tables.failure.c.id).where(tables.failure.c.id.in_(numbers))))
    unknown = [number for number in numbers if number not in known]
    if unknown:
        raise _unknown(unknown)


def _unknown(numbers: Sequence[int]) -> MendError:
    return MendError(f"no failure {', '.join(map(str, numbers))}; see `syncer failures list`")


def _number_of(mapping: str) -> Any:
    return select(tables.mapping.c.id).where(tables.mapping.c.name == mapping).scalar_subquery()


def _select() -> Select[Any]:
    return select(tables.failure, tables.mapping.c.name).join_from(
        tables.failure, tables.mapping, tables.failure.c.mapping == tables.mapping.c.id
    )


def _failure(row: Any) -> Failure:
    return Failure(
        row.id,
        row.name,
        Side(row.side),
        row.link,
        row.record,
        row.key,
        row.pair,
        row.field,
        row.code,
        row.message,
        row.log_id,
        row.attempts,
        row.first_at,
        row.last_at,
        str(row.run),
        row.value is None,
    )
