"""Which record and which row are one line, in any mapping, as its links say (``fields.linked.Lines``)."""

import threading
from collections.abc import Iterable, Sequence
from itertools import islice

from sqlalchemy import Engine, TextClause, text

from syncer.state.connect import reaching

_FOUND = """
SELECT l.record, l.key FROM syncer_state.link l JOIN syncer_state.mapping m ON m.id = l.mapping
WHERE m.name = :mapping AND l.severed IS NULL AND l.record IS NOT NULL AND l.key IS NOT NULL
  AND l.{line} = ANY(CAST(:names AS text[]))
"""
_BY_RECORD, _BY_KEY = text(_FOUND.format(line="record")), text(_FOUND.format(line="key"))
_AT_ONCE = 10_000
MOST = 100_000
"""Answers kept for each way of asking; beyond it the oldest are forgotten, and asked for again where needed."""


class LinkedLines:
    """Asks the state store, many lines at a time, and keeps the last answers of one run. Safe for threads."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._keys: dict[tuple[str, str], str | None] = {}
        self._records: dict[tuple[str, str], str | None] = {}

    def key(self, mapping: str, record: str) -> str | None:
        """The row of a record; ``None`` as long as it is not linked. Raises ``UnreachableError``."""
        with self._lock:
            self.meet(mapping, [record], ())
            return self._keys[mapping, record]

    def record(self, mapping: str, key: str) -> str | None:
        """The record of a row; ``None`` as long as it is not linked. Raises ``UnreachableError``."""
        with self._lock:
            self.meet(mapping, (), [key])
            return self._records[mapping, key]

    def meet(self, mapping: str, records: Iterable[str], keys: Iterable[str]) -> None:
        """Look up those of these lines that were not asked for yet. Raises ``UnreachableError``."""
        with self._lock:
            for names, known, statement in ((records, self._keys, _BY_RECORD), (keys, self._records, _BY_KEY)):
                named = set(names)
                wanted = sorted({name for name in named if (mapping, name) not in known})
                if wanted:
                    _make_room(known, len(wanted), {(mapping, name) for name in named})
                for start in range(0, len(wanted), _AT_ONCE):
                    self._ask(mapping, wanted[start : start + _AT_ONCE], known, statement)

    def _ask(
        self, mapping: str, names: Sequence[str], known: dict[tuple[str, str], str | None], statement: TextClause
    ) -> None:
        with reaching(self._engine), self._engine.connect() as connection:
            found = connection.execute(statement, {"mapping": mapping, "names": list(names)}).all()
        known.update(((mapping, name), None) for name in names)
        of = 0 if known is self._keys else 1
        known.update(((mapping, row[of]), row[1 - of]) for row in found if (mapping, row[of]) in known)

    def forget(self) -> None:
        """What was not found is asked for again: it may be linked by now."""
        with self._lock:
            for known in (self._keys, self._records):
                for name in [name for name, found in known.items() if found is None]:
                    del known[name]


def _make_room(known: dict[tuple[str, str], str | None], more: int, needed: set[tuple[str, str]]) -> None:
    """Forget the oldest answers, but none of those that are asked for now."""
    surplus = len(known) + more - MOST
    for name in list(islice((name for name in known if name not in needed), max(surplus, 0))):
        del known[name]
