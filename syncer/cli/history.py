"""``syncer history``: one line's life."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from syncer.cli import console, shown
from syncer.cli.keys import stored_key
from syncer.cli.main import app
from syncer.cli.options import AsJson, Name
from syncer.cli.session import key_columns, syncer
from syncer.errors import MendError
from syncer.ports.memory import Audit


@app.command()
def history(
    name: Name,
    record: Annotated[str | None, typer.Option("--record", metavar="ID", help="The record's id.")] = None,
    key: Annotated[str | None, typer.Option("--key", metavar="JSON", help='The row\'s key: {"id": 17}.')] = None,
    as_json: AsJson = False,
) -> None:
    """Tell one line's life: every write, before and after, and why."""
    if (record is None) == (key is None):
        raise MendError("name the line with --record or with --key")
    with syncer() as living:
        columns = key_columns(living, name)[name]
        found = living.store.history(name, record=record, key=stored_key(key, columns))
    told = [_audit(one, columns) for one in found]
    if as_json:
        console.emit({"history": told})
    elif not told:
        console.say(f"the syncer has written nothing to {record or key} of {name}")
    for one in [] if as_json else told:
        console.say(f"{one['at']} {one['action']} in {one['side']}: {_changes(one)} ({one['reason']})")


def _changes(one: dict[str, Any]) -> str:
    before, after = one["before"], one["after"]
    names = dict.fromkeys([*before, *after])
    return ", ".join(f"{name}: {shown.told(before.get(name))} -> {shown.told(after.get(name))}" for name in names)


def _audit(one: Audit, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "at": shown.moment(one.at),
        "side": one.side.value,
        "action": one.action,
        "record_id": one.record,
        "key": shown.key(one.key, columns),
        "before": {name: shown.stored(form) for name, form in one.before.items()},
        "after": {name: shown.stored(form) for name, form in one.after.items()},
        "reason": one.reason,
    }
