"""``syncer conflicts``: what both sides changed, and a person's choice."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from syncer.cli import console, resolving, shown
from syncer.cli.main import app
from syncer.cli.options import LARGEST, AsJson, Number, Of
from syncer.cli.session import key_columns, syncer
from syncer.errors import MendError
from syncer.state.conflicts import Conflict

conflicts = typer.Typer(help="Fields that both sides changed: list, show, resolve.", no_args_is_help=True)
app.add_typer(conflicts, name="conflicts")

_SHOWN = ("id", "mapping", "record_id", "key", "field", "feishu", "database", "state", "winner")


@conflicts.command("list")
def list_conflicts(
    mapping: Of = None,
    everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List conflicts that wait for a person."""
    with syncer() as living:
        columns = key_columns(living, mapping)
        found = living.store.conflicts(mapping, None if everything else "open")
        living.store.note_shown({one.id: one.version for one in found if one.state == "open"})
    told = [_conflict(one, columns.get(one.mapping, ())) for one in found]
    if as_json:
        console.emit({"conflicts": told})
    elif not told:
        console.say("no conflicts" if everything else "no open conflicts")
    else:
        console.table([word.replace("_", " ") for word in _SHOWN], [shown.cells(one, _SHOWN) for one in told])


@conflicts.command("show")
def show_conflict(number: Number, as_json: AsJson = False) -> None:
    """Show one conflict whole: the base, both values, the rule and why."""
    with syncer() as living:
        conflict = living.store.conflict(number)
        living.store.note_shown({conflict.id: conflict.version} if conflict.state == "open" else {})
        columns = key_columns(living, conflict.mapping)[conflict.mapping]
    told = {
        **_conflict(conflict, columns),
        "reason": conflict.reason,
        "times_are_estimates": conflict.estimated,
        "value": _decided(conflict),
        "settled_at": shown.moment(conflict.settled_at),
        "run": conflict.run,
    }
    if as_json:
        console.emit(told)
        return
    for name, value in told.items():
        console.say(f"{name}: {shown.times(value) if name == 'times' else shown.told(value)}")


@conflicts.command("resolve")
def resolve(
    number: Annotated[
        int | None, typer.Argument(metavar="[ID]", min=1, max=LARGEST, help="Its number, from the list.")
    ] = None,
    *,
    take: Annotated[
        Literal["feishu", "database"] | None, typer.Option("--take", help="The side whose value wins.")
    ] = None,
    value: Annotated[
        str | None,
        typer.Option("--value", metavar="JSON", help="A third value for both, as Bitable shows it; null empties."),
    ] = None,
    seen: Annotated[
        int | None, typer.Option("--seen", metavar="VERSION", help="Refuse if a side moved since this version.")
    ] = None,
    mapping: Of = None,
    record: Annotated[str | None, typer.Option("--record", metavar="ID", help="All of this record's line.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="JSON", help="All of this row's line.")] = None,
    field: Annotated[str | None, typer.Option("--field", help="Only those of this field or column.")] = None,
) -> None:
    """Decide a conflict; the next run carries it out, unless a side moved since.

    Without ID it decides all open conflicts of a mapping (--mapping), of one line of it (--record or --key), or of one
    field (--field). A conflict that moved since it was last listed or shown is refused (status 2), and stays open.
    """
    if (take is None) == (value is None):
        raise MendError("say who wins: --take feishu or --take database, or give a third --value")
    if number is None and mapping is None:
        raise MendError("name a conflict by its number, or several with --mapping, --record, --key and --field")
    if number is not None and (mapping or record or key or field):
        raise MendError("either the number of one conflict, or --mapping, --record, --key and --field")
    with syncer() as living:
        if number is None:
            wanted = resolving.Wanted(mapping or "", record, key, field)
            count, refused, waits = resolving.several(living, wanted, take, value)
        else:
            waits = resolving.one(living, number, take, value, seen)
            count, refused = 1, []
    who = f"{take} wins" if take else f"both sides get {value}"
    console.say(f"{_counted(count)}: {who}; the next run {'that can ' if waits else ''}carries it out")
    for sentence in waits:
        console.hint(sentence)
    if refused:
        numbers = ", ".join(map(str, refused))
        raise MendError(f"moved since they were shown, and still open: {numbers}; look again, then decide")


def _decided(one: Conflict) -> Any:
    """A person's third value, as each side is to hold it."""
    return {side: shown.stored(held) for side, held in one.value.items()} if isinstance(one.value, dict) else None


def _counted(count: int) -> str:
    return f"{count} conflict{'' if count == 1 else 's'} decided"


def _conflict(one: Conflict, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "mapping": one.mapping,
        "record_id": one.record,
        "key": shown.key(one.key, columns),
        "field": one.field,
        "base": shown.base(one.base),
        "feishu": shown.stored(one.feishu),
        "database": shown.stored(one.database),
        "policy": one.policy,
        "state": one.state,
        "winner": one.winner,
        "at": shown.moment(one.at),
        "version": one.version,
        "estimated": one.estimated,
        "times": shown.moments(one.moments),
    }
