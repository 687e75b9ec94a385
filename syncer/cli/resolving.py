"""Decisions about open conflicts: one, or all of a line, a field or a mapping; each only as it was shown."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from syncer.catalog.given import given_value
from syncer.catalog.pairs import Tables
from syncer.cli import shown
from syncer.cli.keys import stored_key
from syncer.cli.session import key_columns
from syncer.core.values import dump
from syncer.errors import MendError
from syncer.state.conflicts import Conflict, Winner
from syncer.wiring import Syncer


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which open conflicts of a mapping: of a line, by its record or its row's key, and of a field; or all."""

    mapping: str
    record: str | None = None
    key: str | None = None
    field: str | None = None

    def of(self, conflict: Conflict, key: str | None) -> bool:
        """Whether a conflict is among them; ``key`` is ours in its stored form."""
        if self.record is not None and conflict.record != self.record:
            return False
        if key is not None and conflict.key != key:
            return False
        return self.field in (None, conflict.field, conflict.pair)


def one(living: Syncer, number: int, take: Winner | None, value: str | None, seen: int | None) -> list[str]:
    """Decide one conflict; why that waits, if it does.

    ``seen`` is the version the person saw; left out, that which was listed or shown last.
    """
    conflict = living.store.conflict(number)
    expected = seen or conflict.shown or conflict.version
    given = None if take else _given(living, conflict.mapping, [conflict], value or "")[conflict.pair]
    try:
        living.store.resolve(number, take or "merged", expected, given)
    except MendError as error:
        raise _told_anew(living, number, error) from error
    return waiting(living, conflict.mapping, [conflict.pair])


def _told_anew(living: Syncer, number: int, refusal: MendError) -> MendError:
    """A refusal with what both sides hold now; that is as good as having been shown it."""
    now = living.store.conflict(number)
    if now.state != "open":
        return refusal
    living.store.note_shown({number: now.version})
    held = (
        f"Bitable holds {shown.told(shown.stored(now.feishu))}, the database {shown.told(shown.stored(now.database))}"
    )
    return MendError(f"{refusal}. By now {held}")


def several(living: Syncer, wanted: Wanted, take: Winner | None, value: str | None) -> tuple[int, list[int], list[str]]:
    """Decide all these conflicts; how many, the numbers of those that moved since they were shown, and what waits.

    Raises ``MendError`` if there are none, or ``value`` does not fit one of them; then nothing is decided.
    """
    columns = key_columns(living, wanted.mapping)[wanted.mapping]
    key = stored_key(wanted.key, columns)
    found = [one for one in living.store.conflicts(wanted.mapping) if wanted.of(one, key)]
    if not found:
        raise MendError(f"no open conflict of {wanted.mapping} is meant by that; see `syncer conflicts list`")
    if take is not None:
        refused = living.store.resolve_all({each.id: each.shown or each.version for each in found}, take)
    else:
        given = _given(living, wanted.mapping, found, value or "")
        refused = [each.id for each in found if not _merge(living, each, given[each.pair])]
    return len(found) - len(refused), refused, waiting(living, wanted.mapping, {each.pair for each in found})


def waiting(living: Syncer, mapping: str, pairs: Collection[str]) -> list[str]:
    """Why what was decided about these pairs waits, as the last run saw the tables."""
    last = living.store.status(mapping)[0].last_run
    told = last.counts.get("drift") if last is not None else None
    sentences = [str(sentence) for sentence in told] if isinstance(told, list) else []
    return [sentence for sentence in sentences if any(f"(column {pair}) is paused" in sentence for pair in pairs)]


def _merge(living: Syncer, conflict: Conflict, value: Mapping[str, Any]) -> bool:
    try:
        living.store.resolve(conflict.id, "merged", conflict.shown or conflict.version, value)
    except MendError:
        return False
    return True


def _given(living: Syncer, name: str, found: Sequence[Conflict], text: str) -> dict[str, Mapping[str, Any]]:
    """A person's value in the stored form of both sides, by pair. Looks at both tables: it must fit both."""
    try:
        raw = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise MendError(f'--value wants JSON, such as 12.5, "text", ["a", "b"] or null, not {text}') from error
    _, mapping, ids = living.applied(name)
    sides, stands = living.surviving(living.look(mapping), ids)
    pairs = {conflict.pair for conflict in found}
    if gone := [one.sentence for one in stands.paused if one.column in pairs]:
        raise MendError(f"{'; '.join(gone)}; until then a value cannot be fitted, but a side can be taken")
    tables = Tables(sides.record_table, sides.row_table)
    known = (living.directory(mapping), living.store.linked_lines())
    values = {pair: given_value(sides.mapping, pair, tables, raw, *known) for pair in pairs}
    return {pair: {side.value: dump(held) for side, held in value.items()} for pair, value in values.items()}
