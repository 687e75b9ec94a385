"""``syncer conflicts``: what both sides changed, and a person's choice."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import typer

from syncer.cli import console, shown
from syncer.cli.main import app
from syncer.cli.options import AsJson, Number, Of
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
        columns = key_columns(living, conflict.mapping)[conflict.mapping]
    told = {
        **_conflict(conflict, columns),
        "reason": conflict.reason,
        "times_are_estimates": conflict.estimated,
        "settled_at": shown.moment(conflict.settled_at),
        "run": conflict.run,
    }
    if as_json:
        console.emit(told)
        return
    for name, value in told.items():
        console.say(f"{name}: {shown.told(value)}")


@conflicts.command("resolve")
def resolve(
    number: Number,
    take: Annotated[
        Literal["feishu", "database"] | None, typer.Option("--take", help="The side whose value wins.")
    ] = None,
    value: Annotated[
        str | None, typer.Option("--value", metavar="JSON", help="Not supported yet: a third value.")
    ] = None,
    seen: Annotated[
        int | None, typer.Option("--seen", metavar="VERSION", help="Refuse if a side moved since this version.")
    ] = None,
) -> None:
    """Decide a conflict; the next run carries it out, unless a side moved since."""
    if value is not None:
        raise MendError("--value is not supported yet; write the value on one side, then give --take with that side")
    if take is None:
        raise MendError("say who wins: --take feishu or --take database")
    with syncer() as living:
        conflict = living.store.conflict(number)
        living.store.resolve(number, take, conflict.version if seen is None else seen)
    console.say(f"conflict {number}: {take} wins; the next run of {conflict.mapping} carries it out")


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
    }
