"""The one place that builds living objects: settings in, a working syncer out.

Everything is made when it is first needed: a command that never speaks to Feishu never loads its SDK, and one that
never looks at the state store starts no server.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, tzinfo
from functools import cached_property, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Self

from redis import Redis

from syncer.batching.askers import Asker, urgently
from syncer.batching.redis_link import connect
from syncer.batching.redis_shared import Shared
from syncer.catalog.build import build_mapping
from syncer.catalog.check import Findings, check_against
from syncer.catalog.document import Document
from syncer.catalog.faults import Places
from syncer.catalog.following import follow_renames, layout_of
from syncer.catalog.pairs import Tables, build_rules, key_columns, zone_of
from syncer.core.mapping import SyncMapping
from syncer.core.values import Json
from syncer.database.capture.watch import Watch, release, script, way_of
from syncer.database.connections import make_engine, place
from syncer.database.rows import PostgresRows
from syncer.embedded.postgres import EmbeddedPostgres
from syncer.embedded.redis import EmbeddedRedis
from syncer.engine.aside import Threads
from syncer.engine.lens import Lens, read_columns
from syncer.engine.report import Report
from syncer.engine.restored import watched
from syncer.engine.run import run
from syncer.engine.tools import Options, Tools
from syncer.errors import (
    MendError,
    OutsideError,
    SchemaError,
    SettingsError,
    StaleNameError,
    SyncerError,
)
from syncer.jobs import Job, Sides, Work, demand_not_paused, status_of, with_clocks
from syncer.mirrors import MappingMirrors
from syncer.nature import RandomIds, SystemClock
from syncer.ports import RecordTableInfo, RowTableInfo
from syncer.ports.progress import Reporter
from syncer.settings import FeishuApp, Settings
from syncer.state import migrate
from syncer.state.connect import open_engine
from syncer.state.mappings import Applied, State
from syncer.state.memory import PostgresMemory
from syncer.state.store import Store

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from syncer.feishu.bitable import BitableRecords
    from syncer.feishu.client import FeishuClient


class Syncer:
    """A whole syncer in this process. Close it, or use it as a context: what it started, it stops.

    ``grace`` is how many seconds a call of unknown outcome has to show its effect; see ``engine.tools.Options``.
    ``attempts`` is how often a call to Feishu is tried before it counts as unreachable; left out: patiently.
    ``wait`` is how many seconds another run may hold a mapping.
    """

    def __init__(self, settings: Settings, *, grace: float = 10, attempts: int | None = None, wait: float = 60) -> None:
        self.settings, self.grace, self.attempts, self.wait = settings, grace, attempts, wait
        self.clock = SystemClock()
        self.ids = RandomIds()
        self._stack = ExitStack()
        self._clients: dict[str, FeishuClient] = {}
        self._engines: dict[str, Engine] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give back every connection and stop the embedded servers if nobody else uses them."""
        self._stack.close()

    # The state store and Redis: the environment's, else the embedded ones.

    @cached_property
    def state_engine(self) -> "Engine":
        """The engine of the state store, migrated. Raises ``UnreachableError``."""
        url = self.settings.database_url
        engine = open_engine(url.get_secret_value() if url else self.embedded_postgres.url())
        self._stack.callback(engine.dispose)
        migrate.upgrade(engine)
        return engine

    @cached_property
    def embedded_postgres(self) -> EmbeddedPostgres:
        """The embedded PostgreSQL server, running."""
        return self._stack.enter_context(EmbeddedPostgres(self.settings.home))

    @cached_property
    def store(self) -> Store:
        """What the syncer remembers."""
        return Store(self.state_engine, self.clock, self.settings.lease_seconds)

    @cached_property
    def redis(self) -> Redis:
        """Redis: quotas, leases and tokens shared by all processes. It gives up soon: the syncer goes on without."""
        redis: Redis = self._stack.enter_context(connect(self.redis_address))
        return redis

    @cached_property
    def redis_address(self) -> str:
        """The URL of Redis for redis-py, the embedded one running."""
        if url := self.settings.redis_url:
            return url.get_secret_value()
        return self.embedded_redis.url()

    @cached_property
    def embedded_redis(self) -> EmbeddedRedis:
        """The embedded Redis, running."""
        return self._stack.enter_context(EmbeddedRedis(self.settings.home))

    def revive(self) -> None:
        """Start those embedded servers anew that this process uses and that have ended. Raises ``SyncerError``."""
        for name in ("embedded_postgres", "embedded_redis"):
            if name in self.__dict__:
                getattr(self, name).start()

    # The two sides.

    @cached_property
    def shared(self) -> Shared:
        """Quotas, the paces of tables and their writers, shared with all other workers."""
        return Shared(self.redis, self.clock, self.settings.quota_scale, self.settings.feishu_timeout)

    def app(self, app: str) -> FeishuApp:
        """One Feishu app of the settings. Raises ``SettingsError`` if its credentials are not set."""
        found = self.settings.apps.get(app)
        if found is None:
            prefix = "FEISHU_" if app == "default" else f"SYNCER_APPS__{app.upper()}__"
            names = f"{prefix}APP_ID and {prefix}APP_SECRET"
            raise SettingsError([f"the Feishu app {app!r} is not known: set {names}"])
        return found

    def client(self, app: str) -> "FeishuClient":
        """The client of one Feishu app. Raises ``SettingsError`` if its credentials are not set."""
        if app not in self._clients:
            self._clients[app] = self._make_client(app)
        return self._clients[app]

    def _make_client(self, app: str) -> "FeishuClient":
        from syncer.feishu.client import FeishuClient  # noqa: PLC0415 - loads the SDK: 3.5 s and 170 MB
        from syncer.feishu.patience import Patience  # noqa: PLC0415 - likewise

        found = self.app(app)
        client = FeishuClient(
            found.app_id,
            found.app_secret.get_secret_value(),
            clock=self.clock,
            pacer=self.shared.pacer,
            paces=self.shared.paces,
            sizes=self.shared.sizes,
            domain=found.domain,
            timeout=self.settings.feishu_timeout,
            redis=self.redis,
            patience=None if self.attempts is None else Patience(attempts=self.attempts),
        )
        self._stack.callback(client.close)
        return client

    def engine(self, connection: str) -> "Engine":
        """The engine of a database to sync. Raises ``SettingsError`` if it is not set."""
        if connection not in self._engines:
            url = self.settings.connections.get(connection.lower())
            if url is None:
                name = f"SYNCER_CONNECTIONS__{connection.upper()}"
                raise SettingsError([f"the connection {connection!r} is not known: set {name} to its SQLAlchemy URL"])
            self._engines[connection] = make_engine(url.get_secret_value())
            self._stack.callback(self._engines[connection].dispose)
        return self._engines[connection]

    def records(self, mapping: SyncMapping) -> "BitableRecords":
        """The Bitable table of a mapping."""
        from syncer.feishu.bases import resolve_base  # noqa: PLC0415 - loads the SDK
        from syncer.feishu.bitable import BitableRecords  # noqa: PLC0415 - loads the SDK

        client = self.client(mapping.app)
        token = mapping.app_token
        if "/" in token:
            token = resolve_base(client, token).app_token
        writer, who = self.shared.writer(mapping.name), Asker(mapping.name)
        return BitableRecords(client, token, mapping.table_id, writer, one_writer=self.settings.writer, who=who)

    def rows(self, mapping: SyncMapping) -> PostgresRows:
        """The database table of a mapping, not looked at yet."""
        engine = self.engine(mapping.connection)
        return PostgresRows(engine, mapping.table, key=(), columns=(), clock=self.clock, mapping=mapping.name)

    def look(self, mapping: SyncMapping) -> Sides:
        """Both tables of a mapping as they stand now. Raises the errors of both doors."""
        engine = self.engine(mapping.connection)
        row_table = self.rows(mapping).info()
        records = self.records(mapping)
        record_table = records.info()
        rows = self._rows(engine, mapping, key_columns(mapping, row_table), record_table)
        return Sides(mapping, records, rows, record_table, row_table)

    def _rows(
        self, engine: "Engine", mapping: SyncMapping, key: tuple[str, ...], table: RecordTableInfo | None
    ) -> PostgresRows:
        return PostgresRows(
            engine,
            mapping.table,
            key=key,
            columns=read_columns([pair.column for pair in mapping.pairs], mapping.from_feishu.target),
            clock=self.clock,
            mapping=mapping.name,
            writer=partial(self.reader, mapping.name),
            modified=mapping.watermark,
            zone=zone_of(mapping, table) if table else UTC,
            on_insert=mapping.on_insert,
            on_update=mapping.on_update,
        )

    def watch(self, mapping: SyncMapping, table: RowTableInfo, zone: tzinfo = UTC) -> Watch:
        """How a mapping notices changed rows."""
        columns = read_columns([pair.column for pair in mapping.pairs], mapping.from_feishu.target)
        reader, key = partial(self.reader, mapping.name), key_columns(mapping, table)
        return Watch(self.engine(mapping.connection), mapping, key, tuple(columns), reader, zone)

    def script(self, mappings: Sequence[SyncMapping]) -> str:
        """What ``apply`` would do to the database of these mappings, which are of one connection, as SQL."""
        watches = [self.watch(mapping, self.rows(mapping).info()) for mapping in mappings]
        return self.rows(mappings[0]).prepare_sql() + script(watches)

    def reader(self, mapping: str) -> str:
        """What a mapping is called among all who watch a database: other state stores may have one of its name."""
        return f"{mapping}@{self.store.identity}"

    # Mappings as they were applied.

    def check(self, sides: Sides, places: Places) -> Findings:
        """Everything wrong or unwise between a mapping and its two tables."""
        found = check_against(sides.mapping, sides.record_table, sides.row_table, places)
        lacking = [*sides.rows.check_readable(), *self._unwritable(sides)]
        if found.faults:  # what the database door finds missing too is told once
            lacking = [sentence for sentence in lacking if "the role" in sentence]
        told = tuple(str(places.fault(("database", "table"), sentence)) for sentence in dict.fromkeys(lacking))
        return replace(found, faults=found.faults + told)

    def _unwritable(self, sides: Sides) -> list[str]:
        if sides.mapping.direction == "to_feishu":
            return []
        return sides.rows.check_writable(deletes=sides.mapping.from_feishu.action == "delete")

    def apply(
        self, sides: Sides, document: Document, digest: str, differences: str, say: Callable[[str], object] = str
    ) -> int:
        """Make a mapping active: prepare its database, tell ``say`` how, record a revision; the revision's number.

        The ids of its fields are remembered, so that a field that is renamed is followed.
        """
        field = Tables(sides.record_table, sides.row_table).field
        ids = {pair.column: field(pair.field).id for pair in sides.mapping.pairs}
        sides.rows.prepare()
        watch = self.watch(sides.mapping, sides.row_table)
        for sentence in watch.install():
            say(sentence)
        found: dict[str, Json] = {"fields": ids, "key": list(watch.key), "capture": watch.way}
        found["tables"] = self.tables_of(sides)
        # A field deleted and made anew is another field, though the file says the same.
        whole = sha256(json.dumps([digest, found], sort_keys=True).encode()).hexdigest()
        stored = {"document": document.model_dump(mode="json"), **found, "timezone": sides.record_table.time_zone}
        return self.store.apply(sides.mapping.name, stored, whole, differences)

    def release(self, mapping: SyncMapping) -> list[str]:
        """Take away what notices changed rows for a mapping alone; what that was. Raises the errors of the door."""
        return release(self.engine(mapping.connection), self.reader(mapping.name))

    def tables_of(self, sides: Sides) -> list[str]:
        """What identifies the pair of tables of a mapping, however its file spells them."""
        where = place(self.engine(sides.mapping.connection))
        return [sides.records.app_token, sides.records.table_id, where, sides.row_table.name]

    def applied(self, name: str) -> tuple[Applied, SyncMapping, Mapping[str, str]]:
        """A mapping as it was applied, and the field id of each of its columns. Raises ``NotAppliedError``."""
        applied = self.store.mapping(name)
        stored = applied.document
        assert isinstance(stored, Mapping)
        ids = stored["fields"]
        assert isinstance(ids, Mapping)
        mapping = replace(build_mapping(Document.model_validate(stored["document"])), capture=way_of(stored))
        return applied, mapping, {column: str(identity) for column, identity in ids.items()}

    # Runs.

    def sync(
        self,
        name: str,
        options: Options,
        reporter: Reporter | None = None,
        *,
        approved_run: str | None = None,
        began: Callable[[Report], None] | None = None,
        work: Work = run,
        kind: str = "",
    ) -> Report:
        """One run of a mapping, now, to its end. Raises the errors of ``syncer.errors``.

        A field renamed while its records were read makes the run begin anew, once. ``began`` gets the report as soon
        as the run is open, so that what was done can be told also of a run that ends in an error. ``work`` is what the
        run does, ``kind`` what it is called.
        """
        applied, mapping, ids = self.applied(name)
        if not options.dry:
            demand_not_paused(applied)
        options = replace(options, batch=min(options.batch, self.settings.batch_records), grace=self.grace)
        job = Job(mapping, ids, options, reporter or Reporter(), approved_run, began, applied, work, kind)
        try:
            with urgently(really=options.urgent):
                with suppress(StaleNameError):
                    return self._sync(job)
                return self._sync(job)
        except SyncerError as error:
            if error.exit_status == MendError.exit_status and not options.dry:
                self.store.set_state(name, State.BROKEN)
            raise

    def _sync(self, job: Job) -> Report:
        with self._noted(job):
            sides = self.look(job.mapping)
            sides = replace(sides, mapping=follow_renames(job.mapping, sides.record_table, job.ids))
            trusting = replace(sides.record_table, whole=True)  # records that may be hidden are for a guard to stop
            found = self.check(replace(sides, record_table=trusting), Places(f"revision {job.applied.revision}"))
            if found.faults:
                raise SchemaError(found.faults)
            rules = with_clocks(build_rules(sides.mapping, sides.record_table, sides.row_table), sides)
            layout = layout_of(sides.mapping, Tables(sides.record_table, sides.row_table), rules)
        if job.applied.state is State.BROKEN and not job.options.dry:
            self.store.set_state(job.mapping.name, State.ACTIVE)
        zone = zone_of(sides.mapping, sides.record_table)
        with self._opened(job, layout, sides) as (memory, report), closing(Threads()) as aside:
            tools = Tools(
                rules=rules,
                records=sides.records,
                rows=sides.rows,
                memory=memory,
                clock=self.clock,
                ids=self.ids,
                report=report,
                reporter=job.reporter,
                options=job.options,
                lens=Lens(rules),
                signals=self.store.noticing.signals(job.mapping.name),
                capture=None if job.options.dry else self.watch(sides.mapping, sides.row_table, zone).capture(),
                table=job.mapping.table_id,
                aside=aside,
            )
            mirrors = MappingMirrors(self.store, self.engine(job.mapping.connection), self.redis, job.mapping.name)
            watched(job.work, mirrors)(tools, sides.record_table)
        return report

    @contextmanager
    def _noted(self, job: Job) -> Iterator[None]:
        """Write down why a run could not even begin, so that ``syncer status`` tells."""
        try:
            yield
        except SyncerError as error:
            if not job.options.dry:
                self.store.note_ended(job.mapping.name, job.kind, status_of(error), str(error))
            raise

    @contextmanager
    def _opened(self, job: Job, layout: list[tuple[str, str]], sides: Sides) -> Iterator[tuple[PostgresMemory, Report]]:
        name = job.mapping.name
        opening = self.store.open_run(name, job.kind, layout, wait_seconds=self.wait, approved_run=job.approved_run)
        with opening as memory:
            report, start = Report(name, memory.run, dry=job.options.dry), self.clock.now()
            if job.began is not None:
                job.began(report)
            try:
                yield memory, report
            except OutsideError as error:
                report.seconds = (self.clock.now() - start).total_seconds()
                report.calls = sides.records.calls()
                told = report.to_json()
                self.store.finish_run(memory.run, status_of(error), told, None, report.seconds, str(error))
                raise
            told = report.to_json()
            status = "planned" if report.dry else report.status
            self.store.finish_run(memory.run, status, told, told["guard"], report.seconds)
