"""Commands where a person looks and decides: status, conflicts, failures, history, pause and resume."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import orjson
import typer

from syncer.catalog.document import Document
from syncer.cli import console, shown
from syncer.cli.main import app
from syncer.cli.session import syncer
from syncer.core.records import key_text
from syncer.core.values import Json
from syncer.errors import MendError
from syncer.fields.keys import key_value
from syncer.state.conflicts import Conflict
from syncer.state.desk import Standing
from syncer.state.failures import Failure
from syncer.state.mappings import Applied
from syncer.state.store import Store

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Of = Annotated[str | None, typer.Option("--mapping", help="Of this mapping only.")]
Number = Annotated[int, typer.Argument(help="Its number, from the list.")]
Name = Annotated[str, typer.Argument(help="The mapping.")]

conflicts = typer.Typer(help="Fields that both sides changed.", no_args_is_help=True)
failures = typer.Typer(help="Fields and lines that could not be written.", no_args_is_help=True)
mappings = typer.Typer(help="Mappings that were applied, and their revisions.", no_args_is_help=True)
app.add_typer(conflicts, name="conflicts")
app.add_typer(failures, name="failures")
app.add_typer(mappings, name="mappings")


@app.command()
def status(name: Annotated[str | None, typer.Argument(help="One mapping.")] = None, as_json: AsJson = False) -> None:
    """Show how mappings stand: links, lag, the last run, what waits for a person."""
    with syncer() as living:
        found = living.store.status(name)
        told = [_status(one, living.store.mapping(one.name)) for one in found]
    if as_json:
        console.emit({"mappings": told})
        return
    if not told:
        console.say("no mapping was applied yet; `syncer apply` does so")
        return
    headings = ("name", "state", "linked", "severed", "open_conflicts", "open_failures", "held", "last_run")
    console.table("", headings, [[one[heading] for heading in headings] for one in told])


def _status(standing: Standing, applied: Applied) -> dict[str, Any]:
    last = standing.last_run
    return {
        "name": standing.name,
        "state": standing.state.value,
        "linked": standing.linked,
        "severed": standing.severed,
        "lag_seconds": None if standing.lag_seconds is None else round(standing.lag_seconds, 3),
        "last_run": shown.moment(last.started_at) if last else None,
        "last_run_status": last.status if last else None,
        "next_run": shown.moment(_next_run(applied, last.started_at)) if last else None,
        "open_conflicts": standing.open_conflicts,
        "open_failures": standing.open_failures,
        "held": last.counts.get("held", 0) if last and last.counts else 0,
        "unverified": 0,
        "warnings": [last.error] if last and last.error else [],
    }


def _next_run(applied: Applied, last: datetime) -> datetime | None:
    if applied.state not in {"active", "guarded"}:
        return None
    assert isinstance(applied.document, dict)
    every = Document.model_validate(applied.document["document"]).schedule.every
    return last + every if isinstance(every, timedelta) else None


@conflicts.command("list")
def list_conflicts(
    mapping: Of = None,
    everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """List conflicts that wait for a person."""
    with syncer() as living:
        found = living.store.conflicts(mapping, None if everything else "open")
        told = [_conflict(one, _columns(living.store, one.mapping)) for one in found]
    if as_json:
        console.emit({"conflicts": told})
        return
    headings = ("id", "mapping", "record_id", "key", "field", "feishu", "database", "state")
    console.table("", headings, [[one[heading] for heading in headings] for one in told])


@conflicts.command("show")
def show_conflict(number: Number, as_json: AsJson = False) -> None:
    """Show one conflict whole: the base, both values, the rule and why."""
    with syncer() as living:
        conflict = living.store.conflict(number)
        told = {
            **_conflict(conflict, _columns(living.store, conflict.mapping)),
            "reason": conflict.reason,
            "times_are_estimates": conflict.estimated,
            "run": conflict.run,
        }
    _show(told, as_json=as_json)


@conflicts.command("resolve")
def resolve(
    number: Number,
    take: Annotated[Literal["feishu", "database"], typer.Option("--take", help="The side whose value wins.")],
) -> None:
    """Decide a conflict; the next run carries it out, unless a side moved since."""
    with syncer() as living:
        conflict = living.store.conflict(number)
        living.store.resolve(number, take, conflict.version)
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
    }


@failures.command("list")
def list_failures(mapping: Of = None, as_json: AsJson = False) -> None:
    """List what could not be written, with the reason."""
    with syncer() as living:
        told = [_failure(one, _columns(living.store, one.mapping)) for one in living.store.failures(mapping)]
    if as_json:
        console.emit({"failures": told})
        return
    headings = ("id", "mapping", "side", "record_id", "key", "field", "message", "attempts")
    console.table("", headings, [[one[heading] for heading in headings] for one in told])


@failures.command("show")
def show_failure(number: Number, as_json: AsJson = False) -> None:
    """Show one failure whole."""
    with syncer() as living:
        failure = living.store.failure(number)
        told = {**_failure(failure, _columns(living.store, failure.mapping)), "run": failure.run}
    _show(told, as_json=as_json)


@failures.command("retry")
def retry(
    numbers: Annotated[list[int] | None, typer.Argument(help="Their numbers, from the list.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them.")] = False,
    mapping: Of = None,
) -> None:
    """Let the next run try failures again."""
    if bool(numbers) == everything:
        raise MendError("name the failures to retry, or give --all")
    with syncer() as living:
        count = living.store.retry(numbers or None, mapping=mapping)
    console.say(f"{count} failures will be tried again by the next run")


@failures.command("discard")
def discard(numbers: Annotated[list[int], typer.Argument(help="Their numbers, from the list.")]) -> None:
    """Forget failures; what still cannot be written fails anew when it next changes."""
    with syncer() as living:
        count = living.store.discard(numbers)
    console.say(f"{count} failures forgotten")


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


@app.command()
def history(
    name: Name,
    record: Annotated[str | None, typer.Option("--record", help="The record's id.")] = None,
    key: Annotated[str | None, typer.Option("--key", help='The row\'s key as JSON: {"id": 17}.')] = None,
    as_json: AsJson = False,
) -> None:
    """Tell one line's life: every write, with what was there before and after, and why."""
    if (record is None) == (key is None):
        raise MendError("name the line with --record or with --key")
    with syncer() as living:
        columns = _columns(living.store, name)
        audits = living.store.history(name, record=record, key=_stored_key(key, columns))
        told = [_audit(asdict(one), columns) for one in audits]
    if as_json:
        console.emit({"history": told})
        return
    for one in told:
        console.say(
            f"{one['at']} {one['action']} in {one['side']}: {one['before']} -> {one['after']} ({one['reason']})"
        )


