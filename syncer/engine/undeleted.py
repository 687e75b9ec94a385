"""Finds the edits of records that were made just before we deleted these, and lets an edit outlive the deletion.

Each such edit becomes a conflict with its value, settled by what the mapping says of deletions against edits. Unless
the deletion wins, the record is made anew with what it held at last, and its link stands again with a row that is gone:
the next plan of the line then comes to what it would have come to, had the edit been seen in time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from syncer.core.late_edits import Deletion, LateEdits, late_edits
from syncer.core.mapping import DeletePolicy
from syncer.core.overwritten import Content, Raw
from syncer.core.plan import Action, Fate, LinePlan, Operation
from syncer.core.records import Base, Link, Side
from syncer.core.values import Json, Value, digest, dump, is_empty
from syncer.engine.carry import Carrier
from syncer.engine.cases import Bench
from syncer.engine.frozen import Frozen
from syncer.engine.hearing import Hearing
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.record_half import RecordHalf
from syncer.engine.recover import Recovery
from syncer.engine.row_half import RowHalf
from syncer.engine.tools import Tools
from syncer.ports import ConflictNote, Remembered, Unverified
from syncer.ports.signals import RecordEvent

WAITING = "waits "
"""Before the mark of a record that is still to be brought back, and of who was told to win."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A deletion of ours that took edits with it."""

    row: Unverified
    one: Frozen
    found: LateEdits

    def mark(self) -> str:
        """What tells it from any other of the same deletion."""
        held = {name: _form(value) for name, value in self.found.values.items()}
        return digest(orjson.dumps([held, dict(self.found.others)], option=orjson.OPT_SORT_KEYS)).hex()

    def waiting(self, winner: Side) -> str:
        """The mark of having been told that this side wins."""
        return f"{WAITING}{self.mark()} {winner}"

    @property
    def place(self) -> tuple[str, str]:
        """The deletion: its batch, and the record."""
        return (self.row.intent.id, self.row.record)

    @property
    def values(self) -> dict[str, Value]:
        """What the record held at last, as far as it is understood."""
        edited = {name: value for name, value in self.found.values.items() if not isinstance(value, Raw)}
        return {**self.one.before, **edited}

    @property
    def bases(self) -> dict[str, Base]:
        """The link's bases, which the record differs from."""
        bases, held = dict(self.one.bases), self.values
        if all(held.get(name) == base.feishu for name, base in bases.items()):
            name = next((name for name, base in bases.items() if not is_empty(base.feishu)), None)
            bases |= {name: Base(None, bases[name].database)} if name is not None else {}
        return bases


