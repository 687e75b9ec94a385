"""Results of recent searches, so that the pages of one scan are cut from one result while nothing changes."""

from dataclasses import dataclass, field
from typing import Any

from syncer.simulator.model import Record

_MOST_KEPT = 16


@dataclass(slots=True)
class Found:
    """Results of recent queries, kept until the base changes: pages of one scan are cut from one result."""

    _kept: dict[tuple[Any, ...], list[Record]] = field(default_factory=dict)

    def get(self, key: tuple[Any, ...]) -> list[Record] | None:
        """Return a kept result."""
        return self._kept.get(key)

    def put(self, key: tuple[Any, ...], records: list[Record]) -> list[Record]:
        """Keep a result, dropping the oldest."""
        self._kept[key] = records
        if len(self._kept) > _MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return records
