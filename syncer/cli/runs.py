"""Commands that run a mapping: plan, sync, approve."""

from typing import Annotated, Any

import typer

from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.engine.report import Report
from syncer.engine.tools import Options
from syncer.errors import MendError, OutsideError, SyncerError
from syncer.wiring import Syncer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


@app.command()
def plan(name: Annotated[str, typer.Argument(help="The mapping.")], as_json: AsJson = False) -> int:
    """Show what the next run would do, and do nothing."""
    with syncer() as living, console.reporting(name, details=not as_json) as reporter:
        report = living.sync(name, Options(full=True, dry=True), reporter)
    _show(report, as_json=as_json)
    return report.exit_status


@app.command()
def sync(
    names: Annotated[list[str] | None, typer.Argument(help="The mappings.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every active mapping.")] = False,
    full: Annotated[bool, typer.Option("--full", help="Read both sides whole, whatever seems unchanged.")] = False,
    as_json: AsJson = False,
) -> int:
    """Make one run now, in this process, to its end."""
    if bool(names) == every:
        raise MendError("name the mappings to sync, or give --all")
    with syncer() as living:
        wanted = names or [one.name for one in living.store.mappings() if one.state in {"active", "guarded"}]
        results = [_sync_one(living, name, Options(full=full), as_json=as_json) for name in wanted]
    if as_json:
        told = [document for document, _ in results]
        console.emit(told[0] if len(told) == 1 and names else {"runs": told})
    return max((status for _, status in results), default=0)


def _sync_one(living: Syncer, name: str, options: Options, *, as_json: bool) -> tuple[dict[str, Any], int]:
    try:
        with console.reporting(name) as reporter:
            report = living.sync(name, options, reporter)
    except OutsideError as error:
        console.complain(f"Error: mapping {name}: {error}")
        return _unreached(name, error), error.exit_status
    if not as_json:
        _show(report, as_json=False)
    return report.to_json(), report.exit_status


def _unreached(name: str, error: SyncerError) -> dict[str, Any]:
    status = "busy" if type(error).__name__ == "BusyError" else "unreachable"
    return {**Report(name).to_json(), "status": status}


@app.command()
def approve(run: Annotated[str, typer.Argument(help="The run a guard stopped.")], as_json: AsJson = False) -> int:
    """Let exactly the plan that a guard stopped go on; each line is checked again."""
    with syncer() as living:
        name = living.store.approve(run).mapping
        with console.reporting(name) as reporter:
            report = living.sync(name, Options(full=True), reporter, approved_run=run)
    _show(report, as_json=as_json)
    return report.exit_status


def _show(report: Report, *, as_json: bool) -> None:
    if as_json:
        console.emit(report.to_json())
        return
    document = report.to_json()
    counts: Any = document.get("planned") or document.get("written")
    verb = "would be" if report.dry else "were"
    for side in ("feishu", "database"):
        told = ", ".join(f"{count} {what}" for what, count in counts[side].items() if count)
        console.say(f"{report.mapping}: in {side} {verb} {told or '0 lines written'}")
    extra = {"conflicts": report.conflicts, "failures": report.failures, "held": report.held}
    told = "".join(f", {count} {what}" for what, count in extra.items() if count)
    console.say(f"{report.mapping}: {report.status} in {report.seconds:.1f} s, {report.linked} linked{told}")
    if report.guard is not None:
        console.complain(f"guard {report.guard.name}: {report.guard.sentence} (run {report.run})")
