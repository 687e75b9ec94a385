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

failures = typer.Typer(help="What could not be written: list, show, retry, discard.", no_args_is_help=True)
app.add_typer(failures, name="failures")

_SHOWN = ("id", "mapping", "side", "record_id", "key", "field", "message", "attempts")


@failures.command("list")
def list_failures(mapping: Of = None, as_json: AsJson = False) -> None:
    """List what could not be written, with the reason."""
    with syncer() as living:
        columns = key_columns(living, mapping)
        told = [_failure(one, columns.get(one.mapping, ())) for one in living.store.failures(mapping)]
    if as_json:
        console.emit({"failures": told})
    elif not told:
        console.say("no open failures")
    else:
        console.table([word.replace("_", " ") for word in _SHOWN], [shown.cells(one, _SHOWN) for one in told])


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
) -> None:
    """Let the next run try failures again."""
    if bool(numbers) == everything:
        raise MendError("name the failures to retry, or give --all")
    with syncer() as living:
        key_columns(living, mapping)
        count = living.store.retry(numbers or None, mapping=mapping)
    console.say(f"{_counted(count)} will be tried again by the next run")


@failures.command("discard")
def discard(
    numbers: Annotated[
        list[int], typer.Argument(metavar="ID", min=1, max=LARGEST, help="Their numbers, from the list.")
    ],
) -> None:
    """Forget failures; what still cannot be written fails anew when it next changes."""
    with syncer() as living:
        count = living.store.discard(numbers)
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
