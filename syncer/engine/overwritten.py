"""Finds the edits that our own writes of records overwrote, in the kept events, and gives them what they are due.

Every update of a record waits for its event. What arrives tells that all was well, or that somebody had edited the cell
between our last look and our write: see ``core.overwritten``. Such an edit becomes a conflict with its value. Unless
the database wins it is put back, and carried over, added up, or parked as any other. Where a guard stopped the run it
is told all the same, and put back by the first run that may write; what of the row was edited until then, and is to
lose, is told then. Nothing is read for this but the few lines of which
an event says that something was lost.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import orjson

from syncer.core.conflicts import Clash, Verdict
from syncer.core.mapping import Misfit
from syncer.core.overwritten import NOTHING, Content, Raw, Sent, Trace, is_lost, trace
from syncer.core.plan import Action, Collision, LinePlan, Operation
from syncer.core.putting_back import Decision, Edit, decide
from syncer.core.records import Base, Held, Link, Side, Told, Unreadable, Version
from syncer.core.values import Json, Value, digest, dump
from syncer.engine.awaited import HEARD
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench
from syncer.engine.frozen import Frozen, thaw_some
from syncer.engine.hearing import Hearing
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.record_half import RecordHalf
from syncer.engine.recover import Recovery
from syncer.engine.row_half import RowHalf
from syncer.engine.tools import Tools
from syncer.engine.undeleted import Undeleted
from syncer.ports import RecordTableInfo, Unverified
from syncer.ports.signals import RecordEvent

CHUNK = 1000
LATE = timedelta(seconds=30)
"""So long may pass between the arrival of an event and the end of the write it tells of, unless a run died on it."""
KEPT = timedelta(hours=8)
"""As long as events are kept."""
TOLD = "told"
"""Among what was reported of a write: that an event told of it, so that it is no unverified one."""
WAITING = "waits "
"""Before the mark of an edit that was told, but is still to be put back, and of what the row held when it was told."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A write of one cell that seems to have overwritten an edit."""

    row: Unverified
    one: Frozen
    pair: str
    found: Trace

    @property
    def value(self) -> Content:
        """The edit's value."""
        assert self.found.lost is not None
        return self.found.lost.after

    @property
    def base(self) -> Base:
        """What both sides held before either changed."""
        known, held = self.one.bases.get(self.pair), self.one.before.get(self.pair)
        return Base(held, known.database if known is not None else None)

    def mark(self) -> str:
        """What tells it from any other of the same write."""
        return digest(orjson.dumps([self.pair, _told(self.value)])).hex()

    @property
    def place(self) -> tuple[str, str, str]:
        """The write and what it overwrote."""
        return (self.row.intent.id, self.row.record, self.mark())

    @property
    def waits(self) -> bool:
        """Whether it was told already, but could not be put back."""
        return any(mark.startswith(WAITING + self.mark()) for mark in self.row.reported)

    def waiting(self, met: Collision) -> str:
        """The mark of having been told against what the row held then."""
        return f"{WAITING}{self.mark()} {digest(orjson.dumps(dump(met.clash.database))).hex()}"

    def is_news(self, met: Collision) -> bool:
        """Whether it is still to be told: while it waited somebody may have edited the row that it is to win over."""
        return not self.waits or (met.verdict.winner is Side.FEISHU and self.waiting(met) not in self.row.reported)


