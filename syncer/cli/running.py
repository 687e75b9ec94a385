"""One run of one mapping as a command shows it: progress, its outcome in words, or its object for ``--json``."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from syncer.cli import console, ending, shown
from syncer.engine.report import Report
from syncer.engine.run import run as synchronise
from syncer.engine.tools import Options
from syncer.errors import BusyError, OutsideError, SyncerError
from syncer.jobs import Work
from syncer.wiring import Syncer


@dataclass(frozen=True, slots=True)
class Told:
    """What a run of one mapping came to; ``document`` is its object for ``--json``, none if it could not begin."""

    mapping: str
    status: int
    document: Mapping[str, Any] | None = None
    error: str = ""


def where(name: str, error: SyncerError) -> str:
    """What is said before an error that does not name its mapping."""
    return "" if name in str(error) else f"mapping {name}"


def run(
    living: Syncer,
    name: str,
    options: Options,
    *,
    as_json: bool,
    approved_run: str | None = None,
    work: Work = synchronise,
    kind: str = "",
    show: bool = True,
) -> Told:
    """One run of one mapping, told as it goes on. Raises what keeps it from beginning."""
    begun = [Report(name, dry=options.dry)]
    try:
        with console.reporting(name, details=options.dry and not as_json) as reporter:
            report = living.sync(
                name, options, reporter, approved_run=approved_run, began=begun.append, work=work, kind=kind
            )
    except OutsideError as error:
        if error.exit_status != OutsideError.exit_status:
            raise
        status = "busy" if isinstance(error, BusyError) else "unreachable"
        return Told(name, ending.told(error, where(name, error)), _cut_short(living, begun[-1], status), str(error))
    if show and not as_json:
        _show(report)
    return Told(name, report.exit_status, _document(living, report))


def _document(living: Syncer, report: Report) -> dict[str, Any]:
    columns = shown.key_columns(living.store.mapping(report.mapping).document)
    told = report.to_json()
    if report.dry:
        told["details"] = [shown.detail(one, columns) for one in report.details if isinstance(one, Mapping)]
    return {**told, "guard": shown.guard(told["guard"], columns)}


def _cut_short(living: Syncer, report: Report, status: str) -> dict[str, Any]:
    """The object of a run that did not come to its end: what it did until then."""
    try:
        report.linked = living.store.status(report.mapping)[0].linked
    except SyncerError:
        status = "unreachable"  # the state store itself is away: nobody knows the total
    return {**report.to_json(), "status": status}


def _show(report: Report) -> None:
    document = report.to_json()
    counts: Any = document["planned" if report.dry else "written"]
    verb = "would be" if report.dry else "were"
    for side, name in (("feishu", "Bitable"), ("database", "the database")):
        told = ", ".join(f"{count} {what}" for what, count in counts[side].items() if count)
        console.say(f"{report.mapping}: in {name} {verb} {told or '0 lines written'}")
    extra = {"conflicts": report.conflicts, "failures": report.failures, "held": report.held}
    told = "".join(f", {count} {what}" for what, count in extra.items() if count)
    console.say(f"{report.mapping}: {report.status} in {report.seconds:.1f} s, {report.linked} linked{told}")
    _show_waiting(report)


def _show_waiting(report: Report) -> None:
    for sentence in report.drift:
        console.complain(f"{report.mapping}: {sentence}", style="yellow")
    for sentence in report.renamed:
        console.hint(f"{report.mapping}: {sentence}")
    if report.guard is not None:
        way = "" if report.dry else f" ({shown.onward(report.guard.name, report.mapping, report.run)})"
        console.complain(f"guard {report.guard.name}: {report.guard.sentence}{way}", style="yellow")
    if report.open_conflicts:
        console.hint(f"{report.open_conflicts} open conflicts: `syncer conflicts list --mapping {report.mapping}`")
    if report.open_failures:
        console.hint(f"{report.open_failures} open failures: `syncer failures list --mapping {report.mapping}`")
