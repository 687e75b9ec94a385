"""Which mappings are active, in which revision, and what became of them."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Engine, Select, delete, func, insert, select, update

from syncer.core.values import Json
from syncer.errors import BusyError, NotAppliedError
from syncer.ports.world import Clock
from syncer.state import tables
from syncer.state.conflicts import settle_unmapped
from syncer.state.connect import reaching
from syncer.state.failures import retry_all
from syncer.state.lock import alone_in_this_transaction, held_for_this_transaction


class State(StrEnum):
    """What becomes of a mapping's runs."""

    ACTIVE = "active"
    PAUSED = "paused"
    GUARDED = "guarded"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Applied:
    """A mapping in one of its revisions. ``differences`` say what it changed, ``at`` is when it was applied."""

    name: str
    state: State
    revision: int
    document: Json
    digest: str
    differences: str
    at: datetime


class Mappings:
    """The mappings that were applied. Methods that name one raise ``NotAppliedError``, all ``UnreachableError``."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    def apply(self, name: str, document: Json, digest: str, differences: str) -> int:
        """Make a document the mapping's active revision and give its number; the same digest again changes nothing.

        A new revision gives everything that failed another try, and mends a broken mapping.
        """
        with reaching(self._engine), self._engine.begin() as connection:
            alone_in_this_transaction(connection)
            row = connection.execute(_latest(name).with_for_update(of=tables.mapping)).first()
            if row is not None and row.digest == digest:
                return int(row.revision)
            number = _insert_mapping(connection, name) if row is None else _raise_revision(connection, name)
            revision = 1 if row is None else int(row.revision) + 1
            stored = {"document": document, "digest": digest, "differences": differences, "at": self._clock.now()}
            connection.execute(insert(tables.mapping_revision).values(mapping=number, revision=revision, **stored))
            retry_all(connection, number)
            if isinstance(document, dict) and isinstance(document.get("fields"), dict):
                settle_unmapped(connection, number, list(document["fields"]), self._clock.now())
            return revision

    def learn(self, name: str, what: str, known: Json) -> None:
        """Keep beside a mapping's active revision what was learned of its tables; no part of what was applied."""
        with reaching(self._engine), self._engine.begin() as connection:
            row = connection.execute(_latest(name).with_for_update(of=tables.mapping)).first()
            if row is None:
                raise never_applied(name)
            if isinstance(row.document, dict) and row.document.get(what) != known:
                number = select(tables.mapping.c.id).where(tables.mapping.c.name == name).scalar_subquery()
                mine = tables.mapping_revision.c.mapping == number, tables.mapping_revision.c.revision == row.revision
                document = {**row.document, what: known}
                connection.execute(update(tables.mapping_revision).where(*mine).values(document=document))

    def learned(self, name: str, what: str) -> Json:
        """What was kept so; nothing of a mapping that was never applied."""
        with reaching(self._engine), self._engine.connect() as connection:
            row = connection.execute(_latest(name)).first()
        return row.document.get(what) if row is not None and isinstance(row.document, dict) else None

    def mapping(self, name: str) -> Applied:
        """A mapping in its active revision."""
        with reaching(self._engine), self._engine.connect() as connection:
            row = connection.execute(_latest(name)).first()
        if row is None:
            raise never_applied(name)
        return _applied(row)

    def mappings(self) -> list[Applied]:
        """All mappings in their active revisions, by name."""
        with reaching(self._engine), self._engine.connect() as connection:
            return [_applied(row) for row in connection.execute(_latest(None).order_by(tables.mapping.c.name))]

    def revisions(self, name: str) -> list[Applied]:
        """Every revision of a mapping, newest first."""
        revisions = (
            _revisions().where(tables.mapping.c.name == name).order_by(tables.mapping_revision.c.revision.desc())
        )
        with reaching(self._engine), self._engine.connect() as connection:
            found = [_applied(row) for row in connection.execute(revisions)]
        if not found:
            raise never_applied(name)
        return found

    def pause(self, name: str) -> None:
        """Let no more runs begin by themselves; signals and cursors stay."""
        self.set_state(name, State.PAUSED)

    def resume(self, name: str) -> None:
        """Let runs begin again."""
        self.set_state(name, State.ACTIVE)

    def set_state(self, name: str, state: State) -> None:
        """Say what becomes of the mapping's runs."""
        with reaching(self._engine), self._engine.begin() as connection:
            change = update(tables.mapping).where(tables.mapping.c.name == name).values(state=State(state).value)
            if connection.execute(change).rowcount == 0:
                raise never_applied(name)

    def remove(self, name: str, *, wait_seconds: float = 60) -> None:
        """Forget a mapping, its links and its history. Raises ``BusyError`` if a run holds it all that time."""
        deadline = self._clock.now().timestamp() + wait_seconds
        while not self._removed(name):
            if self._clock.now().timestamp() >= deadline:
                raise BusyError(f"a run holds {name}; remove it when that run is over")
            self._clock.sleep(0.2)

    def _removed(self, name: str) -> bool:
        with reaching(self._engine), self._engine.begin() as connection:
            number = connection.scalar(select(tables.mapping.c.id).where(tables.mapping.c.name == name))
            if number is None:
                raise never_applied(name)
            if not held_for_this_transaction(connection, number):
                return False
            for table in (tables.link, tables.audit):
                connection.execute(delete(table).where(table.c.mapping == number))
            connection.execute(delete(tables.mapping).where(tables.mapping.c.id == number))
            return True


def never_applied(name: str) -> NotAppliedError:
    """The error for a mapping that nobody knows."""
    return NotAppliedError(f"the mapping {name} was never applied; run `syncer apply`, or see `syncer mappings list`")


def _revisions() -> Select[Any]:
    mapping, revision = tables.mapping.c, tables.mapping_revision.c
    columns = (mapping.id, mapping.name, mapping.state, revision.revision, revision.document, revision.digest)
    return select(*columns, revision.differences, revision.at).join_from(
        tables.mapping, tables.mapping_revision, revision.mapping == mapping.id
    )


def _latest(name: str | None) -> Select[Any]:
    latest = _revisions().where(tables.mapping_revision.c.revision == tables.mapping.c.revision)
    return latest if name is None else latest.where(tables.mapping.c.name == name)


def _applied(row: Any) -> Applied:
    return Applied(row.name, State(row.state), row.revision, row.document, row.digest, row.differences, row.at)


def _insert_mapping(connection: Connection, name: str) -> int:
    new = insert(tables.mapping).values(name=name, state=State.ACTIVE.value, revision=1).returning(tables.mapping.c.id)
    return int(connection.scalar(new) or 0)


def _raise_revision(connection: Connection, name: str) -> int:
    mapping = tables.mapping.c
    mended = func.replace(mapping.state, State.BROKEN.value, State.ACTIVE.value)
    change = update(tables.mapping).where(mapping.name == name).values(revision=mapping.revision + 1, state=mended)
    return int(connection.scalar(change.returning(mapping.id)) or 0)
