"""Turns committed writes into events for every app that asked for them, after the write's own answer is on its way."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from syncer.simulator.commit import Commit
from syncer.simulator.events import envelope
from syncer.simulator.events.channel import EDITED, FIELDS, RECORDS, WANTED_SCOPES, Channel
from syncer.simulator.events.courier import Courier
from syncer.simulator.events.event import Event
from syncer.simulator.events.event_log import EventLog
from syncer.simulator.events.field_actions import FieldCommit
from syncer.simulator.events.grouping import groups
from syncer.simulator.events.names import ids_of
from syncer.simulator.events.record_actions import Actions
from syncer.simulator.events.snapshot import Line, Snapshot, taken
from syncer.simulator.events.subscriptions import Subscriptions
from syncer.simulator.ids import Ids
from syncer.simulator.model import Base
from syncer.simulator.tokens import App

if TYPE_CHECKING:
    from syncer.simulator.world import World

_SEED_APART = 1_000_003
"""Ids of events come from a source of their own: whether anybody subscribed changes no other id."""

Writing = Callable[[], None]


class Desk:
    """Where subscriptions, channels and the log of events are kept, and events are written."""

    def __init__(self, world: "World") -> None:
        self._world = world
        self._ids = Ids(world.seed + _SEED_APART)
        self._channels: dict[str, Channel] = {}
        self._unwritten: deque[Writing] = deque()
        self._windows: dict[tuple[str, str, str], Snapshot] = {}
        self.subscriptions = Subscriptions()
        self.log = EventLog()
        self.courier = Courier(world, self.log, self.channel)

    def channel(self, app_id: str) -> Channel:
        """Return how events reach an app."""
        return self._channels.setdefault(app_id, Channel(f"verify-{app_id}"))

    def heard(self, base: Base) -> bool:
        """Return whether anybody may be told what happens in a base."""
        return self.subscriptions.any(base.app_token)

    @property
    def collecting(self) -> bool:
        """Return whether writes are being collected into one event."""
        return bool(self._windows)

    @property
    def busy(self) -> bool:
        """Return whether something is to be written or delivered right now."""
        return bool(self._unwritten) or self.courier.busy

    # what happened

    def committed(self, commit: Commit) -> None:
        """Take note of a committed write; its events are written after this call."""
        if not self.subscriptions.any(commit.base.app_token) or not commit.changes:
            return
        snapshot = taken(self._world, commit)
        if snapshot.switches.event_grouping == "window":
            self._collect(snapshot)
        else:
            self._write_records(snapshot)

    def fields_changed(self, commit: FieldCommit) -> None:
        """Take note of changed columns."""
        self._later(lambda: self._write_fields(commit, commit.table.revision))

    def _later(self, write: Writing) -> None:
        if not self._unwritten:
            asyncio.get_running_loop().call_soon(self._write_next)
        self._unwritten.append(write)

    def _write_next(self) -> None:
        # one event a turn of the loop: calls that wait are answered in between
        try:
            self._unwritten[0]()
        finally:
            self._unwritten.popleft()
            if self._unwritten:
                asyncio.get_running_loop().call_soon(self._write_next)

    def _collect(self, snapshot: Snapshot) -> None:
        key = (snapshot.base.app_token, snapshot.table.table_id, snapshot.actor)
        known = self._windows.get(key)
        if known is None:
            self._windows[key] = snapshot
            self.courier.agenda.put(snapshot.switches.event_window_seconds, lambda: self._close_window(key))
            return
        fields = {**known.fields, **snapshot.fields}
        self._windows[key] = replace(snapshot, fields=fields, lines=[*known.lines, *snapshot.lines])

    def _close_window(self, key: tuple[str, str, str]) -> None:
        self._write_records(self._windows.pop(key))

    # what apps are told

    def _write_records(self, snapshot: Snapshot) -> None:
        for lines in groups(snapshot.lines, snapshot.switches):
            self._later(partial(self._write_record_event, snapshot, lines))
        self._later(partial(self._write_edited, snapshot.base, snapshot.actor))

    def _write_record_event(self, snapshot: Snapshot, lines: list[Line]) -> None:
        for app in self._receivers(snapshot.base, RECORDS):
            actions = Actions(self._world, snapshot, app)
            content = self._file(snapshot.base, app) | {
                "table_id": snapshot.table.table_id,
                "revision": lines[-1].revision,
                **self._operator(snapshot.actor, app),
                "action_list": [actions.of(line) for line in lines],
                "update_time": snapshot.at_ms // 1000,
            }
            self._tell(app, RECORDS, content)

    def _write_fields(self, commit: FieldCommit, revision: int) -> None:
        for app in self._receivers(commit.base, FIELDS):
            content = self._file(commit.base, app) | {
                "table_id": commit.table.table_id,
                "revision": revision,
                **self._operator(commit.actor, app),
                "action_list": commit.actions,
                "update_time": commit.at_ms // 1000,
            }
            self._tell(app, FIELDS, content)
        self._write_edited(commit.base, commit.actor)

    def _write_edited(self, base: Base, actor: str) -> None:
        for app in self._receivers(base, EDITED):
            operator = self._operator(actor, app).get("operator_id")
            operators = {"operator_id_list": [operator] if operator else []}
            self._tell(app, EDITED, self._file(base, app) | operators)

    def _receivers(self, base: Base, kind: str) -> list[App]:
        world = self._world
        alive = self.subscriptions.alive(base.app_token, world.clock.now(), world.switches.subscription_seconds)
        apps = [world.tokens.apps[app_id] for app_id in alive]
        return [each for each in apps if self._may_receive(each, base, kind)]

    def _may_receive(self, app: App, base: Base, kind: str) -> bool:
        wanted = WANTED_SCOPES.get(kind)
        granted = wanted is None or (wanted & app.scopes and wanted & app.user_scopes)
        return bool(granted) and kind in self.channel(app.app_id).types and base.right(app.app_id) == "manage"

    def _file(self, base: Base, app: App) -> dict[str, Any]:
        subscriber = {"subscriber_id_list": [ids_of(app.bot, app)]}
        return {"file_type": "bitable", "file_token": base.app_token, **subscriber}

    def _operator(self, actor: str, app: App) -> dict[str, Any]:
        told = self._world.switches.event_operator
        by_app = told != "ids" and any(each.bot.open_id == actor for each in self._world.tokens.apps.values())
        if by_app:
            return {} if told == "missing" else {"operator_id": dict.fromkeys(("union_id", "user_id", "open_id"), "")}
        return {"operator_id": ids_of(self._world.people.by_open_id(actor), app)}

    def _tell(self, app: App, kind: str, content: dict[str, Any]) -> None:
        about = {"app_token": content["file_token"], "table_id": content.get("table_id")}
        counted = {"revision": content.get("revision"), "actions": len(content.get("action_list", ()))}
        self.publish(app, kind, content, about=about | counted)

    def publish(
        self,
        app: App,
        kind: str,
        content: dict[str, Any],
        *,
        about: dict[str, Any] | None = None,
        version: int = 2,
        lane: str = "",
    ) -> Event:
        """Send any event to an app; those of one `lane` are held back until the one before them is over."""
        now, event_id = self._world.clock.now(), self._ids.event()
        factor = 1_000_000 if self._world.switches.event_create_time == "us" else 1000
        header = {
            "event_id": event_id,
            "event_type": kind,
            "create_time": str(int(now * factor)),
            "token": self.channel(app.app_id).verification_token,
            "app_id": app.app_id,
            "tenant_key": app.tenant,
        }
        body = envelope.second(header, content) if version == 2 else envelope.first(header, content, now)
        event = Event(self.log.total + 1, event_id, kind, app.app_id, about or {}, now, body, lane)
        self.courier.take(event)
        return event
