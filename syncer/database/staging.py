"""Operations made ready for the server: every value as text, grouped by the columns they touch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psycopg

from syncer.core.records import key_values
from syncer.database.parameters import text_of
from syncer.database.schema import Table
from syncer.ports import Moved, Refusal, RowDelete, RowInsert, RowOutcome, RowUpdate

Texts = tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Staged:
    """An operation: what finds its row (the key, or the match values that must be absent), and its values."""

    id: str
    found_by: tuple[str, ...]
    finder: Texts
    columns: tuple[str, ...]
    values: Texts
    expected: bytes = b""
    version: str = ""

    @property
    def shape(self) -> tuple[tuple[str, ...], ...]:
        """Operations of one shape share a statement."""
        return self.found_by, self.columns

    @property
    def texts(self) -> dict[str, str | None]:
        """All texts sent, by column; a new value hides the one its row is found by."""
        return dict(zip(self.found_by + self.columns, self.finder + self.values, strict=True))


class Staging:
    """Makes operations on one table ready. What cannot be sent has its outcome here.

    Of several operations on one row only the first is sent; the others have to be planned again.
    """

    def __init__(self, table: Table, key: Sequence[str]) -> None:
        self._table, self._key = table, tuple(key)
        self.outcomes: dict[str, RowOutcome] = {}
        self._staged: list[Staged] = []
        self._found: set[Texts] = set()

    def inserts(self, operations: Sequence[RowInsert]) -> list[list[Staged]]:
        """Inserts, by shape."""
        for operation in operations:
            self._take(operation.id, operation.absent, operation.values, b"")
        return self._groups()

    def updates(self, operations: Sequence[RowUpdate]) -> list[list[Staged]]:
        """Updates, by shape, in the order of their keys: two writers then meet in the same order."""
        for operation in sorted(operations, key=lambda one: one.key):
            self._take(operation.id, self._key_of(operation.key), operation.values, operation.expected)
        return self._groups()

    def deletes(self, operations: Sequence[RowDelete]) -> list[list[Staged]]:
        """Deletes, likewise."""
        for operation in sorted(operations, key=lambda one: one.key):
            self._take(operation.id, self._key_of(operation.key), {}, operation.expected, operation.version)
        return self._groups()

    def _key_of(self, key: str) -> Mapping[str, object]:
        return dict(zip(self._key, key_values(key), strict=True))

    def _take(
        self, id_: str, finder: Mapping[str, object], values: Mapping[str, object], expected: bytes, version: str = ""
    ) -> None:
        found, sent = self._texts(id_, finder), self._texts(id_, values)
        if found is None or sent is None:
            return
        if found in self._found:
            self.outcomes[id_] = Moved()
            return
        if found and None not in found:  # nothing, and empty values, find no row
            self._found.add(found)
        self._staged.append(Staged(id_, tuple(finder), found, tuple(values), sent, expected, version))

    def _texts(self, id_: str, values: Mapping[str, object]) -> Texts | None:
        texts, known = [], self._table.columns
        for name, value in values.items():
            try:
                texts.append(text_of(value, known.get(name) or self._table.column(name)))
            except psycopg.DataError as error:
                self.outcomes[id_] = Refusal("22000", str(error), column=name)
                return None
        return tuple(texts)

    def _groups(self) -> list[list[Staged]]:
        groups: dict[object, list[Staged]] = {}
        for operation in self._staged:
            groups.setdefault(operation.shape, []).append(operation)
        self._staged, self._found = [], set()
        return list(groups.values())