class Overwritten:
    """One look through what the events told since the last one."""

    def __init__(self, tools: Tools, info: RecordTableInfo) -> None:
        self._tools = tools
        self._hearing = Hearing(tools, info)
        self._undeleted = Undeleted(tools, self._hearing)
        self._waiting: set[tuple[str, str, str]] = set()
        self._told: dict[tuple[str, str, str], str] = {}

    def look(self, *, stopped: bool = False) -> Collection[str]:
        """Deal with what events told since the last look; the records that something was put back into.

        Where the run was ``stopped`` by a guard, nothing is put back yet.
        """
        signals, memory, back = self._tools.signals, self._tools.memory, set[str]()
        if signals is None or not self._tools.table:
            return back
        cursor = memory.cursor(Side.FEISHU)
        since = self._since(cursor.get(HEARD))
        records, last = signals.changed_since(self._tools.table, since)
        suspects: list[Suspect] = []
        for start in range(0, len(records), CHUNK):
            suspects += self._sift(memory.unverified(records[start : start + CHUNK]))
        if suspects:
            back = self._deal(suspects, stopped=stopped)
        back |= self._undeleted.deal(stopped=stopped)
        waits = self._waiting or self._undeleted.waits
        if records and not waits and last.isoformat() != cursor.get(HEARD):
            memory.advance(Side.FEISHU, {**memory.cursor(Side.FEISHU), HEARD: last.isoformat()})
        return back

    def _since(self, heard: Json) -> datetime:
        if isinstance(heard, str):
            return datetime.fromisoformat(heard) - LATE
        return self._tools.clock.now() - KEPT

    # What events tell.

    def _sift(self, rows: Sequence[Unverified]) -> list[Suspect]:
        """Note the writes of which events told; those that seem to have overwritten something."""
        signals, notebook = self._tools.signals, self._tools.notebook()
        assert signals is not None
        events = signals.events_of(self._tools.table, [row.record for row in rows]) if rows else {}
        suspects: list[Suspect] = []
        for row, one in _thawed(rows):
            if one.action is Action.DELETE:
                self._undeleted.hear(row, one, events.get(row.record, ()), notebook)
                continue
            traces = self._traces(row, one, events.get(row.record, ()))
            found = [Suspect(row, one, name, each) for name, each in traces.items() if each.lost is not None]
            news = [each for each in found if each.mark() not in row.reported]
            suspects += news
            if traces and not news and all(each.told for each in traces.values()):
                _tell_of(notebook, row, row.reported)
        self._tools.store(notebook)
        return suspects

    def _traces(self, row: Unverified, one: Frozen, events: Sequence[RecordEvent]) -> dict[str, Trace]:
        """What the events say about each cell that a write gave another value."""
        found = {}
        for name, value in one.values.items():
            before = one.before.get(name)
            if not self._hearing.knows(name):
                continue
            words = self._hearing.words(name, events)
            assert row.intent.created_at is not None
            sent = Sent(before, value, row.intent.seen, row.intent.created_at, row.until)
            found[name] = trace(sent, words) if words else NOTHING
        return found

    # What becomes of it.

    def _deal(self, suspects: Sequence[Suspect], *, stopped: bool) -> set[str]:
        """Read the lines again, tell what was lost of them, and put back what the policies want back."""
        back = set[str]()
        by_record: dict[str, list[Suspect]] = {}
        for suspect in suspects:
            by_record.setdefault(suspect.row.record, []).append(suspect)
        bench = Bench(self._tools)
        carrier = Carrier(self._tools, RowHalf(self._tools), RecordHalf(self._tools, bench, Recovery(self._tools)))
        for line, found in self._lines(by_record, bench):
            wanted = self._told_of(line, found)
            if stopped:
                self._waiting.update(suspect.place for suspect, _ in wanted.values())
            elif wanted:
                self._put_back(line, wanted, carrier)
                back.add(line.versions[Side.FEISHU].line)
        carrier.close()
        self._report(suspects)
        return back

    def _lines(self, wanted: Mapping[str, list[Suspect]], bench: Bench) -> list[tuple[Line, list[Suspect]]]:
        """The lines as they are now."""
        numbers = [found[0].one.link for found in wanted.values()]
        known = {each.link.id: each.link for each in self._tools.memory.links(numbers)}
        lines = [(_bare(self._tools, found[0].one, known.get(found[0].one.link)), found) for found in wanted.values()]
        for side in Side:
            bench.refresh(side, [line for line, _ in lines if not line.versions[side].absent])
        return lines

    def _told_of(self, line: Line, found: Sequence[Suspect]) -> dict[str, tuple[Suspect, Decision]]:
        """Tell of each edit that was lost, once for what it met; those that are to be put back."""
        tools, wanted = self._tools, dict[str, tuple[Suspect, Decision]]()
        notebook = tools.notebook()
        if tools.witnesses is not None and not line.versions[Side.DATABASE].absent:
            tools.witnesses.ask([line])
        for suspect in found:
            decision = self._decision(line, suspect)
            if decision.met is None:
                continue
            if suspect.is_news(decision.met):
                notebook.collision(line, decision.met)
                note = notebook.conflicts[-1]
                record, key = note.record or suspect.row.record, note.key or suspect.one.key  # a line that is gone, too
                notebook.conflicts[-1] = replace(note, record=record, key=key, apart=True)
                tools.report.conflicts += 1
                place = (suspect.row.intent.id, suspect.row.record)
                marks = notebook.reported.get(place, suspect.row.reported)
                self._told[suspect.place] = suspect.waiting(decision.met)
                notebook.reported[place] = marks | {self._told[suspect.place]}  # in one with the conflict: told once
            if decision.base is not None:
                wanted[suspect.pair] = (suspect, decision)
        tools.store(notebook)
        return wanted

    def _put_back(self, line: Line, wanted: Mapping[str, tuple[Suspect, Decision]], carrier: Carrier) -> None:
        tools = self._tools
        line.wish = lambda line: _put_back(line, wanted)
        line.adopt(line.wish(line))
        carrier.take(line)
        if tools.signals is not None:
            tools.signals.follow_up([line.versions[Side.FEISHU].line], tools.clock.now())

    def _decision(self, line: Line, suspect: Suspect) -> Decision:
        """What is to be done about an edit, if it was lost at all; told as a conflict that names our write."""
        held, value = _held(line, Side.FEISHU, suspect.pair), suspect.value
        base = line.link.bases.get(suspect.pair) if line.link else None
        ours = held == suspect.one.values[suspect.pair] or (base is not None and held == base.feishu)
        if isinstance(held, Unreadable) or not is_lost(suspect.found, held, ours=ours):
            return Decision()
        if isinstance(value, Raw) or not self._stands(line):
            return Decision(self._told_only(line, suspect, Side.DATABASE, "it cannot be put back"))
        if held != suspect.one.values[suspect.pair]:
            return Decision(self._told_only(line, suspect, Side.FEISHU, "the cell was changed again since"))
        decision = decide(
            self._tools.rules,
            Edit(suspect.pair, self._base(suspect), value, self._when(suspect)),
            line.versions[Side.DATABASE],
            self._tools.clock.now(),
        )
        met = decision.met
        return decision if met is None else replace(decision, met=_because(met, suspect))

    @staticmethod
    def _stands(line: Line) -> bool:
        linked = line.stored and line.link is not None and line.link.severed is None
        return linked and not any(version.absent for version in line.versions.values())

    def _base(self, suspect: Suspect) -> Base:
        """Where the two sides had never agreed before, the row counts as if it had held what the record did."""
        base = suspect.base
        if suspect.pair in suspect.one.bases:
            return base
        try:
            return replace(base, database=self._tools.lens.pairs[suspect.pair].translator.to_database(base.feishu))
        except Misfit:
            return base

    def _when(self, suspect: Suspect) -> Told | None:
        """When the edit was made, if an event of its own told."""
        lost = suspect.found.lost
        assert lost is not None
        return Told(lost.at, lost.who) if lost.before != lost.after else None

    def _told_only(self, line: Line, suspect: Suspect, winner: Side, reason: str) -> Collision:
        rules, held = self._tools.rules, _held(line, Side.DATABASE, suspect.pair)
        value: Value = suspect.value.text if isinstance(suspect.value, Raw) else suspect.value
        row = None if isinstance(held, Unreadable) else held
        clash = Clash(value, row, {}, rules.tie, rules.tolerance)
        return _because(Collision(suspect.pair, clash, Verdict(winner, reason), self._base(suspect)), suspect)

    def _report(self, suspects: Iterable[Suspect]) -> None:
        """Remember what was dealt with, as the last thing: until then it is looked at again."""
        notebook, marks, kept = self._tools.notebook(), dict[tuple[str, str], frozenset[str]](), set[tuple[str, str]]()
        for suspect in suspects:
            place = (suspect.row.intent.id, suspect.row.record)
            waits = suspect.place in self._waiting
            told = self._told.get(suspect.place, WAITING + suspect.mark())
            marks[place] = marks.get(place, suspect.row.reported) | {told if waits else suspect.mark()}
            if waits:
                kept.add(place)
            if suspect.found.told and suspect.row.until is None:
                notebook.verified.append(place)
        notebook.verified = [place for place in notebook.verified if place not in kept]
        notebook.reported.update({place: found for place, found in marks.items() if place not in notebook.verified})
        self._tools.store(notebook)


