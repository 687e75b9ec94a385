"""What every part of a run works with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from syncer.core.mapping import Rules
from syncer.core.plan import LinePlan
from syncer.core.planner import plan_line
from syncer.core.records import Side
from syncer.core.values import Json
from syncer.engine.aside import Aside
from syncer.engine.files import Files
from syncer.engine.following import Touched
from syncer.engine.hashes import Hashes
from syncer.engine.lens import Lens
from syncer.engine.line import Line
from syncer.engine.notes import Notebook
from syncer.engine.noticed import Noticed
from syncer.engine.pending import PendingLines
from syncer.engine.report import Report
from syncer.ports import Clock, Ids, Memory, Records, Rows
from syncer.ports.anteroom import Anteroom
from syncer.ports.capture import Capture
from syncer.ports.progress import Reporter
from syncer.ports.signals import Signals

if TYPE_CHECKING:
    from syncer.engine.drafts import Drafts
    from syncer.engine.record_drafts import RecordDrafts
    from syncer.engine.trust import Doubt
    from syncer.engine.wholes import Wholes
    from syncer.engine.witnesses import Witnesses


@dataclass(frozen=True, slots=True)
class Options:
    """How one run is to be made.

    ``full`` reads both sides whole even if nothing says that they moved; without ``poll`` Feishu is looked at only
    where something was signalled. ``dry`` plans and writes nothing.
    ``batch`` is the most records in one write. ``grace`` is how many seconds a call of unknown outcome has to show its
    effect. An ``urgent`` run has somebody waiting for it: its calls come before those of runs that move bulk.
    ``enough`` is asked between two slices: once it says so, the rest is left to a later run.
    """

    full: bool = False
    poll: bool = True
    dry: bool = False
    batch: int = 1000
    grace: float = 10.0
    urgent: bool = False
    enough: Callable[[], bool] = lambda: False


@dataclass(slots=True)
class Tools:
    """One run's sides, memory, clock and report."""

    rules: Rules
    records: Records
    rows: Rows
    memory: Memory
    clock: Clock
    ids: Ids
    report: Report
    reporter: Reporter
    options: Options
    lens: Lens
    revisions: set[int] = field(default_factory=set)
    """Where Feishu's table may stand if nobody wrote to it since it was read, but us and those whose writes were dealt

    with; empty once somebody else did.
    """
    doubt: "Doubt | None" = None
    """What is not explained of where it stands; nothing while it is, or once it never will be."""
    aside: Aside = field(default_factory=Aside)
    cause: str = ""
    """Why this run writes at all, if not because something changed."""
    repairs: bool = False
    """Whether policies decide about linked lines whose bases are unconfirmed, in place of ``pairing``."""
    signals: Signals | None = None
    capture: Capture | None = None
    log: Capture | None = None
    """The capture, also in a dry run: it is asked when contested columns were changed."""
    witnesses: "Witnesses | None" = None
    noticed: Noticed = field(default_factory=Noticed)
    wholes: "Wholes | None" = None
    stood: Mapping[str, Json] = field(default_factory=dict)
    """How the rows stood, and when, before anything was read."""
    began: datetime | None = None
    breathe: Callable[[], None] = lambda: None
    """Deals with what was noticed meanwhile; a long run calls it between two slices."""
    explain: Callable[[], bool] = lambda: False
    """Waits a little for events that tell why Feishu's table moved, and deals with them; whether they tell all."""
    overtaken: set[tuple[Side, str]] = field(default_factory=set)
    """Lines that were dealt with in such a breath, whatever the run's survey says of them."""
    removals: set[str] = field(default_factory=set)
    """What identifies the lines that this run is still to delete, or to mark as deleted."""
    table: str = ""
    """The id of Feishu's table."""
    again: set[tuple[Side, str]] = field(default_factory=set)
    """Lines without a link that could not be done with: a later run must look at them whatever its scope is."""
    computed: timedelta = timedelta(minutes=10)
    """How often the fields that Feishu computes are read of every record."""
    trusting: bool = True
    """Whether a poll takes a table whose revision stands still for unchanged."""
    anteroom: Callable[[], Anteroom | None] | None = None
    """Where new rows may wait while records are read."""
    drafts: "Drafts | None" = None
    """What was made ready there, until the run ends."""
    record_drafts: "RecordDrafts | None" = None
    """New records that were planned while rows were read, until the run ends."""
    pending: PendingLines = field(default_factory=PendingLines)
    """Lines that name lines which are not linked yet."""
    outsiders: Hashes = field(default_factory=Hashes)
    """What identifies the match values of records that are out of scope."""
    files: Files = field(default_factory=Files)
    """Who carries the files of attachments."""
    touched: Touched = field(default_factory=Touched)
    """Records that are to be looked at once more for what Feishu computes of them."""

    def notebook(self) -> Notebook:
        """A fresh notebook, dated now."""
        return Notebook(self.lens, self.clock.now())

    def plan(self, line: Line) -> LinePlan:
        """The plan of a line as it stands now; of contested fields with what is known of their times."""
        plan = self.draft(line)
        if self.witnesses is None or not self.witnesses.lack(line, plan):
            return plan
        self.witnesses.ask([line])
        return self.draft(line)

    def draft(self, line: Line) -> LinePlan:
        """The plan of a line by what was asked until now."""
        if line.wish is not None and not line.halfway:
            return line.wish(line)
        feishu, database = line.versions[Side.FEISHU], line.versions[Side.DATABASE]
        link = replace(line.link, bases=line.bases or line.link.bases) if line.stored and line.link else None
        plan = plan_line(self.rules, link, feishu, database, line.desk)
        return plan.because(self.cause) if self.cause else plan

    def store(self, notebook: Notebook) -> None:
        """Store what a step leaves behind."""
        if not notebook.empty:
            self.memory.remember(notebook.memo())

    def give_links(self, lines: Sequence[Line]) -> None:
        """A link id for every line that has none yet."""
        bare = [line for line in lines if line.link is None]
        for line, number in zip(bare, self.memory.new_links(len(bare)) if bare else (), strict=True):
            line.tie(number)
