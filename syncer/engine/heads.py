"""What a run looks at in Feishu: what was signalled, what changed since the newest change known, or everything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import orjson

from syncer.core import cursors
from syncer.core.cursors import Asked, FeishuCursor, Way
from syncer.core.records import Side
from syncer.core.values import digest
from syncer.engine.following import drifted
from syncer.engine.tools import Tools
from syncer.ports import FieldInfo, Head, RecordTableInfo

CROWDED = "more changed than is worth asking for line by line"


@dataclass(frozen=True, slots=True)
class Glance:
    """How Feishu is looked at. ``records`` names what to look at, ``None`` is everything, and ``why`` says why.

    ``still`` says that no record is unknown beside those. ``watermark`` is the newest change there was before the look.
    """

    way: Way
    records: Sequence[str] | None
    still: bool = False
    why: str = ""
    watermark: datetime | None = None
    computed_at: datetime | None = None
    """When a reading of the computed fields of every record began, if there was one."""


class Glancer:
    """Chooses how one run looks at Feishu; ``most`` is how many records are worth asking for one by one."""

    def __init__(self, tools: Tools, info: RecordTableInfo, most: int) -> None:
        self._tools, self._info, self._most = tools, info, most
        self.cursor = FeishuCursor.from_json(tools.memory.cursor(Side.FEISHU))

    def glance(self, named: frozenset[str], signalled: frozenset[str], asked: Asked) -> Glance:
        """Where to look. ``named`` is what must be, ``signalled`` all that was told of, our own writes too."""
        found = self._glance(named, signalled, asked)
        if found.records is None or not cursors.scans(self.cursor, asked):
            return found
        wanted = {*found.records, *drifted(self._tools, self._info)}
        if len(wanted) > self._most:
            return self._whole(CROWDED)
        return replace(found, records=sorted(wanted), computed_at=asked.now)

    def _glance(self, named: frozenset[str], signalled: frozenset[str], asked: Asked) -> Glance:
        way, why = cursors.way(self.cursor, asked)
        still = cursors.is_still(self.cursor, asked)
        if way is Way.WHOLE:
            return self._whole(why)
        if way is Way.NAMED:
            return self._some(way, named, still=still)
        wanted = named | self._restless()
        if way is not Way.HEAD:
            return self._some(way, wanted, still=still)
        return self._head(wanted, signalled)

    def _some(self, way: Way, wanted: Collection[str], *, still: bool, watermark: datetime | None = None) -> Glance:
        if len(wanted) > self._most:
            return self._whole(CROWDED)
        return Glance(way, sorted(wanted), still, watermark=watermark)

    def _whole(self, why: str) -> Glance:
        """Everything; what changes while it is read is newer than the newest change from before."""
        tools = self._tools
        head = None if tools.options.dry else tools.records.recent(None, tools.lens.fields, 1)
        return Glance(Way.WHOLE, None, why=why, watermark=head.newest if head else None)

    def _restless(self) -> frozenset[str]:
        """Records that an earlier run was not done with."""
        memory, limit = self._tools.memory, self._most + 1
        return frozenset([*memory.restless(Side.FEISHU, limit), *memory.loose(Side.FEISHU, limit)])

    # The head of the table, newest change first.

    def _head(self, wanted: frozenset[str], signalled: frozenset[str]) -> Glance:
        tools = self._tools
        head = tools.records.recent(self.cursor.since, tools.lens.fields, self._most)
        if head is None:
            return self._whole("Feishu could not say what changed lately")
        wanted |= self._moved(head)
        if len(wanted) > self._most:
            return self._whole(CROWDED)
        if not self._adds_up(head, wanted | signalled):
            return self._whole("the number of records says that some came or went untold")
        known = self.cursor.revision is not None
        return self._some(Way.HEAD, wanted, still=known, watermark=head.newest)

    def _moved(self, head: Head) -> frozenset[str]:
        """The records that are not as they are remembered."""
        seen = self._tools.memory.seen(Side.FEISHU, [raw.id for raw in head.records])
        return frozenset(
            raw.id for raw in head.records if (known := seen.get(raw.id)) is None or known.print != raw.print
        )

    def _adds_up(self, head: Head, met: frozenset[str]) -> bool:
        """Whether the table holds as many records as there should be: nothing came or went but what was met."""
        memory, there = self._tools.memory, {raw.id for raw in head.records}
        if head.total is None:
            return True
        known, linked = memory.count(Side.FEISHU), memory.seen(Side.FEISHU, sorted(met))
        unlinked = [name for name in met if name not in linked]
        if cursors.unaccounted(head.total, known, len(there & set(unlinked)), 0) == 0 and there >= set(unlinked):
            return True
        asked = sorted(met - there)
        if len(asked) > self._most:
            return False
        absent = self._tools.records.fetch(asked, ()).absent if asked else frozenset()
        gone = len(absent & linked.keys())
        return cursors.unaccounted(head.total, known, len(set(unlinked) - absent), gone) == 0


def definitions(tools: Tools, info: RecordTableInfo) -> str:
    """A digest of what the fields that are followed are called and offer: a changed option changes many records.

    The scope is part of it: another one lets other records enter.
    """
    fields = [_definition(field) for field in followed(tools, info)]
    where = tools.rules.where.get(Side.FEISHU)
    return digest(orjson.dumps(fields), *([where.digest] if where else [])).hex()


def followed(tools: Tools, info: RecordTableInfo) -> list[FieldInfo]:
    """The fields of a table that the mapping reads, in the order of their ids."""
    return sorted((field for field in info.fields if field.name in tools.lens.fields), key=lambda field: field.id)


def _definition(field: FieldInfo) -> list[object]:
    return [field.id, field.name, field.type, field.ui_type, field.options, field.option_ids, field.formatter]
