"""Builds what a step leaves behind: audits, conflicts, failures, links, as one memo."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncer.core.conflicts import Clash
from syncer.core.plan import Action, Collision, Operation, Unfit
from syncer.core.planner import WHOLE_LINE, failed_digest, failed_line
from syncer.core.records import Side, Unreadable
from syncer.core.values import Json, Value, dump
from syncer.engine.lens import Lens
from syncer.engine.line import Line
from syncer.ports import Audit, Births, ConflictNote, FailureNote, Intent, IntentState, Memo, Refusal, Remembered


@dataclass(slots=True)
class Notebook:
    """Collects the notes of one step until they are stored together."""

    lens: Lens
    now: datetime
    links: list[Remembered] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    audits: list[Audit] = field(default_factory=list)
    conflicts: list[ConflictNote] = field(default_factory=list)
    closed: list[tuple[int, str]] = field(default_factory=list)
    failures: list[FailureNote] = field(default_factory=list)
    mended: list[tuple[int | None, str | None, str | None, str]] = field(default_factory=list)
    intents: dict[str, IntentState] = field(default_factory=dict)
    births: list[Births] = field(default_factory=list)
    sent: dict[str, Sequence[str]] = field(default_factory=dict)
    verified: list[tuple[str, str]] = field(default_factory=list)
    reported: dict[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    doubtful: dict[str, datetime] = field(default_factory=dict)

    def memo(self) -> Memo:
        """All notes, ready to be stored."""
        return Memo(
            self.links,
            self.forgotten,
            self.audits,
            self.conflicts,
            self.closed,
            self.failures,
            self.mended,
            self.intents,
            self.births,
            self.sent,
            self.verified,
            self.reported,
            self.doubtful,
        )

    @property
    def empty(self) -> bool:
        """Whether there is nothing to store."""
        return not any(
            (
                self.links,
                self.forgotten,
                self.audits,
                self.conflicts,
                self.closed,
                self.failures,
                self.mended,
                self.intents,
                self.births,
                self.verified,
                self.reported,
            )
        )

    def done(self, intents: Iterable[Intent]) -> None:
        """These intents' outcomes are in this memo."""
        self.intents.update((intent.id, IntentState.DONE) for intent in intents)

    def void(self, intents: Iterable[Intent]) -> None:
        """These intents never took effect."""
        self.intents.update((intent.id, IntentState.VOID) for intent in intents)

    def line(self, line: Line) -> None:
        """Store a line as it stands now."""
        if line.link is None or line.link.id is None or line.saved:
            return
        if line.gone:
            self.forgotten.append(line.link.id)
        elif line.known_as is not None:
            self.links.append(line.remembered(self.lens, self.now))
            line.stored, line.saved = True, not line.halfway

    def audit(self, line: Line, operation: Operation) -> None:
        """A write that was confirmed; call it once the line knows its new id."""
        before, after = _forms(operation.before), _forms(self._left(line, operation))
        marks = operation.action is Action.UPDATE and line.plan.removes(operation)
        if marks and operation.mark is not None:
            before[operation.mark[0]], after[operation.mark[0]] = dump(operation.unmarked), operation.mark[1]
        elif operation.mark is not None:
            after[operation.mark[0]] = operation.mark[1] if operation.unmarked is None else dump(operation.unmarked)
        record = line.id_on(Side.FEISHU) or (line.link.record if line.link else None)
        key = line.id_on(Side.DATABASE) or (line.link.key if line.link else None)
        link = line.link.id if line.link else None
        action = "mark" if marks else operation.action.value
        times = (self.now, line.versions[operation.side.other].read_at)
        whole = line.wholes.get(operation.side) if operation.action is Action.DELETE else None
        told = (record, key, before, after, operation.reason)
        way = (line.noticed.get(operation.side.other), line.planned_at, line.sent_at)
        self.audits.append(Audit(link, operation.side, action, *told, *times, None, *way, whole=whole))

    def _left(self, line: Line, operation: Operation) -> Mapping[str, Value]:
        """What the side holds after a write: of a new line all, else the pairs that were written."""
        held = line.versions[operation.side].values or {}
        names = self.lens.pairs if operation.action is Action.CREATE else operation.values
        found = {name: held.get(name, operation.values.get(name)) for name in names}
        if operation.action is not Action.UPDATE:
            found = {name: value for name, value in found.items() if value is not None or name in operation.values}
        return {name: value for name, value in found.items() if not isinstance(value, Unreadable)}

    def collision(self, line: Line, met: Collision) -> None:
        """A conflict, settled or open."""
        assert line.link is not None
        assert line.link.id is not None
        pair = self.lens.pairs[met.pair]
        base = [dump(met.base.feishu), dump(met.base.database)] if met.base else None
        self.conflicts.append(
            ConflictNote(
                line.link.id,
                line.id_on(Side.FEISHU),
                line.id_on(Side.DATABASE),
                met.pair,
                pair.field,
                base,
                dump(met.clash.feishu),
                dump(met.clash.database),
                pair.policy.value,
                met.verdict.winner.value if met.verdict.winner else None,
                met.verdict.reason,
                self.now,
                met.verdict.estimated,
                moments=_moments(met.clash),
            )
        )

    def unfit(self, line: Line, found: Unfit) -> None:
        """A value the planner could not carry."""
        self._fail(line, found.side, found.pair, found.code, found.reason, failed_digest(found.value), None)

    def refused(self, line: Line, operation: Operation, pairs: Sequence[str], refusal: Refusal) -> None:
        """A write the side refused: the named pairs, or the whole line if there are none.

        One that stands on neither side is told of by whoever wanted it there: nobody could find it by its names.
        """
        line.refused = refusal.message
        if not any(line.id_on(side) for side in Side):
            return
        if operation.action is Action.CREATE or not pairs:
            digest = failed_line(operation.values)
            self._fail(line, operation.side, WHOLE_LINE, refusal.code, refusal.message, digest, refusal.log_id)
            return
        for pair in pairs:
            digest = failed_digest(operation.values[pair])
            self._fail(line, operation.side, pair, refusal.code, refusal.message, digest, refusal.log_id)

    def _fail(
        self, line: Line, side: Side, pair: str, code: str, message: str, digest: bytes, log_id: str | None
    ) -> None:
        field_name = self.lens.pairs[pair].field if pair else ""
        record, key = line.id_on(Side.FEISHU), line.id_on(Side.DATABASE)
        link = line.known_as
        note = FailureNote(side, link, record, key, pair, field_name, code, message, digest, log_id, self.now)
        self.failures.append(note)

    def mend(self, line: Line, pairs: Iterable[str]) -> None:
        """Failures of these pairs (empty name: of the whole line) are over."""
        pairs = list(pairs)
        if not pairs:
            return
        link, record, key = line.known_as, line.id_on(Side.FEISHU), line.id_on(Side.DATABASE)
        self.mended.extend((link, record, key, pair) for pair in pairs)


def _moments(clash: Clash) -> Json:
    """What is known of when each side changed a field."""
    known = {side: clash.when(side) for side in Side}
    return {
        side.value: {"at": when.at.isoformat(), "exact": when.exact, "who": when.who}
        for side, when in known.items()
        if when.at is not None
    } or None


def _forms(values: Mapping[str, Value]) -> dict[str, Json]:
    return {name: value if type(value) is str else dump(value) for name, value in values.items()}
