"""``syncer failures``: what could not be written, and trying it again."""

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from syncer.cli import console, shown
from syncer.cli.main import app
from syncer.cli.options import LARGEST, AsJson, Number, Of
from syncer.cli.session import key_columns, syncer
from syncer.errors import MendError
from syncer.state.failures import Failure
from syncer.state.reasons import Group

failures = typer.Typer(help="What could not be written: list, show, retry, discard.", no_args_is_help=True)
app.add_typer(failures, name="failures")

_SHOWN = ("id", "mapping", "side", "record_id", "key", "field", "message", "attempts")
_GROUPED = ("count", "mapping", "side", "field", "code", "reason", "lines")

Like = Annotated[
    int | None, typer.Option("--like", metavar="ID", min=1, max=LARGEST, help="All that failed for the same reason.")
]


@failures.command("list")
def list_failures(
    mapping: Of = None,
    everything: Annotated[bool, typer.Option("--all", help="Each one, not by reasons.")] = False,
    as_json: AsJson = False,
) -> None:
    """List what could not be written, by reasons, with a count and some of the lines."""
    with syncer() as living:
        columns = key_columns(living, mapping)
        each = living.store.failures(mapping) if everything or as_json else []
        groups = [] if everything and not as_json else living.store.failure_groups(mapping)
    told = [_failure(one, columns.get(one.mapping, ())) for one in each]
    grouped = [_group(one, columns.get(one.mapping, ())) for one in groups]
    if as_json:
        console.emit({"failures": told, "groups": grouped})
    elif not told and not grouped:
        console.say("no open failures")
    elif everything:
        console.table([word.replace("_", " ") for word in _SHOWN], [shown.cells(one, _SHOWN) for one in told])
    else:
        console.table(_GROUPED, [_cells(one) for one in grouped])


def _cells(group: dict[str, Any]) -> list[str]:
    lines = [f"#{one['id']} {one['record_id'] or shown.told(one['key'])}" for one in group["samples"]]
    more = [f"and {group['count'] - len(lines)} more"] if group["count"] > len(lines) else []
    return [str(group["count"]), *shown.cells(group, _GROUPED[1:-1]), ", ".join([*lines, *more])]


@failures.command("show")
def show_failure(number: Number, as_json: AsJson = False) -> None:
    """Show one failure whole."""
    with syncer() as living:
        failure = living.store.failure(number)
        columns = key_columns(living, failure.mapping)[failure.mapping]
    told = {**_failure(failure, columns), "run": failure.run, "waits_for_retry": failure.waiting}
    if as_json:
        console.emit(told)
        return
    for name, value in told.items():
        console.say(f"{name}: {shown.told(value)}")


@failures.command("retry")
def retry(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Their numbers, from the list.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    mapping: Of = None,
    like: Like = None,
) -> None:
    """Let the next run try failures again."""
    if sum((bool(numbers), everything, like is not None)) != 1:
        raise MendError("name the failures to retry, or give --all")
    with syncer() as living:
        key_columns(living, mapping)
        wanted = living.store.alike(like) if like is not None else numbers
        count = living.store.retry(wanted or None, mapping=mapping)
    console.say(f"{_counted(count)} will be tried again by the next run")


@failures.command("discard")
def discard(
    numbers: Annotated[
        list[int] | None, typer.Argument(metavar="ID", min=1, max=LARGEST, help="Their numbers, from the list.")
    ] = None,
    like: Like = None,
) -> None:
    """Forget failures; what still cannot be written fails anew when it next changes."""
    if bool(numbers) == (like is not None):
        raise MendError("name the failures to forget, or give --like with one of them")
    with syncer() as living:
        count = living.store.discard(living.store.alike(like) if like is not None else numbers or [])
    console.say(f"{_counted(count)} forgotten")


def _counted(count: int) -> str:
    return f"{count} failure{'' if count == 1 else 's'}"


def _failure(one: Failure, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "id": one.id,
        "mapping": one.mapping,
        "side": one.side.value,
        "record_id": one.record,
        "key": shown.key(one.key, columns),
        "field": one.field,
        "code": one.code,
        "message": one.message,
        "log_id": one.log_id,
        "attempts": one.attempts,
        "first_at": shown.moment(one.first_at),
        "last_at": shown.moment(one.last_at),
    }


def _group(one: Group, columns: Sequence[str]) -> dict[str, Any]:
    return {
        "mapping": one.mapping,
        "side": one.side.value,
        "field": one.field,
        "code": one.code,
        "reason": one.reason,
        "count": one.count,
        "first_at": shown.moment(one.first_at),
        "last_at": shown.moment(one.last_at),
        "samples": [_failure(sample, columns) for sample in one.samples],
    }
