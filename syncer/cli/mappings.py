"""Applied mappings: their revisions, pausing, taking them away."""

from typing import Annotated, Any

import typer

from syncer.catalog.build import build_mapping
from syncer.catalog.document import Document
from syncer.catalog.faults import Places
from syncer.catalog.files import Loaded, load_folder
from syncer.catalog.revisions import difference
from syncer.cli import console, shown
from syncer.cli.applying import apply_one, release
from syncer.cli.files import INTERACTIVE
from syncer.cli.looking import look_at
from syncer.cli.main import app
from syncer.cli.options import LARGEST, AsJson, Name
from syncer.cli.session import settings, syncer, variables
from syncer.core.records import Side
from syncer.errors import MendError, SyncerError
from syncer.state.mappings import Applied, State
from syncer.state.store import Store
from syncer.wiring import Syncer

mappings = typer.Typer(
    help="Applied mappings and their revisions: list, history, diff, rollback.", no_args_is_help=True
)
app.add_typer(mappings, name="mappings")

Revision = Annotated[
    int, typer.Argument(metavar="REVISION", min=1, max=LARGEST, help="Its number, from `syncer mappings history`.")
]


@app.command()
def pause(name: Name) -> None:
    """Stop a mapping; its backlog is kept."""
    with syncer() as living:
        living.store.pause(name)
    console.say(f"mapping {name} is paused; `syncer resume {name}` lets it go on")


@app.command()
def resume(name: Name) -> None:
    """Let a paused mapping go on."""
    with syncer() as living:
        if living.store.mapping(name).state is State.GUARDED:
            run = living.store.status(name)[0].last_run
            raise MendError(
                f"mapping {name} is not paused; a guard stopped it: `syncer plan {name}` shows what it would do, "
                f"`syncer approve {run.id if run else 'RUN'}` lets it"
            )
        living.store.resume(name)
    console.say(f"mapping {name} goes on")


@app.command()
def remove(name: Name) -> None:
    """Take a mapping, its memory and its triggers away; both tables stay as they are."""
    with syncer() as living:
        mapping = living.applied(name)[1]
        release(living, mapping)
        _forget_batches(living, name)
        living.store.remove(name)
        living.forget_source(mapping)
    console.say(f"mapping {name} is forgotten, and what it remembered; both tables stay as they are")


def _forget_batches(living: Syncer, name: str) -> None:
    """Drop what the mapped database remembers of unsettled writes: nobody will ask about them any more."""
    _, mapping, _ = living.applied(name)
    with living.store.open_run(name, "remove", []) as memory:
        batches = [intent.id for intent in memory.open_intents() if intent.side is Side.DATABASE]
        batches += memory.unforgotten()
        try:
            if batches:
                living.rows(mapping).forget(batches)
        except SyncerError as error:
            console.hint(f"rows of {name} may stay in syncer.applied, where they harm nobody: {error}")
        living.store.finish_run(memory.run, "done")


@mappings.command("list")
def list_mappings(as_json: AsJson = False) -> None:
    """List the mappings that were applied."""
    with syncer() as living:
        told = [_revision(one) for one in living.store.mappings()]
    _revisions(told, as_json=as_json)


@mappings.command("history")
def mapping_history(name: Name, as_json: AsJson = False) -> None:
    """List the revisions of a mapping, with what each changed."""
    with syncer() as living:
        told = [_revision(one) for one in living.store.revisions(name)]
    _revisions(told, as_json=as_json)


@mappings.command("diff")
def diff(
    name: Name,
    revision: Annotated[
        int | None, typer.Argument(metavar="REVISION", min=1, max=LARGEST, help="Left out: the mapping file.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a mapping's file, or an earlier revision of it, would change in what is active."""
    with syncer() as living:
        active = _document(living.store.mapping(name))
        other = _of_file(name).document if revision is None else _document(_find(living.store, name, revision))
    changes = difference(active, other)
    if as_json:
        console.emit({"mapping": name, "changes": changes})
        return
    for change in changes or ["nothing would change"]:
        console.say(change)


@mappings.command("rollback")
def rollback(name: Name, revision: Revision) -> None:
    """Make an earlier revision of a mapping the active one again, as a new revision."""
    with syncer(attempts=INTERACTIVE) as living:
        document = _document(_find(living.store, name, revision))
        looked = look_at(living, build_mapping(document), Places(f"revision {revision}"))
        apply_one(living, looked.require(), document)
    console.hint(f"the file of {name} may say otherwise: the next `syncer apply` makes it active again")


def _find(store: Store, name: str, revision: int) -> Applied:
    found = store.revisions(name)
    for one in found:
        if one.revision == revision:
            return one
    raise MendError(
        f"mapping {name} has no revision {revision}; there is {', '.join(str(one.revision) for one in found)}"
    )


def _of_file(name: str) -> Loaded:
    folder = settings().mappings
    for one in load_folder(folder, variables()).require():
        if one.mapping.name == name:
            return one
    raise MendError(f"no file in {folder} holds the mapping {name}; name a revision to compare with")


def _document(applied: Applied) -> Document:
    assert isinstance(applied.document, dict)
    return Document.model_validate(applied.document["document"])


def _revision(one: Applied) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state.value,
        "revision": one.revision,
        "at": shown.moment(one.at),
        "by": one.document.get("by", "") if isinstance(one.document, dict) else "",
        "changes": one.differences.splitlines(),
    }


def _revisions(told: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.emit({"mappings": told})
        return
    if not told:
        console.say("no mapping was applied yet; `syncer apply` does so")
        return
    words = ("name", "state", "revision", "at", "by")
    rows = [[*(one[word] for word in words), "\n".join(one["changes"])] for one in told]
    console.table((*words, "changes"), rows)
