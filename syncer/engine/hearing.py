"""Reads what kept events tell of the cells of records, in the values of the mapping."""

from collections.abc import Iterable, Mapping, Sequence

from syncer.core.cursors import FOLLOWING
from syncer.core.late_edits import Scene
from syncer.core.mapping import Misfit, Pair
from syncer.core.overwritten import Content, Raw, Word
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.tools import Tools
from syncer.fields.event_cells import event_cell
from syncer.ports import FieldInfo, RecordTableInfo
from syncer.ports.signals import RecordEvent

EDITED, DELETED = "record_edited", "record_deleted"
BY_ITSELF = FOLLOWING | {1001, 1002, 1003, 1004, 1005}
"""The types of fields that Feishu fills by itself: nobody edits them."""


class Hearing:
    """What events say, by the fields as they are now."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools, self._is_fresh = tools, False
        self._fields, self._names = self._known(info)

    def _known(self, info: RecordTableInfo) -> tuple[dict[str, FieldInfo], dict[str, str]]:
        """The fields of pairs, and others; no ends of two-way links: their other end may be the edited one."""
        fields = {field.name: field for field in info.fields}
        pairs = {name: fields[pair.field] for name, pair in self._tools.lens.pairs.items() if pair.field in fields}
        mapped = {field.id for field in pairs.values()}
        others = [one for one in info.fields if one.id not in mapped and one.type not in BY_ITSELF and not one.back]
        return pairs, {field.id: field.name for field in others}

    def knows(self, name: str) -> bool:
        """Whether a pair and its field are there."""
        return name in self._fields

    def words(self, name: str, events: Sequence[RecordEvent]) -> list[Word]:
        """What edits tell of a field."""
        edits = [event for event in events if event.action == EDITED]
        words = [word for event in edits if (word := self._word(name, event)) is not None]
        if self._is_understood(each for word in words for each in (word.before, word.after)):
            return words
        return self.words(name, events)

    def scenes(self, events: Sequence[RecordEvent]) -> list[Scene]:
        """What edits and deletions of a record tell."""
        scenes = [self._scene(event) for event in events if event.action in (EDITED, DELETED)]
        if self._is_understood(each for scene in scenes for each in scene.cells.values()):
            return scenes
        return self.scenes(events)

    def _is_understood(self, contents: Iterable[Content]) -> bool:
        """Else the fields were read anew: what nobody understands may name an option that is younger than this run."""
        if self._is_fresh or not any(isinstance(each, Raw) for each in contents):
            return True
        (self._fields, self._names), self._is_fresh = self._known(self._tools.records.info()), True
        return False

    def _word(self, name: str, event: RecordEvent) -> Word | None:
        field = self._fields[name]
        if field.id not in event.before and field.id not in event.after:
            return None
        before, after = self._content(name, *_before(event)), self._content(name, *_after(event))
        return Word(before, after, event.revision, event.happened_at, _who(event))

    def _scene(self, event: RecordEvent) -> Scene:
        gone = event.action == DELETED
        shown, people = _before(event) if gone else _after(event)
        named = event.before.keys() if gone else event.before.keys() | event.after.keys()
        typed = [name for name, pair in self._tools.lens.pairs.items() if Side.FEISHU in pair.writable]
        cells = {
            name: content
            for name in typed
            if self.knows(name) and self._fields[name].id in named
            if not (isinstance(content := self._content(name, shown, people), Raw) and gone)
        }
        others = {} if gone else {self._names[one]: shown.get(one, "") for one in named if one in self._names}
        return Scene(gone, cells, others, event.revision, event.happened_at, _who(event))

    def _content(self, name: str, told: Mapping[str, str], people: Mapping[str, Json]) -> Content:
        field = self._fields[name]
        return _content(self._tools.lens.pairs[name], field, told.get(field.id, ""), people.get(field.id))


def _before(event: RecordEvent) -> tuple[Mapping[str, str], Mapping[str, Json]]:
    return event.before, event.before_people


def _after(event: RecordEvent) -> tuple[Mapping[str, str], Mapping[str, Json]]:
    return event.after, event.after_people


def _who(event: RecordEvent) -> str:
    who = event.operator.get("open_id")
    return who if isinstance(who, str) else ""


def _content(pair: Pair, field: FieldInfo, raw: str, people: Json) -> Content:
    try:
        return pair.translator.from_cell(event_cell(field, raw, people))
    except Misfit:
        return Raw(raw)
