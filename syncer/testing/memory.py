"""A memory made of dictionaries, with the promises of the real one: durable per call, atomic, fenced."""

import copy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from syncer.core.joining import SmallSurvey
from syncer.core.plan import Removed
from syncer.core.records import Side
from syncer.core.survey import Remembered
from syncer.core.values import Json
from syncer.errors import FaultError, FencedError
from syncer.ports.memory import (
    Audit,
    ConflictNote,
    FailureNote,
    Intent,
    IntentState,
    Memo,
    Seen,
    Standing,
    Unverified,
)
from syncer.ports.world import Clock
from syncer.testing.births import each
from syncer.testing.world import FakeClock

Layout = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Failed:
    """A failure as it is kept. Without a ``value`` a retry is wanted."""

    note: FailureNote
    attempts: int
    value: bytes | None
    run: str


@dataclass(slots=True)
class Book:
    """All that is remembered of a mapping. Values in it are never changed, so a shallow copy is a snapshot."""

    links: dict[int, tuple[Remembered, Layout]] = field(default_factory=dict)
    intents: dict[str, tuple[Intent, IntentState]] = field(default_factory=dict)
    cursors: dict[Side, Mapping[str, Json]] = field(default_factory=dict)
    audits: list[Audit] = field(default_factory=list)
    conflicts: dict[tuple[int, str], ConflictNote] = field(default_factory=dict)
    settled: list[ConflictNote] = field(default_factory=list)
    failures: dict[tuple[Side, str | None, str | None, str], Failed] = field(default_factory=dict)
    guards: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    unverified: dict[tuple[str, str], Unverified] = field(default_factory=dict)
    """Updates of records whose events are waited for, by intent and record."""

    def snapshot(self) -> "Book":
        """A copy that later changes do not reach."""
        return Book(**{name: copy.copy(getattr(self, name)) for name in self.__slots__})


@dataclass(slots=True)
class _Shelf:
    """What successive runs share."""

    book: Book
    fence: int = 0
    last_link: int = 0