class Undeleted:
    """One look at what events told of the records that we deleted."""

    def __init__(self, tools: Tools, hearing: Hearing) -> None:
        self._tools, self._hearing = tools, hearing
        self._losses: list[Loss] = []
        self.waits = False
        """Whether a guard keeps something from being brought back."""

    def hear(self, row: Unverified, one: Frozen, events: Sequence[RecordEvent], notebook: Notebook) -> None:
        """Note a deletion of which the events tell nothing bad, and keep the others for ``deal``."""
        assert row.intent.created_at is not None
        before = Deletion(one.before, row.intent.seen, row.intent.created_at)
        loss = Loss(row, one, late_edits(before, self._hearing.scenes(events)))
        if loss.found.any and loss.mark() not in row.reported:
            self._losses.append(loss)
        elif loss.found.told:
            notebook.verified.append((row.intent.id, row.record))

    def deal(self, *, stopped: bool) -> set[str]:
        """Tell what was lost, and make those records anew that outlive their deletion; their new ids."""
        if not self._losses:
            return set()
        tools, names = self._tools, [loss.row.record for loss in self._losses]
        absent_now = set(tools.records.fetch(names, tools.lens.fields).absent)
        gone = [loss for loss in self._losses if loss.row.record in absent_now]
        wanted = [loss for loss in gone if self._tell(loss)]
        self.waits = stopped and bool(wanted)
        back = set() if stopped else self._bring_back(wanted)
        notebook = tools.notebook()
        for loss in self._losses:
            self._report(loss, notebook, waits=stopped and loss in wanted)
        tools.store(notebook)
        return back

    def _tell(self, loss: Loss) -> bool:
        """Tell of a loss, once for who wins: of two runs the later one may find that the record cannot come back."""
        policy, why = self._tools.rules.delete_policy, self._why_not(loss)
        outlives = policy is not DeletePolicy.DELETE and not why
        winner = Side.FEISHU if outlives else Side.DATABASE
        if loss.waiting(winner) not in loss.row.reported and not self._is_back(loss):
            verdict = "an edit outlives a deletion" if outlives else why or "the deletion decides"
            reason = f"deletes: {policy}: {verdict}; edited just before our deletion in run {loss.row.run}"
            notebook = self._tools.notebook()
            notebook.conflicts += self._notes(loss, winner, reason)
            notebook.reported[loss.place] = loss.row.reported | {loss.waiting(winner)}  # in one with them: told once
            self._tools.report.conflicts += 1
            self._tools.store(notebook)
        return outlives

    def _notes(self, loss: Loss, winner: Side, reason: str) -> list[ConflictNote]:
        one, now, pairs = loss.one, self._tools.clock.now(), self._tools.lens.pairs
        policy, notes = self._tools.rules.delete_policy.value, list[ConflictNote]()
        mapped = [(name, pairs[name].field, _form(value)) for name, value in loss.found.values.items()]
        for name, field, value in [*mapped, *(("", field, raw) for field, raw in loss.found.others.items())]:
            when, known = loss.found.moments.get(name), one.bases.get(name)
            base = [dump(one.before.get(name)), dump(known.database) if known else None] if name else None
            told: Json = {"feishu": {"at": when.at.isoformat(), "exact": True, "who": when.who}} if when else None
            who = (one.link, loss.row.record, one.key, name, field)
            note = ConflictNote(*who, base, value, None, policy, winner.value, reason, now, moments=told, apart=True)
            notes.append(note)
        return notes

    def _why_not(self, loss: Loss) -> str:
        """Why a record cannot be made anew, if so."""
        tools, one = self._tools, loss.one
        if one.fate is not Fate.FORGET or one.key is None:
            return "it was deleted for its own sake"
        if self._is_linked(loss):
            return "its row is linked again by now"
        cells = tools.lens.cells(tools.lens.match_values(loss.values))
        if cells and tools.records.find([cells], tools.lens.fields):
            return "another record has its match values by now"
        return ""

    def _is_linked(self, loss: Loss) -> bool:
        """Whether its row, or its link, stands again; not as a run left it that died before it made the record anew."""
        memory, one = self._tools.memory, loss.one
        seen = memory.seen(Side.DATABASE, [one.key or ""]).values()
        links = memory.links([*{one.link, *(each.link for each in seen)}])
        return any(known.link.id != one.link or known.link.record != loss.row.record for known in links)

    def _is_back(self, loss: Loss) -> bool:
        """Whether the record was made anew by a run that died before it could say so."""
        known = self._tools.memory.links([loss.one.link])
        return any(each.link.record != loss.row.record for each in known)

    def _report(self, loss: Loss, notebook: Notebook, *, waits: bool) -> None:
        place = loss.place
        if loss.found.told and not waits:
            notebook.verified.append(place)
        else:
            notebook.reported[place] = loss.row.reported | {loss.waiting(Side.FEISHU) if waits else loss.mark()}

    # Making records anew.

    def _bring_back(self, losses: Sequence[Loss]) -> set[str]:
        tools, bench = self._tools, Bench(self._tools)
        carrier = Carrier(tools, RowHalf(tools), RecordHalf(tools, bench, Recovery(tools)))
        lines = [self._line(loss) for loss in losses]
        for line in lines:
            carrier.take(line)
        carrier.close()
        back = {name for line in lines if (name := line.id_on(Side.FEISHU)) is not None}
        if back and tools.signals is not None:
            tools.signals.follow_up(sorted(back), tools.clock.now())
        return back

    def _line(self, loss: Loss) -> Line:
        """The line as if its row alone were gone, with the plan to make its record anew; its link stands again."""
        tools, one, now = self._tools, loss.one, self._tools.clock.now()
        link = Link(one.link, loss.row.record, one.key, loss.bases, None, now)
        notebook = tools.notebook()
        notebook.links.append(Remembered(link, {}, tools.lens.match_of_bases(link.bases)))
        tools.store(notebook)
        names = {Side.FEISHU: loss.row.record, Side.DATABASE: one.key or ""}
        line = Line({side: absent(side, name, now) for side, name in names.items()}, link, stored=True)
        line.bases, line.prints = dict(link.bases), dict.fromkeys(Side)
        plan = LinePlan((self._creation(loss),))
        line.wish = lambda _: plan
        line.adopt(plan)
        return line

    def _creation(self, loss: Loss) -> Operation:
        pairs, held = self._tools.lens.pairs, loss.values
        writable = [name for name, pair in pairs.items() if Side.FEISHU in pair.writable]
        values: Mapping[str, Value] = {name: held[name] for name in writable if held.get(name) is not None}
        reason = f"brought back: edited just before our deletion in run {loss.row.run}"
        return Operation(Side.FEISHU, Action.CREATE, None, values, {}, loss.bases, reason)


def _form(content: Content) -> Json:
    return content.text if isinstance(content, Raw) else dump(content)
