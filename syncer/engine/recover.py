"""Finds out what became of intents whose outcome was never stored, by looking, before anything new is planned."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import NoReturn

from syncer.core.plan import Action, Fate
from syncer.core.records import Base, Link, Side, Unreadable, Version
from syncer.core.values import Json, Value, dump
from syncer.engine.awaited import Awaited, hear_anew
from syncer.engine.frozen import Frozen, as_operation, freeze, thaw
from syncer.engine.notes import Notebook
from syncer.engine.tools import Tools
from syncer.errors import RefusedError, StaleNameError, TooLargeError, UnknownOutcomeError
from syncer.ports import Audit, Intent, RawRecord, Remembered

_ROUNDS = 3
_OVER = 2.0
"""Seconds that a failure which Feishu itself told has to show an effect all the same."""
_SAMPLE, _PROBES = 100, 50
"""As many records as one call looks at by their ids, and by their match."""


class Recovery:
    """Settles open intents. A batch is never sent anew: only the identical body with the same token is repeated."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._awaited = Awaited(tools)

    freeze = staticmethod(freeze)

    def run(self) -> int:
        """Settle every open intent of the mapping; how many there were."""
        intents, left = self._tools.memory.open_intents(), self._tools.memory.unforgotten()
        if intents:
            hear_anew(self._tools)
        for intent in intents:
            self._recover(intent)
        if left:
            self._tools.rows.forget(left)
        return len(intents)

    def _recover(self, intent: Intent) -> None:
        if intent.side is Side.DATABASE:
            self._recover_rows(intent)
        elif intent.action == "create":
            self._recover_creates(intent)
        else:
            self._recover_writes(intent)

    # Database batches: the transaction itself tells whether it happened.

    def _recover_rows(self, intent: Intent) -> None:
        notebook = self._tools.notebook()
        applied = self._tools.rows.applied(intent.id)
        if applied is None:
            notebook.void([intent])
        else:
            sent = [one for one in thaw(intent.body) if one.id in applied]
            rows = self._left_behind([applied[one.id] for one in sent if one.action is not Action.DELETE])
            for one in sent:
                self._took_effect(notebook, intent, self._learnt(one, rows.get(applied[one.id])), applied[one.id])
            notebook.done([intent])
        self._tools.store(notebook)
        self._tools.rows.forget([intent.id])

    def _left_behind(self, keys: Sequence[str]) -> Mapping[str, Version]:
        """The rows as a trigger or default may have left them, where nothing of that is carried to Feishu."""
        lens = self._tools.lens
        if not keys or not lens.kept_back:
            return {}
        page = self._tools.rows.fetch(keys)
        return {raw.key: lens.row(raw, page.read_at) for raw in page.rows}

    def _learnt(self, one: Frozen, row: Version | None) -> Frozen:
        """With what its row holds as base of such pairs: else it would pass for an edit when the record is deleted."""
        values, after = (row.values if row is not None else None) or {}, dict(one.after)
        for name in self._tools.lens.kept_back:
            held, base = values.get(name), after.get(name)
            if name in values and base is not None and not isinstance(held, Unreadable):
                after[name] = replace(base, database=held)
        return replace(one, after=after)

    def _took_effect(self, notebook: Notebook, intent: Intent, one: Frozen, line: str) -> None:
        """Store what a confirmed operation means for its link; its prints stay unset, so that it is looked at again."""
        operation, now = as_operation(intent.side, one), self._tools.clock.now()
        record, key = (line, one.key) if intent.side is Side.FEISHU else (one.record, line)
        before = {name: dump(value) for name, value in operation.before.items()}
        after = {name: dump(value) for name, value in operation.values.items()}
        told = (record, key, before, after, f"{one.reason} (recovered)", now)
        whole = dict(one.cells) if one.action is Action.DELETE and one.cells else None
        action = "mark" if one.action is Action.UPDATE and one.fate is Fate.SEVER else one.action.value
        audit = Audit(one.link, intent.side, action, *told, sent_at=intent.created_at, whole=whole)
        notebook.audits.append(audit)
        if one.fate is Fate.FORGET:
            notebook.forgotten.append(one.link)
            return
        self._relink(notebook, one, record, key, {**one.bases, **one.after})

    def _relink(
        self, notebook: Notebook, one: Frozen, record: str | None, key: str | None, bases: Mapping[str, Base]
    ) -> None:
        known = {name: base for name, base in bases.items() if self._shows(name) or name in self._tools.rules.paused}
        severed = one.severed if one.fate is Fate.SEVER else None
        if severed is not None:
            record, key = (None, key) if severed is Side.FEISHU else (record, None)
        link = Link(one.link, record, key, known, severed, self._tools.clock.now())
        match, gone = self._tools.lens.match_of_bases(known), {Side.FEISHU: one.record, Side.DATABASE: one.key}
        if severed is not None and match is None and (name := gone[severed]) is not None:
            match = self._tools.lens.known_by(severed, name)
        notebook.links.append(Remembered(link, {}, match))

    # Feishu updates and deletes: the records themselves tell.

    def _recover_writes(self, intent: Intent) -> None:
        notebook, sent = self._tools.notebook(), thaw(intent.body)
        versions = self._at_last(intent, sent)
        for one in sent:
            self._look_at(notebook, intent, one, versions.get(one.record or ""))
        took = {audit.record for audit in notebook.audits}
        notebook.done([intent])
        self._awaited.doubt(intent)
        self._awaited.note(notebook, intent, [as_operation(Side.FEISHU, one) for one in sent if one.record in took])
        self._tools.store(notebook)

    def _at_last(self, intent: Intent, sent: Sequence[Frozen]) -> Mapping[str, Version]:
        """The records as they are, after the grace time unless all shows: a late write would pass for a person's."""
        versions = self._current(sent)
        if self._all_took_place(sent, versions):
            return versions
        self._wait_until_steady(intent, over=False)
        return self._current(sent)

    def _current(self, sent: Sequence[Frozen]) -> Mapping[str, Version]:
        """The records as they are now, by id; those that are gone are missing."""
        lens = self._tools.lens
        fetched = self._tools.records.fetch([one.record or "" for one in sent], lens.fields)
        return {raw.id: lens.record(raw, fetched.read_at) for raw in fetched.records}

    def _all_took_place(self, sent: Sequence[Frozen], versions: Mapping[str, Version]) -> bool:
        return all(self._took_place(one, versions) for one in sent)

    def _took_place(self, one: Frozen, versions: Mapping[str, Version]) -> bool:
        version = versions.get(one.record or "")
        if one.action is Action.DELETE or version is None:
            return one.action is Action.DELETE and version is None
        return self._is_written(version, one)

    def _look_at(self, notebook: Notebook, intent: Intent, one: Frozen, version: Version | None) -> None:
        if one.action is Action.DELETE:
            if version is None:
                self._took_effect(notebook, intent, one, one.record or "")
            return
        if version is None:
            return
        assert version.values is not None
        held = {name: base for name, base in one.after.items() if self._shows(name) and _holds(version, one, name)}
        if self._is_written(version, one):
            self._took_effect(notebook, intent, one, version.line)
        elif held:
            values, before = ({name: each[name] for name in held} for each in (one.values, one.before))
            self._took_effect(notebook, intent, replace(one, values=values, before=before, after=held), version.line)

    # Feishu creates: looked up by their match values; a batch is all or nothing, so one hit answers for all.

    def _recover_creates(self, intent: Intent) -> None:
        notebook = self._tools.notebook()
        sent = thaw(intent.body)
        records = self.find_created(intent) or self._resend(intent, sent)
        if records is None:
            notebook.void([intent])
        else:
            for one, record in zip(sent, records, strict=True):
                if record is not None:
                    self._took_effect(notebook, intent, one, record)
            notebook.done([intent])
        self._tools.store(notebook)

    def _resend(self, intent: Intent, sent: Sequence[Frozen]) -> Sequence[str] | None:
        """The identical body with the same token, so that a call that is only late makes no double; or nothing."""
        assert intent.token is not None
        try:
            return self._tools.records.create([one.cells for one in sent], intent.token)
        except (RefusedError, StaleNameError, TooLargeError):
            return None

    def settle(self, intent: Intent, send: Callable[[], Sequence[str]], *, over: bool = False) -> Sequence[str]:
        """After a call of unknown outcome inside a run: the ids it wrote, or the same call made again.

        What is ``over``, as Feishu itself told, has less time to show its effect.
        Raises ``UnknownOutcomeError`` when the outcome stays unknown; the intent then stays open for the next run.
        """
        if intent.action != "create":
            return self._settle_write(intent, send, over=over)
        return self._settle_create(intent, send, over=over)

    def _settle_create(self, intent: Intent, send: Callable[[], Sequence[str]], *, over: bool) -> Sequence[str]:
        """Looks before every repetition: whether Feishu knows a token again, and how long, is not documented."""
        last = None
        for _ in range(_ROUNDS):
            found = self.find_created(intent, over=over)
            if found is not None:
                return _complete(found)
            intent = replace(intent, created_at=self._tools.clock.now())
            try:
                return send()
            except UnknownOutcomeError as error:
                last, over = error, error.over
        found = self.find_created(intent, over=over)
        return _complete(found) if found is not None else self._give_up(intent, last)

    def _settle_write(self, intent: Intent, send: Callable[[], Sequence[str]], *, over: bool) -> Sequence[str]:
        """A batch is all or nothing, but people write too: only what is plain for every record is believed.

        Nothing waits for a late effect: it says the same as the repetition, and makes nothing twice.
        """
        sent = thaw(intent.body)
        if intent.action == "update" and self._are_written(sent[:_SAMPLE]):
            return [one.record or "" for one in sent]
        versions = self._current(sent)
        if not (_all_untouched(sent, versions) or self._all_took_place(sent, versions)):
            self._wait_until_steady(intent, over=over)
            versions = self._current(sent)
        if self._all_took_place(sent, versions):
            return [one.record or "" for one in sent]
        if _all_untouched(sent, versions):
            return self._repeat(send, intent, lambda: _all_untouched(sent, self._current(sent)))
        raise UnknownOutcomeError(
            "records of a batch that got no answer were changed meanwhile; the next run looks at each of them"
        )

    def _are_written(self, some: Sequence[Frozen]) -> bool:
        """So many records that hold what was sent answer for the rest of their batch too."""
        versions = self._current(some)
        return all(self._took_place(one, versions) for one in some)

    def _is_written(self, version: Version, one: Frozen) -> bool:
        """Whether a record holds all that an update sent; one that sends no values marks the record as deleted."""
        if not one.after:
            return self._tools.lens.is_marked(version)
        shown = list(filter(self._shows, one.after))
        return bool(shown) and all(_holds(version, one, name) for name in shown)

    def _shows(self, name: str) -> bool:
        """Whether a pair can be seen: one that is paused, or is mapped no more, says nothing of what took effect."""
        return name in self._tools.lens.pairs

    def _repeat(
        self, send: Callable[[], Sequence[str]], intent: Intent, still_undone: Callable[[], bool]
    ) -> Sequence[str]:
        """Updates and deletes say the same however often they are sent."""
        for round_ in range(_ROUNDS):
            self._tools.clock.sleep(1 if round_ else 0)
            try:
                return send()
            except UnknownOutcomeError as error:
                last = error
        if last.over and still_undone():
            return self._give_up(intent, last)
        raise last

    def _give_up(self, intent: Intent, last: UnknownOutcomeError | None) -> NoReturn:
        """Nothing was written, so far. Raises ``TooLargeError`` for a batch that Feishu itself failed each time: too
        much at once is the one thing in it that can be changed.
        """
        assert last is not None
        lines = len(thaw(intent.body))
        if not last.over or lines == 1:
            raise last
        self._tools.records.too_large(lines)
        raise TooLargeError(f"{last}; it may be too large, so it is sent in parts", code=last.code) from last

    def find_created(self, intent: Intent, *, over: bool = False) -> Sequence[str | None] | None:
        """The ids of the records a create made, in its order; ``None`` if it made none.

        Looks at once, and again after the grace time: a call may take effect after it was given up.
        """
        sent = thaw(intent.body)
        found = self._look_up(sent)
        if found is None:
            self._wait_until_steady(intent, over=over)
            found = self._look_up(sent)
        return found

    def _wait_until_steady(self, intent: Intent, *, over: bool) -> None:
        tools = self._tools
        grace = min(tools.options.grace, _OVER) if over else tools.options.grace
        age = (tools.clock.now() - intent.created_at).total_seconds() if intent.created_at else 0.0
        tools.clock.sleep(max(0.0, grace - age))
        before = tools.records.revision()
        while before != (now := tools.records.revision()):
            before = now
            tools.clock.sleep(1)

    def _look_up(self, sent: Sequence[Frozen]) -> Sequence[str | None] | None:
        """A batch is all or nothing: where none of as many as one call looks for is there, no other is looked for."""
        if len(sent) > _PROBES and self._found(sent[:_PROBES]) is None:
            return None
        return self._found(sent)

    def _found(self, sent: Sequence[Frozen]) -> Sequence[str | None] | None:
        tools = self._tools
        names = tools.lens.fields
        empty: dict[str, Json] = {pair.field: None for pair in tools.lens.pairs.values() if pair.accepts(Side.FEISHU)}
        keys = [self._sought(one) or empty for one in sent]
        linked = self._linked(tools.records.find(keys, names))
        found = [_first(one, linked, tools) for one in sent]
        return found if any(found) else None

    def _sought(self, one: Frozen) -> Mapping[str, Json]:
        """The cells a created record is found by: as they were sent, or what of them the mapping still shows."""
        lens = self._tools.lens
        sent = one.match or one.cells
        if sent.keys() <= set(lens.fields):
            return sent
        values = {name: value for name, value in one.values.items() if self._shows(name)}
        return lens.cells(lens.match_values(values) or values)

    def _linked(self, raws: Sequence[RawRecord]) -> list[Version]:
        """Records that no link knows yet, as versions; those changed last come first, for ours are young."""
        seen = self._tools.memory.seen(Side.FEISHU, [raw.id for raw in raws])
        now = self._tools.clock.now()
        loose = [raw for raw in reversed(raws) if raw.id not in seen]
        loose.sort(key=lambda raw: raw.modified_at or now, reverse=True)
        return [self._tools.lens.record(raw, now) for raw in loose]


