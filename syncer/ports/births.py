"""Many lines created and linked in one step, told series by series: what a first load leaves behind and asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncer.core.records import Side
from syncer.core.series import Forms


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
