"""Creates the records of new rows, a slice a call: while one is on its way, the next one is planned."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.core.series import AS_THEY_ARE, Forms, kinds
from syncer.core.survey import Case
from syncer.core.values import Json
from syncer.engine.frozen import freeze_newborns
from syncer.engine.record_half import MOST_BYTES, RecordHalf
from syncer.engine.slices import Numbered, Slice, number
from syncer.engine.tools import Tools
from syncer.errors import RefusedError, TooLargeError
from syncer.ports import Births, Intent, IntentState, Memo


@dataclass(frozen=True, slots=True)
class Departed:
    """A slice on its way to Feishu; as ``engine.flight.Flight``."""

    numbered: Numbered
    intent: Intent
    send: Callable[[], Sequence[str]]
    answer: "Future[Sequence[str]]"
    look: "Future[int | None] | None"
    before: frozenset[int]


class RecordNursery:
    """Creates records. ``left`` collects the cases that must be carried out one by one."""

    def __init__(self, tools: Tools, half: RecordHalf) -> None:
        self._tools, self._half = tools, half
        self._departed: Departed | None = None
        self._arrived: tuple[Departed, Sequence[str]] | None = None
        self.left: list[Case] = []

    def room(self) -> int:
        """Most lines of a slice."""
        return min(self._tools.options.batch, self._tools.records.room())

    def is_busy(self) -> bool:
        """Whether something is on its way, or left."""
        return bool(self._departed or self._arrived or self.left)

    def take(self, slice_: Slice) -> None:
        """Create these records; while they are made ready, what arrived before is remembered."""
        asked = self._tools.aside.queue(partial(number, self._tools, Side.DATABASE, slice_))
        self._remember()
        numbered, linked = asked.result()
        self.left.extend(linked)
        if not len(numbered.slice):
            return
        cells = self._cells(numbered.slice)
        body, records = self._body(numbered, cells), _records(cells)
        look = self._departed
        self._arrived = self._arrive()
        if len(body) + len(body) // 2 <= MOST_BYTES and self._is_unmoved(look):
            self._departed = self._depart(numbered, records, body)
        else:
            self.left.extend(numbered.slice.cases)

    def land(self) -> None:
        """Wait for the slice on its way and remember it."""
        self._remember()
        self._arrived = self._arrive()
        self._remember()

    def _cells(self, slice_: Slice) -> dict[str, Forms]:
        """What is to be written, by field name, in the order of the lines; ``None`` where nothing is."""
        lens, cells = self._tools.lens, {}
        for name, values in slice_.born.values.items():
            forms, series = slice_.born.forms[name], lens.cell_series(name, values)
            cells[lens.pairs[name].field] = forms if kinds(series) <= AS_THEY_ARE and series == forms else series
        return cells

    def _body(self, numbered: Numbered, cells: Mapping[str, Forms]) -> bytes:
        lens, slice_ = self._tools.lens, numbered.slice
        match = [lens.pairs[name].field for name in self._tools.rules.match]
        found = match if cells.keys() >= set(match) else []
        return freeze_newborns(slice_.born, slice_.lines, numbered.links, slice_.reason, cells, found)

    def _is_unmoved(self, departed: Departed | None) -> bool:
        """Whether only our own writes moved the table since it was read: see ``engine.freshness``."""
        allowed = self._tools.revisions
        if departed is None or departed.look is None:
            return self._tools.records.revision() in allowed
        return departed.look.result() in departed.before | allowed

    def _depart(self, numbered: Numbered, records: Sequence[Mapping[str, Json]], body: bytes) -> Departed:
        tools, token = self._tools, self._tools.ids.token()
        intent = Intent(tools.ids.token(), Side.FEISHU, "create", body, token, tools.clock.now())
        tools.aside.queue(lambda: tools.memory.intend([intent])).result()
        send = partial(tools.records.create, records, token)
        before, answer = frozenset(tools.revisions), tools.aside.start(send)
        look = tools.aside.start(tools.records.revision) if tools.aside.parallel else None
        return Departed(numbered, intent, send, answer, look, before)

    def _arrive(self) -> tuple[Departed, Sequence[str]] | None:
        """Wait for the slice on its way; ``None`` if there is none, or if it was refused and must be taken apart."""
        departed, self._departed = self._departed, None
        if departed is None:
            return None
        if departed.answer.exception() is not None:
            self._tools.aside.wait()  # what follows asks and tells the memory by itself
        try:
            return departed, self._half.ask(departed.intent, departed.answer.result, again=departed.send)
        except (RefusedError, TooLargeError):
            self.left.extend(departed.numbered.slice.cases)
            return None

    def _remember(self) -> None:
        """Have what arrived remembered, behind all that is asked of the memory already."""
        arrived, self._arrived = self._arrived, None
        if arrived is None:
            return
        departed, records = arrived
        tools, slice_ = self._tools, departed.numbered.slice
        births = Births(
            Side.FEISHU,
            slice_.reason,
            tools.clock.now(),
            departed.numbered.links,
            records,
            slice_.lines,
            slice_.matches,
            slice_.read_at,
            {Side.DATABASE: slice_.prints},
            slice_.born.bases,
            slice_.born.forms,
        )
        memo = Memo(births=[births], intents={departed.intent.id: IntentState.DONE})
        tools.aside.queue(lambda: tools.memory.remember(memo))
        tools.touched.wrote(*records)
        tools.report.written[Side.FEISHU, Action.CREATE] += len(slice_)
        tools.reporter.advance(len(slice_))


def _records(cells: Mapping[str, Forms]) -> list[dict[str, Json]]:
    names = tuple(cells)
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in zip(*cells.values(), strict=True)
    ]
