"""The conflicts at the desk: what both sides changed, and a person's choice."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Engine, Select, bindparam, select, tuple_, update

from syncer.core.values import Json
from syncer.errors import MendError
from syncer.state import tables
from syncer.state.connect import reaching

Winner = Literal["feishu", "database", "merged"]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field changed on both sides. An open one with a ``winner`` waits for the next run to carry the choice out.

    ``version`` rises when a side moves again; a choice is made for one version. ``value`` goes with ``merged``.
    """

    id: int
    mapping: str
    link: int
    record: str | None
    key: str | None
    pair: str
    field: str
    base: Json
    feishu: Json
    database: Json
    policy: str
    state: Literal["open", "settled"]
    winner: Winner | None
    value: Json
    reason: str
    estimated: bool
    version: int
    at: datetime
    settled_at: datetime | None
    run: str
    shown: int | None = None
    """The version that a person was shown last."""
    moments: Json = None
    """When each side changed it and who did, as far as known; see ``ports.memory.ConflictNote``."""


class Conflicts:
    """The conflicts of all mappings."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def conflicts(
        self, mapping: str | None = None, state: str | None = "open", *, limit: int | None = None
    ) -> list[Conflict]:
        """Conflicts of one mapping or of all, ``open``, ``settled`` or (``None``) both, oldest first."""
        statement = _select().order_by(tables.conflict.c.id).limit(limit)
        if mapping is not None:
            statement = statement.where(tables.mapping.c.name == mapping)
        if state is not None:
            statement = statement.where(tables.conflict.c.state == state)
        with reaching(self._engine), self._engine.connect() as connection:
            return [_conflict(row) for row in connection.execute(statement)]

    def conflict(self, number: int) -> Conflict:
        """One conflict. Raises ``MendError`` if there is none of that number."""
        with reaching(self._engine), self._engine.connect() as connection:
            return _one(connection, number)

    def note_shown(self, versions: Mapping[int, int]) -> None:
        """Write down which versions of these conflicts a person was shown."""
        conflict = tables.conflict
        change = update(conflict).where(conflict.c.id == bindparam("number")).values(shown=bindparam("seen"))
        if versions:
            with reaching(self._engine), self._engine.begin() as connection:
                connection.execute(change, [{"number": number, "seen": seen} for number, seen in versions.items()])

    def resolve_all(self, versions: Mapping[int, int], winner: Winner) -> list[int]:
        """Say who wins many conflicts, each if it still is in this version; the numbers of those that moved since."""
        conflict = tables.conflict.c
        same = (conflict.state == "open", tuple_(conflict.id, conflict.version).in_(list(versions.items())))
        change = update(tables.conflict).where(*same).values(winner=winner, value=None).returning(conflict.id)
        with reaching(self._engine), self._engine.begin() as connection:
            decided = set(connection.scalars(change)) if versions else set()
        return [number for number in versions if number not in decided]

    def resolve(self, number: int, winner: Winner, expected: int, value: Json = None) -> None:
        """Say who wins; the next run carries it out. ``expected`` is the ``version`` that was shown to the person.

        With ``merged``, ``value`` holds what each side is to hold, in its stored form, by side. Raises ``MendError`` if
        a side moved since, or the conflict is settled already.
        """
        conflict = tables.conflict.c
        same = (conflict.id == number, conflict.state == "open", conflict.version == expected)
        choice = {"winner": winner, "value": value if winner == "merged" else None}
        with reaching(self._engine), self._engine.begin() as connection:
            if connection.execute(update(tables.conflict).where(*same).values(**choice)).rowcount == 0:
                raise _refused(_one(connection, number))


def settle_unmapped(connection: Connection, mapping: int, pairs: Sequence[str], now: datetime) -> None:
    """Close the open conflicts of pairs that are none of these: nobody carries those any more."""
    conflict = tables.conflict.c
    over = {"state": "settled", "settled_at": now, "reason": "the field is no longer mapped"}
    mine = (conflict.mapping == mapping, conflict.state == "open", conflict.pair.not_in(pairs))
    connection.execute(update(tables.conflict).where(*mine).values(**over))


def _one(connection: Connection, number: int) -> Conflict:
    row = connection.execute(_select().where(tables.conflict.c.id == number)).first()
    if row is None:
        raise MendError(f"no conflict {number}; see `syncer conflicts list`")
    return _conflict(row)


def _refused(conflict: Conflict) -> MendError:
    if conflict.state == "settled":
        return MendError(f"conflict {conflict.id} is settled already: {conflict.reason}")
    return MendError(
        f"conflict {conflict.id} (field {conflict.field}) moved since it was shown; look again with"
        f" `syncer conflicts show {conflict.id}`, then decide"
    )


def _select() -> Select[Any]:
    return select(tables.conflict, tables.mapping.c.name).join_from(
        tables.conflict, tables.mapping, tables.conflict.c.mapping == tables.mapping.c.id
    )


def _conflict(row: Any) -> Conflict:
    return Conflict(
        row.id,
        row.name,
        row.link,
        row.record,
        row.key,
        row.pair,
        row.field,
        row.base,
        row.feishu,
        row.database,
        row.policy,
        row.state,
        row.winner,
        row.value,
        row.reason,
        row.estimated,
        row.version,
        row.at,
        row.settled_at,
        str(row.run),
        row.shown,
        row.moments,
    )
