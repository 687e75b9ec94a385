"""``syncer doctor``: every connection, app and mapped table, and how to mend what is wrong."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from redis.exceptions import RedisError
from sqlalchemy import text

from syncer.catalog.files import Catalog, Loaded, load_folder
from syncer.cli import console, ending
from syncer.cli.backlog import told_of
from syncer.cli.files import INTERACTIVE
from syncer.cli.looking import look_at
from syncer.cli.main import app
from syncer.cli.noticed import NO_EVENTS
from syncer.cli.options import AsJson
from syncer.cli.session import syncer, variables
from syncer.core.sources import CONTACTS, heard_as
from syncer.database import mirror
from syncer.database.connections import place, translated
from syncer.errors import FaultsError, MappingError, MendError, SyncerError, UnreachableError
from syncer.jobs import Sides, clocks_of
from syncer.listening.keys import keys_of, lack_of
from syncer.settings import DEFAULT_APP
from syncer.state import migrate
from syncer.wiring import Syncer

_MODIFIED_TIME = 1002  # Feishu's type of a field that says when its record was last changed

Look = Callable[[], list[str]]
"""Looks at one thing; says what it found, then advice. Raises what is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    told: list[str]
    exit_status: int = 0

    def to_json(self) -> dict[str, Any]:
        """The object for ``--json``."""
        told, advice = (self.told[:1], self.told[1:]) if self.ok else (self.told, [])
        return {
            "what": self.what,
            "ok": self.ok,
            "told": "\n".join(told),
            "advice": advice,
            "exit_status": self.exit_status,
        }


@app.command()
def doctor(as_json: AsJson = False) -> int:
    """Check every connection, app and mapped table; say how to mend what is wrong. Changes neither side."""
    with syncer(attempts=INTERACTIVE) as living:
        findings = []
        for what, look in _examinations(living):
            findings.append(_examined(what, look))
            if not as_json:
                _show(findings[-1])
    if as_json:
        console.emit({"checks": [finding.to_json() for finding in findings]})
    return ending.worst(finding.exit_status for finding in findings)


def _examined(what: str, look: Look) -> Finding:
    try:
        return Finding(what, ok=True, told=look())
    except FaultsError as error:
        return Finding(what, ok=False, told=list(error.faults), exit_status=error.exit_status)
    except SyncerError as error:
        return Finding(what, ok=False, told=[str(error)], exit_status=error.exit_status)


def _show(finding: Finding) -> None:
    if not finding.ok:
        for sentence in finding.told:
            console.complain(f"FAIL {finding.what}: {sentence}")
        return
    first, *advice = finding.told
    console.say(f"ok   {finding.what}: {first}")
    for sentence in advice:
        console.say(f"     advice: {sentence}")


def _examinations(living: Syncer) -> Iterator[tuple[str, Look]]:
    yield "state store", partial(_state_store, living)
    yield "Redis", partial(_redis, living)
    for name in living.settings.connections:
        yield f"connection {name}", partial(_connection, living, name)
    for name in living.settings.apps or [DEFAULT_APP]:
        yield f"Feishu app {name}", partial(_app, living, name)
    catalog = load_folder(living.settings.mappings, variables())
    if catalog.faults or not catalog.mappings:
        yield "mapping files", partial(_files, living, catalog)
    for one in catalog.mappings:
        yield f"mapping {one.mapping.name}", partial(_mapping, living, one)


def _state_store(living: Syncer) -> list[str]:
    revision = migrate.current(living.state_engine)
    if living.settings.database_url is None:
        return [f"the embedded PostgreSQL in {living.settings.home}, revision {revision}"]
    return [f"{place(living.state_engine)} (SYNCER_DATABASE_URL), revision {revision}"]


def _redis(living: Syncer) -> list[str]:
    where = "SYNCER_REDIS_URL" if living.settings.redis_url else f"the embedded Redis in {living.settings.home}"
    try:
        info: Any = living.redis.info("server")
    except RedisError as error:
        raise UnreachableError(
            f"Redis did not answer ({error}); check SYNCER_REDIS_URL, or leave it out for the embedded one"
        ) from error
    return [f"{where}, version {info['redis_version']}"]


def _connection(living: Syncer, name: str) -> list[str]:
    engine = living.engine(name)
    with translated(engine), engine.connect() as connection:
        told = f"{place(engine)}, PostgreSQL {connection.scalar(text('SHOW server_version'))}"
    return [told, *told_of(living, name)]


def _app(living: Syncer, name: str) -> list[str]:
    living.client(name).authenticate()
    lack = lack_of(name, keys_of(living.settings)[name])
    return [f"{living.settings.apps[name].domain} takes its credentials", *([lack] if lack else [])]


def _files(living: Syncer, catalog: Catalog) -> list[str]:
    if catalog.faults:
        raise MappingError(catalog.faults)
    raise MendError(f"no mapping file stands in {living.settings.mappings}; `syncer init` writes a first one")


def _mapping(living: Syncer, one: Loaded) -> list[str]:
    found = look_at(living, one.mapping, one.places)
    sides = found.require()
    if sides.mapping.source is not None:
        return [*_source(living, sides), *found.warnings, *_mirror(living, sides)]
    next(iter(sides.records.read([])), None)  # reading records takes a scope of its own
    fit = f"the table {sides.record_table.name} of Bitable and {sides.row_table.name} fit"
    return [
        fit,
        *found.warnings,
        *_advice(sides),
        *_mirror(living, sides),
        _clocks(sides),
        *_events(living, sides),
    ]


def _events(living: Syncer, sides: Sides) -> list[str]:
    from syncer.feishu.subscriptions import is_subscribed  # noqa: PLC0415 - loads the SDK

    try:
        if is_subscribed(living.client(sides.mapping.app), sides.records.app_token):
            return []
    except SyncerError as error:
        return [f"{NO_EVENTS}: {error}"]
    return [f"{NO_EVENTS}; `syncer apply` subscribes to them"]


def _source(living: Syncer, sides: Sides) -> list[str]:
    """What there is to say of approvals and contacts: whether they can be read, and whether events tell of them."""
    sides.records.fetch(["0"], [])  # reading a line takes scopes of its own; there is none of this id
    fit = f"{sides.record_table.name} and {sides.row_table.name} fit"
    heard = heard_as(sides.records.app_token, sides.records.table_id)
    if heard == CONTACTS:
        return [fit]
    known = {(one.app, one.app_token): one.error for one in living.store.noticing.subscriptions()}
    if (sides.mapping.app, heard) not in known:
        return [fit, f"{NO_EVENTS}; `syncer apply` subscribes to them"]
    refused = known[sides.mapping.app, heard]
    return [fit, f"{NO_EVENTS}: {refused}"] if refused else [fit]


def _clocks(sides: Sides) -> str:
    told = ", ".join(f"{side} {skew.total_seconds():+.1f} s" for side, skew in clocks_of(sides).items())
    return f"clocks, against this machine: {told} (below measure is 0); `latest` reckons with it"


def _mirror(living: Syncer, sides: Sides) -> list[str]:
    if mirror.able(living.engine(sides.mapping.connection)):
        return []
    lack = "the role may not keep the table syncer.mirror in this database"
    return [
        f"{lack}: a backup restored there would not be noticed; let an administrator grant CREATE on the schema syncer"
    ]


def _advice(sides: Sides) -> list[str]:
    if any(field.type == _MODIFIED_TIME for field in sides.record_table.fields):
        return []
    return [f"add a Modified time field to the table {sides.record_table.name}: changes are then found faster"]
