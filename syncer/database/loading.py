"""Inserting many rows in one transaction, all or nothing: what a first load does where nothing is in its way.

Whatever is in the way (a row that is there already, a value that is refused, a trigger that drops a row, a server too
old to say which row is which) leaves the table as it was, and is for ``batches`` to sort out row by row.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import psycopg
from psycopg import RawCursor
from psycopg.sql import Composed

from syncer.core.mapping import ColumnFill
from syncer.database import applied
from syncer.database.asking import Raw, rows_of
from syncer.database.batches import say_who_writes
from syncer.database.blocks import Block, Texts, block_texts
from syncer.database.connections import is_lost
from syncer.database.lines import Layout
from syncer.database.parameters import array_text
from syncer.database.schema import Column
from syncer.database.statements import Statements
from syncer.database.writing import MERGE_RETURNS

Series = Mapping[str, Sequence[object]]


class InTheWayError(Exception):
    """Something keeps the block from being inserted as it is; nothing was."""


@dataclass(frozen=True, slots=True)
class Load:
    """Rows to insert, by column; no row may stand in the table that holds the same in all the columns ``absent``.

    A row in which a column holds nothing is inserted without it, so that its default, or its fill, is not lost.
    ``writer`` is who writes, for those who note changes: see ``capture``.
    """

    batch: str
    columns: Series
    absent: Sequence[str]
    fills: Mapping[str, ColumnFill]
    writer: str


class Loader:
    """Inserts blocks into one table."""

    def __init__(self, connection: psycopg.Connection, statements: Statements, layout: Layout) -> None:
        self._connection, self._statements, self._layout = connection, statements, layout

    def load(self, load: Load) -> Block | None:
        """Insert the rows and commit; ``None`` if something was in the way. Raises psycopg's errors of a lost one."""
        if self._statements.table.info.is_view or self._connection.info.server_version < MERGE_RETURNS:
            return None
        try:
            texts = {name: block_texts(series, self._column(name)) for name, series in load.columns.items()}
            with self._connection.transaction():
                return self._inserted(load, texts)
        except InTheWayError:
            return None
        except psycopg.Error as error:
            if is_lost(error):
                raise
            return None

    def _inserted(self, load: Load, texts: Mapping[str, Texts]) -> Block:
        count = len(next(iter(texts.values()), ()))
        say_who_writes(self._connection, load.writer, load.batch)
        applied.begin(self._connection, load.batch)
        self._demand_absence(load.absent, texts)
        rows: dict[int, Raw] = {}
        for columns, places in self._shapes(texts, load.fills, count):
            rows.update(self._insert(columns, places, texts, load.fills))
        if len(rows) != count:
            raise InTheWayError
        block = Block(self._statements.read, [rows[place] for place in range(count)], texts, self._layout)
        applied.record_all(self._connection, load.batch, block.keys)
        self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
        return block

    def _column(self, name: str) -> Column:
        return self._statements.table.column(name)

    def _demand_absence(self, absent: Sequence[str], texts: Mapping[str, Texts]) -> None:
        """Nobody has these values: no row of the table, nor two of those to be inserted."""
        if not absent:
            return
        found = [texts[name] for name in absent]
        if self._ask(self._statements.present(absent), range(len(found[0])), found):
            raise InTheWayError
        whole = [values for values in zip(*found, strict=True) if None not in values]
        if len(set(whole)) < len(whole):
            raise InTheWayError

    def _shapes(
        self, texts: Mapping[str, Texts], fills: Mapping[str, ColumnFill], count: int
    ) -> Iterable[tuple[Sequence[str], Sequence[int]]]:
        """The columns to send, and the places of the rows they are sent for.

        Where nothing would fill a column, NULL is sent instead of leaving it out: it comes to the same.
        """
        touchy = [name for name in texts if name in fills or self._column(name).info.has_default]
        gaps = [name for name in touchy if None in texts[name]]
        if not gaps:
            return [(list(texts), range(count))]
        shapes: dict[tuple[bool, ...], list[int]] = {}
        for place, held in enumerate(zip(*(texts[name] for name in gaps), strict=True)):
            shapes.setdefault(tuple([text is None for text in held]), []).append(place)
        return [
            ([name for name in texts if name not in gaps or not shape[gaps.index(name)]], places)
            for shape, places in shapes.items()
        ]

    def _insert(
        self,
        columns: Sequence[str],
        places: Sequence[int],
        texts: Mapping[str, Texts],
        fills: Mapping[str, ColumnFill],
    ) -> Iterable[tuple[int, Raw]]:
        query = self._statements.merge(columns, {name: fill for name, fill in fills.items() if name not in columns})
        rows = self._ask(query, places, [[texts[name][place] for place in places] for name in columns])
        return ((int(row[0] or b""), row[1:]) for row in rows)

    def _ask(self, query: Composed, places: Sequence[int], series: Sequence[Texts]) -> list[Raw]:
        cursor = RawCursor(self._connection)
        numbers = "{" + ",".join(map(str, places)) + "}"
        cursor.execute(query, [numbers, *map(array_text, series)])
        return rows_of(cursor)
