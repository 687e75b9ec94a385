"""Commands around mapping files: schema, check, apply."""

from pathlib import Path
from typing import Annotated

import typer

from syncer.catalog.files import Catalog, Loaded, load_files, load_folder
from syncer.catalog.revisions import difference, digest
from syncer.catalog.schema import mapping_schema
from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import settings, variables
from syncer.errors import MappingError, MendError, NotAppliedError

Files = Annotated[list[Path] | None, typer.Argument(help="Mapping files; left out: all in the folder of mappings.")]


@app.command()
def schema() -> None:
    """Print the JSON Schema of mapping files, for editors."""
    console.emit(mapping_schema())


@app.command()
def check(
    files: Files = None,
    offline: Annotated[bool, typer.Option("--offline", help="Look at the files alone, not at the tables.")] = False,
) -> None:
    """Validate mapping files, against both real tables unless --offline. Changes nothing."""
    loaded = _load(files).require()
    if not offline:
        _check_online(loaded)
    for one in loaded:
        console.say(f"{one.path}: mapping {one.mapping.name} is right")


def _load(files: list[Path] | None) -> Catalog:
    if files:
        return load_files(files, variables())
    catalog = load_folder(settings().mappings, variables())
    if not catalog.mappings and not catalog.faults:
        raise MendError(f"no mapping file stands in {settings().mappings}; `syncer init` writes a first one")
    return catalog


def _check_online(loaded: tuple[Loaded, ...]) -> None:
    from syncer.cli.session import syncer  # noqa: PLC0415 - the files come first: only right ones start anything

    faults: list[str] = []
    with syncer() as living:
        for one in loaded:
            try:
                found = living.check(living.look(one.mapping), one.places)
            except MendError as error:
                faults.append(f"{one.path}: {error}")
                continue
            faults += found.faults
            for warning in found.warnings:
                console.hint(f"warning: {warning}")
    if faults:
        raise MappingError(faults)


@app.command()
def apply(
    files: Files = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL a DBA may run instead, and change nothing.")
    ] = False,
) -> None:
    """Make mapping files the active mappings: show what changes, prepare the database, record a revision."""
    from syncer.cli.session import syncer  # noqa: PLC0415 - the files come first

    loaded = _load(files).require()
    if not sql:
        _check_online(loaded)
    with syncer() as living:
        for one in loaded:
            sides = living.look(one.mapping)
            if sql:
                console.say(f"-- mapping {one.mapping.name}\n{sides.rows.prepare_sql()}")
                continue
            changes = _changes(living, one)
            revision = living.apply(sides, one.document, digest(one.document), "\n".join(changes))
            console.say(f"mapping {one.mapping.name}: revision {revision} is active")
            for change in changes:
                console.say(f"  {change}")
        if not files and not sql:
            _pause_missing(living, {one.mapping.name for one in loaded})


def _changes(living: object, one: Loaded) -> list[str]:
    from syncer.catalog.document import Document  # noqa: PLC0415 - the files come first
    from syncer.wiring import Syncer  # noqa: PLC0415 - the files come first

    assert isinstance(living, Syncer)
    try:
        stored = living.store.mapping(one.mapping.name).document
    except NotAppliedError:
        return ["new"]
    assert isinstance(stored, dict)
    return difference(Document.model_validate(stored["document"]), one.document) or ["nothing changed"]


def _pause_missing(living: object, present: set[str]) -> None:
    from syncer.wiring import Syncer  # noqa: PLC0415 - the files come first

    assert isinstance(living, Syncer)
    for applied in living.store.mappings():
        if applied.name not in present:
            living.store.pause(applied.name)
            console.say(
                f"mapping {applied.name}: its file is gone; paused (`syncer remove {applied.name}` takes it away)"
            )
