"""Reads both sides into a survey: recognises unchanged lines by their fingerprints, decodes and stages the others."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, wait
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from itertools import compress
from typing import TypeAlias

from syncer.core.plan import Reading
from syncer.core.records import Held, Side, Unreadable, Version
from syncer.core.series import Forms, forms, kinds
from syncer.core.survey import Newcomers
from syncer.core.where import OUTSIDE, inside, is_outside
from syncer.engine.aside import Aside
from syncer.engine.beside import Pages, PagesBeside
from syncer.engine.drafts import Drafts
from syncer.engine.following import Touched
from syncer.engine.hashes import Hashes
from syncer.engine.lens import Lens
from syncer.engine.record_drafts import RecordDrafts
from syncer.ports import Memory, RawRecord, RawRow, Records, RowPage, Rows, Seen, Staged, Survey
from syncer.ports.progress import Reporter

_Raw: TypeAlias = "tuple[str, bytes, datetime | None]"
"""A new line by its name, its print and the time of its last change."""
LINKED_AT_ONCE = 1000
Others = Sequence[tuple[int, int | None]]
"""Lines that are not as they were: their places, and their links if they have one."""


class Reader:
    """Reads the two sides of one mapping for one run."""

    def __init__(
        self,
        records: Records,
        rows: Rows,
        lens: Lens,
        memory: Memory,
        breathe: Callable[[], None] = lambda: None,
        touched: Touched | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._records, self._rows, self._lens = records, rows, lens
        self._memory, self._breathe = memory, breathe
        self._touched, self._aside = touched or Touched(), aside or Aside()
        self._sifting: tuple[int, Future[Others], Callable[[Others], None]] | None = None
        self._all_new = False
        self.drafts: Drafts | None = None
        self.record_drafts: RecordDrafts | None = None
        self._left_out = Hashes()
        self.outsiders = Hashes()
        """What identifies the match values of records that may not enter: nothing is to be created in their place."""
        self.after_records: Callable[[], None] = lambda: None
        """Called once, when all records are read and rows may not be."""

    def read_both(self, survey: Survey, reporter: Reporter, *, parallel: bool) -> tuple[Reading, int]:
        """Stage every record and every row; how many rows there are.

        If ``parallel``, rows are fetched meanwhile, and staged as soon as they are there.
        """
        pages = self._rows.read(self._lens.row_scope)
        with PagesBeside(pages) if parallel else Pages(pages) as rows:
            count = 0

            def sift_ready() -> None:
                nonlocal count
                count += sum(self._sift_rows(survey, page) for page in rows.ready())

            reading = self.read_records(survey, reporter, sift_ready)
            self.after_records()
            reporter.stage("reading rows")
            reporter.advance(count)
            return reading, count + self._read_rows(survey, rows.rest(), reporter)

    def read_records(self, survey: Survey, reporter: Reporter, meanwhile: Callable[[], None] = lambda: None) -> Reading:
        """Stage every record. The answer still lacks the count of distinct records, which the survey knows."""
        returned, total, ended = 0, None, False
        with self._settled():
            for page in self._records.read(self._lens.fields):
                returned += len(page.records)
                total, ended = page.total, page.last
                self._sift_records(survey, page.records, page.read_at)
                reporter.advance(len(page.records))
                meanwhile()
        return Reading(distinct=returned, returned=returned, total=total, ended=ended)

    def read_rows(self, survey: Survey, reporter: Reporter) -> int:
        """Stage every row, from one snapshot; how many there are."""
        with closing(self._rows.read(self._lens.row_scope)) as pages:
            return self._read_rows(survey, pages, reporter)

    def _read_rows(self, survey: Survey, pages: Iterator[RowPage], reporter: Reporter) -> int:
        count = 0
        with self._settled():
            for page in pages:
                count += self._sift_rows(survey, page)
                reporter.advance(len(page.rows))
        return count

    def _sift(
        self, survey: Survey, side: Side, lines: list[str], prints: list[bytes], then: Callable[[Others], None]
    ) -> None:
        """Have a page sifted while the next one is made ready; ``then`` is told which lines are not as they were.

        The memory serves one thread at a time: whoever needs it meanwhile settles first.
        """
        self._settle()
        self._breathe()
        if self._all_new:  # as long as everything is new there is nothing to wait for
            self._tell(len(lines), survey.sift(side, lines, prints), then)
        else:
            self._sifting = len(lines), self._aside.start(partial(survey.sift, side, lines, prints)), then

    @contextmanager
    def _settled(self) -> Iterator[None]:
        """All pages are settled afterwards; none is on its way any more, whatever happens."""
        try:
            yield
            self._settle()
        finally:
            if self._sifting is not None:
                wait([self._sifting[1]])
                self._sifting = None

    def _settle(self) -> None:
        """Be done with the page that is being sifted."""
        if self._sifting is not None:
            (count, others, then), self._sifting = self._sifting, None
            self._tell(count, others.result(), then)

    def _tell(self, count: int, others: Others, then: Callable[[Others], None]) -> None:
        self._all_new = len(others) == count
        then(others)

    def _sift_records(self, survey: Survey, raws: Sequence[RawRecord], read_at: datetime) -> None:
        """Stage records; only those that are new or changed are decoded."""
        then = partial(self._stage_others, survey, raws, read_at)
        self._sift(survey, Side.FEISHU, [raw.id for raw in raws], [raw.print for raw in raws], then)

    def _stage_others(self, survey: Survey, raws: Sequence[RawRecord], read_at: datetime, others: Others) -> None:
        self._touched.read((raws[place] for place, _ in others), read_at)
        new = [raws[place] for place, link in others if link is None]
        if new:
            told = [(raw.id, raw.print, raw.modified_at) for raw in new]
            newcomers = self._stage_new(survey, Side.FEISHU, told, self._lens.records(new), read_at)
            if self.drafts is not None and newcomers is not None:
                self.drafts.take(newcomers)
            if self.record_drafts is not None:  # there is more to be done than to create records
                self.record_drafts.close()
        linked = [(raws[place], link) for place, link in others if link is not None]
        versions = [(raw, link, self._lens.record(raw, read_at)) for raw, link in linked]
        self._lens.meet([version for _, _, version in versions])
        survey.stage(Side.FEISHU, [Staged(raw.id, raw.print, link, None, version) for raw, link, version in versions])

    def _sift_rows(self, survey: Survey, page: RowPage) -> int:
        """Stage rows, and tell how many; only those that are new or changed are decoded."""
        raws, read_at = page.rows, page.read_at
        then = partial(self._stage_other_rows, survey, raws, read_at)
        self._sift(survey, Side.DATABASE, [raw.key for raw in raws], [raw.print for raw in raws], then)
        return len(raws)

    def _stage_other_rows(self, survey: Survey, raws: Sequence[RawRow], read_at: datetime, others: Others) -> None:
        new = [raws[place] for place, link in others if link is None]
        if new:
            told = [(raw.key, raw.print, raw.modified_at) for raw in new]
            newcomers = self._stage_new(survey, Side.DATABASE, told, self._lens.rows(new), read_at)
            if self.record_drafts is not None and newcomers is not None:
                self.record_drafts.take(newcomers)
        linked = [(raws[place], link) for place, link in others if link is not None]
        versions = [(raw, link, self._lens.row(raw, read_at)) for raw, link in linked]
        self._lens.meet([version for _, _, version in versions])
        survey.stage(
            Side.DATABASE, [Staged(raw.key, raw.print, link, None, version) for raw, link, version in versions]
        )

    def _stage_new(
        self,
        survey: Survey,
        side: Side,
        raws: Sequence[_Raw],
        held: Mapping[str, Sequence[Held]],
        read_at: datetime,
    ) -> Newcomers | None:
        """Stage new lines, told by name, print and time of their last change, and what they hold; those in scope."""
        raws, held = self._entering(side, raws, held)
        if not raws:
            return None
        self._lens.meet_series(side, held)
        lines, prints, modified = zip(*raws, strict=True)
        matches = self._known_as(side, lines, self._lens.matches(side, held, len(raws)))
        known = {name: stored for name, series in held.items() if (stored := _forms(series)) is not None}
        newcomers = Newcomers(side, "", lines, prints, matches, [(read_at, at) for at in modified], held, known)
        survey.stage_newcomers(newcomers)
        return newcomers

    def _entering(
        self, side: Side, raws: Sequence[_Raw], held: Mapping[str, Sequence[Held]]
    ) -> tuple[Sequence[_Raw], Mapping[str, Sequence[Held]]]:
        """Those of new lines that may enter. The others leave nothing but their number, so that a listing adds up."""
        enters = self._lens.inside(held)
        if enters is None:
            return raws, {name: series for name, series in held.items() if name != OUTSIDE}
        if side is Side.FEISHU:
            self._leave_out(raws, held, [not one for one in enters])
        kept = {name: list(compress(series, enters)) for name, series in held.items() if name != OUTSIDE}
        return list(compress(raws, enters)), kept

    def _leave_out(self, raws: Sequence[_Raw], held: Mapping[str, Sequence[Held]], out: Sequence[bool]) -> None:
        left = {name: list(compress(series, out)) for name, series in held.items()}
        self.outsiders.put(filter(None, self._lens.matches(Side.FEISHU, left, sum(out))))
        self._left_out.put(raw[0] for raw in compress(raws, out))

    @cached_property
    def _severed(self) -> bool:
        return self._memory.standing().severed > 0

    def _alone(self, version: Version) -> bytes | None:
        """What a new line is known by."""
        return self._known_as(version.side, [version.line], [self._lens.match(version)])[0]

    def _known_as(self, side: Side, lines: Sequence[str], matches: Sequence[bytes | None]) -> Sequence[bytes | None]:
        """The match values of new lines; those without by their names, where they may be halves that come back."""
        if None not in matches or not self._severed:
            return matches
        return [match or self._lens.known_by(side, line) for line, match in zip(lines, matches, strict=True)]

    def left_out(self) -> int:
        """How many records were read that may not enter."""
        return len(self._left_out)

    def read_linked(self, survey: Survey) -> int:
        """Stage the linked rows that a reading left out for their being out of scope; how many those are.

        A linked line stays in sync wherever it moves, and only one that is not there by its key is gone.
        """
        count, after = 0, 0
        while self._lens.row_scope is not None and (found := survey.unstaged(Side.DATABASE, after, LINKED_AT_ONCE)):
            after = found[-1][0]
            page = self._rows.fetch([line for _, line in found])
            survey.stage(Side.DATABASE, self.stage_rows(page.rows, page.read_at))
            count += len(page.rows)
            self._breathe()
        return count

    def stage_records(self, raws: Sequence[RawRecord], read_at: datetime) -> list[Staged]:
        """Records as a survey takes them."""
        seen = self._memory.seen(Side.FEISHU, [raw.id for raw in raws])
        moved = [raw for raw in raws if (known := seen.get(raw.id)) is None or known.print != raw.print]
        self._touched.read(moved, read_at)
        versions = self._met(self._lens.record(raw, read_at) for raw in moved)
        for version in versions.values():
            if version.line not in seen and is_outside(version):
                self.outsiders.put(filter(None, [self._lens.match(inside(version))]))
        return [self._staged(raw.id, raw.print, seen.get(raw.id), versions.get(raw.id)) for raw in raws]

    def stage_rows(self, raws: Sequence[RawRow], read_at: datetime) -> list[Staged]:
        """Rows as a survey takes them."""
        seen = self._memory.seen(Side.DATABASE, [raw.key for raw in raws])
        moved = [raw for raw in raws if (known := seen.get(raw.key)) is None or known.print != raw.print]
        versions = self._met(self._lens.row(raw, read_at) for raw in moved)
        return [self._staged(raw.key, raw.print, seen.get(raw.key), versions.get(raw.key)) for raw in raws]

    def _met(self, versions: Iterable[Version]) -> dict[str, Version]:
        """Versions by their lines; whoever they name is looked up together."""
        found = {version.line: version for version in versions}
        self._lens.meet(list(found.values()))
        return found

    def _staged(self, line: str, print_: bytes, known: Seen | None, version: Version | None) -> Staged:
        """One line, with its version unless it is as it was."""
        match = self._alone(version) if known is None and version is not None else None
        return Staged(line, print_, known.link if known is not None else None, match, version)


def proven(reading: Reading, distinct: int, *, whole: bool, revived: int = 0) -> Reading:
    """A reading with what only the survey, the base's rights and a second look can tell."""
    return replace(reading, distinct=distinct, whole=whole, revived=revived)


def _forms(series: Sequence[Held]) -> Forms | None:
    """The stored forms of a series, unless something of it is unreadable."""
    found = kinds(series)
    return None if Unreadable in found else forms(series, found)  # type: ignore[arg-type]  # all of it is readable
