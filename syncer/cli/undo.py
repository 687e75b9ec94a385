"""``syncer undo``: take back what a run did."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from syncer.cli import console, running, shown
from syncer.cli.main import app
from syncer.cli.options import AsJson
from syncer.cli.session import syncer
from syncer.engine.tools import Options
from syncer.engine.undo import Undo
from syncer.errors import MendError
from syncer.jobs import demand_not_paused
from syncer.wiring import Syncer

UNDO = "undo"
"""What such a run is called."""

_SHOWN = 20


@app.command()
def undo(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run, from `syncer status` or `syncer history`.")],
    dry: Annotated[bool, typer.Option("--dry-run", help="Show what would be taken back, and do nothing.")] = False,
    by_field: Annotated[
        bool, typer.Option("--by-field", help="Also lines of which only other fields were edited since.")
    ] = False,
    as_json: AsJson = False,
) -> int:
    """Take back what a run overwrote, deleted or created, wherever nobody edited since.

    What was overwritten comes back as the newest edit of its field: on the side where the run wrote it, and carried
    over to the other side as well, so that both agree and the next run redoes nothing. A deleted line is made anew on
    both sides (in Bitable under a new record id). A line that the run created is deleted again; the line it came from
    stays, and is not carried again until somebody edits it. Deletions need no approval: asking for them is one.

    Lines that somebody edited since, on either side, are left as they are and listed (status 3). The undo is a run like
    any other, with its own audit: it can be undone too.
    """
    with syncer() as living:
        return take_back(living, run, dry=dry, by_field=by_field, as_json=as_json)


def take_back(
    living: Syncer,
    run: str,
    *,
    as_json: bool,
    dry: bool = False,
    by_field: bool = False,
    approved_run: str | None = None,
) -> int:
    """Undo a run; the exit status. ``approved_run`` is an undo of it that a guard stopped."""
    found = living.store.run(run)
    if not dry:
        demand_not_paused(living.store.mapping(found.mapping))
    if next(iter(living.store.audit_pages(run, links=1)), None) is None:
        raise MendError(f"run {run} of {found.mapping} {_nothing(found.status)}, so there is nothing to undo")
    told = running.run(
        living,
        found.mapping,
        Options(dry=dry),
        as_json=as_json,
        approved_run=approved_run,
        work=Undo(run, living.store, by_field=by_field),
        kind=UNDO,
    )
    document = _document(living, found.mapping, told.document or {})
    if as_json:
        console.emit(document)
    else:
        _show(document)
    return told.status


def _nothing(status: str) -> str:
    if status == "guarded":
        return "was stopped by a guard and wrote nothing (what its approval wrote is a run of its own)"
    return "wrote nothing that is still known"


def _document(living: Syncer, mapping: str, document: Mapping[str, Any]) -> dict[str, Any]:
    columns = shown.key_columns(living.store.mapping(mapping).document)
    left = [{**one, "key": shown.key(one["key"], columns)} for one in document.get("left", [])]
    return {**document, "left": left}


def _show(document: Mapping[str, Any]) -> None:
    verb = "would be taken back" if "planned" in document else "taken back"
    console.say(f"{document.get('restored', 0)} lines {verb}, {document.get('skipped', 0)} stay as they are")
    left: Sequence[Mapping[str, Any]] = document["left"]
    for one in left[:_SHOWN]:
        console.say(f"  {one['record_id'] or '-'} {shown.told(one['key'])}: {one['reason']}")
    if len(left) > _SHOWN:
        console.hint(f"{len(left) - _SHOWN} more: `--json` names them")
