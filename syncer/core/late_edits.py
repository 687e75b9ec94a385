"""Which edits a record was given between our last look at it and our deletion of it, by what the events told.

Bitable deletes whatever stands there by then. The event of the deletion shows what the record held at last, those of
edits what they left behind; either is enough. As with overwritten cells nobody is asked who did it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from syncer.core.overwritten import SLACK, Content
from syncer.core.records import Told
from syncer.core.values import Value


@dataclass(frozen=True, slots=True)
class Deletion:
    """A record that we deleted: what the plan saw in its mapped fields, and when that was; see ``overwritten.Sent``."""

    before: Mapping[str, Value]
    seen: int | None
    sent_at: datetime


@dataclass(frozen=True, slots=True)
class Scene:
    """What one event tells of a record. ``cells`` are what its pairs held afterwards; of a deletion, until then.

    ``others`` are the fields that no pair carries, by name, in the form in which the event shows them.
    """

    gone: bool
    cells: Mapping[str, Content]
    others: Mapping[str, str]
    revision: int | None
    at: datetime
    who: str = ""


@dataclass(frozen=True, slots=True)
class LateEdits:
    """What was edited: by pair the value at last, and the other fields. ``told``: the deletion's own event came."""

    told: bool
    values: Mapping[str, Content] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    moments: Mapping[str, Told] = field(default_factory=dict)
    """When each pair was edited and by whom, where an event of the edit told."""

    @property
    def any(self) -> bool:
        """Whether somebody edited the record at all."""
        return bool(self.values or self.others)


def late_edits(deletion: Deletion, scenes: Sequence[Scene]) -> LateEdits:
    """Find them among the events of one record. An edit that was taken back is none."""
    later = sorted((scene for scene in scenes if _is_later(deletion, scene)), key=_order)
    last = max((place for place, scene in enumerate(later) if scene.gone), default=None)
    held: dict[str, Content] = {}
    others: dict[str, str] = {}
    moments: dict[str, Told] = {}
    for scene in later if last is None else later[: last + 1]:
        held.update(scene.cells)
        if not scene.gone:
            others.update(scene.others)
            moments.update(dict.fromkeys(scene.cells, Told(scene.at, scene.who)))
    values = {name: value for name, value in held.items() if value != deletion.before.get(name)}
    return LateEdits(last is not None, values, others, {name: moments[name] for name in values if name in moments})


def _is_later(deletion: Deletion, scene: Scene) -> bool:
    if deletion.seen is not None and scene.revision is not None:
        return scene.revision > deletion.seen
    return scene.at >= deletion.sent_at - SLACK


def _order(scene: Scene) -> tuple[int, bool, datetime]:
    return (scene.revision or 0, scene.gone, scene.at)