def _stored_key(text: str | None, columns: Sequence[str]) -> str | None:
    if text is None:
        return None
    try:
        given = orjson.loads(text)
        return key_text(tuple(key_value(given[column]) for column in columns))
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        raise MendError(f"--key wants a JSON object with {', '.join(columns)}, not {text}") from error


def _audit(one: dict[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    return {
        "at": shown.moment(one["at"]),
        "side": one["side"],
        "action": one["action"],
        "record_id": one["record"],
        "key": shown.key(one["key"], columns),
        "before": {name: shown.stored(form) for name, form in one["before"].items()},
        "after": {name: shown.stored(form) for name, form in one["after"].items()},
        "reason": one["reason"],
    }


@app.command()
def pause(name: Name) -> None:
    """Stop a mapping; its backlog is kept."""
    with syncer() as living:
        living.store.pause(name)
    console.say(f"mapping {name} is paused; `syncer resume {name}` lets it go on")


@app.command()
def resume(name: Name) -> None:
    """Let a paused mapping go on."""
    with syncer() as living:
        living.store.resume(name)
    console.say(f"mapping {name} goes on")


@mappings.command("list")
def list_mappings(as_json: AsJson = False) -> None:
    """List the mappings that were applied."""
    with syncer() as living:
        told = [_revision(one) for one in living.store.mappings()]
    _revisions(told, as_json=as_json)


@mappings.command("history")
def mapping_history(name: Name, as_json: AsJson = False) -> None:
    """List the revisions of a mapping, with what each changed."""
    with syncer() as living:
        told = [_revision(one) for one in living.store.revisions(name)]
    _revisions(told, as_json=as_json)


def _revision(one: Applied) -> dict[str, Any]:
    return {
        "name": one.name,
        "state": one.state.value,
        "revision": one.revision,
        "at": shown.moment(one.at),
        "changes": one.differences.splitlines(),
    }


def _revisions(told: list[dict[str, Any]], *, as_json: bool) -> None:
    if as_json:
        console.emit({"mappings": told})
        return
    rows = [[one["name"], one["state"], one["revision"], one["at"], "\n".join(one["changes"])] for one in told]
    console.table("", ("name", "state", "revision", "at", "changes"), rows)


def _columns(store: Store, mapping: str) -> Sequence[str]:
    return shown.key_columns(store.mapping(mapping).document)


def _show(told: dict[str, Json], *, as_json: bool) -> None:
    if as_json:
        console.emit(told)
        return
    for name, value in told.items():
        console.say(f"{name}: {value}")
