"""The changes of a table and of the join tables that belong to it, as one: who is tied anew counts as changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from syncer.core.records import Told
from syncer.core.values import Json
from syncer.database.capture.trigger import TriggerCapture
from syncer.ports.capture import Captured, CapturedKey

_JOINED = "joined"


class JoinedCapture:
    """A ``ports.capture.Capture`` of several tables whose changes all name rows of the first."""

    def __init__(self, table: TriggerCapture, joined: Sequence[TriggerCapture]) -> None:
        self._table, self._joined = table, joined

    def start(self) -> Mapping[str, Json]:
        """A cursor for all that commits from now on, in any of the tables."""
        return {**self._table.start(), _JOINED: [dict(each.start()) for each in self._joined]}

    def changes(self, cursor: Mapping[str, Json], limit: int) -> Captured:
        """What committed since the cursor; ``whole`` if that is so of one of the tables."""
        cursors = self._cursors(cursor)
        if cursors is None:
            return Captured(whole=True, reason="the join tables are not the ones they were")
        found = [self._table.changes(cursor, limit)]
        found += [each.changes(one, limit) for each, one in zip(self._joined, cursors, strict=True)]
        if whole := next((one for one in found if one.whole or one.blind), None):
            return whole
        keys: dict[str, CapturedKey] = {}
        for place, captured in enumerate(found):
            for key in captured.keys:
                named = key if place == 0 else replace(key, columns=None, action="update")
                keys[key.key] = keys[key.key].followed_by(named) if key.key in keys else named
        return Captured(
            keys=list(keys.values()),
            cursor={**found[0].cursor, _JOINED: [dict(one.cursor) for one in found[1:]]},
            more=any(one.more for one in found),
            waiting=sum(one.waiting for one in found),
        )

    def told(self, cursor: Mapping[str, Json], keys: Collection[str]) -> Mapping[str, Mapping[str, Told]]:
        """When columns of the table itself got their values; of join tables nobody tells."""
        return self._table.told(cursor, keys)

    def read(self, cursor: Mapping[str, Json]) -> None:
        """Everything before this cursor is dealt with, in all of the tables."""
        self._table.read(cursor)
        for each, one in zip(self._joined, self._cursors(cursor) or (), strict=False):
            each.read(one)

    def _cursors(self, cursor: Mapping[str, Json]) -> list[Mapping[str, Json]] | None:
        stored = cursor.get(_JOINED)
        known = [one for one in (stored if isinstance(stored, list) else ()) if isinstance(one, Mapping)]
        return known if len(known) == len(self._joined) else None