class InMemoryMemory:
    """A memory (``ports.Memory``) of one run; ``again`` opens the next run over the same mapping, and fences this one.

    ``layout`` holds the name and signature of every pair, as for ``Store.open_run``.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        layout: Sequence[tuple[str, str]] = (),
        approved_run: str | None = None,
        shelf: _Shelf | None = None,
    ) -> None:
        self._clock = clock or FakeClock()
        self._layout = dict(layout)
        self._approved = approved_run
        self._shelf = shelf or _Shelf(Book())
        self._shelf.fence += 1
        self.fence = self._shelf.fence
        self.run = str(self.fence)
        self._stir()

    def again(
        self, layout: Sequence[tuple[str, str]] | None = None, approved_run: str | None = None
    ) -> "InMemoryMemory":
        """The next run's memory."""
        pairs = tuple(self._layout.items()) if layout is None else layout
        return InMemoryMemory(self._clock, pairs, approved_run, self._shelf)

    @property
    def book(self) -> Book:
        """All that is remembered, to be looked at by a test."""
        return self._shelf.book

    def _stir(self) -> None:
        """Look again at links of which somebody wants a failure retried, or a conflict settled."""
        wanted = {failed.note.link for failed in self.book.failures.values() if failed.value is None}
        wanted |= {link for (link, _), note in self.book.conflicts.items() if note.winner}
        for number, (remembered, layout) in self.book.links.items():
            if number in wanted:
                self.book.links[number] = (replace(remembered, prints={}), layout)

    def _writable(self) -> Book:
        """A copy to change and to put in place as a whole."""
        if self._shelf.fence != self.fence:
            raise FencedError(f"run {self.run} was overtaken by a newer one; it has stopped writing")
        return self.book.snapshot()

    # What a run reads

    def new_links(self, count: int) -> Sequence[int]:
        """Fresh link ids."""
        self._shelf.last_link += count
        return range(self._shelf.last_link - count + 1, self._shelf.last_link + 1)

    def seen(self, side: Side, lines: Sequence[str]) -> Mapping[str, Seen]:
        """The links (severed ones too) of these lines."""
        wanted = frozenset(lines)
        found = ((remembered.link.line(side), remembered) for remembered in self._remembered())
        return {
            line: Seen(remembered.link.id or 0, remembered.prints.get(side))
            for line, remembered in found
            if line is not None and line in wanted
        }

    def links(self, ids: Sequence[int]) -> Sequence[Remembered]:
        """Links by id, in the order of the ids; those forgotten are missing."""
        return [self._known(number) for number in dict.fromkeys(ids) if number in self.book.links]

    def _remembered(self) -> Iterator[Remembered]:
        return (self._known(number) for number in self.book.links)

    def _known(self, number: int) -> Remembered:
        """A link as this run's layout lets it be known."""
        remembered, layout = self.book.links[number]
        if layout == self._layout:
            return remembered
        kept = {
            name: base
            for name, base in remembered.link.bases.items()
            if name in self._layout and self._layout[name] == layout.get(name)
        }
        unset: Mapping[Side, bytes | None] = dict.fromkeys(Side)
        return replace(remembered, link=replace(remembered.link, bases=kept), prints=unset, settled=False)

    def holders(self, matches: Sequence[bytes]) -> Sequence[int]:
        """The links (severed ones too) that hold one of these match digests."""
        wanted = frozenset(matches)
        return sorted(_id(remembered) for remembered in self._remembered() if remembered.match in wanted)

    def loose(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side that have a failure but no link, up to a limit."""
        notes = [failed.note for failed in self.book.failures.values() if failed.note.link is None]
        return list(dict.fromkeys(line for note in notes if (line := _line(note, side)) is not None))[:limit]

    def restless(self, side: Side, limit: int) -> Sequence[str]:
        """Lines of a side that must be looked at: their print is unset, or somebody wants their failure retried."""
        linked = (
            remembered.link.line(side)
            for remembered in self._remembered()
            if remembered.prints.get(side) is None and remembered.link.severed is not side
        )
        waiting = (
            _line(failed.note, side)
            for failed in self.book.failures.values()
            if failed.value is None and failed.note.link is None
        )
        return list(dict.fromkeys(line for line in (*linked, *waiting) if line is not None))[:limit]

    def survey(self) -> SmallSurvey:
        """A new, empty survey of this run."""
        return SmallSurvey(self._remembered)

    def failed_values(self, links: Sequence[int]) -> Mapping[tuple[int, str], bytes]:
        """Digests of the values that already failed, by link and pair (empty: the whole line).

        A digest is empty, and that of no value, where somebody wants another try.
        """
        return {
            (failed.note.link, failed.note.pair): failed.value or b""
            for failed in self.book.failures.values()
            if failed.note.link is not None and failed.note.link in links
        }

    def failed_lines(self, side: Side, lines: Sequence[str]) -> Mapping[str, Mapping[str, bytes]]:
        """The same for lines that have no link: digests by line and pair."""
        found: dict[str, dict[str, bytes]] = {}
        for place, failed in list(self.book.failures.items()):
            line = _line(failed.note, side)
            if failed.note.link is None and line is not None and line in lines:
                self.book.failures[place] = replace(failed, run=self.run)
                found.setdefault(line, {})[failed.note.pair] = failed.value or b""
        return found

    def open_conflicts(self, links: Sequence[int]) -> Mapping[tuple[int, str], ConflictNote]:
        """Conflicts waiting for a person, by link and pair; one that was resolved carries its ``winner``."""
        return {place: note for place, note in self.book.conflicts.items() if place[0] in links}

    def count(self, side: Side) -> int:
        """How many lines of a side are remembered as being there, linked or as what is left of a pair."""
        links = [remembered.link for remembered in self._remembered()]
        return sum(link.line(side) is not None and link.severed is not side for link in links)

    def standing(self) -> Standing:
        """How the mapping stands now."""
        severed = sum(1 for remembered, _ in self.book.links.values() if remembered.link.severed)
        return Standing(len(self.book.links) - severed, severed, len(self.book.conflicts), len(self.book.failures))

    def deletions_of_last_hour(self) -> Removed:
        """How many lines any run of this mapping deleted, or marked as deleted, in the last hour."""
        since = self._clock.now() - timedelta(hours=1)
        late = [audit for audit in self.book.audits if audit.at > since]
        deleted, marked = (Counter(audit.side for audit in late if audit.action == how) for how in ("delete", "mark"))
        return Removed(deleted, marked)

    def written_often(self, links: Sequence[int], since: datetime, times: int) -> Sequence[int]:
        """Those of these links whose lines were updated more often than that on each of both sides."""
        counts: dict[int, Counter[Side]] = {number: Counter() for number in links}
        for audit in self.book.audits:
            if audit.link in counts and audit.action == "paused":
                counts[audit.link].clear()
            elif audit.link in counts and audit.action == "update" and audit.at > since:
                counts[audit.link][audit.side] += 1
        return [number for number, count in counts.items() if min(count[side] for side in Side) > times]

    def cursor(self, side: Side) -> Mapping[str, Json]:
        """Where reading stopped on one side; empty at first."""
        return self.book.cursors.get(side, {})

    def open_intents(self) -> Sequence[Intent]:
        """Intents whose outcome is not stored, oldest first."""
        return [intent for intent, state in self.book.intents.values() if state is IntentState.OPEN]

    def unverified(self, records: Sequence[str]) -> Sequence[Unverified]:
        """The updates of these records whose events are waited for, oldest first; intents with their bodies."""
        wanted = frozenset(records)
        return [one for one in self.book.unverified.values() if one.record in wanted]

    def unforgotten(self) -> Sequence[str]:
        """Batches an earlier run wrote and remembered, but may not have had forgotten by the rows; at most its last."""
        rows = [pair for pair in self.book.intents.values() if pair[0].side is Side.DATABASE]
        return [intent.id for intent, state in rows if state is IntentState.DONE][-1:]

    def approval(self) -> Mapping[str, frozenset[str]]:
        """What a person approved for this run: guard name -> the lines (or digests) it covers; empty otherwise."""
        return {name: lines for (run, name), lines in self.book.guards.items() if run == self._approved}

    # What a run writes

    def sweep_failures(self, sides: frozenset[Side]) -> None:
        """Close the failures of lines without a link, on these sides, that this run neither noted nor asked for."""
        book = self._writable()
        book.failures = {
            place: failed
            for place, failed in book.failures.items()
            if failed.note.link is not None
            or failed.run == self.run
            or all(_line(failed.note, side) is None for side in sides)
        }
        self._shelf.book = book

    def advance(self, side: Side, cursor: Mapping[str, Json]) -> None:
        """Move a cursor."""
        book = self._writable()
        book.cursors[side] = dict(cursor)
        self._shelf.book = book

    def intend(self, intents: Sequence[Intent]) -> None:
        """Store intents before they are sent."""
        book, now = self._writable(), self._clock.now()
        for intent in intents:
            dated = replace(intent, created_at=intent.created_at or now)
            book.intents[intent.id] = (dated, IntentState.OPEN)
        self._shelf.book = book

    def guard_stopped(
        self,
        name: str,
        counts: Mapping[str, int],  # noqa: ARG002 - what a desk would show
        samples: Sequence[Json],  # noqa: ARG002 - what a desk would show
        lines: Sequence[str],
    ) -> None:
        """Store what a guard stopped or withheld in this run, so that it can be approved."""
        book = self._writable()
        book.guards[self.run, name] = frozenset(lines)
        self._shelf.book = book

    def remember(self, memo: Memo) -> None:
        """Store what a step leaves behind, atomically."""
        book = self._writable()
        self._forget(book, memo.forgotten)
        born = [line for births in memo.births for line in each(births)]
        for remembered in (*memo.links, *(link for link, _ in born)):
            book.links[_id(remembered)] = (remembered, self._layout)
        _check_lines(remembered for remembered, _ in book.links.values())
        book.audits.extend((*memo.audits, *(audit for _, audit in born)))
        _note_conflicts(book, memo)
        _note_failures(book, memo, self.run)
        self._note_sent(book, memo)
        for name, state in memo.intents.items():
            if name in book.intents:
                kept = state is IntentState.OPEN or name in memo.sent
                body = book.intents[name][0].body if kept else b""
                book.intents[name] = (replace(book.intents[name][0], body=body), state)
        self._shelf.book = book

    def _note_sent(self, book: Book, memo: Memo) -> None:
        for name, records in memo.sent.items():
            intent, until = book.intents[name][0], memo.doubtful.get(name)
            book.unverified.update({(name, one): Unverified(one, intent, self.run, until=until) for one in records})
        for place, reported in memo.reported.items():
            book.unverified[place] = replace(book.unverified[place], reported=reported)
        for place in memo.verified:
            book.unverified.pop(place, None)

    def _forget(self, book: Book, links: Sequence[int]) -> None:
        for number in links:
            book.links.pop(number, None)
        book.conflicts = {place: note for place, note in book.conflicts.items() if place[0] not in links}
        book.failures = {place: failed for place, failed in book.failures.items() if failed.note.link not in links}

    # What a person does

    def resolve(self, link: int, pair: str, winner: str, value: Json = None) -> None:
        """Say who wins an open conflict; the next run carries it out."""
        note = self.book.conflicts[link, pair]
        self.book.conflicts[link, pair] = replace(note, winner=winner, value=value)

    def retry(self) -> None:
        """Have the next run try again everything that failed."""
        self.book.failures = {place: replace(failed, value=None) for place, failed in self.book.failures.items()}


def _line(note: FailureNote, side: Side) -> str | None:
    return note.record if side is Side.FEISHU else note.key


def _id(remembered: Remembered) -> int:
    if remembered.link.id is None:
        raise FaultError(f"a link is stored without an id: record {remembered.link.record}, row {remembered.link.key}")
    return remembered.link.id


def _check_lines(links: Iterable[Remembered]) -> None:
    lines = [(side, remembered.link.line(side)) for remembered in links for side in Side]
    named = [line for line in lines if line[1] is not None]
    if len(named) != len(set(named)):
        raise FaultError("two links would hold the same line")


def _note_conflicts(book: Book, memo: Memo) -> None:
    for note in memo.conflicts:
        place = (note.link, note.pair)
        if note.winner is not None:
            if not note.apart:
                book.conflicts.pop(place, None)
            book.settled.append(note)
        elif place not in book.conflicts or _values(book.conflicts[place]) != _values(note):
            book.conflicts[place] = note
    for place in memo.closed_conflicts:
        if place in book.conflicts:
            book.settled.append(book.conflicts.pop(place))


def _values(note: ConflictNote) -> tuple[Json, Json, Json]:
    return (note.base, note.feishu, note.database)


def _note_failures(book: Book, memo: Memo, run: str) -> None:
    book.failures = {place: failed for place, failed in book.failures.items() if not _is_mended(failed.note, memo)}
    for note in memo.failures:
        place = (note.side, note.record, note.key, note.pair)
        attempts = book.failures[place].attempts + 1 if place in book.failures else 1
        book.failures[place] = Failed(note, attempts, note.value, run)


def _is_mended(note: FailureNote, memo: Memo) -> bool:
    return any(
        pair == note.pair
        and any(
            mine is not None and mine == theirs
            for mine, theirs in ((link, note.link), (record, note.record), (key, note.key))
        )
        for link, record, key, pair in memo.mended
    )
