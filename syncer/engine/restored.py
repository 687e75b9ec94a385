"""Notices that the state store, or the mapped database, was restored from a backup: one knows a run the other does not.

Then bases say nothing any more: what looks like an edit or a deletion may be the backup's age. Nothing is written until
a person approves; then the links that are there are compared as if for the first time.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from syncer.core.plan import Guard
from syncer.engine.report import Report
from syncer.engine.run import close_report
from syncer.engine.tools import Tools
from syncer.ports import RecordTableInfo

GUARD = "restored"


class Mirrors(Protocol):
    """Where the number of the last run that wrote is kept outside the state store, and what the store says of it."""

    def accepted(self) -> Sequence[int]:
        """The numbers that may stand there, newest first; none before the first run that wrote."""
        ...

    def found(self) -> Mapping[str, int]:
        """What stands there, by place; 0 where nothing does although it could. A place that is away is missing."""
        ...

    def adopt(self) -> None:
        """Accept whatever stands there: of a mapping of that name that was removed, for nothing is remembered yet."""
        ...

    def write(self, run: int) -> None:
        """Put a number everywhere; the store accepts it, and the one before, first."""
        ...


def watched(
    work: Callable[[Tools, RecordTableInfo], Report], mirrors: Mirrors
) -> Callable[[Tools, RecordTableInfo], Report]:
    """The same work, done only if no mirror is ahead or behind; its run's number goes there if it wrote anything."""

    def watch(tools: Tools, info: RecordTableInfo) -> Report:
        if tools.options.dry:
            return work(tools, info)
        accepted = mirrors.accepted()
        is_new = not any(accepted) and not tools.memory.standing().linked
        if is_new:
            mirrors.adopt()
        guard = None if is_new else compare(accepted, mirrors.found())
        if guard is not None and guard.name not in tools.memory.approval():
            return _stop(tools, guard)
        report = work(tools, info)
        if report.writes:
            mirrors.write(int(tools.memory.run))
        return report

    return watch


def compare(accepted: Sequence[int], found: Mapping[str, int]) -> Guard | None:
    """What the numbers say, if they do not agree."""
    if not accepted:
        ahead = {place: number for place, number in found.items() if number}
        return _guard("the state store", ahead, 0) if ahead else None
    known = accepted[0]
    wrong = {place: number for place, number in found.items() if number not in accepted}
    if ahead := {place: number for place, number in wrong.items() if number > known}:
        return _guard("the state store", ahead, known)
    behind = {place: number for place, number in wrong.items() if place != "redis"}  # Redis may lose its last second
    return _guard("the database", behind, known) if behind else None


def _guard(who: str, wrong: Mapping[str, int], known: int) -> Guard:
    places = ", ".join(f"{place} knows run {number}" for place, number in wrong.items())
    sentence = (
        f"{who} seems to be restored from a backup: the state store knows run {known} as the last one that wrote,"
        f" {places}. Nothing was written; once approved, all linked lines are compared as if for the first time"
    )
    return Guard(GUARD, {"state": known, **wrong}, sentence)


def _stop(tools: Tools, guard: Guard) -> Report:
    began = tools.clock.now()
    tools.report.guard = guard
    tools.memory.guard_stopped(guard.name, guard.counts, [], [])
    close_report(tools, tools.report, began)
    return tools.report