def _first(one: Frozen, candidates: list[Version], tools: Tools) -> str | None:
    """Take the candidate that holds what was sent: nothing else if there is one, then whatever else it holds."""
    whole = {name: base.feishu for name, base in one.after.items() if name in tools.lens.pairs}
    for expected in (whole, {name: value for name, value in whole.items() if name in one.values}):
        for place, version in enumerate(candidates):
            assert version.values is not None
            if expected and all(version.values.get(name) == value for name, value in expected.items()):
                return candidates.pop(place).line
    wanted = tools.lens.match_of_bases(one.after)
    for place, version in enumerate(candidates):
        if wanted is not None and tools.lens.match(version) == wanted and _mostly(version, expected, tools.rules.match):
            return candidates.pop(place).line
    return None


def _mostly(version: Version, sent: Mapping[str, Value], match: Sequence[str]) -> bool:
    """Whether a record holds most of what was sent beside its match: else somebody gave another one that match."""
    assert version.values is not None
    others = [name for name in sent if name not in match]
    kept = sum(1 for name in others if version.values.get(name) == sent[name])
    return 2 * kept >= len(others)


def _complete(found: Sequence[str | None]) -> Sequence[str]:
    """All of the ids; raises ``UnknownOutcomeError`` if one is not known."""
    if any(record is None for record in found):
        raise UnknownOutcomeError("some records of a batch that was created cannot be told from others")
    return [record for record in found if record is not None]


def _all_untouched(sent: Sequence[Frozen], versions: Mapping[str, Version]) -> bool:
    return all(_untouched(one, versions.get(one.record or "")) for one in sent)


def _untouched(one: Frozen, version: Version | None) -> bool:
    """Whether a record still holds what the plan saw."""
    if version is None or version.values is None:
        return False
    return all(version.values.get(name) == value for name, value in one.before.items())


def _holds(version: Version, one: Frozen, name: str) -> bool:
    assert version.values is not None
    held = version.values.get(name)
    return not isinstance(held, Unreadable) and held == one.values.get(name, one.after[name].feishu)
