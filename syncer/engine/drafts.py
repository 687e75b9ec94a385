"""What can be done for a first load while its records are still read: rows are planned, written down, and wait.

Nothing of it is to be seen before the guards have passed the whole survey, and it counts only if the survey finds that
every record is new. What is drafted is kept in a file without a name, part by part: a part is carried out by
``engine.delivery``.
"""

import pickle
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from datetime import datetime
from functools import wraps
from tempfile import TemporaryFile
from typing import IO

from syncer.core.mapping import Misfit, Pair
from syncer.core.records import Side, Version
from syncer.core.series import Series
from syncer.core.survey import CaseKind, Newcomers, Totals, joined
from syncer.core.values import Value
from syncer.engine.frozen import freeze_newborns
from syncer.engine.report import Report
from syncer.engine.slices import Slice, lay_out
from syncer.engine.tools import Tools
from syncer.ports import RecordTableInfo, Survey
from syncer.ports.anteroom import Anteroom
from syncer.ports.births import Packed, pack_births


@dataclass(frozen=True, slots=True)
class Draft:
    """A part: lines whose rows wait to be inserted, and the lines that must be dealt with by themselves (``left``).

    ``body`` is that of the intent, but for the numbers of the links; ``sent`` what the anteroom wants to hear again.
    """

    part: int
    reason: str
    lines: Sequence[str]
    prints: Sequence[bytes]
    matches: Sequence[bytes | None]
    read_at: Sequence[datetime]
    keys: Sequence[str | None]
    absent: Sequence[str]
    body: bytes
    packed: Packed
    left: Sequence[str]
    sent: bytes = b""

    def given_up(self) -> "Draft":
        """The same where the rows could not wait."""
        nothing = Packed((), (), ())
        return Draft(self.part, self.reason, (), (), (), (), (), (), b"", nothing, [*self.lines, *self.left])


class Drafts:
    """Drafts of one reading of all records. ``take`` is told of every record as it is staged."""

    def __init__(self, tools: Tools, survey: Survey, anteroom: Callable[[], Anteroom | None]) -> None:
        self._tools, self._survey, self._open = tools, survey, anteroom
        self._anteroom: Anteroom | None = None
        self._file: IO[bytes] | None = None
        self._waiting: list[Newcomers] = []
        self._pending: tuple[Draft, Future[bytes | None]] | None = None
        self._taken = self._parts = 0
        self._given_up = False

    @property
    def anteroom(self) -> Anteroom:
        """Where the rows wait."""
        assert self._anteroom is not None
        return self._anteroom

    def take(self, newcomers: Newcomers) -> None:
        """Draft what is to become of records just staged."""
        if self._given_up:
            return
        self._taken += len(newcomers.lines)
        self._waiting.append(newcomers)
        size = self._tools.options.batch
        while sum(len(some.lines) for some in self._waiting) >= size:
            waiting = joined(self._waiting)
            self._waiting = [waiting.part(size)] if len(waiting.lines) > size else []
            self._draft(waiting.part(0, size))

    def stand(self, survey: Survey, totals: Totals) -> bool:
        """Whether the drafts are what is to be done: all there is are records that were drafted once and are new."""
        if self._given_up or not self._parts or survey is not self._survey:
            return False
        others = totals.lines[Side.DATABASE] + totals.linked + totals.severed
        if others or not self._taken == totals.lines[Side.FEISHU] == totals.cases[CaseKind.FRESH]:
            return False
        if self._waiting:
            self._draft(joined(self._waiting))
        self._settle()
        return not self._given_up

    def each(self) -> Iterator[Draft]:
        """The drafts, in the order in which their records were staged."""
        assert self._file is not None
        self._file.seek(0)
        for _ in range(self._parts):
            yield pickle.load(self._file)  # noqa: S301 - this run wrote it, and nobody else can

    def close(self) -> None:
        """Let go of all of it."""
        self._given_up = True
        if self._pending is not None:
            self._pending[1].exception()
        anteroom, file = self._anteroom, self._file
        self._anteroom = self._file = self._pending = None
        if file is not None:
            file.close()
        if anteroom is not None:
            anteroom.close()

    def _draft(self, newcomers: Newcomers) -> None:
        if not self._begin():
            self.close()
            return
        tools = self._tools
        slice_, left = _lay_out(tools, newcomers)
        self._settle()
        binds = {name: tools.lens.bind_series(name, series) for name, series in slice_.born.values.items()}
        match = tools.rules.match if set(tools.rules.match) <= binds.keys() else ()
        draft, part = _written_down(tools, self._parts, slice_, match, left), self._parts
        self._parts += 1
        anteroom = self.anteroom
        self._pending = draft, tools.aside.start(lambda: anteroom.put(part, binds, match) if len(slice_) else None)

    def _begin(self) -> bool:
        """Open what is needed, once."""
        if self._file is None:
            self._anteroom, self._file = self._open(), TemporaryFile(prefix="syncer-")  # noqa: SIM115 - see close
        return self._anteroom is not None

    def _settle(self) -> None:
        """Keep the draft whose rows are on their way."""
        pending, self._pending = self._pending, None
        if pending is None:
            return
        draft, answer = pending
        sent = answer.result()
        kept = draft.given_up() if sent is None else replace(draft, sent=sent)
        assert self._file is not None
        try:
            pickle.dump(kept, self._file, pickle.HIGHEST_PROTOCOL)
        except OSError:  # no room for it: what was drafted is read from the survey instead
            self.close()


