"""Looks at what a run's scope names, on both sides, and joins it into a survey.

A side that is not read as a whole is asked for the lines that were named, and for those that have the match values of a
newcomer on either side: without them nobody could tell a new line from one that only was not looked at.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial

from syncer.core.joining import SmallSurvey
from syncer.core.plan import Reading, doubts
from syncer.core.records import Side
from syncer.core.survey import Remembered, Staged, Totals
from syncer.engine.drafts import begin_drafts
from syncer.engine.read import Reader, proven
from syncer.engine.record_drafts import begin_record_drafts
from syncer.engine.scope import FEWEST, Scope
from syncer.engine.tools import Tools
from syncer.errors import StaleNameError
from syncer.ports import RecordTableInfo, Survey

ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Surveyed:
    """A survey with what is known of its readings.

    ``revision`` is Feishu's from before it was read. ``partial`` names the sides that were not read as a whole, and
    ``gone`` the lines that were asked for there by name and are not there.
    """

    survey: Survey
    totals: Totals
    reading: Reading
    revision: int | None
    partial: frozenset[Side] = frozenset()
    gone: frozenset[tuple[Side, str]] = field(default_factory=frozenset)

    def lines(self, side: Side) -> int:
        """How many lines a side holds now, as far as that is known."""
        return self.totals.linked if side in self.partial else self.totals.lines[side]


def look(tools: Tools, info: RecordTableInfo, scope: Scope) -> Surveyed:
    """Look at what the scope names. A listing in doubt is read once more before anybody draws conclusions from it.

    Raises ``StaleNameError`` if a field was renamed or deleted meanwhile.
    """
    surveyed = _seek(tools, info, scope, info.revision)
    for _ in range(1, ATTEMPTS):
        if not doubts(surveyed.reading):
            break
        tools.reporter.note("the listing of records was not whole; reading it again")
        surveyed = _seek(tools, info, scope, tools.records.revision())
    return surveyed


def look_at_some(
    tools: Tools, scope: Scope, revision: int | None
) -> tuple[Surveyed, frozenset[tuple[Side, str]]] | None:
    """Look at some lines on both sides, and tell which ones; nothing where that would take a look at a whole side."""
    seeker = _Seeker(tools, scope, revision)
    seeker.read(None)
    return None if seeker.complete() is not None else (seeker.close(None), seeker.lines())


def still_named(tools: Tools, info: RecordTableInfo) -> int | None:
    """A missing key is an empty cell only if, after the reading, the field still stands there as it was.

    Under that name, and of that type: another type empties the cells that do not convert. Returns the revision after
    the reading. Raises ``StaleNameError`` otherwise: the run begins anew.
    """
    now = tools.records.info()
    later = {each.id: (each.name, each.type) for each in now.fields}
    for each in info.fields:
        is_as_it_was = later.get(each.id) == (each.name, each.type) and each.name not in now.lacking
        if each.name in tools.lens.fields and not is_as_it_was:
            raise StaleNameError(f"field {each.name!r} was renamed, retyped or deleted while its records were read")
    return now.revision


def _seek(tools: Tools, info: RecordTableInfo, scope: Scope, revision: int | None) -> Surveyed:
    """One look; wider than the scope where it met more newcomers than can be asked about one by one."""
    while True:
        tools.overtaken = set()  # what was dealt with before this reading may have changed since
        seeker = _Seeker(tools, scope, revision)
        reading = seeker.read(info)
        crowded = seeker.complete()
        if crowded is None:
            return seeker.close(reading)
        scope = scope.widened(crowded)


class _Seeker:
    """One look at both sides."""

    def __init__(self, tools: Tools, scope: Scope, revision: int | None) -> None:
        self._tools, self._scope, self._revision = tools, scope, revision
        self._reader = Reader(
            tools.records, tools.rows, tools.lens, tools.memory, tools.breathe, tools.touched, tools.aside
        )
        self._gone: set[tuple[Side, str]] = set()
        self._held: set[int] = set()
        self._small = SmallSurvey(self._links)
        self._survey: Survey = tools.memory.survey() if len(scope.partial) < len(Side) else self._small

    def read(self, info: RecordTableInfo | None) -> Reading | None:
        """Stage what the scope names; what is known of the listing of records, if they were listed."""
        tools, reading = self._tools, None
        tools.revisions, tools.doubt = ({self._revision} if self._revision is not None else set()), None
        names = self._scope.lines[Side.FEISHU]
        if names is None and info is not None:
            reading = self._read_records(info)
        else:
            tools.report.read[Side.FEISHU] = self._stage_some(Side.FEISHU, names or ())
            self._read_rows()
        return reading

    def _read_records(self, info: RecordTableInfo) -> Reading:
        """Stage all records, and the rows as the scope wants them."""
        tools, named = self._tools, list[Future[int | None]]()
        tools.reporter.stage("reading records")
        if self._scope.lines[Side.DATABASE] is None:
            parallel = tools.aside.parallel
            self._reader.drafts = begin_drafts(tools, self._survey)
            self._reader.record_drafts = begin_record_drafts(tools, self._survey)
            self._reader.after_records = lambda: named.append(self._ask_names(info))
            reading, rows = self._reader.read_both(self._survey, tools.reporter, parallel=parallel)
            tools.report.read[Side.DATABASE] = rows + self._reader.read_linked(self._survey)
        else:
            reading = self._reader.read_records(self._survey, tools.reporter)
            named.append(self._ask_names(info))
            self._read_rows()
        reading = proven(reading, reading.distinct, whole=info.whole)
        tools.report.read[Side.FEISHU] = reading.returned
        for answer in named:
            answer.result()
        return reading

    def _ask_names(self, info: RecordTableInfo) -> Future[int | None]:
        """Ask, while rows are read, whether the fields kept their names: whether records moved is asked later."""
        return self._tools.aside.start(partial(still_named, self._tools, info))

    def _read_rows(self) -> None:
        tools, names = self._tools, self._scope.lines[Side.DATABASE]
        if names is None:
            tools.reporter.stage("reading rows")
            count = self._reader.read_rows(self._survey, tools.reporter)
            tools.report.read[Side.DATABASE] = count + self._reader.read_linked(self._survey)
        else:
            tools.report.read[Side.DATABASE] = self._stage_some(Side.DATABASE, names)

    def _stage_some(self, side: Side, names: Sequence[str]) -> int:
        """Stage the named lines as they are now; those that are not there are gone. How many there are."""
        if not names:
            return 0
        tools = self._tools
        if side is Side.FEISHU:
            fetched = tools.records.fetch(names, tools.lens.fields)
            self._survey.stage(side, self._reader.stage_records(fetched.records, fetched.read_at))
            self._gone.update((side, name) for name in fetched.absent)
            self._leave_unread(set(names) - fetched.absent - {raw.id for raw in fetched.records})
            return len(fetched.records)
        page = tools.rows.fetch(names)
        self._survey.stage(side, self._reader.stage_rows(page.rows, page.read_at))
        found = {row.key for row in page.rows}
        self._gone.update((side, name) for name in names if name not in found)
        return len(found)

    def _leave_unread(self, names: set[str]) -> None:
        """Records that are there and may not be read stay as they are remembered; a later run looks at them again."""
        fresh = {(Side.FEISHU, name) for name in names} - self._tools.again
        if fresh:
            self._tools.again |= fresh
            self._tools.report.held += len(fresh)
            some = ", ".join(sorted(names)[:5])
            self._tools.reporter.note(f"{len(fresh)} records may not be read by the app, they wait ({some})")

    # What else must be looked at.

    def complete(self) -> Side | None:
        """Look at whatever has the match values of a newcomer where the scope left it out.

        Returns the side to read whole instead, where that is too much.
        """
        sides = [
            side for side in Side if side in self._scope.partial and not (side is Side.FEISHU and self._scope.still)
        ]
        newcomers = {side: self._survey.newcomers(side, FEWEST + 1) for side in Side} if self._scope.partial else {}
        if sides and any(len(lines) > FEWEST for lines in newcomers.values()):
            return sides[0]
        for side in sides:
            self._stage_matches(side, [line for lines in newcomers.values() for line in lines])
        for side in self._scope.partial:
            self._confirm_holders(side)
        if self._survey is self._small:
            for side in sides:
                self._stage_partners(side)
        return None

    def _stage_partners(self, side: Side) -> None:
        """Look at a side's halves of links whose other half changed or is gone: they may have changed unnoticed."""
        moved = sorted(self._small.moved(side.other) | self._of_gone())
        links = [each.link for each in self._tools.memory.links(moved)] if moved else []
        names = [name for link in links if (name := link.line(side)) is not None and link.severed is not side]
        missed = [name for name in names if not self._small.has(side, name)]
        self._stage_some(side, [name for name in missed if (side, name) not in self._gone])

    def _stage_matches(self, side: Side, newcomers: Iterable[Staged]) -> None:
        """Stage the lines of a side that hold the match values of newcomers, and that nobody knows yet."""
        lens, tools, began = self._tools.lens, self._tools, self._tools.clock.now()
        versions = {line.match: line.version for line in newcomers if line.version is not None}
        wanted = [values for version in versions.values() if (values := lens.match_on(side, version))]
        if not wanted:
            return
        if side is Side.FEISHU:
            records = tools.records.find([lens.cells(values) for values in wanted], tools.lens.fields)
            staged = self._reader.stage_records(records, began)
        else:
            rows = tools.rows.find(tuple(wanted[0]), [tuple(lens.binds(values).values()) for values in wanted])
            staged = self._reader.stage_rows(rows, began)
        known = {line.line for line in self._survey.newcomers(side, 2 * FEWEST)}
        self._survey.stage(side, [line for line in staged if line.link is None and line.line not in known])

    def _confirm_holders(self, side: Side) -> None:
        """Look at the linked lines whose match values a newcomer on their side has: it may stand in their place."""
        matches = [line.match for line in self._survey.newcomers(side, 2 * FEWEST) if line.match is not None]
        memory = self._tools.memory
        holders = memory.links(memory.holders(matches)) if matches else ()
        self._held.update(each.link.id for each in holders if each.link.id is not None)
        names = [name for each in holders if (name := each.link.line(side)) and each.link.severed is not side]
        self._stage_some(side, [name for name in names if (side, name) not in self._gone])
        halves = [each.link.line(side.other) for each in holders if (side, each.link.line(side)) in self._gone]
        if side.other in self._scope.partial:  # where both halves are gone, nobody's place is taken
            known = [name for name in halves if name is not None and not self._small.has(side.other, name)]
            self._stage_some(side.other, [name for name in known if (side.other, name) not in self._gone])

    # The join.

    def close(self, reading: Reading | None) -> Surveyed:
        """Join what was staged."""
        self._held.update(self._of_gone())
        partial, gone = self._scope.partial, frozenset(self._gone)
        overtaken = frozenset() if self._survey is self._small else self._tools.overtaken
        totals = self._survey.close(partial, gone, overtaken)
        self._tools.outsiders.join(self._reader.outsiders)
        if self._survey is self._small:
            standing = self._tools.memory.standing()
            totals = Totals(totals.lines, totals.gone, totals.cases, standing.linked, standing.severed)
        if reading is None:
            linked = totals.linked + totals.severed
            reading = Reading(linked, linked, None, ended=True)
        else:
            distinct = totals.lines[Side.FEISHU] + self._reader.left_out()
            reading = proven(reading, distinct, whole=reading.whole)
        return Surveyed(self._survey, totals, reading, self._revision, partial, gone)

    def lines(self) -> frozenset[tuple[Side, str]]:
        """The lines looked at, of a small survey."""
        return self._small.lines() | self._gone

    def _of_gone(self) -> set[int]:
        """The links of the lines that are gone."""
        names = {side: [name for where, name in self._gone if where is side] for side in Side}
        seen = [self._tools.memory.seen(side, lines) for side, lines in names.items() if lines]
        return {known.link for found in seen for known in found.values()}

    def _links(self) -> Sequence[Remembered]:
        """The links that a small survey is about, as they are by now."""
        ids = sorted(self._held | self._small.linked())
        return self._tools.memory.links(ids) if ids else ()
