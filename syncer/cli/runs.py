"""Commands that run a mapping: plan, sync, approve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from syncer.cli import console, ending, shown
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import syncer
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.errors import BusyError, MendError, OutsideError, SyncerError
from syncer.state.mappings import State
from syncer.wiring import Syncer, demand_not_paused


@dataclass(frozen=True, slots=True)
class Told:
    """What a run of one mapping came to; ``document`` is its object for ``--json``, none if it could not begin."""

    mapping: str
    status: int
    document: Mapping[str, Any] | None = None
    error: str = ""


@app.command()
def plan(name: Name, as_json: AsJson = False) -> int:
    """Show what the next run would do, and do nothing."""
    with syncer() as living:
        return _alone(living, name, Options(full=True, dry=True), as_json=as_json)


@app.command()
def sync(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME", help="The mappings.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every mapping that is not paused.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read both sides whole, whatever seems unchanged.")] = False,
    wait: Annotated[
        float, typer.Option("--wait", metavar="SECONDS", min=0, help="How long another run may hold a mapping.")
    ] = 60,
    as_json: AsJson = False,
) -> int:
    """Make one run now, in this process, to its end."""
    if bool(names) == every:
        raise MendError("name the mappings to sync, or give --all")
    with syncer(wait=wait) as living:
        wanted = list(dict.fromkeys(names or _active(living)))
        if len(wanted) == 1 and not every:
            return _alone(living, wanted[0], Options(full=full), as_json=as_json)
        return _all(living, wanted, Options(full=full), as_json=as_json)


def _active(living: Syncer) -> list[str]:
    applied = living.store.mappings()
    if not applied:
        raise MendError("no mapping was applied yet; `syncer apply` does so")
    for one in applied:
        if one.state is State.PAUSED:
            console.hint(f"mapping {one.name} is paused and left out; `syncer resume {one.name}` lets it go on")
    return [one.name for one in applied if one.state is not State.PAUSED]


@app.command()
def approve(run: Annotated[str, typer.Argument(help="The run a guard stopped.")], as_json: AsJson = False) -> int:
    """Let exactly the plan that a guard stopped go on; each line is checked again."""
    with syncer() as living:
        name = living.store.run(run).mapping
        demand_not_paused(living.store.mapping(name))
        living.store.approve(run)
        return _alone(living, name, Options(full=True), as_json=as_json, approved_run=run)


def _alone(living: Syncer, name: str, options: Options, *, as_json: bool, approved_run: str | None = None) -> int:
    """One run of one mapping, and its exit status."""
    try:
        told = _run(living, name, options, as_json=as_json, approved_run=approved_run)
    except SyncerError as error:
        return ending.told(error, _where(name, error))
    if as_json and told.document is not None:
        console.emit(told.document)
    return told.status


def _all(living: Syncer, names: Sequence[str], options: Options, *, as_json: bool) -> int:
    """Runs of several mappings; one that cannot run keeps none of the others from it."""
    results: list[Told] = []
    for name in names:
        try:
            results.append(_run(living, name, options, as_json=as_json))
        except SyncerError as error:
            results.append(Told(name, ending.told(error, _where(name, error)), error=str(error)))
    if as_json:
        wrong = [{"mapping": one.mapping, "message": one.error} for one in results if one.document is None]
        runs = [one.document for one in results if one.document is not None]
        console.emit({"runs": runs, **({"errors": wrong} if wrong else {})})
    return ending.worst(one.status for one in results)


def _where(name: str, error: SyncerError) -> str:
    return "" if name in str(error) else f"mapping {name}"


def _run(living: Syncer, name: str, options: Options, *, as_json: bool, approved_run: str | None = None) -> Told:
    begun = [Report(name, dry=options.dry)]
    try:
        with console.reporting(name, details=options.dry and not as_json) as reporter:
            report = living.sync(name, options, reporter, approved_run=approved_run, began=begun.append)
    except OutsideError as error:
        if error.exit_status != OutsideError.exit_status:
            raise
        status = "busy" if isinstance(error, BusyError) else "unreachable"
        return Told(name, ending.told(error, _where(name, error)), _cut_short(living, begun[-1], status), str(error))
    if not as_json:
        _show(report)
    return Told(name, report.exit_status, _document(living, report))


def _document(living: Syncer, report: Report) -> dict[str, Any]:
    columns = shown.key_columns(living.store.mapping(report.mapping).document)
    told = report.to_json()
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
    if report.guard is not None:
        way = "" if report.dry else f" (`syncer approve {report.run}` lets it go on)"
        console.complain(f"guard {report.guard.name}: {report.guard.sentence}{way}", style="yellow")
    if report.open_conflicts:
        console.hint(f"{report.open_conflicts} open conflicts: `syncer conflicts list --mapping {report.mapping}`")
    if report.open_failures:
        console.hint(f"{report.open_failures} open failures: `syncer failures list --mapping {report.mapping}`")