def _thawed(rows: Sequence[Unverified]) -> Iterable[tuple[Unverified, Frozen]]:
    """Writes with what they sent; each batch is taken apart once."""
    by_intent: dict[str, list[Unverified]] = {}
    for row in rows:
        by_intent.setdefault(row.intent.id, []).append(row)
    for found in by_intent.values():
        sent = thaw_some(found[0].intent.body, {row.record for row in found}) if found[0].intent.body else {}
        yield from ((row, sent[row.record]) for row in found if row.record in sent)


def _tell_of(notebook: Notebook, row: Unverified, reported: frozenset[str]) -> None:
    """An event told of a write. Of one that may have been made more than once another one may still tell more."""
    if row.until is None:
        notebook.verified.append((row.intent.id, row.record))
    elif TOLD not in reported:
        notebook.reported[row.intent.id, row.record] = reported | {TOLD}


def _bare(tools: Tools, one: Frozen, link: Link | None) -> Line:
    """A line whose versions are still to be read; of one that is linked no more only the names are known."""
    now = tools.clock.now()
    names = {Side.FEISHU: one.record, Side.DATABASE: link.key if link else None}
    versions = {side: Version(side, name, {}, now) if name else absent(side, "", now) for side, name in names.items()}
    if link is None:
        return Line(versions, Link(one.link, one.record, None))
    return Line(versions, link, stored=True, bases=dict(link.bases))


