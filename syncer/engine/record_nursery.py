"""Creates the records of new rows, a slice a call: while one is on its way, the next one is planned."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.core.survey import Case
from syncer.core.values import Json
from syncer.engine.frozen import number_newborns
from syncer.engine.record_drafts import RecordDraft, body_of, cells_of, records_of
from syncer.engine.record_half import MOST_BYTES, RecordHalf
from syncer.engine.slices import Numbered, Slice, number
from syncer.engine.tools import Tools
from syncer.errors import RefusedError, TooLargeError
from syncer.ports import Births, Intent, IntentState, Memo
from syncer.ports.births import Packed


@dataclass(frozen=True, slots=True)
class Brood:
    """What is to be created and remembered together: ``records`` by field name, ``births`` once they have ids.

    ``body`` is that of their intent; ``back`` gives the lines back, to be carried out one by one.
    """

    records: Sequence[Mapping[str, Json]]
    body: bytes
    births: Callable[[datetime, Sequence[str]], Births]
    back: Callable[[], None]


@dataclass(frozen=True, slots=True)
class Departed:
    """A brood on its way to Feishu; as ``engine.flight.Flight``."""

    brood: Brood
    intent: Intent
    send: Callable[[], Sequence[str]]
    answer: "Future[Sequence[str]]"
    look: "Future[int | None] | None"
    before: frozenset[int]


class RecordNursery:
    """Creates records. ``left`` collects the cases that must be carried out one by one.

    Of drafted lines ``refused`` names those that must be carried out one by one, and ``undone`` those that must be
    planned anew.
    """

    def __init__(self, tools: Tools, half: RecordHalf) -> None:
        self._tools, self._half = tools, half
        self._departed: Departed | None = None
        self._arrived: tuple[Departed, Sequence[str]] | None = None
        self.left: list[Case] = []
        self.refused: list[str] = []
        self.undone: list[str] = []

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
        slice_, cells = numbered.slice, cells_of(self._tools, numbered.slice)
        births, back = partial(_births, numbered), lambda: self.left.extend(slice_.cases)
        self._send(Brood(records_of(cells), body_of(self._tools, slice_, numbered.links, cells), births, back))

    def deliver(self, draft: RecordDraft) -> None:
        """Create the records of a draft, likewise."""
        tools, lines = self._tools, draft.lines
        self.undone.extend(draft.left)
        overtaken = {line for side, line in tools.overtaken if side is Side.DATABASE}
        if not lines or len(lines) > self.room() or not overtaken.isdisjoint(lines):
            self.undone.extend(lines)
            return
        asked = tools.aside.queue(partial(_links_of, tools, lines))
        self._remember()
        records, packed = draft.thaw()
        links = asked.result()
        if links is None:
            self.undone.extend(lines)
            return
        births, back = partial(_drafted, draft, links, packed), lambda: self.refused.extend(lines)
        self._send(Brood(records, number_newborns(draft.body, links), births, back))

    def _send(self, brood: Brood) -> None:
        """Have these records created, once those before them are and if the table did not move."""
        look = self._departed
        self._arrived = self._arrive()
        if len(brood.body) + len(brood.body) // 2 <= MOST_BYTES and self._is_unmoved(look):
            self._departed = self._depart(brood)
        else:
            brood.back()

    def land(self) -> None:
        """Wait for the slice on its way and remember it."""
        self._remember()
        self._arrived = self._arrive()
        self._remember()

    def _is_unmoved(self, departed: Departed | None) -> bool:
        """Whether only our own writes moved the table since it was read: see ``engine.freshness``."""
        allowed = self._tools.revisions
        if departed is None or departed.look is None:
            return self._tools.records.revision() in allowed
        return departed.look.result() in departed.before | allowed

    def _depart(self, brood: Brood) -> Departed:
        tools, token = self._tools, self._tools.ids.token()
        intent = Intent(tools.ids.token(), Side.FEISHU, "create", brood.body, token, tools.clock.now())
        tools.aside.queue(lambda: tools.memory.intend([intent])).result()
        send = partial(tools.records.create, brood.records, token)
        before, answer = frozenset(tools.revisions), tools.aside.start(send)
        look = tools.aside.start(tools.records.revision) if tools.aside.parallel else None
        return Departed(brood, intent, send, answer, look, before)

    def _arrive(self) -> tuple[Departed, Sequence[str]] | None:
        """Wait for the brood on its way; ``None`` if there is none, or if it was refused and must be taken apart."""
        departed, self._departed = self._departed, None
        if departed is None:
            return None
        if departed.answer.exception() is not None:
            self._tools.aside.wait()  # what follows asks and tells the memory by itself
        try:
            return departed, self._half.ask(departed.intent, departed.answer.result, again=departed.send)
        except (RefusedError, TooLargeError):
            departed.brood.back()
            return None

    def _remember(self) -> None:
        """Have what arrived remembered, behind all that is asked of the memory already."""
        arrived, self._arrived = self._arrived, None
        if arrived is None:
            return
        (departed, records), tools = arrived, self._tools
        births = departed.brood.births(tools.clock.now(), records)
        memo = Memo(births=[births], intents={departed.intent.id: IntentState.DONE})
        tools.aside.queue(lambda: tools.memory.remember(memo))
        tools.touched.wrote(*records)
        tools.report.written[Side.FEISHU, Action.CREATE] += len(records)
        tools.reporter.advance(len(records))


def _links_of(tools: Tools, lines: Sequence[str]) -> Sequence[int] | None:
    """Numbers for the links of so many rows; none if one of these was linked meanwhile."""
    links = tools.memory.new_links(len(lines))
    return None if tools.memory.seen(Side.DATABASE, lines) else links


def _births(numbered: Numbered, at: datetime, records: Sequence[str]) -> Births:
    slice_ = numbered.slice
    return Births(
        Side.FEISHU,
        slice_.reason,
        at,
        numbered.links,
        records,
        slice_.lines,
        slice_.matches,
        slice_.read_at,
        {Side.DATABASE: slice_.prints},
        slice_.born.bases,
        slice_.born.forms,
    )


def _drafted(draft: RecordDraft, links: Sequence[int], packed: Packed, at: datetime, records: Sequence[str]) -> Births:
    return Births(
        Side.FEISHU,
        draft.reason,
        at,
        links,
        records,
        draft.lines,
        draft.matches,
        draft.read_at,
        {Side.DATABASE: draft.prints},
        packed=packed,
    )
