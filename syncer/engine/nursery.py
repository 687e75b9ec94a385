"""Brings newcomers over by the slice: planned series by series, written as one block, remembered in one copy.

A first load is nothing else. Whatever is not plain (see ``core.newborns``), failed before, or is refused, goes the way
of every other line (``engine.carry``): what is left of either way is the same.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Protocol

from syncer.core.records import Side
from syncer.core.survey import Case, Newcomers
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench
from syncer.engine.delivery import Delivery
from syncer.engine.drafts import Draft
from syncer.engine.judge import PAGE
from syncer.engine.record_drafts import RecordDraft
from syncer.engine.record_half import RecordHalf
from syncer.engine.record_nursery import RecordNursery
from syncer.engine.row_half import RowHalf
from syncer.engine.row_nursery import RowNursery
from syncer.engine.slices import Slice, join_slices, lay_out
from syncer.engine.tools import Tools
from syncer.ports import Survey


def ahead(tools: Tools, survey: Survey) -> Iterator[Newcomers]:
    """All newcomers of a survey, the next ones asked for while these are dealt with."""

    def ask(after: str | None) -> "Future[Sequence[Newcomers]]":
        return tools.aside.queue(lambda: survey.fresh(after, PAGE))

    coming = ask(None)
    while found := coming.result():
        coming = ask(found[-1].at)
        yield from found


class Way(Protocol):
    """How slices are brought to one side. ``left`` collects the cases that must be carried out one by one."""

    left: list[Case]

    def room(self) -> int:
        """Most lines of a slice; none if slices are not wanted any more."""
        ...

    def is_busy(self) -> bool:
        """Whether something is on its way, or left."""
        ...

    def take(self, slice_: Slice) -> None:
        """Bring a slice over, soon."""
        ...

    def land(self) -> None:
        """Wait for what is on its way."""
        ...


class Nursery:
    """Takes newcomers of both sides; ``carriers`` take over what it cannot do, by the side that is written."""

    def __init__(
        self, tools: Tools, bench: Bench, carriers: Mapping[Side, Carrier], rows: RowHalf, records: RecordHalf
    ) -> None:
        self._tools, self._bench, self._carriers, self._records = tools, bench, carriers, records
        self._filling = RowNursery(tools, bench, rows)
        self._creating = RecordNursery(tools, records)
        self._ways: Mapping[Side, Way] = {Side.DATABASE: self._filling, Side.FEISHU: self._creating}
        self._delivery = Delivery(tools, self._filling)
        self._planned: dict[Side, list[Slice]] = {side: [] for side in Side}

    def take(self, newcomers: Newcomers) -> None:
        """Bring newcomers over, now or with the next full slice; those of one side before those of the other."""
        self._finish(newcomers.side)
        with self._landing():
            self._take(newcomers)
        self._carry_left(self._tools.options.batch)

    def deliver(self, draft: Draft, survey: Survey) -> None:
        """Insert rows that were drafted, now or soon."""
        with self._landing():
            self._delivery.take(draft, survey)
        self._deliver_rest(self._tools.options.batch, survey)

    def create(self, draft: RecordDraft, survey: Survey) -> None:
        """Create records that were drafted, now or soon."""
        with self._landing():
            self._creating.deliver(draft)
        self._create_rest(self._tools.options.batch, survey)

    def delivered(self, survey: Survey) -> None:
        """Be done with everything that was drafted."""
        self._land()
        self._deliver_rest(1, survey)
        self._create_rest(1, survey)

    def _create_rest(self, fewest: int, survey: Survey) -> None:
        """Bring over, in the ordinary way, what drafts of records left, as soon as there are so many lines."""
        way = self._creating
        if len(way.undone) + len(way.refused) >= fewest:
            self._land()
            undone, refused, way.undone, way.refused = way.undone, way.refused, [], []
            for newcomers in survey.fresh_of(Side.DATABASE, undone) if undone else ():
                self.take(newcomers)
            for newcomers in survey.fresh_of(Side.DATABASE, refused) if refused else ():
                way.left.extend(newcomers.case(place) for place, _ in enumerate(newcomers.lines))
        self._carry_left(self._tools.options.batch)

    def _deliver_rest(self, fewest: int, survey: Survey) -> None:
        """Bring over, in the ordinary way, what could not be delivered, as soon as there are so many lines."""
        undone = self._delivery.undone
        if len(undone) >= fewest:
            self._land()
            undone, self._delivery.undone = self._delivery.undone, []
            for newcomers in survey.fresh_of(Side.FEISHU, undone):
                self.take(newcomers)
        self._carry_left(self._tools.options.batch)

    def close(self) -> None:
        """Bring over all that was taken, to the end."""
        for side in Side:
            self._finish(side.other)
        self._land()
        for carrier in self._carriers.values():
            carrier.close()

    def _finish(self, on: Side) -> None:
        """Be done with everything that is to be written to one side."""
        if self._planned[on] or self._ways[on].is_busy():
            with self._landing():
                self._send(on, 1)
            self._land()
            self._carry_left(1)

    @contextmanager
    def _landing(self) -> Iterator[None]:
        """If anything goes wrong, remember what became of that which is on its way."""
        try:
            yield
        except Exception:
            self._land()
            raise

    def _take(self, newcomers: Newcomers) -> None:
        tools, side = self._tools, newcomers.side
        way = self._ways[side.other]
        overtaken = {line for where, line in tools.overtaken if where is side}
        places = [place for place, line in enumerate(newcomers.lines) if line not in overtaken]
        plain = tools.rules.direction.carries_from(side) and not tools.files
        if not plain or not way.room() or len(places) < len(newcomers.lines):
            way.left.extend(map(newcomers.case, places))
            return
        failed = tools.aside.queue(lambda: self._bench.failed(side, newcomers.lines)).result()
        planned, left = lay_out(tools, newcomers, failed)
        way.left.extend(left)
        if not planned.born.values:
            way.left.extend(planned.cases)
            return
        self._planned[side.other].append(planned)
        self._send(side.other, way.room())

    def _send(self, on: Side, fewest: int) -> None:
        """Send what is planned in full slices, as long as there are so many lines."""
        planned, self._planned[on] = self._planned[on], []
        if not planned:
            return
        way, waiting = self._ways[on], join_slices(planned)
        while len(waiting) >= fewest and len(waiting) and (room := way.room()):
            way.take(waiting.part(0, room))
            waiting = waiting.part(room)
        if way.room():
            self._planned[on] = [waiting] if len(waiting) else []
        else:
            way.left.extend(waiting.cases)

    def _land(self) -> None:
        """Wait for everything on its way: what comes next works with the memory itself."""
        self._delivery.land()
        for way in self._ways.values():
            way.land()
        self._tools.aside.wait()

    def _carry_left(self, fewest: int) -> None:
        """Carry out, one by one, what the slices left, as soon as there are so many lines."""
        if max(len(self._filling.filled), *(len(way.left) for way in self._ways.values())) < fewest:
            return
        self._land()
        filled, self._filling.filled = self._filling.filled, []
        self._carriers[Side.DATABASE].follow(filled)
        for on, way in self._ways.items():
            left, way.left = way.left, []
            for line in self._bench.lines(left):
                self._carriers[on].take(line)
        self._records.land()
