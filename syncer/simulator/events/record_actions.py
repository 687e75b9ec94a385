"""The actions of a record event: changed cells in the internal form, each JSON-encoded into a string. [seen]"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from syncer.simulator.cells.kind import Reading
from syncer.simulator.events.names import ids_of
from syncer.simulator.events.snapshot import Line, Snapshot
from syncer.simulator.model import Stored
from syncer.simulator.people import Person
from syncer.simulator.tokens import App

if TYPE_CHECKING:
    from syncer.simulator.world import World


class Actions:
    """Writes the actions of one snapshot for one app."""

    def __init__(self, world: "World", snapshot: Snapshot, app: App) -> None:
        self._world, self._app = world, app
        self._fields = {key: each for key, each in snapshot.fields.items() if each.kind.in_events}
        self._empty = snapshot.switches.event_empty_value
        self._reading = Reading(world, snapshot.base, snapshot.table)

    def of(self, line: Line) -> dict[str, Any]:
        """Return one record's action: added ones have no `before_value`, deleted ones no `after_value`. [seen]"""
        edited = line.action == "record_edited"
        action: dict[str, Any] = {"record_id": line.record_id, "action": line.action}
        if line.action != "record_added":
            action["before_value"] = self._values(line.before, empty=edited)
        if line.action != "record_deleted":
            action["after_value"] = self._values(line.after, empty=edited)
        return action

    def _values(self, cells: Mapping[str, Stored | None], *, empty: bool) -> list[dict[str, Any]]:
        found = []
        for field_id, stored in cells.items():
            if field_id not in self._fields:
                continue
            if stored not in (None, "", []):
                found.append(self._value(field_id, stored))
            elif empty and self._empty != "no_entry":
                found.append({"field_id": field_id} | ({"field_value": ""} if self._empty == "string" else {}))
        return found

    def _value(self, field_id: str, stored: Stored) -> dict[str, Any]:
        of = self._fields[field_id]
        value = orjson.dumps(of.kind.told(stored, of, self._reading)).decode()
        entry: dict[str, Any] = {"field_id": field_id, "field_value": value}
        people = of.kind.people(stored)
        if people:
            entry["field_identity_value"] = {"users": [self._user(each) for each in people]}
        return entry

    def _user(self, open_id: str) -> dict[str, Any]:
        person: Person = self._world.people.by_open_id(open_id)
        names = {"name": person.name, "en_name": person.en_name, "avatar_url": person.avatar_url}
        return {"user_id": ids_of(person, self._app), **names}
