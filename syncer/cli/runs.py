"""Commands that run a mapping: plan, sync, approve."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Annotated

import typer

from syncer.catalog.linking import in_order
from syncer.cli import console, ending, running
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import syncer
from syncer.cli.undo import UNDO, take_back
from syncer.engine.tools import Options
from syncer.errors import MendError, SyncerError, UnreachableError
from syncer.jobs import demand_not_paused
from syncer.state.mappings import State
from syncer.wiring import Syncer


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
            status = _alone(living, wanted[0], Options(full=full), as_json=as_json)
        else:
            status = _all(living, wanted, Options(full=full), as_json=as_json)
        with suppress(UnreachableError):  # told above, if so; the next run forgets what is too old
            living.store.prune_history(living.settings.audit_days)
        return status


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
        found = living.store.run(run)
        name = found.mapping
        demand_not_paused(living.store.mapping(name))
        living.store.approve(run)
        if found.kind == UNDO:
            return take_back(living, str(found.counts["undoes"]), as_json=as_json, approved_run=run)
        return _alone(living, name, Options(full=True), as_json=as_json, approved_run=run)


def _alone(living: Syncer, name: str, options: Options, *, as_json: bool, approved_run: str | None = None) -> int:
    """One run of one mapping, and its exit status."""
    try:
        told = running.run(living, name, options, as_json=as_json, approved_run=approved_run)
    except SyncerError as error:
        return ending.told(error, running.where(name, error))
    if as_json and told.document is not None:
        console.emit(told.document)
    return told.status


def _all(living: Syncer, names: Sequence[str], options: Options, *, as_json: bool) -> int:
    """Runs of several mappings; one that cannot run keeps none of the others from it.

    Each comes after those it links to. Where they link to each other, those with lines that wait for lines of a later
    run have another one, as long as that brings them further.
    """
    links = living.links()
    results, waiting = _each(living, in_order(names, links), options, as_json=as_json), dict[str, int]()
    while again := _further(results, links, waiting):
        waiting = {one.mapping: _pending(one) for one in results}
        results += _each(living, again, Options(), as_json=as_json)
    if as_json:
        wrong = [{"mapping": one.mapping, "message": one.error} for one in results if one.document is None]
        runs = [one.document for one in results if one.document is not None]
        console.emit({"runs": runs, **({"errors": wrong} if wrong else {})})
    return ending.worst({one.mapping: one.status for one in results}.values())


def _each(living: Syncer, names: Sequence[str], options: Options, *, as_json: bool) -> list[running.Told]:
    results: list[running.Told] = []
    for name in names:
        try:
            results.append(running.run(living, name, options, as_json=as_json))
        except SyncerError as error:
            results.append(running.Told(name, ending.told(error, running.where(name, error)), error=str(error)))
    return results


def _pending(told: running.Told) -> int:
    return int(told.document.get("pending", 0)) if told.document is not None else 0


def _further(
    results: Sequence[running.Told], links: Mapping[str, Collection[str]], waiting: Mapping[str, int]
) -> list[str]:
    """The mappings whose lines wait for lines of a mapping that ran after them, unless that brought no line further."""
    last = {one.mapping: (place, one) for place, one in enumerate(results)}
    found = []
    for name, (place, one) in last.items():
        later = any(last[other][0] > place for other in links.get(name, ()) if other in last and other != name)
        if later and 0 < _pending(one) != waiting.get(name):
            found.append(name)
    return found