def _put_back(line: Line, wanted: Mapping[str, tuple[Suspect, Decision]]) -> LinePlan:
    """The plan that gives cells back what we took from them; those that hold something else by now stay."""
    line.prints = dict.fromkeys(Side)  # whatever else was read of the line is for the run that follows
    values: dict[str, Value] = {}
    after: dict[str, Base] = {}
    for name, (suspect, decision) in wanted.items():
        if _held(line, Side.FEISHU, name) == suspect.one.values[name] and decision.base is not None:
            assert not isinstance(suspect.value, Raw)
            values[name], after[name] = suspect.value, decision.base
    if not values:
        return LinePlan()
    before = {name: suspect.one.values[name] for name, (suspect, _) in wanted.items() if name in values}
    runs = sorted({suspect.row.run for name, (suspect, _) in wanted.items() if name in values})
    reason = f"put back: overwritten by our write in run {', '.join(runs)}"
    record = line.versions[Side.FEISHU].line
    return LinePlan((Operation(Side.FEISHU, Action.UPDATE, record, values, before, after, reason),))


def _because(met: Collision, suspect: Suspect) -> Collision:
    verdict = replace(met.verdict, reason=f"{met.verdict.reason}; overwritten by our write in run {suspect.row.run}")
    return replace(met, verdict=verdict)


def _held(line: Line, side: Side, pair: str) -> Held:
    return (line.versions[side].values or {}).get(pair)


def _told(content: Content) -> Json:
    return content.text if isinstance(content, Raw) else dump(content)
