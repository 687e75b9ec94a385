"""What people said about open conflicts, as the planner takes it."""

from collections.abc import Mapping

from syncer.core.conflicts import Resolution, Third, Winner
from syncer.core.mapping import Policy, Rules
from syncer.core.records import Side
from syncer.core.values import load
from syncer.ports import ConflictNote


def resolutions(rules: Rules, notes: Mapping[str, ConflictNote]) -> dict[str, Resolution]:
    """The words on a line's open conflicts, by pair."""
    return {pair: _resolution(note) for pair, note in notes.items() if note.winner or _is_parked(rules, note)}


def _is_parked(rules: Rules, note: ConflictNote) -> bool:
    """Whether the clocks could not tell: they never will, for the line's times have moved with our own writes."""
    policy = next((pair.policy for pair in rules.pairs if pair.name == note.pair), None)
    return policy is Policy.LATEST and rules.tie is Policy.MANUAL


def _resolution(note: ConflictNote) -> Resolution:
    winner: Winner | None = None
    value = None
    if note.winner == Third.MERGED and isinstance(note.value, Mapping):
        winner, value = Third.MERGED, {side: load(note.value[side.value]) for side in Side}
    elif note.winner:
        winner = Side(note.winner)
    return Resolution(winner, load(note.feishu), load(note.database), value)
