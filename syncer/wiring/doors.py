"""The doors of a mapping: its Feishu app and its database, and the tables behind them."""

from dataclasses import replace
from datetime import UTC, tzinfo
from functools import partial
from typing import TYPE_CHECKING

from syncer.batching.askers import Asker
from syncer.catalog.pairs import key_columns, zone_of
from syncer.core.mapping import SyncMapping
from syncer.core.sources import ApprovalSource, Source, place_of
from syncer.database.capture.watch import Watch, release
from syncer.database.connections import make_engine
from syncer.database.rows import PostgresRows
from syncer.errors import SettingsError
from syncer.fields.people import NOBODY, Directory
from syncer.jobs import Sides
from syncer.ports import RecordTableInfo, RowTableInfo
from syncer.settings import FeishuApp, Settings
from syncer.wiring.services import Services

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from syncer.feishu.bitable import BitableRecords
    from syncer.feishu.client import FeishuClient
    from syncer.feishu.source import SourceRecords


def shelf_of(app: str, source: Source) -> tuple[str, tuple[str, str], str]:
    """Where what is read of a source is kept; the parts of an approval are read of the same instances."""
    if isinstance(source, ApprovalSource):
        return app, place_of(replace(source, part="")), ""
    return app, place_of(source), "private" if source.private else ""


class Doors(Services):
    """What speaks to the two sides of a mapping, each made once."""

    def __init__(self, settings: Settings, *, grace: float = 10, attempts: int | None = None, wait: float = 60) -> None:
        super().__init__(settings, grace=grace, attempts=attempts, wait=wait)
        self._clients: dict[str, FeishuClient] = {}
        self._engines: dict[str, Engine] = {}
        self._people: dict[str, Directory] = {}

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
            counts=self.shared.counts,
            patience=None if self.attempts is None else Patience(attempts=self.attempts),
        )
        self._stack.callback(client.close)
        return client

    def directory(self, mapping: SyncMapping) -> Directory:
        """Who knows the people of a mapping's Feishu app; nobody where none of its columns names people."""
        if all(pair.manner.person is None for pair in mapping.pairs):
            return NOBODY
        from syncer.feishu.people import People  # noqa: PLC0415 - loads the SDK

        if mapping.app not in self._people:
            self._people[mapping.app] = People(self.client(mapping.app))
        return self._people[mapping.app]

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

    def records(self, mapping: SyncMapping) -> "BitableRecords | SourceRecords":
        """The Bitable table of a mapping, or the source that stands for it."""
        if mapping.source is not None:
            return self.source(mapping, mapping.source)
        from syncer.feishu.bases import resolve_base  # noqa: PLC0415 - loads the SDK
        from syncer.feishu.bitable import BitableRecords  # noqa: PLC0415 - loads the SDK

        client = self.client(mapping.app)
        token = mapping.app_token
        if "/" in token:
            token = resolve_base(client, token).app_token
        writer, who = self.shared.writer(mapping.name), Asker(mapping.name, weight=mapping.weight)
        return BitableRecords(client, token, mapping.table_id, writer, one_writer=self.settings.writer, who=who)

    def source(self, mapping: SyncMapping, source: Source) -> "SourceRecords":
        """What a mapping reads in place of a Bitable table."""
        from syncer.feishu.approvals import ApprovalRecords  # noqa: PLC0415 - loads the SDK
        from syncer.feishu.contacts import contacts  # noqa: PLC0415 - likewise

        client, who = self.client(mapping.app), Asker(mapping.name, weight=mapping.weight)
        shelf = self.store.shelf(*shelf_of(mapping.app, source))
        if isinstance(source, ApprovalSource):
            return ApprovalRecords(client, source, shelf, who)
        return contacts(client, source, shelf, who)

    def rows(self, mapping: SyncMapping) -> PostgresRows:
        """The database table of a mapping, not looked at yet."""
        engine = self.engine(mapping.connection)
        made_of = mapping.derived
        return PostgresRows(
            engine,
            mapping.table,
            key=mapping.key if made_of else (),
            columns=(),
            clock=self.clock,
            mapping=mapping.name,
            derived=made_of,
        )

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
            columns=mapping.columns,
            clock=self.clock,
            mapping=mapping.name,
            writer=partial(self.reader, mapping.name),
            modified=mapping.watermark,
            zone=zone_of(mapping, table) if table else UTC,
            on_insert=mapping.on_insert,
            on_update=mapping.on_update,
            derived=mapping.derived,
        )

    def watch(self, mapping: SyncMapping, table: RowTableInfo, zone: tzinfo = UTC) -> Watch:
        """How a mapping notices changed rows."""
        reader, key = partial(self.reader, mapping.name), key_columns(mapping, table)
        return Watch(self.engine(mapping.connection), mapping, key, mapping.own_columns, reader, zone)

    def reader(self, mapping: str) -> str:
        """What a mapping is called among all who watch a database: other state stores may have one of its name."""
        return f"{mapping}@{self.store.identity}"

    def release(self, mapping: SyncMapping) -> list[str]:
        """Take away what notices changed rows for a mapping alone; what that was. Raises the errors of the door."""
        return release(self.engine(mapping.connection), self.reader(mapping.name))
