"""Recognises the echoes of our own writes: an event that tells nothing but what the base holds needs no reading.

Never by time and never by who is said to have written: only by value. An event whose form is not understood, or that
names one value more, has its record read.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from syncer.core.mapping import Misfit, Pair
from syncer.core.records import Link, Side
from syncer.engine.tools import Tools
from syncer.fields.event_cells import event_cell
from syncer.ports import FieldInfo, RecordTableInfo
from syncer.ports.signals import RecordEvent, Signal

CHUNK = 1000
ADDED = "record_added"
TOLD_BY_VALUE = frozenset({ADDED, "record_edited"})
SELECTS = frozenset({3, 4})
"""Fields whose options have ids, which is how events name them."""


@dataclass(frozen=True, slots=True)
class _Watched:
    """A pair and the field it follows."""

    pair: Pair
    field: FieldInfo


@dataclass(slots=True)
class Told:
    """What the events of some signals told: the records that need no reading, and the revisions they are of.

    Of the other records, ``held`` are those of which nothing is told that a reading of the table does not hold, and
    ``newborn`` those without a link of which nothing is told but that they were added.
    """

    echoes: set[str] = field(default_factory=set)
    numbers: set[int] = field(default_factory=set)
    held: set[str] = field(default_factory=set)
    newborn: set[str] = field(default_factory=set)
    foreign: dict[str, set[int]] = field(default_factory=dict)
    """Of the records that are not echoes, the revisions that were not our own, as far as values tell."""

    def take(self, other: "Told") -> None:
        """Add what was told of other records."""
        self.echoes |= other.echoes
        self.numbers |= other.numbers
        self.held |= other.held
        self.newborn |= other.newborn
        self.foreign |= other.foreign

    @property
    def found(self) -> frozenset[str]:
        """The records that hold what their bases say."""
        return frozenset(self.echoes)

    @property
    def revisions(self) -> frozenset[int]:
        """The revisions of Feishu's table that were told of."""
        return frozenset(self.numbers)


class Echoes:
    """Tells which signalled records need no reading."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools = tools
        self._watched = self._watch(info.fields)
        self._strange, self._hopeless = set[str](), set[str]()

    def _watch(self, known: Sequence[FieldInfo]) -> dict[str, _Watched]:
        fields = {field.name: field for field in known}
        watched = [_Watched(pair, fields[pair.field]) for pair in self._tools.rules.pairs if pair.field in fields]
        return {each.field.id: each for each in watched}

    def of(self, signals: Sequence[Signal], revision: int | None = None) -> Told:
        """The records of these signals that hold what their bases say, as all that was told of them since shows.

        ``revision`` is one from before the whole table was read.
        """
        port, tools, told = self._tools.signals, self._tools, Told()
        if port is None or not tools.table:
            return told
        for start in range(0, len(signals), CHUNK):
            some = {signal.line: signal for signal in signals[start : start + CHUNK]}
            events = port.events_of(tools.table, list(some))
            links = self._links(list(events))
            found = self._told(some, events, links, revision)
            told.take(self._told(some, events, links, revision) if self._learns() else found)
        return told

    def _told(
        self,
        signals: Mapping[str, Signal],
        events: Mapping[str, Sequence[RecordEvent]],
        links: Mapping[str, Link],
        revision: int | None,
    ) -> Told:
        told = Told()
        for name, found in events.items():
            told.numbers.update(event.revision for event in found if event.revision is not None)
            news = [event for event in found if event.received_at >= signals[name].noticed_at]
            self._tell(told, name, news, links.get(name), revision)
        return told

    def _learns(self) -> bool:
        """Whether fields were read anew, because an option was told of that is younger than what is known of them.

        Writes make options, our own load of a table too: unknown, each of its events would pass for somebody's edit.
        """
        strange, self._strange = self._strange - self._hopeless, set()
        if not strange:
            return False
        self._hopeless |= strange
        self._watched = self._watch(self._tools.records.fields())
        return True

    def _tell(
        self, told: Told, name: str, news: Sequence[RecordEvent], link: Link | None, revision: int | None
    ) -> None:
        if self._is_echo(news, link):
            told.echoes.add(name)
        elif news and revision is not None and all(_is_from_before(event, revision) for event in news):
            told.held.add(name)
        elif news and link is None and all(event.action == ADDED for event in news):
            told.newborn.add(name)
        if name not in told.echoes:
            told.foreign[name] = {
                event.revision for event in news if event.revision is not None and not self._is_echo([event], link)
            }

    def _links(self, records: Sequence[str]) -> Mapping[str, Link]:
        memory = self._tools.memory
        seen = memory.seen(Side.FEISHU, records) if records else {}
        links = memory.links([known.link for known in seen.values()]) if seen else ()
        return {each.link.record: each.link for each in links if each.link.record is not None}

    def _is_echo(self, news: Sequence[RecordEvent], link: Link | None) -> bool:
        if not news or link is None or link.severed is not None:
            return False
        return all(event.action in TOLD_BY_VALUE and self._holds(link, event) for event in news)

    def _holds(self, link: Link, event: RecordEvent) -> bool:
        """Whether every mapped field that an event names holds in it what the base holds, and nothing is owed."""
        for identity in {*event.before, *event.after}:
            watched = self._watched.get(identity)
            if watched is None:
                continue
            base = link.bases.get(watched.pair.name)
            try:
                raw, people = event.after.get(identity, ""), event.after_people.get(identity)
                value = watched.pair.translator.from_cell(event_cell(watched.field, raw, people))
            except Misfit as misfit:
                if watched.field.type in SELECTS:
                    self._strange.add(str(misfit))
                return False
            if base is None or base.owed is not None or base.feishu != value:
                return False
        return True


def _is_from_before(event: RecordEvent, revision: int) -> bool:
    return event.revision is not None and event.revision <= revision
