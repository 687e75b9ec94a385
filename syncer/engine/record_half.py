"""Applies the Feishu half of planned lines, in batches that are all written or not at all."""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial

from syncer.batching.batches import Bad, Sent, bisect, cut
from syncer.core.plan import Action, Fate
from syncer.core.records import Side, Version
from syncer.core.values import Json
from syncer.engine.awaited import Awaited
from syncer.engine.cases import Bench
from syncer.engine.flight import Flight
from syncer.engine.freshness import Freshness, creates
from syncer.engine.lens import absent
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.recover import Recovery
from syncer.engine.row_half import Work, frozen, part
from syncer.engine.tools import Tools
from syncer.errors import (
    FeishuError,
    RefusedError,
    TableMovedError,
    TooLargeError,
    UnknownOutcomeError,
    VanishedError,
)
from syncer.ports import Intent, RecordWrite, Refusal

MOST_BYTES = 4_000_000
MOST_DELETES = 500

Answer = tuple[Intent, Sequence[str]]


class RecordHalf:
    """Writes records and remembers what became of them."""

    def __init__(self, tools: Tools, bench: Bench, recovery: Recovery) -> None:
        self._tools, self._recovery = tools, recovery
        self._freshness = Freshness(tools, bench)
        self._flight: Flight | None = None
        self._has_moved = False
        self._awaited = Awaited(tools)

    def apply(self, lines: Sequence[Line], then: Callable[[], None]) -> None:
        """Write the lines' Feishu operations, updates before creates before deletes.

        ``then`` follows when all of them are remembered. A batch of nothing but creates is left on its way: the next
        one is planned meanwhile, and it is remembered while that one is on its way. ``land`` waits for the last one.
        """
        wanted = [line for line in lines if line.operation(Side.FEISHU) and not line.undone]
        if not wanted:
            then()
            return
        self._arrive()
        try:
            self._send(self._ready(wanted), then)
        except Exception:
            self.land()
            raise

    def land(self) -> None:
        """Wait for the batch on its way and remember what became of it."""
        self._arrive()
        flight, self._flight = self._flight, None
        self._remember(flight)

    def _send(self, works: Sequence[Work], then: Callable[[], None]) -> None:
        if works and all(creates(work.line) for work in works):
            self._fly(works, then)
            return
        self.land()
        self._has_moved = False
        for action, send in self._ways().items():
            self._send_all([work for work in works if work.operation.action is action and _stands(work)], send, action)
        then()

    def _ready(self, lines: list[Line]) -> list[Work]:
        works = [
            Work(line, found)
            for line in self._freshness.fresh(lines, self._flight)
            if (found := line.operation(Side.FEISHU))
        ]
        self._tools.give_links([work.line for work in works])
        return works

    def _room(self) -> int:
        """Most lines of one write: what was asked for, or what the table takes if that is less."""
        return min(self._tools.options.batch, self._tools.records.room())

    # A batch of creates on its way.

    def _fly(self, works: Sequence[Work], then: Callable[[], None]) -> None:
        """Create records, as many at a time as one write takes; each batch is remembered while the next one flies."""
        while works:
            self._arrive()
            batch = next(cut(works, self._room(), MOST_BYTES, _weight))
            works = works[len(batch) :]
            flown, self._flight = self._flight, self._depart(batch, then if not works else lambda: None)
            self._remember(flown)

    def _depart(self, works: Sequence[Work], then: Callable[[], None]) -> Flight:
        tools = self._tools
        intent, send = self._creating(works)
        before, answer = frozenset(tools.revisions), tools.aside.start(send)
        look = tools.aside.start(tools.records.revision) if tools.aside.parallel else None
        return Flight(works, intent, send, answer, look, before, then)

    def _arrive(self) -> None:
        """Wait for the batch on its way. One that went through as a whole is remembered later, any other at once."""
        flight = self._flight
        if flight is None or flight.arrived:
            return
        flight.arrived = True

        def answer(works: Sequence[Work]) -> Answer:
            if works is not flight.works:
                return self._create(works)
            return flight.intent, self.ask(flight.intent, flight.answer.result, again=flight.send)

        for result in bisect(flight.works, answer, self._room):
            if isinstance(result, Sent) and result.items is flight.works:
                flight.ids = result.answer[1]
            else:
                self._take(result, self._create)

    def _remember(self, flight: Flight | None) -> None:
        if flight is not None:
            if flight.ids is not None:
                self._confirm(flight.works, flight.intent, flight.ids)
            flight.then()

    def _ways(self) -> dict[Action, Callable[[Sequence[Work]], Answer]]:
        return {Action.UPDATE: self._update, Action.CREATE: self._create, Action.DELETE: self._delete}

    def _send_all(self, works: Sequence[Work], send: Callable[[Sequence[Work]], Answer], action: Action) -> None:
        limit = MOST_DELETES if action is Action.DELETE else len(works)
        while works:
            batch = next(cut(works, min(limit, self._room()), MOST_BYTES, _weight))
            works = works[len(batch) :]
            if self._has_moved:
                batch = self._ready_again(batch, action)
            while batch:
                batch = self._attempt(batch, send, action)

    def _attempt(self, batch: Sequence[Work], send: Callable[[Sequence[Work]], Answer], action: Action) -> list[Work]:
        """Send a batch; what is left of it, planned again, where somebody else wrote to the table meanwhile."""
        left = {id(work): work for work in batch}
        try:
            for result in bisect(batch, send, self._room):
                for work in result.items if isinstance(result, Sent) else [result.item]:
                    del left[id(work)]
                self._take(result, send)
        except TableMovedError as moved:
            self._has_moved = True
            return _works(self._freshness.again([work.line for work in left.values()], moved.revision), action)
        return []

    def _ready_again(self, batch: Sequence[Work], action: Action) -> Sequence[Work]:
        """Those of a batch that still go after one before it found the table moved, and was read again alone."""
        return _works(self._freshness.fresh([work.line for work in batch], None), action)

    def _take(self, result: Sent[Work, Answer] | Bad[Work], send: Callable[[Sequence[Work]], Answer]) -> None:
        if isinstance(result, Sent):
            self._confirm(result.items, *result.answer)
        else:
            self._refused(result.item, result.error, send)

    # The writes. Each stores its intent first; an unknown outcome is looked at before anything else happens.

    def _create(self, works: Sequence[Work]) -> Answer:
        intent, send = self._creating(works)
        return intent, self.ask(intent, send)

    def _creating(self, works: Sequence[Work]) -> tuple[Intent, Callable[[], Sequence[str]]]:
        """The stored intent to create these records, and the call that does it."""
        cells = [{**work.operation.rest, **self._tools.lens.cells(work.operation.values)} for work in works]
        intent = self._intend(works, "create", cells)
        assert intent.token is not None
        return intent, partial(self._tools.records.create, cells, intent.token)

    def _update(self, works: Sequence[Work]) -> Answer:
        writes = [RecordWrite(work.operation.line or "", self._cells(work)) for work in works]
        intent = self._intend(works, "update", [write.cells for write in writes])

        def send(only_at: Collection[int] | None = None) -> Sequence[str]:
            self._tools.records.update(writes, only_at=only_at)
            return [write.id for write in writes]

        return intent, self.ask(intent, partial(send, self._freshness.only_at), again=send)

    def _cells(self, work: Work) -> dict[str, Json]:
        lens = self._tools.lens
        return {**lens.cells(work.operation.values), **lens.mark(work.operation)}

    def _delete(self, works: Sequence[Work]) -> Answer:
        ids = [work.operation.line or "" for work in works]
        intent = self._intend(works, "delete", [_whole(work) for work in works])

        def send(only_at: Collection[int] | None = None) -> Sequence[str]:
            self._tools.records.delete(ids, only_at=only_at)
            return ids

        return intent, self.ask(intent, partial(send, self._freshness.only_at), again=send)

    def _intend(self, works: Sequence[Work], action: str, cells: Sequence[Mapping[str, Json]]) -> Intent:
        tools = self._tools
        body = self._recovery.freeze(
            [
                frozen(str(number), work, sent, self._match(work))
                for number, (work, sent) in enumerate(zip(works, cells, strict=True))
            ]
        )
        token = tools.ids.token() if action == "create" else None
        seen = self._freshness.seen
        intent = Intent(tools.ids.token(), Side.FEISHU, action, body, token, tools.clock.now(), seen)
        tools.memory.intend([intent])
        return intent

    def _match(self, work: Work) -> dict[str, Json]:
        if work.operation.action is not Action.CREATE:
            return {}
        return self._tools.lens.cells(self._tools.lens.match_values(work.operation.values))

    def ask(
        self, intent: Intent, send: Callable[[], Sequence[str]], again: Callable[[], Sequence[str]] | None = None
    ) -> Sequence[str]:
        """What a write was answered, once its outcome is known; ``again`` repeats it. A refused one is void."""
        try:
            answer = send()
        except UnknownOutcomeError as error:
            self._tools.reporter.note(f"{error}; looking at what became of it")
            self._awaited.doubt(intent)
            answer = self._settled(intent, again or send, over=error.over)
        except FeishuError:
            self._void(intent)
            raise
        self._freshness.moved_by(len(answer))
        return answer

    def _settled(self, intent: Intent, send: Callable[[], Sequence[str]], *, over: bool) -> Sequence[str]:
        try:
            return self._recovery.settle(intent, send, over=over)
        except (RefusedError, TooLargeError):
            self._void(intent)
            raise

    def _void(self, intent: Intent) -> None:
        notebook = self._tools.notebook()
        notebook.void([intent])
        self._tools.store(notebook)

    # What became of them.

    def _confirm(self, works: Sequence[Work], intent: Intent, ids: Sequence[str]) -> None:
        notebook = self._tools.notebook()
        for work, name in zip(works, ids, strict=True):
            work.line.sent_at = intent.created_at
            self._confirm_one(work, name, notebook)
        notebook.done([intent])
        self._awaited.note(notebook, intent, [work.operation for work in works])
        self._tools.store(notebook)
        self._tools.reporter.advance(len(works))

    def _confirm_one(self, work: Work, name: str, notebook: Notebook) -> None:
        line, operation, now = work.line, work.operation, self._tools.clock.now()
        if operation.action is Action.DELETE:
            line.confirm(operation, absent(Side.FEISHU, name, now), None)
            line.gone = line.plan.fate is Fate.FORGET
        else:
            line.confirm(operation, self._written(work, name), None)
            self._tools.touched.wrote(name)
        self._tools.report.written[Side.FEISHU, operation.action] += 1
        notebook.audit(line, operation)
        notebook.mend(line, [pair for pair in line.desk.failed if not pair or pair in operation.values])
        notebook.line(line)

    def _written(self, work: Work, name: str) -> Version:
        """The record as the codecs predict it; the next reading confirms it."""
        held = dict(work.line.versions[Side.FEISHU].values or {})
        held.update({pair: base.feishu for pair, base in work.operation.after.items()})
        held.update(work.operation.values)
        return Version(Side.FEISHU, name, held, self._tools.clock.now())

    def _refused(self, work: Work, error: FeishuError, send: Callable[[Sequence[Work]], Answer]) -> None:
        operation = work.operation
        if isinstance(error, VanishedError):
            work.line.leave()
            return
        names = list(operation.values)
        if operation.action is Action.UPDATE and len(names) > 1:
            for some in (names[: len(names) // 2], names[len(names) // 2 :]):
                self._send_part(part(work, some), send)
            return
        self._tools.files.refused(operation, error.code)
        notebook = self._tools.notebook()
        refusal = Refusal(str(error.code or ""), str(error), error.log_id)
        notebook.refused(work.line, operation, names, refusal)
        if not names:
            work.line.leave()  # neither deleted nor marked: the link stays as it was
        self._tools.report.failures += 1
        self._tools.store(notebook)

    def _send_part(self, work: Work, send: Callable[[Sequence[Work]], Answer]) -> None:
        try:
            for result in bisect([work], send):
                self._take(result, send)
        except TableMovedError:
            work.line.leave()


def _works(lines: Sequence[Line], action: Action) -> list[Work]:
    works = [Work(line, found) for line in lines if (found := line.operation(Side.FEISHU))]
    return [work for work in works if work.operation.action is action]


def _stands(work: Work) -> bool:
    """Whether a work's line was not planned otherwise since, because somebody else wrote to the table."""
    return not work.line.undone and work.line.operation(work.operation.side) is work.operation


def _weight(work: Work) -> int:
    """About how many bytes an operation takes in a request body."""
    held = [*work.operation.values.values(), *work.operation.rest.values()]
    texts = [value if type(value) is str else str(value) for value in held]
    return 64 + 16 * len(texts) + 4 * sum(map(len, texts))


def _whole(work: Work) -> Mapping[str, Json]:
    """All that a record holds that is to be deleted."""
    whole = work.line.wholes.get(Side.FEISHU)
    return whole if isinstance(whole, Mapping) else {}
