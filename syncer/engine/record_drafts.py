"""What can be done for a first load of Bitable while rows are still read: their records are planned and written down.

The plan is needed at once, so that Feishu need not wait for it later: a part is carried out by
``engine.record_nursery``. Nothing of it counts before the guards have passed the whole survey, nor if that finds
anything but new rows. What is drafted is kept in a file without a name.
"""

import pickle
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from tempfile import TemporaryFile
from typing import IO

import orjson

from syncer.core.records import Side, Version
from syncer.core.series import AS_THEY_ARE, Forms, firsts, kinds
from syncer.core.survey import CaseKind, Newcomers, Totals, joined
from syncer.core.values import Json
from syncer.engine.drafts import is_first_load
from syncer.engine.frozen import freeze_newborns
from syncer.engine.slices import Slice, lay_out
from syncer.engine.tools import Tools
from syncer.ports import Survey
from syncer.ports.births import Packed, pack_births


@dataclass(frozen=True, slots=True)
class RecordDraft:
    """A part: lines whose records are to be created, and the lines that must be dealt with by themselves (``left``).

    ``body`` is that of the intent, but for the numbers of the links; everything else of the plan is read from it.
    """

    reason: str
    lines: Sequence[str]
    prints: Sequence[bytes]
    matches: Sequence[bytes | None]
    read_at: Sequence[datetime]
    body: bytes
    left: Sequence[str]

    def thaw(self) -> tuple[list[dict[str, Json]], Packed]:
        """The records to be created, by field name, and what will be remembered of them."""
        form = orjson.loads(self.body)
        feishu = {name: firsts(series) for name, series in form["bases"].items()}
        cells = {name: feishu[series] if isinstance(series, str) else series for name, series in form["cells"].items()}
        return records_of(cells), pack_births(form["bases"], feishu)


class RecordDrafts:
    """Drafts of one reading of all rows. ``take`` is told of every row as it is staged."""

    def __init__(self, tools: Tools, survey: Survey) -> None:
        self._tools, self._survey = tools, survey
        self._file: IO[bytes] | None = None
        self._waiting: list[Newcomers] = []
        self._taken = self._parts = 0
        self._given_up = False

    def take(self, newcomers: Newcomers) -> None:
        """Draft what is to become of rows just staged."""
        if self._given_up:
            return
        self._taken += len(newcomers.lines)
        self._waiting.append(newcomers)
        size = self._tools.options.batch
        while not self._given_up and sum(len(some.lines) for some in self._waiting) >= size:
            waiting = joined(self._waiting)
            self._waiting = [waiting.part(size)] if len(waiting.lines) > size else []
            self._draft(waiting.part(0, size))

    def stand(self, survey: Survey, totals: Totals) -> bool:
        """Whether the drafts are what is to be done: all there is are rows that were drafted once and are new."""
        if self._given_up or not self._taken or survey is not self._survey or self._tools.outsiders:
            return False
        others = totals.lines[Side.FEISHU] + totals.linked + totals.severed
        if others or not self._taken == totals.lines[Side.DATABASE] == totals.cases[CaseKind.FRESH]:
            return False
        if self._waiting:
            self._draft(joined(self._waiting))
        return not self._given_up

    def each(self) -> Iterator[RecordDraft]:
        """The drafts, in the order in which their rows were staged."""
        assert self._file is not None
        self._file.seek(0)
        for _ in range(self._parts):
            yield pickle.load(self._file)  # noqa: S301 - this run wrote it, and nobody else can

    def close(self) -> None:
        """Let go of all of it."""
        self._given_up, self._waiting = True, []
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _draft(self, newcomers: Newcomers) -> None:
        slice_, cases = lay_out(self._tools, newcomers, ())
        left = [case.database.line for case in cases if isinstance(case.database, Version)]
        cells = cells_of(self._tools, slice_)
        if not slice_.born.values or not all(map(_is_finite, cells.values())):
            self.close()
            return
        self._keep(_written_down(self._tools, slice_, cells, left))

    def _keep(self, draft: RecordDraft) -> None:
        try:
            if self._file is None:
                self._file = TemporaryFile(prefix="syncer-")  # noqa: SIM115 - see close
            pickle.dump(draft, self._file, pickle.HIGHEST_PROTOCOL)
            self._parts += 1
        except OSError:  # no room for it: what was drafted is read from the survey instead
            self.close()


def begin_record_drafts(tools: Tools, survey: Survey) -> RecordDrafts | None:
    """Drafts for a run that reads all rows of a mapping in which nothing is linked yet, if it may create records.

    What a value that names somebody or another line becomes is asked for late: until then it may have a name.
    """
    if tools.record_drafts is not None:
        tools.record_drafts.close()
    plain = is_first_load(tools, Side.DATABASE) and all(pair.meet is None for pair in tools.rules.pairs)
    tools.record_drafts = RecordDrafts(tools, survey) if plain else None
    return tools.record_drafts


def cells_of(tools: Tools, slice_: Slice) -> dict[str, Forms]:
    """What is to be written, by field name, in the order of the lines; ``None`` where nothing is."""
    lens, cells = tools.lens, {}
    for name, values in slice_.born.values.items():
        forms, series = slice_.born.forms[name], lens.cell_series(name, values)
        cells[lens.pairs[name].field] = forms if kinds(series) <= AS_THEY_ARE and series == forms else series
    return cells


def body_of(tools: Tools, slice_: Slice, links: Sequence[int], cells: Mapping[str, Forms]) -> bytes:
    """The body of the intent to create these records."""
    match = [tools.lens.pairs[name].field for name in tools.rules.match]
    found = match if cells.keys() >= set(match) else []
    return freeze_newborns(slice_.born, slice_.lines, links, slice_.reason, cells, found)


def records_of(cells: Mapping[str, Forms]) -> list[dict[str, Json]]:
    """The cells of each record; nothing where nothing is to be written."""
    names = tuple(cells)
    return [
        {name: cell for name, cell in zip(names, row, strict=True) if cell is not None}
        for row in zip(*cells.values(), strict=True)
    ]


def _written_down(tools: Tools, slice_: Slice, cells: Mapping[str, Forms], left: Sequence[str]) -> RecordDraft:
    body = body_of(tools, slice_, (), cells)
    return RecordDraft(slice_.reason, slice_.lines, slice_.prints, slice_.matches, slice_.read_at, body, left)


def _is_finite(series: Forms) -> bool:
    """Whether JSON can hold a series: it has no infinity, and would make nothing of it."""
    return float not in kinds(series) or all(isfinite(cell) for cell in series if type(cell) is float)
