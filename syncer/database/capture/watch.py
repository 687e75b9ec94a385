"""The way in: which way the changes of one mapping's table are noticed, and what that needs in the database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cached_property
from typing import Literal

import psycopg
from sqlalchemy import Engine

from syncer.core.mapping import JoinTable, SyncMapping
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.database.capture import install, watermark
from syncer.database.capture.functions import body
from syncer.database.capture.joined import JoinedCapture
from syncer.database.capture.log import is_prepared
from syncer.database.capture.scan import ScanCapture
from syncer.database.capture.source import Source
from syncer.database.capture.standing import look_at, standing
from syncer.database.capture.trigger import TriggerCapture
from syncer.database.capture.watermark import WatermarkCapture
from syncer.database.connections import session
from syncer.database.schema import read_table
from syncer.ports.capture import Capture

Way = Literal["trigger", "watermark", "scan"]


@dataclass(frozen=True)
class Watch:
    """How one mapping notices changed rows.

    ``columns`` are all it reads of a row beside the ``key``; ``reader`` tells its name among all who watch that
    database, under which it writes its batches too; ``zone`` is where a watermark without a zone is at home.
    """

    engine: Engine
    mapping: SyncMapping
    key: tuple[str, ...]
    columns: tuple[str, ...]
    reader: Callable[[], str]
    zone: tzinfo = UTC

    @cached_property
    def way(self) -> Way:
        """As the mapping says; else triggers where they can be, else a named watermark, else scanning.

        A mapping that carries nothing from the database needs no notice of it.
        """
        mapping = self.mapping
        if mapping.capture is not None:
            return mapping.capture
        if not any(pair.direction.carries_from(Side.DATABASE) for pair in mapping.pairs):
            return "scan"
        with self._session() as (connection, source):
            if not look_at(connection, source.table).obstacles:
                return "trigger"
        return "watermark" if mapping.watermark else "scan"

    def capture(self) -> Capture:
        """The capture, ready to be asked."""
        name = self.mapping.table
        if self.way == "trigger":
            table = TriggerCapture(self.engine, name, self.key, self.columns, self.reader())
            joined = [self._join_capture(join) for join in self._joins()]
            return JoinedCapture(table, joined) if joined else table
        if self.way == "watermark" and self.mapping.watermark:
            return WatermarkCapture(self.engine, name, self.key, self.mapping.watermark, self.zone)
        return ScanCapture()

    def _joins(self) -> list[JoinTable]:
        return [pair.through for pair in self.mapping.pairs if pair.through is not None]

    def _join_capture(self, join: JoinTable) -> TriggerCapture:
        return TriggerCapture(self.engine, join.table, (join.here,), (join.there,), self.reader())

    def check(self) -> tuple[list[str], list[str]]:
        """What keeps the mapping from noticing changes its way, and what is unwise about it; one sentence each."""
        with self._session() as (connection, source):
            if self.way == "trigger":
                return self._check_triggers(connection)
            if self.way == "watermark" and self.mapping.watermark:
                return watermark.check(connection, source.table, self.mapping.watermark)
        return [], []

    def _check_triggers(self, connection: psycopg.Connection) -> tuple[list[str], list[str]]:
        faults: list[str] = []
        warnings: list[str] = []
        prepares = False
        for source in self.sources(connection):
            nature = look_at(connection, source.table)
            faults += nature.obstacles or (() if self._stands(connection, source) else nature.lacking)
            prepares |= nature.prepares
        if prepares and self.mapping.notify:
            warnings.append(
                "the server allows prepared transactions (max_prepared_transactions), which may not notify: triggers "
                "will not wake the syncer, the log is polled"
            )
        return faults, warnings

    def _stands(self, connection: psycopg.Connection, source: Source) -> bool:
        """Whether nothing is left to be put there."""
        if not is_prepared(connection):
            return False
        now = standing(connection, install.known(connection, source))
        bodies = {body(install.known(connection, source), notify=notify) for notify in (True, False)}
        return now.whole and now.serves_all and not now.elsewhere and now.body in bodies

    def install(self) -> list[str]:
        """Put there what is needed, take away what was and is not; what that was. Raises like ``release``."""
        if self.way != "trigger":
            return release(self.engine, self.reader())
        reader = install.Reader(self.reader(), self.mapping.notify)
        with session(self.engine) as connection:
            sources = self.sources(connection)
            told = [sentence for source in sources for sentence in install.install(connection, source, reader)]
        return told + release(self.engine, self.reader(), keep=[source.id for source in sources])

    @contextmanager
    def _session(self) -> Iterator[tuple[psycopg.Connection, Source]]:
        with session(self.engine) as connection:
            yield connection, self.source(connection)

    def source(self, connection: psycopg.Connection) -> Source:
        """The table as it stands, and what is watched of it."""
        return Source(read_table(connection, self.mapping.table), self.key, self.columns)

    def sources(self, connection: psycopg.Connection) -> list[Source]:
        """All that is watched: the table, and the join tables that tell whom its rows are tied to."""
        joined = [Source(read_table(connection, join.table), (join.here,), (join.there,)) for join in self._joins()]
        return [self.source(connection), *joined]


def way_of(stored: Mapping[str, Json]) -> Way:
    """The way that was chosen when a mapping was applied; one that was applied before there was a choice scans."""
    ways: dict[Json, Way] = {"trigger": "trigger", "watermark": "watermark"}
    return ways.get(stored.get("capture"), "scan")


def release(engine: Engine, reader: str, keep: Sequence[int] = ()) -> list[str]:
    """Take a reader away, and what nobody else needs of what was put there for it; one sentence for each table.

    Raises ``SchemaError`` where the role may not, ``BusyError`` while a table is locked.
    """
    with session(engine) as connection:
        gone = install.release(connection, reader, keep)
    return [f"{relation}: its triggers, their function and their part of syncer.log are gone" for relation in gone]


def script(watches: Sequence[Watch]) -> str:
    """The SQL that an administrator runs in place of ``install``, for mappings of one connection; empty if none."""
    triggered = [watch for watch in watches if watch.way == "trigger"]
    if not triggered:
        return ""
    with session(triggered[0].engine) as connection:
        wanted = [(source, watch.mapping.notify) for watch in triggered for source in watch.sources(connection)]
        return install.script(connection, wanted)
