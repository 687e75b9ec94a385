"""Writing inside one transaction: sets of rows at once; where a set is refused its halves, down to the row to blame."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import psycopg

from syncer.core.mapping import ColumnFill
from syncer.database.asking import Raw, ask, ask_one_by_one, tell
from syncer.database.lines import Layout, LineRow, make_line
from syncer.database.refusals import AMBIGUOUS, SUPPRESSED, is_of_a_row, refusal
from syncer.database.staging import Staged, Staging, Texts
from syncer.database.statements import Statements
from syncer.ports import Moved, RowOutcome, Written

Outcomes = dict[str, RowOutcome]
Attempt = Callable[[Sequence[Staged]], Outcomes]
Fills = Mapping[str, ColumnFill]
Sets = Mapping[str, str]
"""What the rows of join tables are to name, by the column that stands for them: arrays as texts."""

MERGE_RETURNS = 170000  # the first server whose MERGE has RETURNING


class Writer:
    """Writes staged operations of one table inside a transaction that somebody else begins and ends.

    Every group it is given is of one shape.
    """

    def __init__(self, connection: psycopg.Connection, statements: Statements, layout: Layout) -> None:
        self._connection, self._statements, self._layout = connection, statements, layout

    def staging(self) -> Staging:
        """Where operations for this table are made ready."""
        return Staging(self._statements.table, self._statements.key)

    def delete(self, group: Sequence[Staged]) -> Outcomes:
        """Delete the rows that still hold what was expected."""
        return self._each(group, self._delete)

    def update(self, group: Sequence[Staged], fills: Fills) -> Outcomes:
        """Update the rows that still hold what was expected, and stamp ``fills``."""
        return self._each(group, partial(self._update, fills=_without(fills, group)))

    def insert(self, group: Sequence[Staged], fills: Fills) -> Outcomes:
        """Insert rows unless one with the values they are found by exists, and add ``fills``."""
        return self._each(group, partial(self._insert, fills=_without(fills, group)))

    def _each(self, group: Sequence[Staged], attempt: Attempt) -> Outcomes:
        try:
            with self._connection.transaction():
                return attempt(group)
        except psycopg.Error as error:
            if not is_of_a_row(error):
                raise
            if len(group) == 1:
                texts = group[0].texts
                return {group[0].id: refusal(self._connection, self._statements.table, error, texts)}
        middle = len(group) // 2
        return self._each(group[:middle], attempt) | self._each(group[middle:], attempt)

    def _delete(self, group: Sequence[Staged]) -> Outcomes:
        held, outcomes = self._lock(group, delete=True)
        held, outcomes = self._unread(held, outcomes)
        for query in self._statements.unjoin():
            tell(self._connection, query, [one.finder for one in held])
        rows = ask(self._connection, self._statements.delete(), [one.finder for one in held])
        return outcomes | _confirmed(held, {_position(row): Written(None) for row in rows})

    def _unread(self, held: Sequence[Staged], outcomes: Outcomes) -> tuple[list[Staged], Outcomes]:
        """Without the rows of which somebody changed something, whatever it was, since they were read whole."""
        if not any(one.version for one in held):
            return list(held), outcomes
        rows = ask(self._connection, self._statements.versions(), [one.finder for one in held])
        versions = {_position(row): (row[1] or b"").decode() for row in rows}
        moved = {place for place, one in enumerate(held) if one.version and versions.get(place) != one.version}
        kept = [one for place, one in enumerate(held) if place not in moved]
        return kept, outcomes | {held[place].id: Moved() for place in moved}

    def _update(self, group: Sequence[Staged], fills: Fills) -> Outcomes:
        held, outcomes = self._lock(group, delete=False)
        joined, held = self._parted(held)
        self._join([(one.finder, sets) for one, sets in zip(held, joined, strict=True)])
        columns = self._plain(group[0].columns)
        nothing = not columns and not fills
        query = self._statements.lock(delete=False) if nothing else self._statements.update(columns, fills)
        rows = ask(self._connection, query, [one.finder + one.values for one in held])
        return outcomes | _confirmed(held, self._written(rows))

    def _insert(self, group: Sequence[Staged], fills: Fills) -> Outcomes:
        present = self._present(group)
        fresh = [one for place, one in enumerate(group) if place not in present]
        outcomes: Outcomes = {group[place].id: Moved() for place in present}
        joined, fresh = self._parted(fresh)
        texts, columns = [one.values for one in fresh], self._plain(group[0].columns)
        if self._connection.info.server_version >= MERGE_RETURNS:
            rows = ask(self._connection, self._statements.merge(columns, fills), texts)
        else:
            rows = ask_one_by_one(self._connection, self._statements.insert(columns, fills), texts)
        if any(joined):
            rows = self._joined(rows, joined)
        return outcomes | _confirmed(fresh, self._written(rows))

    # Rows of join tables.

    def _plain(self, columns: Sequence[str]) -> tuple[str, ...]:
        return tuple(name for name in columns if not self._statements.is_joined(name))

    def _parted(self, group: Sequence[Staged]) -> tuple[list[Sets], list[Staged]]:
        """What is meant for join tables, and the operations without it."""
        names = [name for name in group[0].columns if self._statements.is_joined(name)] if group else []
        if not names:
            return [{} for _ in group], list(group)
        plain = self._plain(group[0].columns)
        values = [dict(zip(one.columns, one.values, strict=True)) for one in group]
        sets: list[Sets] = [{name: each[name] or "{}" for name in names} for each in values]
        stripped = [
            replace(one, columns=plain, values=tuple(each[name] for name in plain))
            for one, each in zip(group, values, strict=True)
        ]
        return sets, stripped

    def _join(self, wanted: Sequence[tuple[Texts, Sets]]) -> None:
        for name in wanted[0][1] if wanted else ():
            for query in self._statements.joins(name):
                tell(self._connection, query, [(*key, sets[name]) for key, sets in wanted])

    def _joined(self, rows: Sequence[Raw], joined: Sequence[Sets]) -> list[Raw]:
        """Rows just inserted, once what they are tied to stands in the join tables."""
        width = len(self._statements.key)
        keys = [tuple(None if one is None else one.decode() for one in row[1 : 1 + width]) for row in rows]
        self._join([(key, joined[_position(row)]) for key, row in zip(keys, rows, strict=True)])
        found = ask(self._connection, self._statements.lock(delete=False), keys)
        return [[rows[_position(row)][0], *row[1:]] for row in found]

    def _present(self, group: Sequence[Staged]) -> set[int]:
        if not group[0].found_by:
            return set()
        rows = ask(self._connection, self._statements.present(group[0].found_by), [one.finder for one in group])
        return {_position(row) for row in rows}

    def _lock(self, group: Sequence[Staged], *, delete: bool) -> tuple[list[Staged], Outcomes]:
        """Hold the rows; the operations whose row is what they expect, and the outcomes of the others."""
        rows: dict[int, list[LineRow]] = {}
        for row in ask(self._connection, self._statements.lock(delete=delete), [one.finder for one in group]):
            rows.setdefault(_position(row), []).append(self._row(row))
        held: list[Staged] = []
        outcomes: Outcomes = {}
        for place, one in enumerate(group):
            found = rows.get(place, [])
            if len(found) > 1:
                outcomes[one.id] = AMBIGUOUS
            elif found and found[0].print == one.expected:
                held.append(one)
            else:
                outcomes[one.id] = Moved()
        return held, outcomes

    def _written(self, rows: Sequence[Raw]) -> dict[int, RowOutcome]:
        return {_position(row): Written(self._row(row)) for row in rows}

    def _row(self, row: Raw) -> LineRow:
        return self._layout.row(make_line(row[1:]))


def _position(row: Raw) -> int:
    return int(row[0] or b"")


def _confirmed(sent: Sequence[Staged], written: Mapping[int, RowOutcome]) -> Outcomes:
    return {one.id: written.get(place, SUPPRESSED) for place, one in enumerate(sent)}


def _without(fills: Fills, group: Sequence[Staged]) -> Fills:
    """A value of the operation itself wins over a fill."""
    return {name: fill for name, fill in fills.items() if name not in group[0].columns}
