"""One run: the two tables it is about, how it was asked for, and the words for how it ended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from syncer.core.mapping import Policy, Rules, SyncMapping
from syncer.core.records import Side
from syncer.database import clocks as database_clock
from syncer.database.rows import PostgresRows
from syncer.engine.report import Report
from syncer.engine.tools import Options, Tools
from syncer.errors import MendError, OutsideError, SyncerError
from syncer.feishu import clocks as feishu_clock
from syncer.ports import RecordTableInfo, RowTableInfo
from syncer.ports.progress import Reporter
from syncer.state.mappings import Applied, State

if TYPE_CHECKING:
    from syncer.feishu.bitable import BitableRecords
    from syncer.feishu.source import SourceRecords

NEVER = timedelta(days=36500)
"""So far apart must times be where a clock could not be compared: no two are."""

Work = Callable[[Tools, RecordTableInfo], Report]
"""What a run does: ``engine.run.run``, or another command's own."""


@dataclass(frozen=True, slots=True)
class Sides:
    """Both tables of one mapping, looked at just now."""

    mapping: SyncMapping
    records: "BitableRecords | SourceRecords"
    rows: PostgresRows
    record_table: RecordTableInfo
    row_table: RowTableInfo


@dataclass(frozen=True, slots=True)
class Job:
    """One run that was asked for, of a mapping as it was applied."""

    mapping: SyncMapping
    ids: Mapping[str, str]
    options: Options
    reporter: Reporter
    approved_run: str | None
    began: Callable[[Report], None] | None
    applied: Applied
    work: Work
    name: str

    @property
    def kind(self) -> str:
        """What the run is called."""
        return "plan" if self.options.dry else self.name or ("full" if self.options.full else "sync")


def clocks_of(sides: Sides) -> Mapping[Side, timedelta]:
    """How much later it is by each side's clock than by ours. Raises ``UnreachableError``."""
    feishu = sides.records.skew
    return {Side.DATABASE: sides.rows.skew(), **({} if feishu is None else {Side.FEISHU: feishu})}


def with_clocks(rules: Rules, sides: Sides) -> Rules:
    """The rules of a mapping with what is known of the clocks, where some field asks who was later."""
    if not any(pair.policy is Policy.LATEST for pair in rules.pairs):
        return rules
    skew = clocks_of(sides)
    blur = feishu_clock.NOISE + database_clock.NOISE if len(skew) == len(Side) else NEVER
    return replace(rules, skew=skew, blur=blur)


def status_of(error: SyncerError) -> str:
    """How a run ended that an error cut short."""
    return {MendError.exit_status: "refused", OutsideError.exit_status: "unreachable"}.get(error.exit_status, "dead")


def demand_not_paused(applied: Applied) -> None:
    """Raises ``MendError`` for a mapping that a person has stopped."""
    if applied.state is State.PAUSED:
        raise MendError(f"mapping {applied.name} is paused; `syncer resume {applied.name}` lets it go on")
