"""Applies the database half of planned lines: one transaction a batch, guarded by what the plan saw, counted once."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from syncer.core.plan import Action, Fate, Operation
from syncer.core.records import Side, Unreadable, Version
from syncer.core.values import Json
from syncer.engine.frozen import Frozen, freeze
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.strays import leave_claimed, note_rivals
from syncer.engine.tools import Tools
from syncer.ports import Intent, Moved, RawRow, Refusal, RowDelete, RowInsert, RowOutcome, RowUpdate, Written

NO_CELLS: Mapping[str, Json] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Work:
    """One operation of one line on its way."""

    line: Line
    operation: Operation


class RowHalf:
    """Writes rows and remembers what became of them, before anything is sent to Feishu."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools

    def apply(self, lines: Sequence[Line]) -> list[Line]:
        """Write the lines' database operations; those that took effect, in full or in part."""
        leave_claimed(self._tools, lines)
        works = [Work(line, found) for line in lines if not line.undone and (found := line.operation(Side.DATABASE))]
        self._tools.give_links([work.line for work in works])
        waiting = deque([works] if works else [])
        written: dict[int, Line] = {}
        while waiting:
            rest = self._attempt(waiting.popleft(), written)
            waiting.extend(part for part in rest if part)
        lost = [work.line for work in works if _inserts(work) and work.line.undone and work.line.wish is None]
        note_rivals(self._tools, lost)
        return list(written.values())

    def _attempt(self, works: Sequence[Work], written: dict[int, Line]) -> list[list[Work]]:
        """Write one batch; the batches still to be tried, with refused updates taken apart by column."""
        batch = self._tools.ids.token()
        body = freeze([frozen(str(number), work, _whole(work)) for number, work in enumerate(works)])
        intent = Intent(batch, Side.DATABASE, "write", body, created_at=self._tools.clock.now())
        self._tools.memory.intend([intent])
        outcomes = self._tools.rows.write(batch, *self._orders(works))
        notebook = self._tools.notebook()
        again: tuple[list[Work], list[Work]] = ([], [])
        for number, work in enumerate(works):
            work.line.sent_at = intent.created_at
            for batch_again, part in zip(
                again, self._take(work, outcomes[str(number)], notebook, written), strict=False
            ):
                batch_again.append(part)
        notebook.done([intent])
        self._tools.store(notebook)
        self._tools.rows.forget([batch])
        return list(again)

    def _orders(self, works: Sequence[Work]) -> tuple[list[RowInsert], list[RowUpdate], list[RowDelete]]:
        inserts: list[RowInsert] = []
        updates: list[RowUpdate] = []
        deletes: list[RowDelete] = []
        for number, work in enumerate(works):
            self._order(str(number), work, inserts, updates, deletes)
        return inserts, updates, deletes

    def _order(
        self, name: str, work: Work, inserts: list[RowInsert], updates: list[RowUpdate], deletes: list[RowDelete]
    ) -> None:
        lens, operation = self._tools.lens, work.operation
        if operation.action is Action.CREATE:
            match = lens.match_values(operation.values)
            values = {**operation.rest, **lens.binds(operation.values)}
            inserts.append(RowInsert(name, values, lens.binds(match)))
            return
        assert operation.line is not None
        expected = work.line.prints[Side.DATABASE] or b""
        if operation.action is Action.DELETE:
            deletes.append(RowDelete(name, operation.line, expected, work.line.row_version))
            return
        values = {**lens.binds(operation.values), **lens.mark(operation)}
        updates.append(RowUpdate(name, operation.line, values, expected))

    def _take(self, work: Work, outcome: RowOutcome, notebook: Notebook, written: dict[int, Line]) -> list[Work]:
        if isinstance(outcome, Written):
            self._confirm(work, outcome, notebook)
            written[id(work.line)] = work.line
            return []
        if isinstance(outcome, Moved) or outcome.vanished:
            work.line.leave()
            return []
        return self._refused(work, outcome, notebook)

    def _confirm(self, work: Work, outcome: Written, notebook: Notebook) -> None:
        line, operation, tools = work.line, work.operation, self._tools
        now = tools.clock.now()
        if outcome.row is None:
            assert operation.line is not None
            line.confirm(operation, absent(Side.DATABASE, operation.line, now), None)
            line.gone = line.plan.fate is Fate.FORGET
        else:
            self._learn(line, operation, tools.lens.row(outcome.row, now), outcome.row.print)
        line.halfway = operation is not line.operation(Side.DATABASE) or line.owes_feishu()
        tools.report.written[Side.DATABASE, operation.action] += 1
        notebook.audit(line, operation)
        notebook.mend(line, [pair for pair in line.desk.failed if not pair or pair in operation.values])
        notebook.line(line)

    def learn(self, line: Line, row: RawRow, notebook: Notebook) -> None:
        """Take over a row that was inserted for a line, as one of many."""
        operation = line.operation(Side.DATABASE)
        assert operation is not None
        self._confirm(Work(line, operation), Written(row), notebook)

    def _learn(self, line: Line, operation: Operation, row: Version, print_: bytes) -> None:
        """Take over what the write left. What a trigger or default made of a pair that Feishu never gets is its base:

        else it would pass for an edit when the record is deleted.
        """
        before = line.versions[Side.DATABASE].values or {}
        line.confirm(operation, row, print_)
        values = row.values or {}
        for name in self._tools.lens.kept_back:
            held, base = values.get(name), line.bases.get(name)
            if name not in values or base is None or isinstance(held, Unreadable):
                continue
            if name in operation.values or held != before.get(name):
                line.bases[name] = replace(base, database=held)

    def _refused(self, work: Work, refusal: Refusal, notebook: Notebook) -> list[Work]:
        """Note what was refused; an update whose bad column is not known is halved and tried again."""
        operation = work.operation
        names = list(operation.values)
        if operation.action is Action.UPDATE and refusal.column in operation.values:
            bad, good = [str(refusal.column)], [name for name in names if name != refusal.column]
        elif operation.action is Action.UPDATE and len(names) > 1:
            return [part(work, names[: len(names) // 2]), part(work, names[len(names) // 2 :])]
        else:
            bad, good = names, []
        notebook.refused(work.line, operation, bad, refusal)
        if not operation.values:
            work.line.leave()  # neither deleted nor marked: the link stays as it was
        self._tools.report.failures += 1
        return [part(work, good)] if good else []


def _whole(work: Work) -> Mapping[str, Json]:
    """All that a row held that is to be deleted."""
    whole = work.line.wholes.get(Side.DATABASE)
    return whole if work.operation.action is Action.DELETE and isinstance(whole, Mapping) else NO_CELLS


def _inserts(work: Work) -> bool:
    return work.operation.action is Action.CREATE


def part(work: Work, names: Sequence[str]) -> Work:
    """The same update with only some of its pairs."""
    operation = work.operation
    return Work(
        work.line,
        replace(
            operation,
            values={name: operation.values[name] for name in names},
            before={name: operation.before[name] for name in names},
            after={name: operation.after[name] for name in names},
        ),
    )


def frozen(name: str, work: Work, cells: Mapping[str, Json] = NO_CELLS, match: Mapping[str, Json] = NO_CELLS) -> Frozen:
    """An operation in the form in which it is stored before it is sent."""
    line, operation = work.line, work.operation
    assert line.link is not None
    assert line.link.id is not None
    return Frozen(
        name,
        line.link.id,
        operation.action,
        _known_as(work, Side.FEISHU),
        _known_as(work, Side.DATABASE),
        operation.values,
        operation.before,
        line.bases,
        operation.after,
        operation.reason,
        line.plan.fate,
        line.plan.deleted_on,
        cells,
        match,
    )


def _known_as(work: Work, side: Side) -> str | None:
    """The line's id on one side; of a line that is to be deleted also that of the half that is gone."""
    name, link = work.line.id_on(side), work.line.link
    return link.line(side) if name is None and link is not None and work.operation.action is Action.DELETE else name
