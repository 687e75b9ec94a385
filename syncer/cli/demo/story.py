"""What every act of the demo uses: one run told in numbers, and claims that are checked before they are told."""

from collections.abc import Mapping
from functools import partial

from syncer.cli.demo.stage import Stage
from syncer.cli.demo.teller import Teller
from syncer.core.plan import Action
from syncer.core.records import Side
from syncer.engine.report import Report
from syncer.engine.tools import Options

_WORDS: Mapping[Side, str] = {Side.FEISHU: "Bitable", Side.DATABASE: "PostgreSQL"}
_DONE: Mapping[Action, str] = {Action.CREATE: "new", Action.UPDATE: "updated", Action.DELETE: "deleted"}


class Story:
    """The demo as it goes on. ``wrong`` collects every claim that did not hold."""

    def __init__(self, stage: Stage, teller: Teller) -> None:
        self.stage, self.tell = stage, teller
        self.wrong: list[str] = []

    def sync(self, name: str, *, full: bool = False) -> Report:
        """One run, as ``syncer sync`` makes it, told in a line."""
        self.tell.command(f"syncer sync {name}" + (" --full" if full else ""))
        with self.tell.busy(f"syncing {name}", aloud=False):
            report = self.stage.syncer.sync(name, Options(full=full))
        self.tell.say(summary(report))
        return report

    def expect(self, holds: bool, claim: str) -> None:
        """Tell a claim that was just looked at, on the sides themselves."""
        if holds:
            self.tell.good(claim)
            return
        self.tell.bad(f"not so: {claim}")
        self.wrong.append(f"step {self.tell.steps}: not so: {claim}")

    def both(self, what: str, feishu: object, database: object) -> None:
        """The same thing on both sides, as it stands."""
        self.tell.say(f"{what}: Bitable {shown(feishu)} | PostgreSQL {shown(database)}")


def shown(value: object) -> str:
    """A value as people read it."""
    if isinstance(value, list | frozenset | set):
        return "、".join(sorted(map(str, value))) or "(empty)"
    return "(empty)" if value in (None, "") else str(value)


def summary(report: Report) -> str:
    """What a run did, in one line."""
    extra = {"conflict": report.conflicts, "failure": report.failures, "held": report.held}
    done = [*filter(None, map(partial(_written, report), Side))] or ["nothing written"]
    done += [f"{count} {what}" for what, count in extra.items() if count]
    calls = sum(report.calls.values())
    return f"{'; '.join(done)} ({report.seconds:.1f} s, {calls} calls to Feishu)"


def _written(report: Report, side: Side) -> str:
    counts = [f"{report.written[side, one]:,} {_DONE[one]}" for one in Action if report.written[side, one]]
    return f"{_WORDS[side]}: {', '.join(counts)}" if counts else ""
