"""``syncer add-field``: one more pair in a mapping file, and the field or column for it where there is none yet."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from syncer.catalog.drafting.guess import sayable
from syncer.catalog.drafting.insertion import pair_line, with_pair
from syncer.catalog.drafting.new_columns import NewColumn, add_statements, new_columns
from syncer.catalog.drafting.new_fields import NewField, new_fields
from syncer.catalog.files import Loaded, load_file, load_folder
from syncer.cli import console
from syncer.cli.files import INTERACTIVE
from syncer.cli.looking import look_at
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import settings, syncer, variables
from syncer.core.mapping import Direction
from syncer.database.making import carry_out, quoted_table
from syncer.errors import MappingError, MendError
from syncer.fields.names import READ_ONLY, type_name
from syncer.jobs import Sides
from syncer.wiring import Syncer


@dataclass(frozen=True, slots=True)
class _Pair:
    """The pair to add, and what must be made for it first."""

    field: str
    column: str
    direction: Direction
    new_field: NewField | None = None
    new_column: NewColumn | None = None

    def to_json(self) -> dict[str, object]:
        return {"field": self.field, "column": self.column, "direction": self.direction.value}


@app.command("add-field")
def add_field(
    name: Name,
    *,
    field: Annotated[str, typer.Option("--field", help="The field. Left out: one is made for the column.")] = "",
    column: Annotated[str, typer.Option("--column", help="The column. Left out: one is made for the field.")] = "",
    create: Annotated[bool, typer.Option("--create", help="Make the field or the column that is not there.")] = False,
    way: Annotated[
        Direction | None, typer.Option("--direction", help="Which way it is carried. Left out: as it can be.")
    ] = None,
    dry: Annotated[bool, typer.Option("--dry-run", help="Show it, make nothing and write nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add a pair to a mapping file, and the field or column that it lacks. `syncer apply` makes it active."""
    if not (field or column):
        raise MendError("name a --field, a --column, or both")
    loaded = _file_of(name)
    with syncer(attempts=INTERACTIVE) as living:
        sides = living.look(loaded.mapping)
        pair = _pair(sides, field, column, way, create=create)
        line = pair_line(_spoken(sides, pair.field), pair.column, pair.direction)
        with _rewritten(loaded.path, line) as place:
            made, after = _made(sides, pair), load_file(place.draft, variables())
            if not dry:
                _make(living, sides, pair)
            if not (dry and made):
                _demand_sound(living, after, [] if dry else made)
            if not dry:
                place.keep()
    told = {"mapping": name, "file": str(loaded.path), "line": place.line, "pair": pair.to_json(), "makes": made}
    if as_json:
        console.emit({**told, "written": not dry})
        return
    _tell(loaded.path, place.line, line, made, dry=dry)


def _tell(path: Path, number: int, line: str, made: list[str], *, dry: bool) -> None:
    for one in made:
        console.say(f"{'would make' if dry else 'made'} {one}")
    console.say(f"{path}:{number}: {'would add' if dry else 'added'} {line}")
    if not dry:
        console.hint(f"`syncer apply {path}` makes it active; the next run then fills this field alone")


def _file_of(name: str) -> Loaded:
    folder = settings().mappings
    known = load_folder(folder, variables()).require()
    for one in known:
        if one.mapping.name == name:
            return one
    raise MendError(
        f"no file in {folder} holds the mapping {name}; there is {', '.join(o.mapping.name for o in known)}"
    )


# What is to be paired.


