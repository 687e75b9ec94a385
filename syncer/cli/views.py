"""``syncer view``: views in the Bitable of what waits for a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from syncer.catalog.following import follow_renames
from syncer.catalog.pairs import Tables, match_columns
from syncer.cli import console
from syncer.cli.files import INTERACTIVE
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import syncer
from syncer.core.values import Json
from syncer.errors import MendError
from syncer.fields.names import type_name
from syncer.jobs import Sides
from syncer.ports import FieldInfo
from syncer.state.conflicts import Conflict
from syncer.state.failures import Failure
from syncer.wiring import Syncer

view = typer.Typer(help="Views in the Bitable of what waits for a person: create.", no_args_is_help=True)
app.add_typer(view, name="view")

_PLAIN = frozenset({1, 2, 3, 13})
"""Types a view can compare with a value exactly: text, number, single select, phone."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    """The records with open conflicts or failures: the values that show them, and how many cannot be shown."""

    records: int
    values: tuple[str, ...]
    only_rows: int


@view.command("create")
def create_view(
    name: Name,
    *,
    called: Annotated[str, typer.Option("--name", help="The view's name. Left out: one with the mapping's.")] = "",
    dry: Annotated[bool, typer.Option("--dry-run", help="Show it, and make nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a view of the records that have open conflicts or failures, or bring it up to date.

    It filters by the field that tells records apart, as far as a view can hold values: run it again to renew it.
    """
    title = called or f"syncer {name}"
    if len(title) > 100 or "[" in title or "]" in title:
        raise MendError("a view's name has at most 100 characters and no [ ]; name another with --name")
    with syncer(attempts=INTERACTIVE) as living:
        _, mapping, ids = living.applied(name)
        if mapping.source is not None:
            raise MendError(f"mapping {name} reads no Bitable, so there is no view to make")
        sides = living.look(follow_renames(mapping, ids))
        field = _telling_field(sides)
        waiting = _waiting(living, sides, field)
        told = _kept(living, sides, title, field, waiting, dry=dry)
    if as_json:
        console.emit({"mapping": name, "name": title, "field": field.name, **told, "written": not dry})
        return
    _tell(title, field, waiting, told, dry=dry)


def _tell(title: str, field: FieldInfo, waiting: _Waiting, told: dict[str, Json], *, dry: bool) -> None:
    done = ("would make" if dry else "made") if told["new"] else ("would renew" if dry else "renewed")
    console.say(f"{done} the view {title}: {told['shown']} records, by {field.name}")
    if missing := waiting.records - int(str(told["shown"])):
        console.hint(f"{missing} more are not shown: their {field.name} is empty, or beyond the values a view compares")
    if waiting.only_rows:
        console.hint(f"{waiting.only_rows} rows have no record; `syncer failures list` tells of them")


def _telling_field(sides: Sides) -> FieldInfo:
    """The field that tells records apart and that a view can compare. Raises ``MendError``."""
    match = match_columns(sides.mapping, sides.row_table)
    tables = Tables(sides.record_table, sides.row_table)
    fields = [tables.field(pair.field) for pair in sides.mapping.pairs if pair.column in match]
    known = [field for field in fields if field.type in _PLAIN]
    if len(known) == 1 == len(fields):
        return known[0]
    have = ", ".join(f"{field.name} ({type_name(field.type)})" for field in fields) or "no field"
    raise MendError(
        f"a view shows records by what one field holds, a text, number, select or phone; mapping {sides.mapping.name} "
        f"tells them apart by {have}; use `syncer conflicts list` and `syncer failures list`"
    )


def _waiting(living: Syncer, sides: Sides, field: FieldInfo) -> _Waiting:
    name, store = sides.mapping.name, living.store
    open_: list[Conflict | Failure] = [*store.conflicts(name, "open"), *store.failures(name)]
    records = list(dict.fromkeys(one.record for one in open_ if one.record))
    rows = {one.key for one in open_ if not one.record}
    cells = [raw.cells.get(field.name) for raw in sides.records.fetch(records, [field.name]).records] if records else []
    values = dict.fromkeys(value for cell in cells if (value := _value(cell)))
    return _Waiting(len(records), tuple(values), len(rows))


def _value(cell: Json) -> str:
    """A cell as a view's condition compares it; nothing for an empty one."""
    if isinstance(cell, Sequence) and not isinstance(cell, str):
        return "".join(str(part.get("text", "")) for part in cell if isinstance(part, dict))
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell)


def _kept(
    living: Syncer, sides: Sides, title: str, field: FieldInfo, waiting: _Waiting, *, dry: bool
) -> dict[str, Json]:
    from syncer.feishu.views import MOST_VALUES, Views  # noqa: PLC0415 - loads the SDK

    views = Views(living.client(sides.mapping.app), sides.records.app_token, sides.records.table_id)
    found, values = views.find(title), waiting.values[:MOST_VALUES]
    view_id = found
    if not dry:
        view_id = found or views.create(title)
        views.show(view_id, title, field.id, values)
    return {
        "view_id": view_id,
        "new": found is None,
        "shown": len(values),
        "waiting": waiting.records,
        "rows_without_record": waiting.only_rows,
    }
