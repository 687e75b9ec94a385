"""Inserts the rows of new records, a slice a transaction: while one is written, the next one is planned."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
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

REFUSALS = 3
"""So often a block may be refused as a whole; after that every line is carried out by itself."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A slice whose intent is stored."""

    numbered: Numbered
    intent: Intent


@dataclass(frozen=True, slots=True)
class Arrived:
    """The rows of a slice, with the places of those that hold something else than was to be expected."""

    rows: Inserted
    odd: Sequence[int]


class RowNursery:
    """Inserts rows.

    ``left`` collects the cases that must be carried out one by one; ``filled`` the lines whose row is written, but
    holds what Feishu is still to be told.
    """

    def __init__(self, tools: Tools, bench: Bench, half: RowHalf) -> None:
        self._tools, self._bench, self._half = tools, bench, half
        self._departed: tuple[Ready, Future[Arrived | None]] | None = None
        self._remembered: deque[Future[list[Line]]] = deque()
        self._keys: Collection[str | None] = ()
        self._refused = 0
        self.left: list[Case] = []
        self.filled: list[Line] = []

    def room(self) -> int:
        """Most lines of a slice; none if blocks are refused time and again."""
        return self._tools.options.batch if self._refused < REFUSALS else 0

    def is_busy(self) -> bool:
        """Whether something is on its way, or left."""
        return bool(self._departed or self._remembered or self.left or self.filled)

    def take(self, slice_: Slice) -> None:
        """Insert these rows; those of the slice before are remembered meanwhile."""
        asked, binds = self._tools.aside.queue(partial(self._prepare, slice_)), self._binds(slice_)
        self._arrive()
        ready, left = asked.result()
        self.left.extend(left)
        if ready is not None:
            given = ready.numbered.slice
            write = partial(self._write, ready, binds if given is slice_ else self._binds(given))
            self._departed = ready, self._tools.aside.start(write)

    def land(self) -> None:
        """Wait for the slice on its way, and until all are remembered."""
        self._arrive()
        self._collect(0)

    # One slice, from its intent to its memory.

    def _prepare(self, slice_: Slice) -> tuple[Ready | None, list[Case]]:
        """Store the intent to insert these rows; tell the lines that cannot be among them."""
        tools = self._tools
        numbered, left = number(tools, Side.FEISHU, slice_)
        numbered, claimed = self._unclaimed(numbered)
        given = numbered.slice
        if not len(given):
            return None, [*left, *claimed]
        body = freeze_newborns(given.born, given.lines, numbered.links, given.reason, {}, ())
        intent = Intent(tools.ids.token(), Side.DATABASE, "write", body)
        tools.memory.intend([intent])
        return Ready(numbered, intent), [*left, *claimed]

    def _unclaimed(self, numbered: Numbered) -> tuple[Numbered, list[Case]]:
        """Without the lines whose row would get a key that a link names: see ``strays.leave_claimed``.

        The links of the slice on its way are not stored yet.
        """
        keys = self._tools.lens.new_keys(numbered.slice.born.values, len(numbered.slice))
        wanted = [key for key in keys if key is not None]
        coming, self._keys = self._keys, set(wanted)
        seen = {*(self._tools.memory.seen(Side.DATABASE, wanted) if wanted else ()), *self._keys.intersection(coming)}
        return numbered.without([key in seen for key in keys]) if seen else (numbered, [])

    def _binds(self, slice_: Slice) -> dict[str, Sequence[object]]:
        return {name: self._tools.lens.bind_series(name, series) for name, series in slice_.born.values.items()}

    def _write(self, ready: Ready, binds: Mapping[str, Sequence[object]]) -> Arrived | None:
        match = self._tools.rules.match
        rows = self._tools.rows.insert(ready.intent.id, binds, match if set(match) <= binds.keys() else ())
        return None if rows is None else Arrived(rows, sorted(self.odd(ready.numbered.slice, rows)))

    def _arrive(self) -> None:
        """Wait for the slice on its way, and have it remembered."""
        departed, self._departed = self._departed, None
        if departed is None:
            return
        ready, answer = departed
        arrived, slice_ = answer.result(), ready.numbered.slice
        if arrived is None:
            self._refused += 1
            self.left.extend(slice_.cases)
            self._tools.aside.queue(partial(self._void, ready.intent))
            return
        self._remembered.append(self._tools.aside.queue(partial(self.remember, ready, arrived)))
        self._tools.reporter.advance(len(slice_))
        self._collect(1)

    def _collect(self, most: int) -> None:
        while len(self._remembered) > most:
            self.filled.extend(self._remembered.popleft().result())

    def _void(self, intent: Intent) -> None:
        self._tools.memory.remember(Memo(intents={intent.id: IntentState.VOID}))

    def remember(self, ready: Ready, arrived: Arrived) -> list[Line]:
        """Remember what was inserted; the lines whose rows hold more than was sent."""
        tools, notebook, numbered = self._tools, self._tools.notebook(), ready.numbered
        lines = self._bench.lines(
            [newcomers.case(at) for newcomers, at in map(numbered.slice.origins.__getitem__, arrived.odd)]
        )
        for line, place in zip(lines, arrived.odd, strict=True):
            line.tie(numbered.links[place])
            self._half.learn(line, arrived.rows.row(place), notebook)
        odd = set(arrived.odd)
        plain = [place not in odd for place in range(len(numbered.slice))]
        if any(plain):
            tools.report.written[Side.DATABASE, Action.CREATE] += sum(plain)
            notebook.births.append(self._births(numbered, arrived.rows, plain))
        notebook.done([ready.intent])
        tools.store(notebook)
        tools.rows.forget([ready.intent.id])
        return lines

    def odd(self, slice_: Slice, inserted: Inserted) -> set[int]:
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
            slice_.read_at,
            {Side.FEISHU: slice_.prints, Side.DATABASE: list(compress(inserted.prints, plain))},
            slice_.born.bases,
            slice_.born.forms,
        )


def _reads(read: Callable[[object], Value], held: object, expected: Value) -> bool:
    try:
        return read(held) == expected
    except Misfit:
        return False
