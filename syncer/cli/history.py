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
from syncer.state.audits import Way


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
        ways = living.store.ways(found)
    told = [{**_audit(one, columns), **_way(one, way)} for one, way in zip(found, ways, strict=True)]
    if as_json:
        console.emit({"history": told})
    elif not told:
        console.say(f"the syncer has written nothing to {record or key} of {name}")
    for one in [] if as_json else told:
        console.say(f"{one['at']} {one['action']} in {one['side']}: {_changes(one)} ({one['reason']})")
        steps = {
            "noticed": one["noticed_at"],
            "run began": one["began_at"],
            "read": one["read_at"],
            "planned": one["planned_at"],
            "sent": one["sent_at"],
            "confirmed": one["at"],
        }
        console.say(f"    run {one['run']}: {', '.join(f'{step} {at}' for step, at in steps.items() if at)}")


def _way(one: Audit, way: Way) -> dict[str, Any]:
    """The way of a write in time; what is not known any more is null."""
    times = {
        "noticed_at": one.noticed_at,
        "began_at": way.began_at,
        "read_at": one.read_at,
        "planned_at": one.planned_at,
        "sent_at": one.sent_at or way.sent_at,
    }
    return {"run": way.run, **{name: shown.moment(at) for name, at in times.items()}}


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
        "whole": one.whole,
    }
