"""Inserts the rows that were drafted while records were read: while one part is inserted, the one before is remembered.

What becomes of a part is what would have become of it without a draft (``engine.row_nursery``): an intent before, a
guarded block that is counted once, links and audits after. A part with anything unusual about it goes that way.
"""

from collections import deque
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import partial

from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.engine.drafts import Draft
from syncer.engine.frozen import number_newborns
from syncer.engine.line import Line
from syncer.engine.row_nursery import REFUSALS, Arrived, Ready, RowNursery
from syncer.engine.slices import Numbered, join_slices, lay_out
from syncer.engine.tools import Tools
from syncer.ports import Births, Inserted, Intent, IntentState, Memo, Survey


@dataclass(frozen=True, slots=True)
class _Sent:
    """A part whose intent is stored."""

    draft: Draft
    links: Sequence[int]
    intent: Intent


class Delivery:
    """Inserts drafted rows. ``undone`` collects the lines that must be dealt with in the ordinary way."""

    def __init__(self, tools: Tools, rows: RowNursery) -> None:
        self._tools, self._rows = tools, rows
        self._departed: tuple[_Sent, Future[Inserted | None]] | None = None
        self._remembered: deque[Future[list[Line]]] = deque()
        self._survey: Survey | None = None
        self._refused = 0
        self.undone: list[str] = []

    def take(self, draft: Draft, survey: Survey) -> None:
        """Insert the rows of a part; those of the part before are remembered meanwhile."""
        self._survey = survey
        self.undone.extend(draft.left)
        overtaken = {line for side, line in self._tools.overtaken if side is Side.FEISHU}
        if not draft.lines or self._refused >= REFUSALS or not overtaken.isdisjoint(draft.lines):
            self.undone.extend(draft.lines)
            return
        asked = self._tools.aside.queue(partial(self._prepare, draft))
        self._arrive()
        sent = asked.result()
        if sent is None:
            self.undone.extend(draft.lines)
        else:
            self._departed = sent, self._tools.aside.start(partial(self._admit, sent))

    def land(self) -> None:
        """Wait for the part on its way, and until all are remembered."""
        self._arrive()
        self._collect(0)

    def _prepare(self, draft: Draft) -> _Sent | None:
        """Store the intent; nothing if a link names one of these rows already: see ``strays.leave_claimed``."""
        memory, rules = self._tools.memory, self._tools.rules
        keys = [key for key in draft.keys if key is not None]
        if keys and set(rules.match) != set(rules.key) and memory.seen(Side.DATABASE, keys):
            return None
        links = memory.new_links(len(draft.lines))
        intent = Intent(self._tools.ids.token(), Side.DATABASE, "write", number_newborns(draft.body, links))
        memory.intend([intent])
        return _Sent(draft, links, intent)

    def _admit(self, sent: _Sent) -> Inserted | None:
        drafts, draft = self._tools.drafts, sent.draft
        assert drafts is not None
        rows = drafts.anteroom.admit(draft.part, draft.sent, sent.intent.id, draft.absent)
        if rows is not None:
            _ = rows.keys, rows.prints, rows.otherwise  # worked out here, beside what the others do
        return rows

    def _arrive(self) -> None:
        departed, self._departed = self._departed, None
        if departed is None:
            return
        sent, answer = departed
        rows = answer.result()
        if rows is None:
            self._refused += 1
            self.undone.extend(sent.draft.lines)
            void = Memo(intents={sent.intent.id: IntentState.VOID})
            self._tools.aside.queue(lambda: self._tools.memory.remember(void))
            return
        self._remembered.append(self._tools.aside.queue(partial(self._remember, sent, rows)))
        self._tools.reporter.advance(len(sent.draft.lines))
        self._collect(1)

    def _collect(self, most: int) -> None:
        while len(self._remembered) > most:
            self._rows.filled.extend(self._remembered.popleft().result())

    def _remember(self, sent: _Sent, rows: Inserted) -> list[Line]:
        if rows.otherwise:
            return self._look_closer(sent, rows)
        tools, draft = self._tools, sent.draft
        births = Births(
            Side.DATABASE,
            draft.reason,
            tools.clock.now(),
            sent.links,
            draft.lines,
            rows.keys,
            draft.matches,
            draft.read_at,
            {Side.FEISHU: draft.prints, Side.DATABASE: rows.prints},
            packed=draft.packed,
        )
        tools.memory.remember(Memo(births=[births], intents={sent.intent.id: IntentState.DONE}))
        tools.rows.forget([sent.intent.id])
        tools.report.written[Side.DATABASE, Action.CREATE] += len(draft.lines)
        return []

    def _look_closer(self, sent: _Sent, rows: Inserted) -> list[Line]:
        """Remember rows of which some are not, letter by letter, what was sent: it may still mean the same."""
        assert self._survey is not None
        found = self._survey.fresh_of(Side.FEISHU, sent.draft.lines)
        # The survey gives lines of one shape together; links and rows stand in the order of the draft.
        slice_ = join_slices([lay_out(self._tools, newcomers, ())[0] for newcomers in found]).in_order(sent.draft.lines)
        arrived = Arrived(rows, sorted(self._rows.odd(slice_, rows)))
        return self._rows.remember(Ready(Numbered(slice_, sent.links), sent.intent), arrived)
