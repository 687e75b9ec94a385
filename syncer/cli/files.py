"""Commands around mapping files: schema, check, apply."""

from pathlib import Path
from typing import Annotated

import typer

from syncer.catalog.files import Catalog, load_files, load_folder
from syncer.catalog.schema import mapping_schema
from syncer.cli import console
from syncer.cli.main import app
from syncer.cli.session import settings, syncer, variables
from syncer.errors import MendError

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
        from syncer.cli.lateness import what_latest_knows  # noqa: PLC0415 - only right files start anything
        from syncer.cli.looking import look_at_all  # noqa: PLC0415 - likewise

        with syncer(attempts=INTERACTIVE) as living:
            for sides in look_at_all(living, loaded):
                for sentence in what_latest_knows(living, sides):
                    console.say(f"{sides.mapping.name}: {sentence}")
    for one in loaded:
        console.say(f"{one.path}: mapping {one.mapping.name} is right")


INTERACTIVE = 3
"""How often Feishu is tried while a person waits for the answer."""


def _load(files: list[Path] | None) -> Catalog:
    if files:
        return load_files(files, variables())
    catalog = load_folder(settings().mappings, variables())
    if not catalog.mappings and not catalog.faults:
        raise MendError(f"no mapping file stands in {settings().mappings}; `syncer init` writes a first one")
    return catalog


@app.command()
def apply(
    files: Files = None,
    sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL a DBA may run instead, and change nothing.")
    ] = False,
) -> None:
    """Make mapping files the active mappings: show what changes, prepare the database, record a revision."""
    loaded = _load(files).require()
    from syncer.cli import applying  # noqa: PLC0415 - only right files start anything

    with syncer(attempts=INTERACTIVE) as living:
        if sql:
            console.say(applying.script(living, loaded))
            return
        applying.apply_all(living, loaded)
        if not files:
            applying.pause_missing(living, {one.mapping.name for one in loaded})
