"""Inserts the rows of new records, a slice a transaction: while one is written, the next one is planned."""

from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from itertools import compress

from syncer.core.mapping import Misfit
from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.core.survey import Case
from syncer.core.values import Value
from syncer.engine.cases import Bench
from syncer.engine.frozen import freeze_newborns
from syncer.engine.line import Line
from syncer.engine.row_half import RowHalf
from syncer.engine.slices import Numbered, Slice, number
from syncer.engine.tools import Tools
from syncer.ports import Births, Inserted, Intent, IntentState, Memo

UNDER_WAY = 1
"""Slices that wait or are written while another one is planned."""
REFUSALS = 3
"""So often a block may be refused as a whole; after that every line is carried out by itself."""


@dataclass(slots=True)
class Outcome:
    """What became of a slice.

    How many rows hold what was to be expected, the cases that were not written, the lines whose rows hold more.
    """

    written: int = 0
    left: list[Case] = field(default_factory=list)
    filled: list[Line] = field(default_factory=list)
    refused: bool = False


class RowNursery:
    """Inserts rows.

    ``left`` collects the cases that must be carried out one by one; ``filled`` the lines whose row is written, but
    holds what Feishu is still to be told.
    """

    def __init__(self, tools: Tools, bench: Bench, half: RowHalf) -> None:
        self._tools, self._bench, self._half = tools, bench, half
        self._under_way: deque[Future[Outcome]] = deque()
        self._refused = 0
        self.left: list[Case] = []
        self.filled: list[Line] = []

    def room(self) -> int:
        """Most lines of a slice; none if blocks are refused time and again."""
        return self._tools.options.batch if self._refused < REFUSALS else 0

    def is_busy(self) -> bool:
        """Whether something is on its way, or left."""
        return bool(self._under_way or self.left or self.filled)

    def take(self, slice_: Slice) -> None:
        """Insert these rows, soon."""
        self._under_way.append(self._tools.aside.queue(partial(self._carry, slice_)))
        self._collect(UNDER_WAY)

    def land(self) -> None:
        """Wait for all slices."""
        self._collect(0)

    def _collect(self, most: int) -> None:
        while len(self._under_way) > most:
            outcome = self._under_way.popleft().result()
            self.left.extend(outcome.left)
            self.filled.extend(outcome.filled)
            self._refused += outcome.refused
            self._tools.report.written[Side.DATABASE, Action.CREATE] += outcome.written
            self._tools.reporter.advance(outcome.written)

    # One slice, from its intent to its memory.

    def _carry(self, slice_: Slice) -> Outcome:
        numbered, left = number(self._tools, Side.FEISHU, slice_)
        numbered, claimed = self._unclaimed(numbered)
        outcome = Outcome(left=[*left, *claimed])
        if len(numbered.slice):
            self._write(numbered, outcome)
        return outcome

    def _unclaimed(self, numbered: Numbered) -> tuple[Numbered, list[Case]]:
        """Without the lines whose row would get a key that a link names: see ``strays.leave_claimed``."""
        keys = self._tools.lens.new_keys(numbered.slice.born.values, len(numbered.slice))
        wanted = [key for key in keys if key is not None]
        seen = self._tools.memory.seen(Side.DATABASE, wanted) if wanted else {}
        if not seen:
            return numbered, []
        return numbered.without([key in seen for key in keys])

    def _write(self, numbered: Numbered, outcome: Outcome) -> None:
        tools, slice_ = self._tools, numbered.slice
        body = freeze_newborns(slice_.born, slice_.lines, numbered.links, slice_.reason, {}, ())
        intent = Intent(tools.ids.token(), Side.DATABASE, "write", body)
        tools.memory.intend([intent])
        lens, values = tools.lens, slice_.born.values
        binds = {name: lens.bind_series(name, series) for name, series in values.items()}
        match = tools.rules.match if set(tools.rules.match) <= values.keys() else ()
        inserted = tools.rows.insert(intent.id, binds, match)
        if inserted is None:
            tools.memory.remember(Memo(intents={intent.id: IntentState.VOID}))
            outcome.refused = True
            outcome.left.extend(slice_.cases)
            return
        self._remember(numbered, inserted, intent, outcome)
        tools.rows.forget([intent.id])

    def _remember(self, numbered: Numbered, inserted: Inserted, intent: Intent, outcome: Outcome) -> None:
        tools, notebook = self._tools, self._tools.notebook()
        odd = self._odd(numbered.slice, inserted)
        lines = self._bench.lines([numbered.slice.cases[place] for place in sorted(odd)])
        for line, place in zip(lines, sorted(odd), strict=True):
            line.tie(numbered.links[place])
            self._half.learn(line, inserted.row(place), notebook)
        notebook.done([intent])
        plain = [place not in odd for place in range(len(numbered.slice))]
        if any(plain):
            notebook.births.append(self._births(numbered, inserted, plain))
        tools.store(notebook)
        outcome.filled, outcome.written = lines, sum(plain)

    def _odd(self, slice_: Slice, inserted: Inserted) -> set[int]:
        """The rows that hold something else than was to be expected."""
        odd: set[int] = set()
        for name, pair in self._tools.lens.pairs.items():
            read, cells = pair.translator.from_column, inserted.otherwise.get(name, {})
            expected = slice_.born.values.get(name) or [None] * len(slice_)
            odd.update(place for place, held in cells.items() if not _reads(read, held, expected[place]))
            if None in expected and not _reads(read, None, None):
                odd.update(place for place, value in enumerate(expected) if value is None and place not in cells)
        return odd

    def _births(self, numbered: Numbered, inserted: Inserted, plain: Sequence[bool]) -> Births:
        slice_ = numbered.slice if all(plain) else numbered.slice.only(plain)
        return Births(
            Side.DATABASE,
            slice_.reason,
            self._tools.clock.now(),
            list(compress(numbered.links, plain)),
            slice_.lines,
            list(compress(inserted.keys, plain)),
            slice_.matches,
            {Side.FEISHU: slice_.prints, Side.DATABASE: list(compress(inserted.prints, plain))},
            slice_.born.bases,
            slice_.born.forms,
        )


def _reads(read: Callable[[object], Value], held: object, expected: Value) -> bool:
    try:
        return read(held) == expected
    except Misfit:
        return False
