"""Many lines created and linked in one step, told series by series: what a first load leaves behind and asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson

from syncer.core.records import Side
from syncer.core.series import Forms, texts


@dataclass(frozen=True, slots=True)
class Packed:
    """The bases and the contents of new lines as JSON, made before it is known what becomes of the lines.

    Each of ``bases`` is an array of short forms in the order of ``names``, each of ``created`` an object without what
    is empty.
    """

    names: tuple[str, ...]
    bases: Sequence[bytes]
    created: Sequence[bytes]

    def series(self) -> Mapping[str, Forms]:
        """The bases by pair."""
        return dict(zip(self.names, map(list, zip(*map(orjson.loads, self.bases), strict=True)), strict=True))


def pack_births(bases: Mapping[str, Forms], created: Mapping[str, Forms]) -> Packed:
    """Pack what ``Births`` of the same names hold: names in order, and nothing that is empty."""
    names = tuple(sorted(bases))
    return Packed(names, texts(list(zip(*(bases[name] for name in names), strict=True))), contents(created))


def contents(created: Mapping[str, Forms]) -> Sequence[bytes]:
    """What each new line holds as an object: names in order, nothing empty."""
    names = sorted(created)
    rows = zip(*(created[name] for name in names), strict=True)
    return texts([{name: form for name, form in zip(names, row, strict=True) if form is not None} for row in rows])


@dataclass(frozen=True, slots=True)
class Births:
    """New links with both their lines, and the audits of the lines that were created on ``side``; all in one order.

    ``prints`` lacks a side whose lines have no known print yet. ``bases`` are those of every pair in short form
    (``core.series.short_bases``), ``created`` the stored forms of what the new lines hold, by pair; ``None`` where they
    hold nothing. Nothing of these lines is left to be done: the links are settled.
    """

    side: Side
    reason: str
    at: datetime
    links: Sequence[int]
    records: Sequence[str]
    keys: Sequence[str]
    matches: Sequence[bytes | None]
    read_at: Sequence[datetime]
    """When the lines that they were made from were read."""
    prints: Mapping[Side, Sequence[bytes]] = field(default_factory=dict)
    bases: Mapping[str, Forms] = field(default_factory=dict)
    created: Mapping[str, Forms] = field(default_factory=dict)
    packed: Packed | None = None
    """Both of these instead, where they were packed before."""
