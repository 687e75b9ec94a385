"""What Feishu computes by itself: formulas and lookups change without an event, some time after what they depend on.

So a record that was touched is looked at once more some seconds later, and the computed fields of all records are read
in a rhythm of their own; only what is not as its base says is then read as a record.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from syncer.core.cursors import FOLLOWING, FOLLOWS_AFTER, FRESH
from syncer.core.mapping import Misfit, Pair
from syncer.core.records import Link, Side
from syncer.ports import RawRecord, RecordTableInfo

if TYPE_CHECKING:
    from syncer.engine.tools import Tools

EVERYTHING = ""
FEWEST = 100
"""So many records are always looked at one by one, however small the table is."""


@dataclass(slots=True)
class Touched:
    """The records of one run whose computed fields may still change. Those of a table without any are not noted."""

    wanted: bool = False
    records: set[str] = field(default_factory=set)

    def wrote(self, *records: str) -> None:
        """This run wrote these records."""
        if self.wanted:
            self.records.update(records)

    def read(self, raws: Iterable[RawRecord], read_at: datetime) -> None:
        """These records are not as they were remembered; those that were edited just now are noted."""
        if self.wanted:
            fresh = [raw for raw in raws if raw.modified_at is None or read_at - raw.modified_at < FRESH]
            self.records.update(raw.id for raw in fresh)


def follow_up(tools: "Tools") -> None:
    """Have what this run touched looked at once more; of very many records just the computed fields."""
    records, signals = tools.touched.records, tools.signals
    if not records or signals is None or tools.options.dry:
        return
    crowded = len(records) > max(FEWEST, tools.memory.count(Side.FEISHU) // 5)
    signals.follow_up([EVERYTHING] if crowded else sorted(records), tools.clock.now() + FOLLOWS_AFTER)
    records.clear()


def drifted(tools: "Tools", info: RecordTableInfo) -> set[str]:
    """The linked records whose computed fields do not hold what their bases say. Reads those fields of every record."""
    pairs = following(tools, info)
    found: set[str] = set()
    for page in tools.records.read([pair.field for pair in pairs]):
        links = _links(tools, [raw.id for raw in page.records])
        found.update(raw.id for raw in page.records if raw.id in links and _differs(pairs, raw, links[raw.id]))
    return found


def following(tools: "Tools", info: RecordTableInfo) -> list[Pair]:
    """The pairs whose fields Feishu works out by itself."""
    names = {one.name for one in info.fields if one.type in FOLLOWING}
    return [pair for pair in tools.rules.pairs if pair.field in names]


def _links(tools: "Tools", records: Sequence[str]) -> Mapping[str, Link]:
    seen = tools.memory.seen(Side.FEISHU, records)
    links = [each.link for each in tools.memory.links([known.link for known in seen.values()])]
    return {link.record: link for link in links if link.record is not None and link.severed is None}


def _differs(pairs: Sequence[Pair], raw: RawRecord, link: Link) -> bool:
    for pair in pairs:
        base = link.bases.get(pair.name)
        try:
            value = pair.translator.from_cell(raw.cells.get(pair.field))
        except Misfit:
            return True
        if base is None or base.feishu != value:
            return True
    return False