def _pair(sides: Sides, field: str, column: str, way: Direction | None, *, create: bool) -> _Pair:
    fields = {one.name: one for one in sides.record_table.fields} | {one.id: one for one in sides.record_table.fields}
    columns = {one.name for one in sides.row_table.columns}
    lacks_field, lacks_column = not field or field not in fields, not column or column not in columns
    if lacks_field and lacks_column:
        raise MendError(
            f"there is neither a field {field or '(none was named)'} nor a column {column or '(none was named)'}; "
            "one of the two must be there"
        )
    if (lacks_field or lacks_column) and not create:
        what = f"field {field}" if lacks_field else f"column {column}"
        raise MendError(f"there is no {what.strip()}; name one that is there, or have it made: --create")
    if lacks_field:
        new = _new_field(sides, column)
        return _Pair(_named(field or new.name), _named(column), way or sides.mapping.direction, new_field=new)
    found = fields[field]
    best = Direction.TO_DATABASE if found.type in READ_ONLY else sides.mapping.direction
    if lacks_column:
        made = _new_column(sides, found.name)
        return _Pair(found.name, _named(column or made.name), way or best, new_column=made)
    return _Pair(found.name, _named(column), way or best)


def _named(name: str) -> str:
    """A name that a file can say. Raises ``MendError``."""
    if not sayable(name):
        raise MendError(f"a mapping file cannot name {name!r}: blanks are around it, or ${{ is in it; name another")
    return name


def _spoken(sides: Sides, field: str) -> str:
    """A field as a file names it: by its id where its name cannot be said there."""
    ids = {one.name: one.id for one in sides.record_table.fields}
    return field if sayable(field) else ids[field]


def _new_field(sides: Sides, column: str) -> NewField:
    made, left = new_fields(sides.row_table)
    for one in made:
        if one.column == column:
            return one
    raise MendError(next((f"{one.name}: {one.reason}" for one in left if one.name == column), f"{column}: no column"))


def _new_column(sides: Sides, field: str) -> NewColumn:
    made, left = new_columns(sides.record_table)
    for one in made:
        if one.field == field:
            return one
    raise MendError(next((f"{one.name}: {one.reason}" for one in left if one.name == field), f"{field}: no field"))


# What is made.


def _made(sides: Sides, pair: _Pair) -> list[str]:
    """What is to be made first, in words."""
    if pair.new_field is not None:
        return [f"the field {pair.field} ({type_name(pair.new_field.type)}) in {sides.record_table.name}"]
    return _statements(sides, pair)


def _statements(sides: Sides, pair: _Pair) -> list[str]:
    if pair.new_column is None:
        return []
    return add_statements(quoted_table(sides.mapping.table), pair.new_column, pair.column)


def _make(living: Syncer, sides: Sides, pair: _Pair) -> None:
    if pair.new_field is not None:
        from syncer.feishu.making import make_field  # noqa: PLC0415 - loads the SDK

        body = {**pair.new_field.body(), "field_name": pair.field}
        make_field(living.client(sides.mapping.app), sides.records.app_token, sides.records.table_id, body)
    if statements := _statements(sides, pair):
        carry_out(living.engine(sides.mapping.connection), statements)


# The file.


@dataclass(slots=True)
class _Place:
    """The file as it will be, beside the one that is: ``keep`` puts it in its place."""

    path: Path
    draft: Path
    line: int

    def keep(self) -> None:
        self.draft.replace(self.path)


@contextmanager
def _rewritten(path: Path, line: str) -> Iterator[_Place]:
    """The file with a pair more, checked by itself; gone afterwards unless it was kept."""
    text, number = with_pair(path.read_text(encoding="utf-8-sig"), line)
    place = _Place(path, path.with_name(f".{path.name}.draft"), number)
    place.draft.write_text(text, encoding="utf-8")
    try:
        place.draft.chmod(path.stat().st_mode)
        yield place
    except MappingError as error:
        raise MappingError([fault.replace(str(place.draft), str(path)) for fault in error.faults]) from error
    finally:
        place.draft.unlink(missing_ok=True)


def _demand_sound(living: Syncer, loaded: Loaded, made: list[str]) -> None:
    """Raises ``MappingError`` with everything that is wrong with the file now; what was made stays, and is told."""
    try:
        look_at(living, loaded.mapping, loaded.places).require()
    except MappingError:
        for one in made:
            console.hint(f"made, and still there: {one}")
        raise
