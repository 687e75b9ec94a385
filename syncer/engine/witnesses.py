"""Asks when contested fields were changed, and by whom: the kept events of records, the log of rows.

A line's own modified time says only that something in it changed then. An event that names the field, and tells the
very value it holds, says when that value came to be; so does the last entry of the log that names the column. What
nobody told stays unknown: it is never guessed here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from syncer.core.mapping import Misfit, Pair
from syncer.core.plan import LinePlan
from syncer.core.records import Side, Told, Version
from syncer.engine.line import Line
from syncer.engine.tools import Tools
from syncer.fields.event_cells import event_cell
from syncer.ports import FieldInfo, RecordTableInfo
from syncer.ports.capture import Capture
from syncer.ports.signals import RecordEvent

Dated = Mapping[str, Told]


class Witnesses:
    """What is known of the times of single fields, for one run. ``log`` is asked about rows."""

    def __init__(self, tools: Tools, info: RecordTableInfo, log: Capture | None) -> None:
        self._tools, self._log = tools, log
        fields = {field.name: field for field in info.fields}
        self._fields = {pair.name: fields[pair.field] for pair in tools.rules.pairs if pair.field in fields}

    def lack(self, line: Line, plan: LinePlan) -> bool:
        """Whether a plan holds a conflict, and nobody was asked yet when its fields were changed."""
        return bool(plan.collisions) and any(version.told is None for version in line.versions.values())

    def ask(self, lines: Sequence[Line]) -> None:
        """Note in the versions of these lines what is known of their fields."""
        for side, find in ((Side.FEISHU, self._of_records), (Side.DATABASE, self._of_rows)):
            some = [line for line in lines if line.versions[side].told is None]
            told = find(some) if some else {}
            for line in some:
                version = line.versions[side]
                line.versions[side] = replace(version, told=told.get(version.line, {}))

    def _of_rows(self, lines: Sequence[Line]) -> Mapping[str, Dated]:
        cursor = self._tools.memory.cursor(Side.DATABASE).get("capture") if self._log is not None else None
        if self._log is None or not isinstance(cursor, Mapping):
            return {}
        return self._log.told(cursor, [line.versions[Side.DATABASE].line for line in lines])

    def _of_records(self, lines: Sequence[Line]) -> Mapping[str, Dated]:
        signals = self._tools.signals
        if signals is None or not self._tools.table:
            return {}
        versions = {line.versions[Side.FEISHU].line: line.versions[Side.FEISHU] for line in lines}
        events = signals.events_of(self._tools.table, list(versions))
        return {name: self._dated(versions[name], found) for name, found in events.items()}

    def last_person(self, line: Line) -> datetime | None:
        """When a person edited a mapped field of a line's record last, by our clock, as far as events tell.

        Nobody who is named for a value that we wrote ourselves is a person.
        """
        tools, record = self._tools, line.versions[Side.FEISHU].line
        events = tools.signals.events_of(tools.table, [record]).get(record, ()) if tools.signals is not None else ()
        named = [event for event in events if _who(event) and self._mapped(event)]
        ours = {_who(event) for event in named if self._is_base(line, event)}
        last = max((event.happened_at for event in named if _who(event) not in ours), default=None)
        return None if last is None else last - tools.rules.skew.get(Side.FEISHU, timedelta(0))

    def _mapped(self, event: RecordEvent) -> bool:
        return any(field.id in event.after or field.id in event.before for field in self._fields.values())

    def _is_base(self, line: Line, event: RecordEvent) -> bool:
        """Whether an event tells the values that we wrote to the record last."""
        held = Version(Side.FEISHU, "", {name: base.feishu for name, base in line.bases.items()}, event.happened_at)
        pairs = self._tools.lens.pairs
        named = [(name, field) for name, field in self._fields.items() if field.id in event.after]
        return all(self._tells(pairs[name], field, event, held) for name, field in named)

    def _dated(self, version: Version, events: Sequence[RecordEvent]) -> Dated:
        found = {}
        for name, field in self._fields.items():
            last = _last(field, events)
            if last is not None and self._tells(self._tools.lens.pairs[name], field, last, version):
                found[name] = Told(last.happened_at, _who(last))
        return found

    def _tells(self, pair: Pair, field: FieldInfo, event: RecordEvent, version: Version) -> bool:
        """Whether an event tells the very value that the record holds: else one more change came after it."""
        try:
            raw, people = event.after.get(field.id, ""), event.after_people.get(field.id)
            value = pair.translator.from_cell(event_cell(field, raw, people))
        except Misfit:
            return False
        return version.values is not None and version.values.get(pair.name) == value


def _last(field: FieldInfo, events: Sequence[RecordEvent]) -> RecordEvent | None:
    """The last event that names a field; of events without a revision the time must do."""
    naming = [event for event in events if field.id in event.after or field.id in event.before]
    if all(event.revision is not None for event in naming):
        return max(naming, key=lambda event: (event.revision or 0, event.happened_at), default=None)
    return max(naming, key=lambda event: event.happened_at, default=None)


def _who(event: RecordEvent) -> str:
    """Who an event says made the change: a person's or an app's open_id."""
    name = event.operator.get("open_id")
    return name if isinstance(name, str) else ""
