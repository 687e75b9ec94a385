"""``syncer status``: how mappings stand, and what waits for a person."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from syncer.catalog.document import Document
from syncer.cli import console, positions, shown
from syncer.cli.backlog import backlog_warnings
from syncer.cli.bearing import bearing_warnings
from syncer.cli.differing import file_warnings
from syncer.cli.main import app
from syncer.cli.noticed import event_warnings
from syncer.cli.options import AsJson
from syncer.cli.session import syncer
from syncer.state.agenda import Next
from syncer.state.desk import Standing
from syncer.state.mappings import Applied, State

_SHOWN = {
    "mapping": "name",
    "state": "state",
    "linked": "linked",
    "severed": "severed",
    "conflicts": "open_conflicts",
    "failures": "open_failures",
    "held": "held",
    "unverified": "unverified",
    "last run": "last_run",
    "it ended": "run_status",
    "next run": "next_run",
}


_NOTHING, _LATE = Next(None, None), timedelta(minutes=2)

Tell = Callable[[Applied], Iterator[str]]
"""Further warnings of a mapping."""


@app.command()
def status(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One mapping.")] = None, as_json: AsJson = False
) -> None:
    """Show how mappings stand and what waits for a person."""
    with syncer() as living:
        agenda = living.store.agenda.next_runs()
        standings, cursors = living.store.status(name), living.store.positions(name)
        unverified = living.store.noticing.unverified()
        others: list[Tell] = [event_warnings(living.store), bearing_warnings(living)]
        others += [backlog_warnings(living, standings), file_warnings()]
        told = [
            {
                **_status(
                    one,
                    living.store.mapping(one.name),
                    agenda.get(one.name, _NOTHING),
                    others,
                    unverified.get(one.name) or 0,
                ),
                "cursors": positions.told(cursors.get(one.name, {})),
            }
            for one in standings
        ]
    if as_json:
        console.emit({"mappings": told})
    elif not told:
        console.say("no mapping was applied yet; `syncer apply` does so")
    else:
        console.table(list(_SHOWN), [[one[word] for word in _SHOWN.values()] for one in told])
        for sentence in positions.sentences(cursors.get(name, {})) if name else ():
            console.say(sentence)
        for one in told:
            for warning in one["warnings"]:
                console.complain(f"{one['name']}: {warning}", style="yellow")


def _status(
    standing: Standing, applied: Applied, then: Next, others: Sequence[Tell], unverified: int
) -> dict[str, Any]:
    last, now = standing.last_run, datetime.now(UTC)
    next_at = then.next_at or (_next_by_hand(applied, last.started_at) if last else None)
    return {
        "name": standing.name,
        "state": standing.state.value,
        "linked": standing.linked,
        "severed": standing.severed,
        "lag_seconds": None if standing.lag_seconds is None else round(standing.lag_seconds, 3),
        "last_run": shown.moment(last.started_at) if last else None,
        "next_run": shown.moment(next_at),
        "waiting_seconds": None if then.waiting_since is None else _seconds(now - then.waiting_since),
        "open_conflicts": standing.open_conflicts,
        "open_failures": standing.open_failures,
        "held": last.counts.get("held", 0) if last else 0,
        "unverified": unverified,
        "warnings": [
            *_warnings(standing),
            *(_overdue(then, now) if last is None or last.status != "running" else ()),
            *(sentence for tell in others for sentence in tell(applied)),
        ],
        "run": last.id if last else None,
        "run_status": last.status if last else None,
        "revision": applied.revision,
    }


def _seconds(span: timedelta) -> float:
    return round(max(0.0, span.total_seconds()), 3)


def _overdue(then: Next, now: datetime) -> Iterator[str]:
    if then.next_at is not None and now - then.next_at > _LATE:
        yield f"due since {shown.moment(then.next_at)}: see that `syncer up`, or `syncer beat` and `syncer worker`, run"


def _next_by_hand(applied: Applied, last: datetime) -> datetime | None:
    """When a mapping is due by its rhythm that no scheduler has seen yet."""
    if applied.state is State.PAUSED:
        return None
    assert isinstance(applied.document, dict)
    every = Document.model_validate(applied.document["document"]).schedule.every
    return last + every if isinstance(every, timedelta) else None


def _sentences(told: object) -> list[str]:
    return [str(sentence) for sentence in told] if isinstance(told, list) else []


def _warnings(standing: Standing) -> Iterator[str]:
    last, name = standing.last_run, standing.name
    if standing.state is State.PAUSED:
        yield f"paused; `syncer resume {name}` lets it go on"
    if last is None:
        yield f"no run yet; `syncer sync {name}` makes the first one"
        return
    if last.error:
        yield f"the last run ({last.id}) ended as {last.status}: {last.error}"
    yield from (sentence for word in ("drift", "renamed") for sentence in _sentences(last.counts.get(word)))
    if isinstance(last.guard, dict):
        guard = str(last.guard.get("name"))
        way = f"look with `syncer plan {name}`; {shown.onward(guard, name, last.id)}"
        yield f"run {last.id} was stopped by the guard {guard}; {way}"
    if standing.open_conflicts:
        yield f"{standing.open_conflicts} open conflicts; see `syncer conflicts list --mapping {name}`"
    if standing.open_failures:
        yield f"{standing.open_failures} open failures; see `syncer failures list --mapping {name}`"