def begin_drafts(tools: Tools, survey: Survey) -> Drafts | None:
    """Drafts for a run that reads all records of a mapping in which nothing is linked yet, if it may write rows."""
    if tools.drafts is not None:
        tools.drafts.close()
    first = tools.anteroom is not None and is_first_load(tools, Side.FEISHU)
    tools.drafts = Drafts(tools, survey, tools.anteroom) if tools.anteroom and first else None
    return tools.drafts


def is_first_load(tools: Tools, source: Side) -> bool:
    """Whether a side is read for the first time, nothing is linked, and its lines may be written to the other."""
    may = tools.rules.direction.carries_from(source) and not (tools.options.dry or tools.repairs or tools.files)
    if not may or tools.memory.cursor(source) or tools.memory.approval():
        return False
    standing = tools.memory.standing()
    return not (standing.linked or standing.severed or standing.open_failures or standing.open_conflicts)


def leaving_no_drafts(
    work: Callable[[Tools, RecordTableInfo], Report],
) -> Callable[[Tools, RecordTableInfo], Report]:
    """A run that lets go of its drafts however it ends."""

    @wraps(work)
    def inner(tools: Tools, info: RecordTableInfo) -> Report:
        try:
            return work(tools, info)
        finally:
            for drafts in (tools.drafts, tools.record_drafts):
                if drafts is not None:
                    drafts.close()

    return inner


def _lay_out(tools: Tools, newcomers: Newcomers) -> tuple[Slice, list[str]]:
    """The plan of these lines, and the lines that are not plain or will not be read as they were written."""
    slice_, cases = lay_out(tools, newcomers, ())
    left = [case.feishu.line for case in cases if isinstance(case.feishu, Version)]
    odd: set[int] = set()
    for name, pair in tools.lens.pairs.items():
        expected: Series = slice_.born.values.get(name) or [None] * len(slice_)
        if None in expected and _nothing_is_something(pair):
            odd.update(place for place, value in enumerate(expected) if value is None)
    if not odd:
        return slice_, left
    left += [slice_.lines[place] for place in sorted(odd)]
    return slice_.only([place not in odd for place in range(len(slice_))]), left


def _nothing_is_something(pair: Pair) -> bool:
    """Whether a column that is NULL is read as holding something."""
    try:
        read: Value = pair.translator.from_column(None)
    except Misfit:
        return True
    return read is not None


def _written_down(tools: Tools, part: int, slice_: Slice, absent: Sequence[str], left: Sequence[str]) -> Draft:
    born = slice_.born
    return Draft(
        part,
        slice_.reason,
        slice_.lines,
        slice_.prints,
        slice_.matches,
        slice_.read_at,
        tools.lens.new_keys(born.values, len(slice_)),
        absent,
        freeze_newborns(born, slice_.lines, (), slice_.reason, {}, ()),
        pack_births(born.bases, born.forms),
        left,
    )
